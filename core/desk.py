"""Where somebody stopped: the comment on their screen and what they had chosen. Another device goes on there."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from core.accounts import Action, Person, check_may
from core.domain import Outcome, now
from core.labels import LABELS
from core.verdict import MAX_NOTE
from db.session import Sessions
from db.stores.comments import CommentStore
from db.stores.erased import DESK as DESK  # the erasure of a comment forgets the desks that it lies on
from db.stores.preferences import PreferenceStore

_MOST: Final = 2**63


@dataclass(frozen=True, slots=True)
class Screen:
    """What was on a screen last."""

    comment: int
    labels: tuple[int, ...] | None = None
    """Indexes of the labels chosen; None: nothing was touched."""
    outcome: str | None = None
    """approve or remove, if it was turned round."""
    note: str = ""

    @classmethod
    def parse(cls, value: Any) -> "Screen | None":
        """From any JSON; None for what names no comment."""
        told = value if isinstance(value, dict) else {}
        number, labels, outcome, note = (told.get(name) for name in ("comment", "labels", "outcome", "note"))
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < _MOST:
            return None
        usable = isinstance(labels, list | tuple) and all(label in range(len(LABELS)) for label in labels)
        return cls(
            number,
            tuple(sorted(set(map(int, labels)))) if usable and labels is not None else None,
            outcome if outcome in (Outcome.APPROVE, Outcome.REMOVE) else None,
            note[:MAX_NOTE] if isinstance(note, str) else "",
        )

    def as_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        return asdict(self)


class Desks:
    """Screens that people were left with, on one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def keep(self, shown: Screen, *, by: Person) -> None:
        """Keep what is on the person's screen, as their preference DESK; nothing of a comment that was erased.

        A card that still shows one would bring its note back: the erasure has forgotten the desk already, or waits.
        """
        check_may(by, Action.KEEP_PREFERENCES)
        with self._sessions.begin() as session:
            if CommentStore(session).hold_text(shown.comment):
                PreferenceStore(session).put(by.name, DESK, shown.as_json(), at=now())
