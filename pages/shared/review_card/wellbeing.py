"""What the card is told for its reader's well-being: how texts begin, how far breaks are, what was seen."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.accounts import Person
from core.domain import now
from core.review_items import Item
from core.services import Services
from core.wellbeing.choices import NOT_TODAY, SEE, NotToday, Sight
from core.wellbeing.words import found_words
from core.wish import Wish
from pages.shared.review_card.log import Desk

_LOOKED_SECONDS: Final = 60.0
"""How long what a person has seen is taken for true: a meter that lags costs nobody anything."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What holds for the person at this desk now."""

    sight: Sight
    not_today: frozenset[str]

    @classmethod
    def of(cls, preferences: Mapping[str, Any]) -> "Chosen":
        """From the person's preferences by name."""
        sight = Sight.parse(preferences.get(SEE))
        return cls(sight, NotToday.parse(preferences.get(NOT_TODAY)).at(now()))

    @property
    def wish(self) -> Wish:
        """What the person would rather be given."""
        return Wish(self.not_today, self.sight.mild_after)

    def to_json(self) -> dict[str, Any]:
        """What the card needs of it. It fetches everything anew when `masks` change or `notToday` grows."""
        breaks = self.sight.breaks
        return {
            "masks": self.sight.masking.to_json(),
            "notToday": sorted(self.not_today),
            "mildAfter": self.sight.mild_after,
            "breaks": {"minutes": breaks.minutes, "severe": breaks.severe} if breaks.on else None,
        }

    def item_json(self, item: Item) -> dict[str, Any]:
        """How the comment's text, and each one beside it, begins for this person."""
        masking = self.sight.masking
        shown = None if item.blind else item.evidence
        mask = masking.mask_of(shown.scores, shown.thresholds) if shown else masking.unscored
        return {"mask": mask.value, "words": found_words(item.comment.text)}


def keep_wish(services: Services, person: Person, wish: Wish, desk: Desk) -> None:
    """Give back what is claimed and not wanted any more, once after each change of the list."""
    if wish.without - desk.unwanted:
        services.review.give_back(person, wish=wish)
    desk.unwanted = wish.without


def take_break(services: Services, person: Person, beat: Mapping[str, Any], desk: Desk) -> bool:
    """Whether the person is on a break; at its beginning their claims go back to the queue."""
    name = beat.get("away")
    if not isinstance(name, str):
        return False
    if name != desk.away:
        services.review.give_back(person)
        desk.away = name
    return True


def seen_json(services: Services, person: Person, chosen: Chosen, desk: Desk, today: datetime) -> dict[str, Any] | None:
    """How far the next break is and, for who wants it in the strip, what was seen today; looked up once a minute."""
    if not chosen.sight.breaks.on and not chosen.sight.meter:
        return None
    old = time.monotonic() - desk.looked_at > _LOOKED_SECONDS
    if old or desk.seen is None or (desk.seen["meter"] is not None) != chosen.sight.meter:
        desk.seen, desk.looked_at = _look(services, person, chosen, today), time.monotonic()
    return desk.seen


def _look(services: Services, person: Person, chosen: Chosen, today: datetime) -> dict[str, Any]:
    stretch = services.exposure.stretch(by=person)
    meter = None
    if chosen.sight.meter:
        (day,) = services.exposure.days(by=person, today=today, many=1)
        meter = {"severe": day.severe, "minutes": round(day.severe_seconds / 60)}
    return {"minutes": int(stretch.minutes), "severe": stretch.severe, "meter": meter}
