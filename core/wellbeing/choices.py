"""What a person set for their own well-being, as preferences: values that survive any JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from core.labels import LABELS
from core.wellbeing.masking import Masking

SEE: Final = "see"
"""Name of the preference that holds a `Sight`."""
NOT_TODAY: Final = "not_today"
"""Name of the preference that holds a `NotToday`."""
MINUTES: Final = (10, 180)
"""Least and most minutes of work before a break is suggested."""
SEVERE_AN_HOUR: Final = (5, 500)
"""Least and most severe texts within an hour."""
MILD_AFTER: Final = (1, 20)
"""Least and most severe texts in a row."""
_FAR: Final = 1e11
"""Seconds since 1970 that no clock shows."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """When a break is suggested. Nothing is ever enforced."""

    on: bool = True
    minutes: int = 50
    """After so many minutes of work without a pause of five."""
    severe: int = 30
    """After so many severe texts within an hour."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What I see."""

    masking: Masking = field(default_factory=Masking)
    mild_after: int = 0
    """After so many severe texts in a row a mild one comes, where one waits; 0: as they come."""
    breaks: Breaks = field(default_factory=Breaks)
    meter: bool = False
    """Whether the card's strip says what was seen today."""

    def to_json(self) -> dict[str, Any]:
        """What is kept of it."""
        breaks = {"on": self.breaks.on, "minutes": self.breaks.minutes, "severe": self.breaks.severe}
        kept = {"masking": self.masking.to_json(), "mild_after": self.mild_after}
        return {**kept, "breaks": breaks, "meter": self.meter}

    @classmethod
    def parse(cls, value: Any) -> "Sight":
        """Any JSON: what makes no sense is as for everybody."""
        given = value if isinstance(value, Mapping) else {}
        return cls(
            masking=Masking.parse(given.get("masking")),
            mild_after=_within(given.get("mild_after"), MILD_AFTER, 0),
            breaks=_breaks(given.get("breaks")),
            meter=given.get("meter") is True,
        )


@dataclass(frozen=True, slots=True)
class NotToday:
    """Labels whose comments the person does not want to be given for the rest of their day."""

    labels: frozenset[str] = frozenset()
    until: float = 0.0
    """Seconds since 1970: the person's next midnight, or when it was taken off."""

    def at(self, moment: datetime) -> frozenset[str]:
        """The labels that are not wanted at the moment."""
        return self.labels if moment.timestamp() < self.until else frozenset()

    def to_json(self) -> dict[str, Any]:
        """What is kept of it."""
        return {"labels": sorted(self.labels), "until": self.until}

    @classmethod
    def parse(cls, value: Any) -> "NotToday":
        """Any JSON: what makes no sense asks for nothing."""
        given = value if isinstance(value, Mapping) else {}
        labels, until = given.get("labels"), given.get("until")
        if not isinstance(labels, Sequence) or isinstance(labels, str):
            return cls()
        if not isinstance(until, int | float) or not 0 <= until < _FAR:
            return cls()
        return cls(frozenset(label for label in LABELS if label in labels), float(until))


def _breaks(value: Any) -> Breaks:
    given, usual = value if isinstance(value, Mapping) else {}, Breaks()
    return Breaks(
        on=given.get("on") is not False,
        minutes=_within(given.get("minutes"), MINUTES, usual.minutes),
        severe=_within(given.get("severe"), SEVERE_AN_HOUR, usual.severe),
    )


def _within(value: Any, ends: tuple[int, int], default: int) -> int:
    """The whole number if it lies between the ends, both included."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and ends[0] <= value <= ends[1] else default
