"""What drift is measured from, day by day, and the alerts that were raised."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, cast, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.domain import BANDS, LABELS
from db.models import (
    CommentRow,
    ModelVersionRow,
    PendingRow,
    RoutingRow,
    StratumRow,
    TrafficRow,
)
from db.quality_models import BandScoreRow, DriftAlertRow, DriftStateRow, WordDayRow
from db.stores.bulk import in_chunks, put_rows
from db.stores.pending import SET_ASIDE
from db.stores.traffic import BINS, logit_bins

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_FETCH = 20_000
_MOST_COUNT = 2**32
"""No count of a day reaches this."""


@dataclass(frozen=True, slots=True, eq=False)
class WordCounts:
    """What samples of the days' comments hold in words; arrays [days], as in WordDayRow."""

    comments: Ints
    words: Floats
    fresh: Floats
    words_squared: Floats
    fresh_squared: Floats
    words_fresh: Floats
    known_days: Ints


@dataclass(frozen=True, slots=True, eq=False)
class DayCounts:
    """What came by on consecutive days."""

    days: Ints
    """[days], every day, those without traffic too."""
    volume: Ints
    """[days], comments routed, by whichever model."""
    scores: Ints
    """[days, 6, BINS], comments that the model scored, by label and bin."""
    bands: Ints
    """[days, BANDS, BINS], the same by band and bin of the highest probability."""
    words: WordCounts

    def take(self, rows: NDArray[np.bool_]) -> "DayCounts":
        """Some of the days."""
        words = WordCounts(*(getattr(self.words, field.name)[rows] for field in fields(WordCounts)))
        return DayCounts(self.days[rows], self.volume[rows], self.scores[rows], self.bands[rows], words)


@dataclass(frozen=True, slots=True)
class Alert:
    """A limit that was passed, and holds until it is cleared."""

    id: int
    kind: str
    subject: str
    model: str | None
    """Name of the version whose scores it is about; None for volume and words."""
    day: int
    value: float
    limit: float
    boost: float
    raised_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewAlert:
    """One to raise."""

    kind: str
    subject: str
    model_id: int | None
    day: int
    value: float
    limit: float
    boost: float


@dataclass(frozen=True, slots=True)
class DriftState:
    """How far the watch is, see DriftStateRow."""

    checked_at: datetime
    day: int
    looks: int
    size: int
    word_cursor: int
    reference_first: int | None
    reference_last: int | None
    reference_by: str | None


