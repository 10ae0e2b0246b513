"""The tables. The annotation is the column; what must hold is held by the database."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    REAL,
    BigInteger,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

BigId = BigInteger().with_variant(Integer, "sqlite")
"""64-bit key; SQLite numbers rows by itself only in a column declared INTEGER."""

Real: REAL[Any] = REAL()
"""Four bytes where the database has them: scores are float32."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept as whole microseconds since 1970: sorts, indexes and compares alike on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 (signature)
        """Aware datetime -> microseconds. A naive one is a bug of the caller and raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        return to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (signature)
        """Microseconds -> aware datetime."""
        return None if value is None else from_micros(value)


def to_micros(value: datetime) -> int:
    """Whole microseconds since 1970 of an aware datetime."""
    delta = value - _EPOCH
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(value: int) -> datetime:
    """The aware datetime of whole microseconds since 1970."""
    return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def only_where(condition: str) -> dict[str, Any]:
    """Arguments of a partial index, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


WRITTEN = "coalesce(created_at, added_at)"
"""When a comment was written; when it came in where that is not known. The indexes of threads and authors have it."""


class Base(DeclarativeBase):
    """All tables. Constraint names are fixed, so that migrations can name them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Instant, dict[str, Any]: JSON, list[float]: JSON, str: Text}


class CommentRow(Base):
    """One text and where it came from. Never changed after it was added, but that an erasure empties it."""

    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_comment_thread_at", "thread", "source", text(WRITTEN), "id"),
        Index("ix_comment_author_at", "author", "source", text(WRITTEN), "id"),
        Index("ix_comment_parent", "parent", "source", "id", **only_where("parent IS NOT NULL")),
        Index("ix_comment_source", "source", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    text: Mapped[str]
    """Storable: no NUL, no lone surrogate (core.text.storable). Empty once it is erased, and only then."""
    text_hash: Mapped[str] = mapped_column(index=True)
    """core.text.text_hash: equal for identical normalised texts."""
    source: Mapped[str]
    external_id: Mapped[str]
    author: Mapped[str | None]
    thread: Mapped[str | None]
    parent: Mapped[str | None]
    """external_id of the comment that this one answers, within the same source."""
    created_at: Mapped[datetime | None]
    """When it was written, where it came from."""
    added_at: Mapped[datetime] = mapped_column(index=True)
    script: Mapped[str | None]
    """Code of core.script, what most letters are of; NULL for Latin and for texts without letters."""


class GoldenRow(Base):
    """Known answers of a comment. For evaluation only: never exported for training."""

    __tablename__ = "golden"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    labels: Mapped[int]
    """Bit mask, core.domain.pack_labels."""


class PendingRow(Base):
    """A comment that waits for scores. The row goes in the transaction that writes them."""

    __tablename__ = "pending"
    __table_args__ = (Index(None, "lease_until", "comment_id"),)

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    lease_until: Mapped[int] = mapped_column(BigInteger, default=0)
    """Microseconds since 1970; 0 means free. A plain number, so that the lease is one comparison."""
    worker: Mapped[str | None]
    """Who holds the lease."""


class ModelVersionRow(Base):
    """One scorer in the registry."""

    __tablename__ = "model_version"
    __table_args__ = (Index("uq_model_version_live", "stage", unique=True, **only_where("stage = 'live'")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    """Which scorer class serves it: starter, transformer, ..."""
    base: Mapped[str | None]
    path: Mapped[str]
    """Folder of its files; a relative path starts at the repository's root."""
    sha256: Mapped[str]
    """Digest of the folder's files."""
    stage: Mapped[str]
    """core.domain.Stage; at most one row is live."""
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    metrics: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class PromotionRow(Base):
    """One change of the live model, with what the gate saw. Append-only."""

    __tablename__ = "promotion"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    person: Mapped[str]
    promoted_at: Mapped[datetime]
    rollback: Mapped[bool]
    """Whether the change put a former live model back."""
    report: Mapped[dict[str, Any]]
    """The gate's comparison and verdict, or why there was none."""


class ScoreRow(Base):
    """Six probabilities of one comment by one model."""

    __tablename__ = "score"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True, index=True)
    toxic: Mapped[float] = mapped_column(Real)
    severe_toxic: Mapped[float] = mapped_column(Real)
    obscene: Mapped[float] = mapped_column(Real)
    threat: Mapped[float] = mapped_column(Real)
    insult: Mapped[float] = mapped_column(Real)
    identity_hate: Mapped[float] = mapped_column(Real)
    scored_at: Mapped[datetime]


