"""What is answered, as pydantic models. The OpenAPI document and its page are made from these."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.domain import Lane, Outcome, Stage
from core.labels import LABELS
from core.program_comments import Fate
from core.program_reads import Kind, State

Probability = Annotated[float, Field(ge=0, le=1)]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorAt(_Out):
    """One thing that is wrong, and where."""

    detail: str
    pointer: str | None = Field(None, description="JSON pointer (RFC 6901) into the request's body.")
    parameter: str | None = Field(None, description="Name of a parameter in the address.")


class Problem(_Out):
    """RFC 9457."""

    type: str = Field(description="Address of what it means, the same on every installation.")
    title: str
    status: int
    detail: str
    errors: list[ErrorAt] | None = None


class Taken(_Out):
    """What became of one comment."""

    external_id: str | None = Field(description="As sent; null where it cannot be read.")
    status: Fate = Field(
        description="new: it waits for scores. known: it was there, and stays. refused: see errors. "
        "erased: it was here, its text was erased for good, and it stays out."
    )
    id: int | None = Field(description="Moderato's id; null if refused or erased.")
    text_differs: bool = Field(description="It is known with another text, which stays: send an edit with its own id.")
    errors: list[ErrorAt] = Field(description="Why it was refused.")


class Received(_Out):
    """What became of comments sent in, in their order."""

    source: str
    new: int
    known: int
    refused: int
    erased: int
    results: list[Taken]


class Labels(_Out):
    """Which of the six labels hold."""

    toxic: bool
    severe_toxic: bool
    obscene: bool
    threat: bool
    insult: bool
    identity_hate: bool


class Probabilities(_Out):
    """The probability of each label, 0 to 1."""

    toxic: Probability
    severe_toxic: Probability
    obscene: Probability
    threat: Probability
    insult: Probability
    identity_hate: Probability


class Entry(_Out):
    """One entry of the ledger. Entries are never changed: what is taken back has a revocation behind it."""

    id: int = Field(description="Ascending in the order in which entries were made.")
    kind: Kind = Field(
        description="decision: says what the comment is. escalation, second_opinion: decide nothing. revocation: takes "
        "the entry `revokes` back; ask for the comment's state."
    )
    comment_id: int
    source: str
    external_id: str | None = Field(description="null once the comment is erased.")
    decided_at: datetime
    outcome: Outcome = Field(description="Of a revocation: that of the entry which it takes back.")
    labels: Labels
    lane: Lane = Field(description="Which line of the queue it came from.")
    blind: bool = Field(description="Decided without having seen scores.")
    seconds: float | None = Field(description="Time on the screen, where measured.")
    by: Literal["person", "program"]
    program: str | None = Field(description="Name of the key, if a program decided.")
    model: str | None = Field(description="The model whose scores routed it.")
    policy: int | None = Field(description="The version of the policy that routed it.")
    revokes: int | None = Field(description="The entry that this one takes back.")
    revoked: bool = Field(description="Whether a later entry takes it back, as of now.")
    held_out: bool = Field(description="For evaluation only: keep this comment out of all training.")


class Scored(_Out):
    """Scores of one model."""

    model: str
    scored_at: datetime
    labels: Probabilities


class CommentOut(_Out):
    """Where a comment stands. Its text is not in it."""

    id: int
    source: str
    external_id: str | None = Field(description="null once it is erased.")
    author: str | None
    thread: str | None
    parent: str | None
    created_at: datetime | None
    added_at: datetime
    state: State = Field(
        description="not_scored: nothing is known yet, which is not clean. waiting: people are to look at it. allowed: "
        "let through by the policy. removed_by_policy: removed without review. settled: decided. golden: evaluation. "
        "erased: its text was erased for good, and stays out if it is sent again."
    )
    lane: Lane | None = Field(description="While it waits: in which line.")
    removed_by_policy: bool = Field(
        description="Removed without review, and nobody has looked since; also while it waits in the lane audit."
    )
    scores: Scored | None = Field(
        description="The live model's, else the latest; null while not scored or withheld, and once erased."
    )
    scores_withheld: bool = Field(description="Scores are not told while this text waits for a blind decision.")
    decision: Entry | None = Field(description="The decision that holds.")
    decisions: list[Entry] = Field(description="Every entry of the ledger on it, oldest first.")
    held_out: bool = Field(description="For evaluation only: keep it out of all training.")


class LookedUp(_Out):
    """Comments by external id."""

    comments: list[CommentOut]
    erased: list[str] = Field(description="Those asked for whose comments were erased for good.")
    missing: list[str] = Field(description="Those asked for that the source does not have, and did not have erased.")


class Ledger(_Out):
    """A stretch of the ledger."""

    decisions: list[Entry]
    next: int = Field(description="The cursor to ask `after` next. Keep it once you have dealt with the entries.")
    more: bool = Field(description="More is there already: go on at once, even if this page is empty.")


class Span(_Out):
    """A sentence's scores."""

    begin: int
    end: int = Field(description="Exclusive.")
    labels: Probabilities | None = Field(description="null where the model fails on it: not scored.")


