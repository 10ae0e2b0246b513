"""What people decided, as rows to export, and the firewall between training and evaluation."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.domain import NO_LABELS, Lane, Outcome
from db.models import (
    CommentRow,
    DecisionRow,
    GoldenRow,
    ModelVersionRow,
    RoutingRow,
    StratumRow,
)
from db.stores.decisions import latest_effective
from db.stores.suggestions import suggested_by

_FETCH = 2_000
"""Rows that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which decided comments; an empty field does not filter."""

    since: date | None = None
    """First day (UTC) of the decision."""
    until: date | None = None
    """Last day (UTC) of the decision, itself included."""
    labels: int = 0
    """Bit mask: at least one of these labels holds."""
    source: str = ""
    moderator: str = ""
    lane: Lane | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class DecidedComment:
    """A comment with the decision that holds for it: the newest that nobody took back."""

    comment_id: int
    external_id: str
    text: str
    labels: int
    """Bit mask, core.domain.pack_labels."""
    source: str
    moderator: str
    decided_at: datetime
    lane: str
    blind: bool
    outcome: str
    model: str | None
    """Name of the version whose scores routed the comment when it was decided."""
    policy: int | None
    suggested_by: str | None
    """Name of the program's key that suggested labels for it last, whoever decided."""


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """A comment with known labels that no training has seen."""

    comment_id: int
    text: str
    labels: int
    weight: float
    """How many comments of all traffic it stands for."""


def is_for_evaluation() -> ColumnElement[bool]:
    """Condition on CommentRow, the firewall: it, or any comment of the same content, is an audit or a golden item."""
    twin = aliased(CommentRow)
    return (
        select(twin.id)
        .outerjoin(RoutingRow, RoutingRow.comment_id == twin.id)
        .outerjoin(GoldenRow, GoldenRow.comment_id == twin.id)
        .where(twin.text_hash == CommentRow.text_hash, or_(RoutingRow.audit, GoldenRow.comment_id.is_not(None)))
        .correlate(CommentRow)
        .exists()
    )


