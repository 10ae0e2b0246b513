"""What happened to one comment, in order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from core.domain import NO_DAY, Lane, Outcome, RoutingState, unpack_labels
from core.guidelines import GENERAL, TOPIC_TITLES
from core.labels import LABEL_TITLES, LABELS
from db.models import ClaimRow, CommentRow, DecisionRow, RoutingRow, ScoreRow
from db.question_models import QuestionRow
from db.stores.guidelines import Since

SixScores = tuple[float, float, float, float, float, float]
"""Probabilities in LABELS order."""


class Standing(StrEnum):
    """Where a comment stands, as people are told. A comment without scores is never said to be clean."""

    NOT_SCORED = "not scored"
    ASKED = "asked"
    ESCALATED = "escalated"
    ADJUDICATION = "adjudication"
    AUDIT = "audit"
    SECOND = "second"
    DISAGREEMENT = "disagreement"
    """Drawn from the comments that the live and a shadow model treat differently."""
    RECHECK = "recheck"
    SUGGESTED = "suggested"
    FLAGGED = "flagged"
    ALLOWED = "allowed"
    SETTLED = "settled"
    REMOVED = "removed"
    """By the policy, without review."""
    GOLDEN = "golden"
    """Its answers are known: it is scored for evaluation, but not routed."""
    ERASED = "erased"
    """Its text is gone for good."""


def standing_of(routing: RoutingRow | None, *, scored: bool, golden: bool) -> Standing:
    """Where a comment stands."""
    if routing and routing.state == RoutingState.ERASED:
        return Standing.ERASED
    if routing is None:
        return Standing.GOLDEN if golden and scored else Standing.NOT_SCORED
    if not scored:
        return Standing.NOT_SCORED
    if routing.state == RoutingState.OPEN:
        return Standing(Lane(routing.lane or Lane.FLAGGED))
    return _AT_REST[RoutingState(routing.state)]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    at: datetime
    kind: str
    """written, added, scored, routed, claimed, released, decided, escalated, undone, asked, answered."""
    what: str
    """In words; never holds comment text or notes."""
    person: str | None = None
    scores: SixScores | None = None
    note: str | None = None
    """As the person typed it: draw it like comment text."""
    to: str | None = None
    """Whose question an answer is for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The rows that a history is told from."""

    comment: CommentRow
    golden: int | None
    scores: Sequence[tuple[ScoreRow, str, str]]
    """With the model's name and stage."""
    routing: RoutingRow | None
    claims: Sequence[ClaimRow]
    ledger: Sequence[DecisionRow]
    questions: Sequence[QuestionRow] = ()
    auto_remove: Sequence[float | None] = ()
    """From which scores on the policy that routed it removes without review; empty if it does not."""
    guidelines: Sequence[Since] = ()
    """Every version of the guidelines, oldest first."""


def tell(facts: Facts, *, blind: bool) -> list[Event]:
    """The events in order of time. Blind: without scores, flags and labels, which would sway a blind decision."""
    events = [*_arrival(facts, blind), *_claims(facts.claims), *_ledger(facts, blind)]
    events += _questions(facts.questions, blind)
    if not blind:
        events += _scores(facts.scores)
    if facts.routing:
        events.append(_routing(facts, facts.routing, blind))
    return sorted(events, key=lambda event: event.at)


def six(row: ScoreRow) -> SixScores:
    """The row's probabilities."""
    return row.toxic, row.severe_toxic, row.obscene, row.threat, row.insult, row.identity_hate


def label_words(mask: int) -> str:
    """The labels of a bit mask, in words."""
    on = [LABEL_TITLES[label] for label, holds in zip(LABELS, unpack_labels(mask), strict=True) if holds]
    return ", ".join(on) or "none of the six labels"


def _arrival(facts: Facts, blind: bool) -> Iterator[Event]:
    comment = facts.comment
    if comment.created_at:
        yield Event(comment.created_at, "written", "Written where it came from")
    known = "" if facts.golden is None or blind else f", with known answers: {label_words(facts.golden)}"
    yield Event(comment.added_at, "added", f"Added{known}")


def _scores(scores: Sequence[tuple[ScoreRow, str, str]]) -> Iterator[Event]:
    for row, model, stage in scores:
        live = " (live)" if stage == "live" else ""
        yield Event(row.scored_at, "scored", f"Scored by {model}{live}", scores=six(row))


