"""Asking a lead about a comment: the question waits in an own lane, the answer goes back to whoever asked."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.accounts import Action, Person, check_may
from core.domain import OTHERS_LANES, Decision, LabelFlags, Lane, Outcome, RoutingState, now, unpack_labels
from core.errors import BadInput, Conflict, NotFound
from core.settings import Settings
from core.verdict import clean_note
from db.question_models import QuestionRow
from db.session import Session, Sessions
from db.stores.claims import Claim, ClaimStore, Seeker
from db.stores.comments import CommentStore
from db.stores.decisions import DecisionStore
from db.stores.golden_mix import GoldenMixStore
from db.stores.questions import QuestionStore
from db.stores.queue import Place, QueueStore

MOST_SHOWN = 50
"""Questions that a person is shown of their own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as whoever asked sees it."""

    id: int
    client_id: UUID
    comment_id: int
    text: str
    """Of the comment; empty once it is erased."""
    question: str | None
    """None once the comment is erased; so is the answer."""
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    closed_at: datetime | None
    taken_back: bool
    by: str | None = None
    """Who decided the comment; None while nobody has."""
    outcome: Outcome | None = None
    labels: LabelFlags | None = None

    @property
    def waits(self) -> bool:
        """Whether nobody has said anything yet."""
        return self.closed_at is None and self.answered_at is None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a question as it was asked."""

    golden: LabelFlags | None = None
    """The known answers, where the comment turned out to have some: then nobody is asked."""