class ScoredText(_Out):
    """One text's scores."""

    status: Literal["scored", "not_scored"] = Field(description="not_scored: the model fails on it; that is not clean.")
    labels: Probabilities | None
    flagged: list[Literal[LABELS]] | None = Field(  # type: ignore[valid-type]
        description="Labels whose probability reaches the policy's threshold; null if not scored."
    )
    spans: list[Span] | None = Field(description="Sentences, if asked for.")


class TextsOut(_Out):
    """Scores of texts, in their order."""

    model: str
    policy: int = Field(description="The version of the policy whose thresholds say what is flagged.")
    results: list[ScoredText]


class ModelOut(_Out):
    """A version of the model."""

    name: str
    kind: str
    base: str | None
    stage: Stage
    sha256: str = Field(description="Digest of its files.")
    created_at: datetime


class Models(_Out):
    """All versions, newest first."""

    live: str | None = Field(description="The one that scores; null if none does.")
    models: list[ModelOut]


class Thresholds(Probabilities):
    """From which probability on a comment is flagged."""


class Removal(_Out):
    """From which probability on a comment is removed without review; null: never for that label."""

    toxic: Probability | None
    severe_toxic: Probability | None
    obscene: Probability | None
    threat: Probability | None
    insult: Probability | None
    identity_hate: Probability | None


class Band(_Out):
    """A band of the highest of the six scores, and the share of it that is audited."""

    low: Probability
    high: Probability = Field(description="Exclusive, but for the last band.")
    audit_rate: Probability


class PolicyOut(_Out):
    """The policy that holds."""

    version: int
    created_at: datetime
    thresholds: Thresholds
    bands: list[Band]
    second_opinion_rate: Probability
    auto_remove: Removal | None = Field(description="null: nothing is removed without review.")
    auto_audit_rate: Probability


class Number(_Out):
    """An estimate with its 95 % interval."""

    value: Probability
    low: Probability
    high: Probability


class LabelMetrics(_Out):
    """One label in one view. A number is null where there are too few comments to say: it would be noise."""

    label: Literal[LABELS]  # type: ignore[valid-type]
    positives: int
    negatives: int
    threshold: Probability
    prevalence: Number | None
    auc: Number | None
    average_precision: Number | None
    precision: Number | None
    recall: Number | None
    f1: Number | None
    accuracy: Number | None
    false_positive_rate: Number | None


class ViewMetrics(_Out):
    """All labels in one view."""

    decided: int = Field(description="Decided comments that the numbers rest on.")
    represents: int | None = Field(description="Comments of the traffic that those stand for; null as reviewed.")
    labels: list[LabelMetrics]


class MetricsOut(_Out):
    """What a model is worth."""

    model: str
    stage: Stage
    first_day: date
    last_day: date
    traffic: int = Field(description="Comments that came in on these days.")
    pending_audits: int = Field(description="Audit items of these days that wait: decide them to narrow the intervals.")
    few: int = Field(description="Below so many positives, negatives or flagged comments a number is null: too few.")
    as_reviewed: ViewMetrics = Field(
        description="All decided comments, each counted once. Flatters the model: people see mostly what it flagged."
    )
    all_traffic: ViewMetrics = Field(description="The audit sample alone, weighted to the traffic: what holds for all.")
