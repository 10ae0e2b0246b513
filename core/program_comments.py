"""Comments that a program sends in: each is added, known or refused for itself, all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain import NewComment
from core.files.comments import Unusable, check_name, check_text
from core.intake import check_source, values_of
from core.privacy.admission import admit
from core.settings import Settings
from db.session import Sessions
from db.stores.comments import CommentStore, CommentValues

_NAMES = ("external_id", "author", "thread", "parent")


class Fate(StrEnum):
    """What became of a comment that was sent."""

    NEW = "new"
    KNOWN = "known"
    """(source, external id) was there before; nothing about it changed."""
    REFUSED = "refused"
    ERASED = "erased"
    """It was here and its text was erased for good: it stays out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a comment cannot be taken."""

    field: str
    """Of NewComment."""
    reason: str
    """In words, which quote nothing of it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one comment."""

    fate: Fate
    id: int | None = None
    """None if refused or erased."""
    differs: bool = False
    """It is known, with another text than the one that was sent: what is kept stays."""
    faults: tuple[Fault, ...] = ()


class ProgramComments:
    """Adds what programs send."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    def add(self, source: str, comments: Sequence[NewComment | tuple[Fault, ...]]) -> list[Sent]:
        """Add comments of one source and queue them for scoring; what became of each, in their order.

        A tuple of faults stands for a comment that was refused before. Raises BadInput for a bad source, before
        anything is added.
        """
        source = check_source(source)
        checked = [one if isinstance(one, tuple) else self._check(one, source) for one in comments]
        values = values_of([one for one in checked if isinstance(one, NewComment)])
        with self._sessions.begin() as session:
            store = CommentStore(session)
            new = set(store.add_new(admit(session, values)))
            kept = store.find_kept(source, [value.external_id for value in values])
        rest = iter(values)
        return [
            Sent(Fate.REFUSED, faults=one) if isinstance(one, tuple) else _fate(next(rest), kept, new)
            for one in checked
        ]

    def _check(self, comment: NewComment, source: str) -> NewComment | tuple[Fault, ...]:
        found: dict[str, str | None] = {}
        faults: list[Fault] = []
        try:
            text = check_text(comment.text, self._settings.max_text_bytes)
        except Unusable as reason:
            text = ""
            faults.append(Fault("text", f"{reason}."))
        for name in _NAMES:
            try:
                found[name] = check_name(getattr(comment, name), name)
            except Unusable as reason:
                faults.append(Fault(name, f"{reason}."))
        external_id = found.get("external_id")
        if faults or not external_id:
            return tuple(faults) or (Fault("external_id", "no id."),)
        return NewComment(
            text, source, external_id, found["author"], found["thread"], found["parent"], comment.created_at
        )


def _fate(sent: CommentValues, kept: dict[str, tuple[int, str]], new: set[int]) -> Sent:
    if sent.external_id not in kept:
        return Sent(Fate.ERASED)
    comment_id, digest = kept[sent.external_id]
    fate = Fate.NEW if comment_id in new else Fate.KNOWN
    new.discard(comment_id)  # a second one with this id, in the same call, is known
    return Sent(fate, comment_id, differs=fate is Fate.KNOWN and digest != sent.text_hash)
