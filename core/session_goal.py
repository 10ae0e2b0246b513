"""What somebody means to do in one sitting: comments or minutes. Seen by nobody else, counted in the browser."""

from dataclasses import dataclass
from typing import Any, Final

GOAL: Final = "goal"
"""Name of the preference."""
MOST_ITEMS: Final = 2_000
MOST_MINUTES: Final = 600


@dataclass(frozen=True, slots=True)
class Goal:
    """At most one of both is above 0; none: no goal."""

    items: int = 0
    minutes: int = 0

    @classmethod
    def parse(cls, value: Any) -> "Goal":
        """From any JSON."""
        told = value if isinstance(value, dict) else {}
        items = _within(told.get("items"), MOST_ITEMS)
        return cls(items, 0 if items else _within(told.get("minutes"), MOST_MINUTES))

    def as_json(self) -> dict[str, int]:
        """What `parse` reads."""
        return {"items": self.items, "minutes": self.minutes}


def _within(value: Any, most: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else 0