class DriftStore:
    """Counts, state and alerts of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_bands(self, days: Ints, scores: NDArray[np.float32], bands: Ints, model_id: int) -> None:
        """Count n comments, scores [n, 6], on their days and in their bands, [n]."""
        keys = (days * BANDS + bands) * BINS + logit_bins(scores.max(axis=1, initial=0))
        found, counts = np.unique(keys, return_counts=True)
        put_rows(
            self._session,
            BandScoreRow,
            {
                "day": (found // (BINS * BANDS)).tolist(),
                "model_id": [model_id] * len(found),
                "band": (found // BINS % BANDS).tolist(),
                "bin": (found % BINS).tolist(),
                "count": counts.tolist(),
            },
            update=("count+",),
        )

    def counts(self, model_id: int, first: int, last: int) -> DayCounts:
        """Everything about the days first to last, both included."""
        days = np.arange(first, last + 1)
        scores = np.zeros((len(days), len(LABELS), BINS), np.int64)
        self._fill(scores, TrafficRow, TrafficRow.label, (model_id, first, last))
        bands = np.zeros((len(days), BANDS, BINS), np.int64)
        self._fill(bands, BandScoreRow, BandScoreRow.band, (model_id, first, last))
        volume = np.zeros(len(days), np.int64)
        for day, count in self.volume(first, last).items():
            volume[day - first] = count
        return DayCounts(days, volume, scores, bands, self._words(first, len(days)))

    def first_day(self, model_id: int) -> int | None:
        """The first day that the model scored comments of."""
        return self._session.scalar(select(func.min(TrafficRow.day)).where(TrafficRow.model_id == model_id))

    def volume(self, first: int, last: int) -> dict[int, int]:
        """Comments routed on each day that had any."""
        rows = select(StratumRow.day, func.sum(StratumRow.count)).where(*_between(StratumRow, first, last))
        return {day: int(count) for day, count in self._session.execute(rows.group_by(StratumRow.day))}

    def scored_on(self, model_id: int, day: int) -> int:
        """Comments of the day that the model scored."""
        of_day = (TrafficRow.day == day, TrafficRow.model_id == model_id, TrafficRow.label == 0)
        return int(self._session.scalar(select(func.sum(TrafficRow.count)).where(*of_day)) or 0)

    def state(self) -> DriftState | None:
        """How far the watch is; None before the first check."""
        row = self._session.get(DriftStateRow, 1)
        return _state(row) if row else None

    def take_turn(self, at: datetime, every: timedelta) -> DriftState | None:
        """The state, if nobody has checked for so long: then nobody else will. None if somebody has."""
        values = {"id": 1, "checked_at": at - 2 * every, "day": 0, "looks": 0, "size": 0, "word_cursor": 0}
        self._insert(DriftStateRow, values)
        mine = update(DriftStateRow).where(DriftStateRow.id == 1, DriftStateRow.checked_at <= at - every)
        row = self._session.scalar(mine.values(checked_at=at).returning(DriftStateRow))
        return _state(row) if row else None

    def note_look(self, day: int, looks: int, size: int) -> None:
        """Keep how often the running day was looked at, and with how many comments."""
        self._set({"day": day, "looks": looks, "size": size})

    def set_reference(self, span: tuple[int, int] | None, *, by: str, at: datetime) -> None:
        """Fix the reference span, first and last day, or let it roll again."""
        first, last = span or (None, None)
        values = {"id": 1, "checked_at": at - timedelta(days=1), "day": 0, "looks": 0, "size": 0, "word_cursor": 0}
        self._insert(DriftStateRow, values)
        self._set({"reference_first": first, "reference_last": last, "reference_by": by})

    def list_open(self) -> list[Alert]:
        """Alerts that hold, the newest first."""
        return self._alerts(DriftAlertRow.cleared_at.is_(None))

    def list_alerts(self, limit: int) -> list[Alert]:
        """The latest alerts, open or not, newest first."""
        return self._alerts(limit=limit)

    def open_for_other_models(self, model_id: int) -> list[int]:
        """Open alerts about another model's scores."""
        other = (DriftAlertRow.cleared_at.is_(None), DriftAlertRow.model_id != model_id)
        return list(self._session.scalars(select(DriftAlertRow.id).where(*other)))

    def raise_alert(self, new: NewAlert, *, at: datetime) -> bool:
        """Open an alert; whether it was not open yet. An open one takes the new figures and keeps its first day."""
        values = {field.name: getattr(new, field.name) for field in fields(NewAlert)}
        if self._insert(DriftAlertRow, values | {"raised_at": at}):
            return True
        same = (
            DriftAlertRow.kind == new.kind,
            DriftAlertRow.subject == new.subject,
            DriftAlertRow.cleared_at.is_(None),
        )
        figures = {"value": new.value, "limit": new.limit, "boost": new.boost, "model_id": new.model_id}
        self._session.execute(update(DriftAlertRow).where(*same).values(figures))
        return False

    def clear(self, alert_ids: Sequence[int], *, at: datetime) -> None:
        """Close alerts."""
        if alert_ids:
            self._session.execute(update(DriftAlertRow).where(DriftAlertRow.id.in_(alert_ids)).values(cleared_at=at))

    def boosts(self) -> dict[int, float]:
        """By how much the audit rate of each drifted band is multiplied."""
        rows = select(DriftAlertRow.subject, DriftAlertRow.boost).where(
            DriftAlertRow.kind == "band", DriftAlertRow.cleared_at.is_(None)
        )
        return {int(subject): boost for subject, boost in self._session.execute(rows)}

    def next_routed(self, after: int, most: int) -> tuple[Ints, Ints, int]:
        """Ids and days of routed comments with after < id <= end, and the end, which no waiting comment lies before."""
        highest = self._session.scalar(select(func.max(RoutingRow.comment_id))) or 0
        waiting = select(func.min(PendingRow.comment_id)).where(
            PendingRow.comment_id > after, func.coalesce(PendingRow.worker, "") != SET_ASIDE
        )
        first_waiting = self._session.scalar(waiting) or highest + 1
        end = max(after, min(after + most, highest, first_waiting - 1))
        rows = select(RoutingRow.comment_id, RoutingRow.day).where(
            RoutingRow.comment_id > after, RoutingRow.comment_id <= end, RoutingRow.day > 0
        )
        found = self._table(rows.order_by(RoutingRow.comment_id), 2)
        return found[:, 0], found[:, 1], end

    def texts(self, comment_ids: Sequence[int]) -> list[str]:
        """The comments' texts."""
        found: list[str] = []
        for ids in in_chunks(comment_ids):
            found += self._session.scalars(select(CommentRow.text).where(CommentRow.id.in_(ids)))
        return found

    def move_cursor(self, old: int, new: int) -> bool:
        """Note that words up to `new` are counted; False if somebody else moved it meanwhile."""
        moved = update(DriftStateRow).where(DriftStateRow.id == 1, DriftStateRow.word_cursor == old)
        return self._session.scalar(moved.values(word_cursor=new).returning(DriftStateRow.id)) is not None

    def word_day(self, day: int) -> WordDayRow | None:
        """What is known of a day's words."""
        return self._session.get(WordDayRow, day)

    def put_word_day(self, row: WordDayRow) -> None:
        """Keep what is known of a day's words."""
        self._session.merge(row)

    def word_hashes(self, first: int, last: int) -> dict[int, bytes]:
        """The packed words of the days that have any."""
        rows = select(WordDayRow.day, WordDayRow.hashes)
        rows = rows.where(*_between(WordDayRow, first, last), WordDayRow.hashes.is_not(None))
        return {day: packed for day, packed in self._session.execute(rows) if packed}

    def forget_words(self, before: int) -> None:
        """Drop the hashes of days that no later day is compared to any more; their counts stay."""
        old = update(WordDayRow).where(WordDayRow.day < before, WordDayRow.hashes.is_not(None))
        self._session.execute(old.values(hashes=None))

    def _fill(self, counts: Ints, row: Any, group: Any, of: tuple[int, int, int]) -> None:
        """Put a table's counts, of a model and of days first to last, into [days, groups, BINS]."""
        model_id, first, last = of
        # place and count as one number: a year has a quarter of a million, and columns are what reading them costs
        place = (cast(row.day - first, BigInteger) * counts.shape[1] + group) * BINS + row.bin
        found = select(place * _MOST_COUNT + row.count).where(*_between(row, first, last), row.model_id == model_id)
        packed = self._table(found, 1).ravel()
        counts.reshape(-1)[packed // _MOST_COUNT] = packed % _MOST_COUNT

    def _words(self, first: int, days: int) -> WordCounts:
        names = [field.name for field in fields(WordCounts)]
        made = np.zeros((days, len(names)))
        rows = select(WordDayRow.day, *(getattr(WordDayRow, name) for name in names))
        for day, *values in self._session.execute(rows.where(*_between(WordDayRow, first, first + days - 1))):
            made[day - first] = values
        comments, words, fresh, words_squared, fresh_squared, words_fresh, known_days = made.T
        return WordCounts(
            comments.astype(np.int64), words, fresh, words_squared, fresh_squared, words_fresh,
            known_days.astype(np.int64),
        )  # fmt: skip

    def _alerts(self, *conditions: ColumnElement[bool], limit: int = 500) -> list[Alert]:
        rows = select(DriftAlertRow, ModelVersionRow.name).outerjoin(
            ModelVersionRow, ModelVersionRow.id == DriftAlertRow.model_id
        )
        rows = rows.where(*conditions).order_by(DriftAlertRow.id.desc()).limit(limit)
        names = [field.name for field in fields(Alert) if field.name != "model"]
        return [
            Alert(model=model, **{name: getattr(row, name) for name in names})
            for row, model in self._session.execute(rows)
        ]

    def _set(self, values: dict[str, Any]) -> None:
        self._session.execute(update(DriftStateRow).where(DriftStateRow.id == 1).values(values))

    def _insert(self, row: Any, values: dict[str, Any]) -> bool:
        """Insert unless it is there; whether it was not."""
        insert = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
        done = insert(row).values(values).on_conflict_do_nothing().returning(row.id)
        return self._session.scalar(done) is not None

    def _table(self, found: Any, columns: int) -> Ints:
        """All rows as one array, past the ORM: a year holds a quarter of a million."""
        parts = [np.fromiter(chain.from_iterable(rows), np.int64) for rows in self._fetched(found)]
        return np.concatenate([*parts, np.empty(0, np.int64)]).reshape(-1, columns)

    def _fetched(self, found: Any) -> Iterator[Any]:
        cursor = self._session.connection().execute(found).cursor
        while cursor and (rows := cursor.fetchmany(_FETCH)):
            yield rows


def _between(row: Any, first: int, last: int) -> tuple[ColumnElement[bool], ...]:
    return (row.day.between(first, last),)


def _state(row: DriftStateRow) -> DriftState:
    return DriftState(**{field.name: getattr(row, field.name) for field in fields(DriftState)})
