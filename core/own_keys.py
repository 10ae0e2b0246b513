"""Which keys somebody gave to which acts, and the hand that they work with on a phone."""

from dataclasses import dataclass
from typing import Any, Final

KEYS: Final = "keys"
"""Name of the preference."""
LAYOUTS: Final = ("default", "left", "right")
"""As printed, all within the left hand's reach, all on the numeric pad."""
HANDS: Final = ("", "left", "right")
"""Both, or the thumb of one."""
_MOST: Final = 100
_LONGEST: Final = 20


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The choice of one person. What a key means is the card's business (acts.js, keys.js)."""

    layout: str = "default"
    own: tuple[tuple[str, str | None], ...] = ()
    """Acts whose key the person changed, with the new one; None: without a key."""
    hand: str = ""

    @classmethod
    def parse(cls, value: Any) -> "OwnKeys":
        """From any JSON: what is not understood is left out."""
        told = value if isinstance(value, dict) else {}
        changed = told.get("own")
        own = changed if isinstance(changed, dict) else {}
        fine = ((act, key) for act, key in own.items() if _is_short(act) and (key is None or _is_short(key)))
        layout, hand = told.get("layout"), told.get("hand")
        return cls(
            layout if layout in LAYOUTS else "default",
            tuple(sorted(fine, key=lambda pair: pair[0]))[:_MOST],
            hand if hand in HANDS else "",
        )

    def as_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        return {"layout": self.layout, "own": dict(self.own), "hand": self.hand}


def _is_short(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _LONGEST
