"""What the metrics read: bulk reads as arrays. The only SQL of the metrics; it writes nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Integer, Select, bindparam, case, cast, func, literal, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from core.domain import Lane, Outcome, RoutingState
from db.models import DecisionRow, GoldenRow, ModelVersionRow, PolicyRow, RoutingRow, ScoreRow, StratumRow, TrafficRow

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_HOUR = 3_600_000_000
_FETCH = 20_000
_SCORES = (
    ScoreRow.toxic,
    ScoreRow.severe_toxic,
    ScoreRow.obscene,
    ScoreRow.threat,
    ScoreRow.insult,
    ScoreRow.identity_hate,
)


@dataclass(frozen=True, slots=True)
class History:
    """All ledger entries of some comments, with where each counts and what the model said. Arrays of length n."""

    id: Ints
    comment_id: Ints
    labels: Ints
    """Bit masks, core.domain.pack_labels."""
    silent: Ints
    """1 for entries that do not say what the comment is: escalations and second opinions."""
    revokes: Ints
    """id of the entry that this one takes back, 0 for none."""
    day: Ints
    """Days since 1970 of the first routing."""
    band: Ints
    audit: Ints
    """1 for items of the audit sample."""
    rate: Floats
    """Audit rate that held at the draw."""
    scores: Floats
    """Shape [n, 6]; -1 where the model has not scored the comment."""

    def take(self, rows: NDArray[Any]) -> "History":
        """These rows, in this order."""
        return History(*(getattr(self, name)[rows] for name in self.__slots__))


def _histories(comment_ids: Any) -> Any:
    """All entries of the comments of a subquery; takes a parameter `model_id`."""
    # Whether an entry holds is for the reader to say: asked here, SQLite would walk the whole ledger by `revokes`.
    golden = select(GoldenRow.comment_id).where(GoldenRow.comment_id == DecisionRow.comment_id).exists()
    # five small numbers as one: columns are what a bulk read pays for
    says_nothing = (DecisionRow.outcome == Outcome.ESCALATE.value) | (DecisionRow.lane == Lane.SECOND.value)
    silent = case((says_nothing, 1), else_=0)
    small = cast(RoutingRow.day, BigInteger) * 4096 + RoutingRow.band * 256
    small = small + cast(RoutingRow.audit, Integer) * 128 + silent * 64 + DecisionRow.labels
    by_model = ScoreRow.model_id == bindparam("model_id")
    return (
        select(
            DecisionRow.id,
            DecisionRow.comment_id,
            func.coalesce(DecisionRow.revokes, 0),
            small,
            RoutingRow.rate,
            *(func.coalesce(column, -1.0) for column in _SCORES),
        )
        .join(RoutingRow, RoutingRow.comment_id == DecisionRow.comment_id)
        .outerjoin(ScoreRow, (ScoreRow.comment_id == DecisionRow.comment_id) & by_model)
        .where(DecisionRow.comment_id.in_(comment_ids), ~golden)
    )


# what every refresh asks, built once: putting a statement together takes longer than looking up one comment
_NAMED_BETWEEN = _histories(
    select(DecisionRow.comment_id).where(DecisionRow.id > bindparam("after"), DecisionRow.id <= bindparam("upto"))
)
_LEDGER_END = select(func.coalesce(func.max(DecisionRow.id), 0))
_STRATA = (
    select(StratumRow.band, StratumRow.rate, func.sum(StratumRow.count))
    .where(StratumRow.day.between(bindparam("first"), bindparam("last")))
    .group_by(StratumRow.band, StratumRow.rate)
)


class MetricsStore:
    """Reads for the fold and for the activity charts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ledger_end(self) -> int:
        """The newest entry's id; 0 for an empty ledger."""
        return self._session.scalar(_LEDGER_END) or 0

    def history_between(self, model_id: int, after: int, upto: int) -> History:
        """Of every comment named by an entry after < id <= upto: all entries, older and newer ones too."""
        return self._history(_NAMED_BETWEEN, model_id=model_id, after=after, upto=upto)

    def history_of(self, model_id: int, comment_ids: Ints) -> History:
        """All entries of these comments."""
        return self._history(_histories(self._listed(comment_ids)), model_id=model_id)

    def scored_among(self, model_id: int, comment_ids: Ints) -> Ints:
        """Those of the comments that the model has scored."""
        listed = self._listed(comment_ids)
        return self._ids(
            select(ScoreRow.comment_id).where(ScoreRow.model_id == model_id, ScoreRow.comment_id.in_(listed))
        )

    def strata(self, first: int, last: int) -> Floats:
        """Rows (band, rate, count) of the traffic of the days first..last, shape [n, 3]."""
        return self._table(_STRATA, 3, {"first": first, "last": last})

    def routed(self) -> tuple[int, int]:
        """How many comments were ever routed, and how many scores were counted on the last two days of traffic."""
        routed = self._session.scalar(select(func.coalesce(func.sum(StratumRow.count), 0)))
        newest = select(func.max(TrafficRow.day)).scalar_subquery()
        recent = select(func.coalesce(func.sum(TrafficRow.count), 0)).where(TrafficRow.day >= newest - 1)
        return int(routed or 0), int(self._session.scalar(recent) or 0)

    def days(self) -> tuple[int, int] | None:
        """First and last day of traffic; None before any."""
        first, last = self._session.execute(select(func.min(StratumRow.day), func.max(StratumRow.day))).one()
        return None if first is None else (first, last)

    def pending_audits(self, first: int, last: int) -> int:
        """Audit items of these days that nobody has settled yet."""
        waiting = (RoutingRow.state == RoutingState.OPEN.value) & RoutingRow.lane.in_(
            [Lane.AUDIT.value, Lane.ESCALATED.value, Lane.ASKED.value]
        )
        found = select(func.count()).where(waiting, RoutingRow.audit, RoutingRow.day.between(first, last))
        return self._session.scalar(found) or 0

    def backlog(self) -> dict[str, int]:
        """Open items by lane."""
        found = select(RoutingRow.lane, func.count()).where(RoutingRow.state == RoutingState.OPEN.value)
        return {lane: count for lane, count in self._session.execute(found.group_by(RoutingRow.lane)) if lane}

    def hours(self, after: int, upto: int) -> Ints:
        """Rows (hour since 1970, change of the number of standing decisions) of entries after < id <= upto."""
        undone = aliased(DecisionRow)
        at = func.coalesce(type_coerce(undone.decided_at, BigInteger), type_coerce(DecisionRow.decided_at, BigInteger))
        hour = type_coerce(at, BigInteger).op("/")(_HOUR)
        found = (
            select(hour, func.sum(case((DecisionRow.revokes.is_(None), 1), else_=-1)))
            .outerjoin(undone, undone.id == DecisionRow.revokes)
            .where(DecisionRow.id > after, DecisionRow.id <= upto)
            .group_by(hour)
        )
        return self._table(found, 2).astype(np.int64)

    def score_days(self, model_id: int, label: int, first: int, last: int) -> Ints:
        """Rows (day, bin of 256, count) of the model's traffic."""
        found = select(TrafficRow.day, TrafficRow.bin, TrafficRow.count).where(
            TrafficRow.day.between(first, last), TrafficRow.model_id == model_id, TrafficRow.label == label
        )
        return self._table(found, 3).astype(np.int64)

    def models(self) -> list[tuple[int, str, str]]:
        """(id, name, stage) of every model version, newest first."""
        found = select(ModelVersionRow.id, ModelVersionRow.name, ModelVersionRow.stage)
        return [(row[0], row[1], row[2]) for row in self._session.execute(found.order_by(ModelVersionRow.id.desc()))]

    def thresholds(self) -> list[float] | None:
        """The active policy's review thresholds; None before there is a policy."""
        return self._session.scalar(select(PolicyRow.thresholds).where(PolicyRow.active))

    def _history(self, found: Any, **values: Any) -> History:
        table = self._table(found, 5 + len(_SCORES), values)
        id, comment_id, revokes, number = table[:, :4].astype(np.int64).T
        return History(
            id=id,
            comment_id=comment_id,
            labels=number & 63,
            silent=(number >> 6) & 1,
            revokes=revokes,
            day=number >> 12,
            band=(number >> 8) & 15,
            audit=(number >> 7) & 1,
            rate=table[:, 4],
            scores=table[:, 5:],
        )

    def _listed(self, comment_ids: Ints) -> Select[Any]:
        """The ids as a sub-query with one parameter, however many they are."""
        if self._session.get_bind().dialect.name == "sqlite":
            return select(func.json_each(json.dumps(comment_ids.tolist())).table_valued("value").c.value)
        return select(func.unnest(cast(literal(comment_ids.tolist(), ARRAY(BigInteger)), ARRAY(BigInteger))))

    def _ids(self, found: Any) -> Ints:
        return self._table(found, 1).astype(np.int64).ravel()

    def _table(self, found: Any, columns: int, values: dict[str, Any] | None = None) -> Floats:
        """All rows as one array. Whole numbers up to 2^53 stay exact."""
        parts = [np.fromiter(chain.from_iterable(rows), np.float64) for rows in self._fetched(found, values)]
        return np.concatenate([*parts, np.empty(0)]).reshape(-1, columns)

    def _fetched(self, found: Any, values: dict[str, Any] | None) -> Iterator[Any]:
        # the driver's own cursor: a Row object a row would double the time of a fold
        cursor = self._session.connection().execute(found, values or {}).cursor
        while cursor and (rows := cursor.fetchmany(_FETCH)):
            yield rows
