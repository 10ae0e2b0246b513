"""What programs are told: where comments stand, and the ledger from a cursor on. Never a text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.accounts import PROGRAM
from core.domain import Decision, Lane, Outcome, Stage
from core.errors import Conflict
from core.history import SixScores, Standing, six, standing_of
from core.privacy.keyed import keyed
from core.text import in_frozen_test
from db.models import CommentRow, RoutingRow
from db.session import Session, Sessions
from db.stores.datasets import DatasetStore
from db.stores.erased import ErasedStore
from db.stores.history import HistoryStore
from db.stores.program_reads import SCANNED, Entry, ProgramReadStore


class State(StrEnum):
    """Where a comment stands, for programs."""

    NOT_SCORED = "not_scored"
    """No model has looked at it yet: nothing is known, least of all that it is clean."""
    WAITING = "waiting"
    """People are to look at it."""
    ALLOWED = "allowed"
    """Scored and let through by the policy; no person looked."""
    REMOVED_BY_POLICY = "removed_by_policy"
    """Removed by the policy without review."""
    SETTLED = "settled"
    """Decided."""
    GOLDEN = "golden"
    """Known answers, for evaluation only: never routed."""
    ERASED = "erased"
    """Its text was erased for good, with its author, its scores for programs, and its id at the source."""


class Kind(StrEnum):
    """What an entry of the ledger does."""

    DECISION = "decision"
    """Says what the comment is, until it is taken back or decided again."""
    ESCALATION = "escalation"
    """Asks for another look; decides nothing."""
    SECOND_OPINION = "second_opinion"
    """A measurement of agreement; decides nothing."""
    REVOCATION = "revocation"
    """Takes a former entry back."""


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the ledger as programs are told."""

    entry: Entry
    kind: Kind
    held_out: bool
    """Its text is for evaluation only: no training may see it."""

    @property
    def program(self) -> str | None:
        """The name of the key that decided; None for a person."""
        person = self.entry.decision.person
        return person.removeprefix(PROGRAM) if person.startswith(PROGRAM) else None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """A stretch of the ledger."""

    entries: list[Told]
    next: int
    """What to ask `after` next."""
    more: bool
    """Whether more is there by now."""


@dataclass(frozen=True, slots=True)
class Standings:
    """What is known of one comment."""

    comment: CommentRow
    """Of an erased one, external_id is a random stand-in: see `external_id`."""
    state: State
    lane: Lane | None
    """While it waits."""
    removed_by_policy: bool
    """Removed without review, and nobody has looked since; also while it waits as an audit item."""
    scores: tuple[str, datetime, SixScores] | None
    """The live model's, else the latest: model, when, which."""
    withheld: bool
    """Whether there may be scores that are not told, since a comment of this text waits for a blind decision or is a
    golden item."""
    held_out: bool
    entries: list[Told]
    """Oldest first."""

    @property
    def external_id(self) -> str | None:
        """Its id at the source; None once it is erased."""
        return None if self.state is State.ERASED else self.comment.external_id

    @property
    def decision(self) -> Told | None:
        """The decision that holds."""
        held = [told for told in self.entries if told.kind is Kind.DECISION and not told.entry.revoked]
        return held[-1] if held else None


class ProgramReads:
    """Reads only."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def ledger(self, after: int, limit: int, source: str | None = None) -> LedgerPage:
        """Entries behind a cursor, in the order in which they were committed.

        Raises Conflict for a cursor behind the ledger's end: it is another ledger's.
        """
        with self._sessions.read() as session:
            store = ProgramReadStore(session)
            end = store.ledger_end()  # first: what is committed after this look comes with the next page
            if after > end:
                raise Conflict(
                    f"The cursor {after} lies behind the ledger's end, {end}: another ledger gave it, such as one from "
                    f"before a backup was restored. Go on from {end}, or read everything again from 0."
                )
            upto = min(end, after + SCANNED)
            found = store.entries_between(after, upto, limit + 1, source)
            told = _tell(session, found[:limit])
        reached = told[-1].entry.decision.id if len(found) > limit else upto
        return LedgerPage(told, reached, reached < end)

    def by_id(self, comment_id: int) -> Standings | None:
        """What is known of a comment, None if there is none."""
        with self._sessions.read() as session:
            return next(iter(_standings(session, [comment_id])), None)

    def by_external_id(self, source: str, external_ids: Collection[str]) -> list[Standings]:
        """What is known of a source's comments, in the order asked for; those that there are not are left out."""
        with self._sessions.read() as session:
            ids = ProgramReadStore(session).ids_of(source, external_ids)
            return _standings(session, [ids[name] for name in dict.fromkeys(external_ids) if name in ids])

    def erased(self, source: str, external_ids: Collection[str]) -> list[str]:
        """Those of the ids whose comments were erased for good, in the order asked for."""
        with self._sessions.read() as session:
            if not (store := ErasedStore(session)).has_any():
                return []
            key = keyed(session)
            hashes = {name: key.comment(source, name) for name in external_ids}
            known = store.known(list(hashes.values()))
        return [name for name, hashed in hashes.items() if hashed in known]


