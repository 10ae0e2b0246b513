"""What a moderator sees of a comment: everything for a flagged one, and for a blind one nothing that could sway."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from core import source_links
from core.accounts import Person
from core.domain import Comment, Decision, LabelFlags, Lane, Outcome, unpack_labels
from core.golden_mix import places_of
from core.labels import LABELS
from core.wellbeing.masking import Scored, is_severe
from db.session import Session, Sessions
from db.stores.claims import Claim
from db.stores.comments import CommentStore
from db.stores.decisions import DecisionStore
from db.stores.policies import PolicyStore
from db.stores.questions import QuestionStore
from db.stores.queue import Place, QueueStore
from db.stores.scores import ScoreStore
from db.stores.second_opinions import SecondOpinionStore
from db.stores.suggestions import SuggestedLabels, SuggestionStore


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the model and earlier decisions say. Blind items have none."""

    scores: tuple[float, ...]
    """Six probabilities, in LABELS order."""
    thresholds: tuple[float, ...]
    model_id: int
    identical: int
    """Waiting comments of this text that one decision may settle, itself included."""
    history: list[tuple[Outcome, LabelFlags, int]]
    """How identical text was decided before: outcome, labels, how often."""

    @property
    def preset(self) -> LabelFlags:
        """The labels at or over their threshold."""
        a, b, c, d, e, f = (score >= limit for score, limit in zip(self.scores, self.thresholds, strict=True))
        return a, b, c, d, e, f

    @property
    def severe(self) -> bool:
        """Whether the text is severe: then a look at it is noted, and it begins masked for whoever chose nothing."""
        return is_severe(self.scores, self.thresholds)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one of several people said of a comment on which they disagree. Nobody is told who."""

    outcome: Outcome
    labels: LabelFlags
    note: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks a lead about a comment, and the answer once there is one."""

    asker: str
    asked_at: datetime
    text: str | None
    answer: str | None
    answered_by: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A claimed comment, as it is shown."""

    comment: Comment
    lane: Lane
    lease_until: datetime
    held: bool
    blind: bool
    evidence: Evidence | None
    """None for blind items, and while there are no scores."""
    escalation: Decision | None
    """Who asked for another look, if somebody did."""
    opinions: tuple[Opinion, ...] = ()
    """For adjudication: what is to be decided between, in an order that says nothing."""
    suggestion: SuggestedLabels | None = None
    """What a program says it is; None for blind items."""
    link: str | None = None
    """Where the original stands (core.source_links); None for blind items, whose fate shows there."""
    question: Question | None = None
    """For what waits in lane `asked`."""
    handed_by: str | None = None
    """Who gave it to the person, if somebody did, and why."""
    handed_note: str | None = None

    @property
    def has_context(self) -> bool:
        """Whether its thread, its author or what it answers is known (core.context)."""
        return any((self.comment.thread, self.comment.parent, self.comment.author))


def build_items(sessions: Sessions, claims: Sequence[Claim]) -> list[Item]:
    """Everything that is shown of claimed comments, in their order."""
    ids = [claim.comment_id for claim in claims]
    if not ids:
        return []
    with sessions.read() as session:
        queue = QueueStore(session)
        comments, places = CommentStore(session).get_many(ids), queue.places(ids)
        seen = [comments[i] for i in ids if i in places and not places[i].blind]
        evidence = _Evidence(DecisionStore(session), queue, ScoreStore(session), PolicyStore(session)).of(seen, places)
        standing = DecisionStore(session).standing([c.comment_id for c in claims if c.lane is Lane.ESCALATED])
        opinions = SecondOpinionStore(session).opinions([c.comment_id for c in claims if c.lane is Lane.ADJUDICATION])
        links = source_links.links_of(session, seen)
        asked = _questions(session, [c.comment_id for c in claims if c.lane is Lane.ASKED])
        suggested = SuggestionStore(session).latest_of([comment.id for comment in seen])
    return [
        Item(
            comment=comments[claim.comment_id],
            lane=claim.lane or Lane.FLAGGED,
            lease_until=claim.lease_until,
            held=claim.held,
            blind=places[claim.comment_id].blind,
            evidence=evidence.get(claim.comment_id),
            escalation=standing.get(claim.comment_id),
            opinions=_opinions(opinions.get(claim.comment_id, [])),
            suggestion=suggested.get(claim.comment_id),
            link=links.get(claim.comment_id),
            question=asked.get(claim.comment_id),
            handed_by=claim.handed_by,
            handed_note=claim.handed_note,
        )
        for claim in claims
        if claim.comment_id in places
    ]


def build_mixed(sessions: Sessions, by: Person, claims: Sequence[Claim]) -> list[Item]:
    """The same of comments that were mixed in with known answers: as flagged ones, by what the model says of them."""
    with sessions.read() as session:
        queue, places = QueueStore(session), places_of(session, by)
        comments = CommentStore(session).get_many([claim.comment_id for claim in claims if claim.comment_id in places])
        seen = list(comments.values())
        evidence = _Evidence(DecisionStore(session), queue, ScoreStore(session), PolicyStore(session)).of(seen, places)
        links = source_links.links_of(session, seen)
    return [
        Item(
            comment=comments[claim.comment_id],
            lane=Lane.FLAGGED,
            lease_until=claim.lease_until,
            held=claim.held,
            blind=False,
            evidence=replace(evidence[claim.comment_id], identical=1),  # what it shares its text with is not its affair
            escalation=None,
            link=links.get(claim.comment_id),
        )
        for claim in claims
        if claim.comment_id in evidence
    ]


def evidence_of(session: Session, comments: Sequence[Comment]) -> dict[int, Evidence]:
    """The evidence of those comments that are in the queue and not blind, by comment."""
    queue = QueueStore(session)
    places = queue.places([comment.id for comment in comments])
    seen = [comment for comment in comments if comment.id in places and not places[comment.id].blind]
    return _Evidence(DecisionStore(session), queue, ScoreStore(session), PolicyStore(session)).of(seen, places)


def scores_of(session: Session, comments: Sequence[Comment]) -> dict[int, Scored]:
    """What masks each text, whatever lane it was in; what has no scores is absent."""
    places = QueueStore(session).places([comment.id for comment in comments])
    return _Evidence(DecisionStore(session), QueueStore(session), ScoreStore(session), PolicyStore(session)).scored(
        places
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    decisions: DecisionStore
    queue: QueueStore
    scores: ScoreStore
    policies: PolicyStore

    def of(self, comments: Sequence[Comment], places: dict[int, Place]) -> dict[int, Evidence]:
        """By comment. A text is scored by the model that routed it, against the policy that did."""
        digests = {comment.text_hash for comment in comments}
        history, waiting = self.decisions.history_of_texts(digests), self.queue.waiting_twins(digests)
        scores = self._scores([places[comment.id] for comment in comments])
        limits = {place: self._limits(place) for place in {places[comment.id].policy_id for comment in comments}}
        return {
            comment.id: Evidence(
                scores=scores[comment.id],
                thresholds=limits[places[comment.id].policy_id],
                model_id=places[comment.id].model_id,
                identical=waiting.get(comment.text_hash, 1),
                history=[(o, unpack_labels(mask), many) for o, mask, many in history.get(comment.text_hash, [])],
            )
            for comment in comments
            if comment.id in scores
        }

    def scored(self, places: dict[int, Place]) -> dict[int, Scored]:
        scores = self._scores(list(places.values()))
        return {i: Scored(scores[i], self._limits(place.policy_id)) for i, place in places.items() if i in scores}

    def _scores(self, places: Sequence[Place]) -> dict[int, tuple[float, ...]]:
        found: dict[int, tuple[float, ...]] = {}
        for model_id in {place.model_id for place in places}:
            ids = [place.comment_id for place in places if place.model_id == model_id]
            found |= self.scores.get(ids, model_id)
        return found

    def _limits(self, policy_id: int) -> tuple[float, ...]:
        policy = self.policies.get(policy_id)
        return policy.thresholds if policy else (1.0,) * len(LABELS)


def _questions(session: Session, comment_ids: Sequence[int]) -> dict[int, Question]:
    rows = QuestionStore(session).open_of(comment_ids) if comment_ids else {}
    return {
        number: Question(row.asker, row.asked_at, row.question, row.answer, row.answered_by)
        for number, row in rows.items()
    }


def _opinions(decisions: Sequence[Decision]) -> tuple[Opinion, ...]:
    """Shuffled by a hash: who was first must not show, and the order must stay the same."""
    shuffled = sorted(decisions, key=lambda decision: blake2b(decision.client_id.bytes).digest())
    return tuple(Opinion(decision.outcome, decision.labels, decision.note) for decision in shuffled)