class DatasetStore:
    """Reads only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def stream(self, filters: Filters, *, training: bool) -> Iterator[list[DecidedComment]]:
        """The decided comments in order of comment id, some thousand at a time.

        One statement, so one consistent view however long it takes; `training` keeps evaluation items out.
        """
        found = decided_comments().where(*_conditions(filters, training=training)).order_by(CommentRow.id)
        rows = self._session.execute(found.execution_options(yield_per=_FETCH))
        for part in rows.partitions():
            yield [DecidedComment(*row) for row in part]

    def count(self, filters: Filters, *, training: bool = False) -> tuple[int, list[int]]:
        """How many comments `stream` gives, and how many of them have each label, in LABELS order."""
        bits = [func.sum(DecisionRow.labels.op("&")(1 << j)) for j in range(len(NO_LABELS))]
        found = _select(func.count(), *bits).where(*_conditions(filters, training=training))
        rows, *sums = self._session.execute(found).one()
        return rows, [int(total or 0) >> j for j, total in enumerate(sums)]

    def count_comments(self) -> tuple[int, int]:
        """All comments, and those with a decision that holds; the others wait, are allowed, escalated or not scored."""
        total = self._session.scalar(select(func.count()).select_from(CommentRow)) or 0
        return total, self._session.scalar(select(func.count()).select_from(latest_effective())) or 0

    def last_entry(self) -> int:
        """The newest id of the ledger, 0 without any."""
        return self._session.scalar(select(func.max(DecisionRow.id))) or 0

    def list_sources(self) -> list[str]:
        """Where comments came from. One index look-up each, whatever the number of comments."""
        found: list[str] = []
        while source := self._next_of(CommentRow.source, found):
            found.append(source)
        return found

    def list_moderators(self) -> list[str]:
        """Who ever decided anything."""
        found: list[str] = []
        while person := self._next_of(DecisionRow.person, found):
            found.append(person)
        return found

    def find_for_evaluation(self, hashes: Collection[str]) -> set[str]:
        """Those of the content hashes that belong to audit or golden items."""
        wanted, found = sorted(set(hashes)), set[str]()
        for first in range(0, len(wanted), _FETCH):
            part = wanted[first : first + _FETCH]
            held = select(CommentRow.text_hash).where(CommentRow.text_hash.in_(part), is_for_evaluation())
            found.update(self._session.scalars(held))
        return found

    def audit_items(self, limit: int) -> list[EvaluationItem]:
        """The newest decided audit items, each weighted by its stratum's traffic / the stratum's items that are given.

        A stratum is a band under one audit rate: within a band, drift and removal without review make rates differ.
        """
        latest = latest_effective()
        found = (
            select(CommentRow.id, CommentRow.text, DecisionRow.labels, RoutingRow.band, RoutingRow.rate)
            .join(latest, latest.c.comment_id == CommentRow.id)
            .join(DecisionRow, DecisionRow.id == latest.c.decision_id)
            .join(RoutingRow, and_(RoutingRow.comment_id == CommentRow.id, RoutingRow.audit))
            .where(CommentRow.text != "")  # a model cannot be asked about what was erased
            .order_by(CommentRow.id.desc())
            .limit(limit)
        )
        rows = self._session.execute(found).all()
        sizes = select(StratumRow.band, StratumRow.rate, func.sum(StratumRow.count))
        found_sizes = self._session.execute(sizes.group_by(StratumRow.band, StratumRow.rate))
        traffic = {(band, rate): float(count) for band, rate, count in found_sizes}
        drawn = Counter((row.band, row.rate) for row in rows)
        weights = {stratum: traffic.get(stratum, number) / number for stratum, number in drawn.items()}
        return [EvaluationItem(row.id, row.text, row.labels, weights[row.band, row.rate]) for row in rows]

    def golden_items(self, limit: int) -> list[EvaluationItem]:
        """The newest golden items; each stands for itself."""
        found = (
            select(CommentRow.id, CommentRow.text, GoldenRow.labels)
            .join(GoldenRow, GoldenRow.comment_id == CommentRow.id)
            .where(CommentRow.text != "")
        )
        rows = self._session.execute(found.order_by(CommentRow.id.desc()).limit(limit))
        return [EvaluationItem(*row, weight=1.0) for row in rows]

    def _next_of(self, column: Any, found: list[str]) -> str | None:
        after = [column > found[-1]] if found else []
        return self._session.scalar(select(func.min(column)).where(*after))


def decided_comments() -> Select[Any]:
    """Select DecidedComment's fields of every decided comment."""
    return _select(
        CommentRow.id,
        CommentRow.external_id,
        CommentRow.text,
        DecisionRow.labels,
        CommentRow.source,
        DecisionRow.person,
        DecisionRow.decided_at,
        DecisionRow.lane,
        DecisionRow.blind,
        DecisionRow.outcome,
        ModelVersionRow.name,
        DecisionRow.policy_id,
        suggested_by(),
    ).outerjoin(ModelVersionRow, ModelVersionRow.id == DecisionRow.model_id)


def _select(*columns: Any) -> Select[Any]:
    latest = latest_effective()
    return (
        select(*columns)
        .select_from(latest)
        .join(DecisionRow, DecisionRow.id == latest.c.decision_id)
        .join(CommentRow, CommentRow.id == latest.c.comment_id)
    )


def _conditions(filters: Filters, *, training: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [CommentRow.text != ""]  # what was erased is in no export
    found += [~is_for_evaluation()] if training else []
    if filters.since:
        found.append(DecisionRow.decided_at >= datetime.combine(filters.since, time(), UTC))
    if filters.until:
        found.append(DecisionRow.decided_at < datetime.combine(filters.until, time(), UTC) + timedelta(days=1))
    if filters.labels:
        found.append(DecisionRow.labels.op("&")(filters.labels) != 0)
    exact = {
        CommentRow.source: filters.source,
        DecisionRow.person: filters.moderator,
        DecisionRow.lane: filters.lane,
        DecisionRow.outcome: filters.outcome,
    }
    return found + [column == value for column, value in exact.items() if value]
