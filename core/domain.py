"""The words of moderation as plain values. Frozen, free of frameworks; the database and the pages both speak them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from core.labels import LABELS


def now() -> datetime:
    """The current time, in UTC, with its zone."""
    return datetime.now(UTC)


class Outcome(StrEnum):
    """What a moderator does with a comment."""

    APPROVE = "approve"
    REMOVE = "remove"
    ESCALATE = "escalate"


class Lane(StrEnum):
    """Which line of the queue a comment waits in, in the order in which lanes are served."""

    ASKED = "asked"
    """Somebody asked a lead about it: it waits for the answer, then for whoever asked."""
    ESCALATED = "escalated"
    """Somebody asked for another look."""
    ADJUDICATION = "adjudication"
    """Two people disagree; a third says which it is."""
    AUDIT = "audit"
    """Drawn at random from all traffic."""
    SECOND = "second"
    """Settled already, and drawn for a second opinion: a measurement, which changes nothing by itself."""
    DISAGREEMENT = "disagreement"
    """The live model and a shadow model would treat it differently, and it was drawn from those."""
    RECHECK = "recheck"
    """Its labels look wrong by out-of-fold scores."""
    SUGGESTED = "suggested"
    """A program says what it is; with a decision, a trusted program's own."""
    FLAGGED = "flagged"


BLIND_LANES = frozenset({Lane.ADJUDICATION, Lane.AUDIT, Lane.SECOND, Lane.DISAGREEMENT, Lane.RECHECK})
"""Lanes whose items are shown without scores, highlights or pre-set labels."""


OTHERS_LANES = frozenset({Lane.ADJUDICATION, Lane.SECOND})
"""Lanes whose comments go to somebody who has not decided them."""

REOPENED_LANES = OTHERS_LANES | {Lane.DISAGREEMENT, Lane.RECHECK}
"""Lanes in which comments wait that may have been decided before."""


class RoutingState(StrEnum):
    """Where a scored comment stands. A comment without a routing row is *not scored*, which is never shown as clean."""

    ALLOWED = "allowed"
    OPEN = "open"
    SETTLED = "settled"
    REMOVED = "removed"
    """By the policy alone, without review."""
    ERASED = "erased"
    """Its text is gone, whatever it was before; what was decided of it still counts."""


class Stage(StrEnum):
    """Where a model version stands. Exactly one is live, or none."""

    LIVE = "live"
    CHALLENGER = "challenger"
    RETIRED = "retired"


class RunState(StrEnum):
    """How far an import or a training run is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


BAND_EDGES = (0.05, 0.2, 0.5, 0.8)
"""Inner edges of the five score bands: band b holds EDGES[b-1] <= highest of the six probabilities < EDGES[b]."""

BANDS = len(BAND_EDGES) + 1

NO_DAY = 0
"""The day of traffic of what is no traffic: rows of base data that wait to be rechecked, and texts that are here only
because a program suggested scores for them. They are in no stratum, and their audit rate is 0."""

LabelFlags = tuple[bool, bool, bool, bool, bool, bool]
"""Which of the six labels hold, in LABELS order."""

NO_LABELS: LabelFlags = (False,) * 6


def pack_labels(flags: LabelFlags) -> int:
    """Six flags as the bit mask that the ledger stores: bit j is LABELS[j]."""
    return sum(1 << j for j, on in enumerate(flags) if on)


def unpack_labels(mask: int) -> LabelFlags:
    """The six flags of a bit mask."""
    a, b, c, d, e, f = (bool(mask >> j & 1) for j in range(len(LABELS)))
    return a, b, c, d, e, f


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment on its way in."""

    text: str
    source: str
    external_id: str
    """Unique within the source; what makes an import idempotent."""
    author: str | None = None
    thread: str | None = None
    parent: str | None = None
    """external_id of the comment that this one answers."""
    created_at: datetime | None = None
    """When it was written, where it came from."""
    golden: LabelFlags | None = None
    """Known answers, for evaluation only; None for ordinary comments."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A stored comment."""

    id: int
    text: str
    text_hash: str
    source: str
    external_id: str
    added_at: datetime
    author: str | None = None
    thread: str | None = None
    parent: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One scorer in the registry."""

    id: int
    name: str
    kind: str
    """Which scorer class serves it: starter, transformer, ..."""
    path: str
    """Folder of its files; relative paths start at the repository's root."""
    sha256: str
    """Digest of the folder's files, see core.registry."""
    stage: Stage
    created_at: datetime
    base: str | None = None
    """Name or hub id of what it was trained from."""
    snapshot_id: int | None = None
    metrics: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds and audit rates. Immutable: a change is a new version."""

    id: int
    thresholds: tuple[float, ...]
    """Per label, in LABELS order: a probability at or above it is flagged."""
    audit_rates: tuple[float, ...]
    """Per band, low to high: the probability with which a comment enters the audit sample."""
    created_at: datetime
    created_by: str
    reason: str
    second_rate: float = 0.05
    """Share of settled comments that a second moderator decides too, without knowing."""
    auto_remove: tuple[float | None, ...] | None = None
    """Per label: a probability at or above it removes the comment without review; None: never."""
    auto_audit_rate: float = 0.05
    """Share of the comments removed without review that are audited."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the ledger: a decision, or the revocation of one."""

    id: int
    client_id: UUID
    comment_id: int
    person: str
    decided_at: datetime
    labels: LabelFlags
    outcome: Outcome
    lane: Lane
    blind: bool
    seconds: float | None
    """Time that the item was on the screen; None for items settled together with another."""
    note: str | None
    model_id: int | None
    policy_id: int | None
    revokes: int | None
    """id of the entry that this one takes back; its other fields repeat that entry's."""
    batch: UUID | None
    """Shared by decisions made with one key press."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One change of the live model."""

    id: int
    model: str
    """Name of the version that went live."""
    previous: str | None
    """Name of the version that was live until then."""
    person: str
    promoted_at: datetime
    rollback: bool
    """Whether it put a former live model back."""
    report: dict[str, object]
    """What the gate saw, or why nothing was compared."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An export, frozen: what it held can be proven by its hash."""

    id: int
    purpose: str
    """"training" (never audit or golden items) or "records"."""
    path: str
    """Where the file was written; a relative path starts at the data folder."""
    sha256: str
    rows: int
    filters: dict[str, object]
    card: str
    """The data card, in Markdown."""
    person: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training, with its progress and outcome."""

    id: int
    preset: str
    person: str
    state: RunState
    pid: int | None
    step: str
    """What it does now, in words for the page."""
    share: float
    """How far it is, 0 to 1."""
    log: str
    """Path of its log, within the data folder."""
    snapshot_id: int | None
    model_id: int | None
    problem: str | None
    started_at: datetime
    seen_at: datetime
    """Last sign of life: a running one writes it every few seconds."""


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One file that was imported, and how far it is."""

    id: int
    file: str
    source: str
    person: str
    state: RunState
    read: int
    """Rows read so far: added + known + bad."""
    added: int
    known: int
    bad: int
    share: float
    """Part of the file that was read, 0 to 1."""
    report: str | None
    """Path of the report on bad rows, within the data folder."""
    problem: str | None
    started_at: datetime
    seen_at: datetime