class Questions:
    """Questions of one database."""

    def __init__(self, sessions: Sessions, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lease = timedelta(seconds=settings.claim_seconds)

    def ask(self, comment_id: int, question: str, *, by: Person, client_id: UUID) -> Received:
        """Let the comment wait for a lead's answer; the same client_id again changes nothing.

        Raises BadInput without words or where another's judgement is what is wanted, Conflict if somebody else has
        the comment. A comment that was mixed in with known answers leaves the desk, and its answers are told.
        """
        check_may(by, Action.REVIEW)
        words = _words(question, "Write what you want to ask. Nothing was sent.")
        with self._sessions.begin() as session:
            store = QuestionStore(session)
            if store.get(client_id):
                return Received()
            at = self._clock()
            place = QueueStore(session).lock([comment_id]).get(comment_id)
            if place is None:
                return self._told_at_once(session, comment_id, by, at)
            _check_askable(place, ClaimStore(session).live(comment_id), by, at)
            ClaimStore(session).release([comment_id], at)
            lane = place.lane or Lane.FLAGGED
            QueueStore(session).move([comment_id], RoutingState.OPEN, Lane.ASKED)
            row = QuestionRow(
                client_id=client_id, comment_id=comment_id, asker=by.name, asked_at=at, question=words,
                lane=lane.value, blind=place.blind,
            )  # fmt: skip
            store.add(row)
        return Received()

    def take_back(self, client_id: UUID, *, by: Person) -> int:
        """Have one's comment back as it was before the question; returns its number.

        Raises NotFound for what the person did not ask, Conflict if the comment was decided meanwhile.
        """
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            row = QuestionStore(session).get(client_id)
            if row is None or row.asker != by.name:
                raise NotFound("There is no such question of yours.")
            queue, claims, at = QueueStore(session), ClaimStore(session), self._clock()
            place = queue.lock([row.comment_id])[row.comment_id]
            session.refresh(row)  # somebody may have decided while this waited for the lock
            if was_taken_back(row):
                return row.comment_id
            if row.closed_at or place.state is not RoutingState.OPEN:
                raise Conflict("Comment {number} was decided meanwhile. My work says how.", number=row.comment_id)
            row.closed_at = at
            queue.move([row.comment_id], RoutingState.OPEN, Lane(row.lane))
            claims.release([row.comment_id], at)
            claims.add([row.comment_id], by.name, at=at, until=at + self._lease)
            return row.comment_id

    def answer(self, comment_id: int, answer: str, *, by: Person, client_id: UUID) -> None:
        """Answer with words: the comment goes back to whoever asked, who decides it.

        Raises BadInput without words, or for a blind comment, whose decision has to be one person's own: that is
        decided by the lead. Raises Conflict if the question is gone or answered, or somebody else has the comment.
        """
        check_may(by, Action.ANSWER_QUESTIONS)
        words = _words(answer, "Write an answer. Nothing was sent.")
        with self._sessions.begin() as session:
            store, claims, at = QuestionStore(session), ClaimStore(session), self._clock()
            if store.by_answer(client_id):
                return
            QueueStore(session).lock([comment_id])
            row = store.open_of([comment_id]).get(comment_id)
            _check_answerable(row, claims, by, at)
            if row is None:  # said by the line before
                return
            row.answer, row.answered_by, row.answered_at, row.answer_id = words, by.name, at, client_id
            claims.release([comment_id], at)
            claims.add([comment_id], row.asker, at=at, until=at + self._lease)

    def take_answer_back(self, client_id: UUID, *, by: Person) -> int:
        """Unsay one's answer, and have the comment on the desk again; returns its number.

        Raises NotFound for what the person did not answer, Conflict once the comment was decided.
        """
        check_may(by, Action.ANSWER_QUESTIONS)
        with self._sessions.begin() as session:
            row = QuestionStore(session).by_answer(client_id)
            if row is None or row.answered_by != by.name:
                raise NotFound("There is no such answer of yours.")
            QueueStore(session).lock([row.comment_id])
            session.refresh(row)  # somebody may have decided while this waited for the lock
            if row.closed_at:
                raise Conflict("Comment {number} was decided by your answer meanwhile.", number=row.comment_id)
            row.answer = row.answered_by = row.answered_at = row.answer_id = None
            claims, at = ClaimStore(session), self._clock()
            claims.release([row.comment_id], at)
            claims.add([row.comment_id], by.name, at=at, until=at + self._lease)
            return row.comment_id

    def mine(self, by: Person) -> list[Asked]:
        """What the person asked: open questions first, then the newest."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            return _told(session, list(QuestionStore(session).of_asker(by.name, MOST_SHOWN)))

    def news(self, by: Person) -> list[Asked]:
        """Questions of the person that somebody else decided, and that they have not seen since."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            rows = QuestionStore(session).untold(by.name, MOST_SHOWN)
            return [one for one in _told(session, list(rows)) if one.by != by.name]

    def told(self, by: Person) -> tuple[tuple[int, datetime | None], list[Asked]]:
        """How many questions of the person wait, and since when the oldest does; then `news`."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            waiting = QuestionStore(session).unanswered(by.name)
        return waiting, self.news(by)

    def seen(self, ids: Collection[int], *, by: Person) -> None:
        """Say no more of these in the queue: the person has read what became of them."""
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            QuestionStore(session).tell(by.name, ids, self._clock())

    def _told_at_once(self, session: Session, comment_id: int, by: Person, at: datetime) -> Received:
        known = GoldenMixStore(session).ask(by.name, comment_id, at)
        if known is None:
            raise NotFound("Comment {number} is not in the queue: no model has scored it yet.", number=comment_id)
        return Received(unpack_labels(known))


def close(session: Session, made: Decision, answer: str | None, *, by: Person) -> None:
    """Close the question that a decision just made settles, with its answer: part of the decision's transaction."""
    row = QuestionStore(session).open_of([made.comment_id]).get(made.comment_id) if made.lane is Lane.ASKED else None
    if row is None:
        return
    at, words = made.decided_at, clean_note(answer)
    if words and row.answered_at is None and by.name != row.asker:
        row.answer, row.answered_by, row.answered_at, row.answer_id = words, by.name, at, made.client_id
    row.closed_at, row.decision_id = at, made.client_id
    row.told_at = at if by.name == row.asker else None


def was_taken_back(row: QuestionRow) -> bool:
    """Whether the asker closed the question. An erasure, which closes it too, takes its words."""
    return row.closed_at is not None and row.decision_id is None and row.question is not None


def seeker_of(by: Person, judges: Collection[str], stale: datetime) -> Seeker:
    """Whose turn comments are, for this person."""
    return Seeker(by.name, judges, by.may(Action.ANSWER_QUESTIONS), stale)


def _words(given: str, complaint: str) -> str:
    words = clean_note(given)
    if words is None:
        raise BadInput(complaint)
    return words


def _check_askable(place: Place, claim: Claim | None, by: Person, at: datetime) -> None:
    number = place.comment_id
    if place.state is not RoutingState.OPEN:
        raise Conflict("Comment {number} is not open any more. Nothing was sent.", number=number)
    if place.lane in OTHERS_LANES:
        raise BadInput(
            "Comment {number} is here for your own judgement. Decide as you would, or pass it on with Escalate. "
            "Nothing was sent.",
            number=number,
        )
    if place.lane is Lane.ASKED:
        raise Conflict("Somebody asks about comment {number} already. Nothing was sent.", number=number)
    _check_own(claim, number, by, at)


def _check_own(claim: Claim | None, number: int, by: Person, at: datetime) -> None:
    if claim and claim.person != by.name and claim.lease_until >= at:
        raise Conflict("{person} has comment {number} now. Nothing was sent.", person=claim.person, number=number)


def _check_answerable(row: QuestionRow | None, claims: ClaimStore, by: Person, at: datetime) -> None:
    if row is None:
        raise Conflict("Nobody asks about that comment any more: it was decided, or the question was taken back.")
    if row.answered_at is not None:
        raise Conflict("{person} has answered that question already.", person=row.answered_by)
    if row.asker == by.name:
        raise BadInput("This is your own question: another lead answers it. To decide yourself, take it back.")
    if row.blind:
        raise BadInput(
            "Comment {number} is blind: words would sway whoever asked. Decide it yourself, with your answer.",
            number=row.comment_id,
        )
    _check_own(claims.live(row.comment_id), row.comment_id, by, at)


def _told(session: Session, rows: list[QuestionRow]) -> list[Asked]:
    ids = [row.comment_id for row in rows]
    comments, ledger = CommentStore(session).get_many(ids), DecisionStore(session)
    found = []
    for row in rows:
        entry = ledger.get_by_client_id(row.decision_id) if row.decision_id else None
        found.append(
            Asked(
                id=row.id,
                client_id=row.client_id,
                comment_id=row.comment_id,
                text=comments[row.comment_id].text,
                question=row.question,
                asked_at=row.asked_at,
                answer=row.answer,
                answered_by=row.answered_by,
                answered_at=row.answered_at,
                closed_at=row.closed_at,
                taken_back=was_taken_back(row),
                by=entry.person if entry else None,
                outcome=entry.outcome if entry else None,
                labels=entry.labels if entry else None,
            )
        )
    return found
