"""By how much the audit rates of drifting bands are raised: the open alerts of kind "band"."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain import BANDS
from db.quality_models import DriftAlertRow

KIND = "band"
"""Kind of the alerts that raise a band's audit rate; their subject is the band's number, 0 to BANDS - 1."""


@dataclass(frozen=True, slots=True)
class Boost:
    """A band that drifts."""

    band: int
    factor: float
    """What its audit rate is multiplied by, at least 1."""
    value: float
    """What was measured."""
    limit: float
    """What it passed."""
    day: int
    """Days since 1970 (UTC) on which it was seen first."""


def list_boosts(session: Session) -> list[Boost]:
    """The bands whose rates are raised now, low to high. One look-up in an index of open alerts: cheap in any write."""
    query = select(DriftAlertRow).where(DriftAlertRow.cleared_at.is_(None), DriftAlertRow.kind == KIND)
    rows = [row for row in session.scalars(query) if row.subject.isdecimal() and int(row.subject) < BANDS]
    found = [Boost(int(row.subject), max(row.boost, 1.0), row.value, row.limit, row.day) for row in rows]
    return sorted(found, key=lambda boost: boost.band)


def open_boosts(session: Session) -> NDArray[np.float64]:
    """What the audit rate of each band is multiplied by now, [BANDS]; 1 where nothing drifts."""
    factors = np.ones(BANDS)
    for boost in list_boosts(session):
        factors[boost.band] = boost.factor
    return factors