def _routing(facts: Facts, routing: RoutingRow, blind: bool) -> Event:
    if blind:
        audit = routing.audit and routing.lane != Lane.SECOND
        what = "Drawn into the audit sample" if audit else "Routed; how, is hidden until it is decided"
        return Event(routing.routed_at, "routed", what)
    if routing.day == NO_DAY and routing.lane == Lane.SUGGESTED:
        return Event(routing.routed_at, "routed", "Brought in by a program that suggests its labels; no traffic")
    if routing.day == NO_DAY:
        return Event(routing.routed_at, "routed", "Brought in from the base data, to be reviewed again; no traffic")
    drawn = "drawn into the audit sample" if routing.audit else "not in the audit sample"
    tail = f"; band {routing.band}, {drawn} (rate {routing.rate:.2%})"
    if routing.automatic:
        why = _reached(facts, routing)
        return Event(routing.routed_at, "routed", f"Removed without review by policy {routing.policy_id}{why}{tail}")
    to = "allowed" if routing.state == RoutingState.ALLOWED else f"sent to review, lane {routing.lane}"
    flag = "Flagged" if routing.flagged else "Not flagged"
    return Event(routing.routed_at, "routed", f"{flag} by policy {routing.policy_id}, {to}{tail}")


def _reached(facts: Facts, routing: RoutingRow) -> str:
    """The scores for which a comment was removed, as a statement of reasons needs them."""
    row = next((row for row, _, _ in facts.scores if row.model_id == routing.model_id), None)
    if row is None or not facts.auto_remove:
        return ""
    parts = [
        f"{LABEL_TITLES[label]} {score:.3f} (from {mark:g})"
        for label, score, mark in zip(LABELS, six(row), facts.auto_remove, strict=True)
        if mark is not None and np.float32(score) >= np.float32(mark)  # as routing compares
    ]
    return f", for {', '.join(parts)}" if parts else ""


def _claims(claims: Sequence[ClaimRow]) -> Iterator[Event]:
    for claim in claims:
        until = f"{claim.lease_until:%Y-%m-%d %H:%M}"
        what = f"Held until {until}" if claim.held else "Taken from the queue"
        yield Event(claim.claimed_at, "claimed", what, person=claim.person)
        if claim.released_at:
            yield Event(claim.released_at, "released", "Given back", person=claim.person)


def _ledger(facts: Facts, blind: bool) -> Iterator[Event]:
    for row in facts.ledger:
        what, kind = f"{_VERBS[Outcome(row.outcome)]}: {label_words(row.labels)}", "decided"
        if row.outcome == Outcome.ESCALATE:
            what, kind = "Escalated", "escalated"
        if row.revokes:
            what, kind = "Took the decision back", "undone"
        elif blind and kind == "decided":
            what = "Decided; the labels are hidden until it is decided again"
        under = "" if blind or kind != "decided" else _in_force(facts.guidelines, row)
        yield Event(row.decided_at, kind, what + _how(row) + under, person=row.person, note=None if blind else row.note)


def _in_force(guidelines: Sequence[Since], row: DecisionRow) -> str:
    """Which versions held when it was decided: the general one, and those of the labels that were given."""
    held = {one.topic: one.version for one in guidelines if one.saved_at <= row.decided_at}
    given = [label for label, on in zip(LABELS, unpack_labels(row.labels), strict=True) if on]
    parts = [f"{TOPIC_TITLES[topic]} {held[topic]}" for topic in (GENERAL, *given) if topic in held]
    return f"; guidelines in force: {', '.join(parts)}" if parts else ""


def _questions(questions: Sequence[QuestionRow], blind: bool) -> Iterator[Event]:
    for row in questions:
        yield Event(row.asked_at, "asked", "Asked a lead", row.asker, note=None if blind else row.question)
        if row.answered_at and row.answered_by:
            answer = None if blind else row.answer
            yield Event(row.answered_at, "answered", "Answered", row.answered_by, note=answer, to=row.asker)
        if row.closed_at and row.decision_id is None and row.question is not None:  # else an erasure closed it
            yield Event(row.closed_at, "asked", "Took the question back", row.asker)


def _how(row: DecisionRow) -> str:
    if row.revokes:
        return ""
    parts = [f"lane {row.lane}", "blind" if row.blind else "assisted"]
    parts += [f"{row.seconds:.1f} s"] if row.seconds is not None else []
    parts += ["together with others like it"] if row.batch else []
    return f" ({', '.join(parts)})"


_AT_REST = {
    RoutingState.SETTLED: Standing.SETTLED,
    RoutingState.REMOVED: Standing.REMOVED,
    RoutingState.ALLOWED: Standing.ALLOWED,
    RoutingState.ERASED: Standing.ERASED,
}
_VERBS = {Outcome.APPROVE: "Approved", Outcome.REMOVE: "Removed", Outcome.ESCALATE: "Escalated"}
