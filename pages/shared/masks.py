"""How texts are masked for whoever looks: one rule for every page and for the card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.accounts import Action
from core.domain import now
from core.wellbeing.choices import NOT_TODAY, SEE, NotToday, Sight
from core.wellbeing.masking import Cover, Masking
from core.wish import Wish
from pages.shared.access import current_person
from pages.shared.resources import services


@dataclass(frozen=True, slots=True)
class Masks:
    """One person's rule, with the thresholds of the policy in force."""

    masking: Masking
    thresholds: Sequence[float]

    def cover(self, scores: Sequence[float] | None) -> Cover:
        """How a text begins: by six probabilities, None where none are shown."""
        return self.masking.cover(scores, self.thresholds)

    def cover_of_labels(self, labels: Sequence[bool]) -> Cover:
        """The same by labels that were given to it."""
        return self.cover([1.0 if on else 0.0 for on in labels])


def masks() -> Masks:
    """The visitor's, read now: once a run is enough. As for everybody where nobody is known."""
    person = current_person()
    kept = services().preferences.get(person, SEE) if person and person.may(Action.KEEP_PREFERENCES) else None
    return Masks(Sight.parse(kept).masking, services().policies.active().thresholds)


def wish_of(chosen: Mapping[str, Any]) -> Wish:
    """What somebody would rather be given, from all their preferences by name."""
    mild_after = Sight.parse(chosen.get(SEE)).mild_after
    return Wish(NotToday.parse(chosen.get(NOT_TODAY)).at(now()), mild_after)