class PolicyRow(Base):
    """Thresholds and audit rates. Immutable but for `active`."""

    __tablename__ = "policy"
    __table_args__ = (Index("uq_policy_active", "active", unique=True, **only_where("active")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thresholds: Mapped[list[float]]
    """Six, in LABELS order."""
    audit_rates: Mapped[list[float]]
    """One a band, low to high."""
    second_rate: Mapped[float] = mapped_column(server_default=text("0.05"))
    """Share of settled comments that go to a second moderator."""
    auto_remove: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Six probabilities from which on a comment is removed without review, null for a label that never does so; NULL
    for none at all."""
    auto_audit_rate: Mapped[float] = mapped_column(server_default=text("0.05"))
    """Share of those that are audited."""
    active: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    reason: Mapped[str]


class RoutingRow(Base):
    """What the policy did with a comment.

    Band, audit and rate are drawn once, when the comment is first routed, and never again: they are the design of the
    audit sample. Flag, lane, priority, model and policy follow the live model until the comment is settled.
    """

    __tablename__ = "routing"
    __table_args__ = (
        Index("ix_routing_queue", "lane", "priority", "comment_id", **only_where("state = 'open'")),
        Index("ix_routing_day", "day", "band"),
        Index("ix_routing_state", "state", "comment_id"),
    )

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"))
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    state: Mapped[str]
    """core.domain.RoutingState."""
    flagged: Mapped[bool]
    lane: Mapped[str | None]
    """core.domain.Lane while open or settled by review; None for allowed."""
    priority: Mapped[float] = mapped_column(Real)
    """Lower is served first within a lane."""
    band: Mapped[int]
    audit: Mapped[bool]
    rate: Mapped[float]
    """Inclusion probability that held when the audit draw was made; 0 for what is no traffic (core.domain.NO_DAY)."""
    automatic: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the policy removed it without review."""
    day: Mapped[int]
    """Days since 1970 (UTC) of the first routing: the day of traffic that the comment counts for."""
    routed_at: Mapped[datetime]


class ClaimRow(Base):
    """Who held a comment, from when, until when. Kept after release: it is part of the comment's history."""

    __tablename__ = "claim"
    __table_args__ = (
        Index("uq_claim_live", "comment_id", unique=True, **only_where("released_at IS NULL")),
        Index("ix_claim_person", "person", "released_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    person: Mapped[str]
    claimed_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    """A claim past this is dead: the next claimer releases it."""
    held: Mapped[bool] = mapped_column(default=False)
    released_at: Mapped[datetime | None]
    """When it ended by decision, skip, hand-back or expiry; NULL while it lives."""
    handed_by: Mapped[str | None]
    """Who gave the comment to the person."""
    handed_note: Mapped[str | None]
    """Why: people's words about the comment, which go when it is erased."""


class DecisionRow(Base):
    """One entry of the ledger. Append-only: undo is a new entry that revokes an old one.

    Triggers refuse any change but that a note goes, with the comment that it may quote (migration 0007).
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_person", "person", "id"),
        Index("ix_decision_person_comment", "person", "comment_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[UUID] = mapped_column(unique=True)
    """Made by the browser: the same key press sent twice is one decision."""
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    person: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(index=True)
    labels: Mapped[int]
    """Bit mask, core.domain.pack_labels."""
    outcome: Mapped[str]
    """core.domain.Outcome."""
    lane: Mapped[str]
    blind: Mapped[bool]
    seconds: Mapped[float | None]
    note: Mapped[str | None]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policy.id"))
    revokes: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    batch: Mapped[UUID | None]
    """Shared by the decisions of one key press on many comments: identical ones, or a cluster (core.raids)."""


class TrafficRow(Base):
    """How many comments a model scored into a bin on a day: all traffic, reviewed or not."""

    __tablename__ = "traffic"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Days since 1970 (UTC)."""
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True, autoincrement=False)
    label: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Index in LABELS."""
    bin: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """One of 256 equal bins of the logit over [-16, 16)."""
    count: Mapped[int]


class StratumRow(Base):
    """How many comments were routed into a band under an audit rate on a day: the N that audit items stand for."""

    __tablename__ = "stratum"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rate: Mapped[float] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]
    """All comments of the stratum, audited or not."""


class WorkerRow(Base):
    """A scoring worker's last sign of life."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    model: Mapped[str | None]
    """Name of the model version that it has loaded."""
    scored: Mapped[int]
    """Comments since it started."""
    problem: Mapped[str | None]
    """Why it cannot score, in words for the page; NULL while it can."""


class ImportRow(Base):
    """One file that was imported, and how far it is."""

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str]
    source: Mapped[str]
    person: Mapped[str]
    state: Mapped[str]
    """core.domain.RunState."""
    read: Mapped[int]
    """Rows read so far."""
    added: Mapped[int]
    known: Mapped[int]
    """Rows whose external_id was there before."""
    bad: Mapped[int]
    """Rows that went to the report."""
    share: Mapped[float]
    """Part of the file that was read, 0 to 1."""
    report: Mapped[str | None]
    """Path of the report on bad rows, within the data folder."""
    problem: Mapped[str | None]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class SnapshotRow(Base):
    """An export, frozen: what it held can be proven by its hash."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    """"training" (never audit or golden items) or "records"."""
    path: Mapped[str]
    sha256: Mapped[str]
    rows: Mapped[int]
    filters: Mapped[dict[str, Any]]
    card: Mapped[str]
    """The data card, in Markdown."""
    person: Mapped[str]
    created_at: Mapped[datetime]


class TrainingRunRow(Base):
    """One training, with its progress and outcome."""

    __tablename__ = "training_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    preset: Mapped[str]
    person: Mapped[str]
    state: Mapped[str]
    """core.domain.RunState."""
    pid: Mapped[int | None]
    step: Mapped[str]
    """What it does now, in words for the page."""
    share: Mapped[float]
    """How far it is, 0 to 1."""
    log: Mapped[str]
    """Path of its log, within the data folder."""
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    problem: Mapped[str | None]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