def _standings(session: Session, ids: Sequence[int]) -> list[Standings]:
    store = HistoryStore(session)
    comments, routings, golden = store.comments(ids), store.routings(ids), store.golden(ids)
    hashes = {row.text_hash for row in comments.values()}
    blind, scores = store.blind_texts(hashes), _scores(store, ids)
    held_out = _held_out(session, hashes)
    entries: dict[int, list[Told]] = {}
    for told in _tell(session, ProgramReadStore(session).entries_of(ids)):
        entries.setdefault(told.entry.decision.comment_id, []).append(told)
    return [
        _standing(
            row, routings.get(i), scores.get(i), entries.get(i, []), withheld=i in golden or row.text_hash in blind,
            golden=i in golden, held_out=row.text_hash in held_out,
        )
        for i in ids
        if (row := comments.get(i))
    ]  # fmt: skip


def _standing(
    comment: CommentRow, routing: RoutingRow | None, scores: tuple[str, datetime, SixScores] | None,
    entries: list[Told], *, withheld: bool, golden: bool, held_out: bool,
) -> Standings:  # fmt: skip
    if not comment.text:
        return Standings(
            comment, State.ERASED, None, removed_by_policy=False, scores=None, withheld=False, held_out=True,
            entries=entries,
        )  # fmt: skip
    standing = standing_of(routing, scored=scores is not None, golden=golden)
    lane = Lane(standing.value) if standing in _LANES else None
    unseen = bool(routing and routing.automatic) and (standing is Standing.REMOVED or lane is Lane.AUDIT)
    state = State.WAITING if lane else _STATES[standing]
    return Standings(comment, state, lane, unseen, None if withheld else scores, withheld, held_out, entries)


def _scores(store: HistoryStore, ids: Sequence[int]) -> dict[int, tuple[str, datetime, SixScores]]:
    """Of each comment the live model's scores, else the latest."""
    found: dict[int, tuple[bool, tuple[str, datetime, SixScores]]] = {}
    for row, name, stage in store.scores(ids):
        live = stage == Stage.LIVE
        if live or not found.get(row.comment_id, (False,))[0]:
            found[row.comment_id] = live, (name, row.scored_at, six(row))
    return {comment_id: scores for comment_id, (_, scores) in found.items()}


def _tell(session: Session, entries: Sequence[Entry]) -> list[Told]:
    held_out = _held_out(session, {entry.text_hash for entry in entries})
    return [Told(one, _kind(one.decision), one.external_id is None or one.text_hash in held_out) for one in entries]


def _held_out(session: Session, hashes: Collection[str]) -> set[str]:
    """Texts that no training may see: those that exports keep out (db.stores.datasets), and the frozen test part."""
    return DatasetStore(session).find_for_evaluation(hashes) | {digest for digest in hashes if in_frozen_test(digest)}


def _kind(decision: Decision) -> Kind:
    if decision.revokes is not None:
        return Kind.REVOCATION
    if decision.outcome is Outcome.ESCALATE:
        return Kind.ESCALATION
    return Kind.SECOND_OPINION if decision.lane is Lane.SECOND else Kind.DECISION


_LANES = frozenset({Standing(lane.value) for lane in Lane})
_STATES = {
    Standing.NOT_SCORED: State.NOT_SCORED,
    Standing.ALLOWED: State.ALLOWED,
    Standing.REMOVED: State.REMOVED_BY_POLICY,
    Standing.SETTLED: State.SETTLED,
    Standing.GOLDEN: State.GOLDEN,
}
