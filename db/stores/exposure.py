"""What one person has had before their eyes: their own entries of the ledger, with the scores that were shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Select, func, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from core.domain import LABELS
from db.models import DecisionRow, ScoreRow, from_micros, to_micros
from db.people_models import AuditEventRow
from db.question_models import GoldenAnswerRow

SEEN = np.dtype(
    [
        ("comment", np.int64),
        ("at", np.int64),
        ("labels", np.int64),
        ("seconds", np.float64),
        ("policy", np.int64),
        ("scores", np.float64, (len(LABELS),)),
    ]
)
"""One comment that was on the screen when it was decided: `at` in microseconds since 1970, `labels` a bit mask,
`policy` 0 for none, `scores` those that were shown: NaN for blind items, and where there were none."""
_SCORES = tuple(getattr(ScoreRow, label) for label in LABELS)
_SLACK = 10_000
"""Entries before the first of a time that may have been made in it: clocks of several servers differ by seconds."""
_PAGE = 500
"""Events that are read at a time: about a day of a quick person."""
_ABOVE_ALL = 2**62
_SKEW = timedelta(minutes=10)
"""Clocks of several servers differ by less."""


class ExposureStore:
    """Reads of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def seen(self, person: str, since: datetime) -> NDArray[np.void]:
        """The person's acts since then as SEEN, undone ones too, oldest first; of one key press the shown one.

        Then the same of golden items, which were mixed in: those are in no ledger, and as hard to read.
        """
        # + 0: found by comment, not by model, of which there are as many scores as comments
        shown = (ScoreRow.comment_id == DecisionRow.comment_id) & (ScoreRow.model_id + 0 == DecisionRow.model_id)
        query = (
            select(
                DecisionRow.comment_id, _moment(), DecisionRow.labels, func.coalesce(DecisionRow.seconds, 0.0),
                func.coalesce(DecisionRow.policy_id, 0), *_SCORES,
            )
            .outerjoin(ScoreRow, shown & ~DecisionRow.blind)
            .where(*_acts(person, since))
            .where(or_(DecisionRow.batch.is_(None), DecisionRow.batch == DecisionRow.client_id))
            .order_by(DecisionRow.id)
        )  # fmt: skip
        rows = [*self._session.execute(query), *self._session.execute(_mixed_in(person, since))]
        return np.array([(*row[:5], tuple(row[5:])) for row in rows], SEEN)

    def moments(self, person: str, since: datetime) -> list[tuple[datetime, float]]:
        """When each of the person's acts since then was made, and its seconds; newest first."""
        query = select(_moment(), func.coalesce(DecisionRow.seconds, 0.0)).where(*_acts(person, since))
        rows = [
            *self._session.execute(query),
            *((row[1], row[3]) for row in self._session.execute(_mixed_in(person, since))),
        ]
        return [(from_micros(at), seconds) for at, seconds in sorted(rows, key=itemgetter(0), reverse=True)]

    def reveals(self, person: str, what: str, since: datetime) -> list[tuple[datetime, Sequence[int]]]:
        """The person's own events of the kind in the audit trail since then, newest first, with their comments."""
        found: list[tuple[datetime, Sequence[int]]] = []
        columns = (AuditEventRow.id, AuditEventRow.what, AuditEventRow.at, AuditEventRow.details)
        query = select(*columns).where(AuditEventRow.person == person).order_by(AuditEventRow.id.desc()).limit(_PAGE)
        last = _ABOVE_ALL
        while rows := self._session.execute(query.where(AuditEventRow.id < last)).all():
            found += [(at, told.get("comments") or []) for _, kind, at, told in rows if kind == what and at >= since]
            last, _, oldest, _ = rows[-1]
            if oldest < since - _SKEW:  # ids rise with time: what follows was before, a year of it perhaps
                break
        return found


def _mixed_in(person: str, since: datetime) -> Select[Any]:
    """What the person said of golden items since then, in the columns of `seen`."""
    scored = (ScoreRow.comment_id == GoldenAnswerRow.comment_id) & (ScoreRow.model_id == GoldenAnswerRow.model_id)
    at = type_coerce(GoldenAnswerRow.closed_at, BigInteger)
    return (
        select(
            GoldenAnswerRow.comment_id, at, GoldenAnswerRow.labels, func.coalesce(GoldenAnswerRow.seconds, 0.0),
            GoldenAnswerRow.policy_id, *_SCORES,
        )
        .outerjoin(ScoreRow, scored)
        .where(GoldenAnswerRow.person == person, GoldenAnswerRow.outcome.is_not(None))
        .where(GoldenAnswerRow.closed_at >= since)
        .order_by(at)
    )  # fmt: skip


def _moment() -> ColumnElement[int]:
    return type_coerce(DecisionRow.decided_at, BigInteger)


def _acts(person: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Conditions on DecisionRow: the person's, no revocation, since then. A jump to the first id, not a walk to it."""
    earliest: Any = aliased(DecisionRow)
    first = select(earliest.id).where(earliest.decided_at >= since).order_by(earliest.decided_at).limit(1)
    return (
        DecisionRow.person == person,
        DecisionRow.id >= first.scalar_subquery() - _SLACK,
        _moment() >= to_micros(since),
        func.coalesce(DecisionRow.revokes, 0) == 0,
    )
