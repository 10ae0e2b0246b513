"""How many comments came by: per model and score, and per stratum of the audit sample."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain import BANDS, LABELS
from db.models import StratumRow, TrafficRow
from db.stores.bulk import put_rows

BINS = 256
"""Equal bins of the logit over [-LOGIT_RANGE, LOGIT_RANGE)."""

LOGIT_RANGE = 16.0


def logit_bins(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each probability, same shape; those beyond the range go to the outermost bins."""
    tiny = 1e-9  # logit of about -21: beyond the range
    p = np.clip(scores.astype(np.float64), tiny, 1 - tiny)
    bins = np.floor((np.log(p / (1 - p)) + LOGIT_RANGE) * (BINS / (2 * LOGIT_RANGE)))
    return np.clip(bins, 0, BINS - 1).astype(np.int64)


def bin_edges() -> NDArray[np.float64]:
    """The BINS + 1 edges of the bins, as probabilities."""
    return 1 / (1 + np.exp(-np.linspace(-LOGIT_RANGE, LOGIT_RANGE, BINS + 1)))


class TrafficStore:
    """Counts of all traffic, reviewed or not."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_scores(self, days: NDArray[np.int64], scores: NDArray[np.float32], model_id: int) -> None:
        """Count n comments, [n, 6], on their days, [n]."""
        labels = np.broadcast_to(np.arange(len(LABELS)), scores.shape)
        keys = (days[:, None] * len(LABELS) + labels) * BINS + logit_bins(scores)
        found, counts = np.unique(keys, return_counts=True)
        put_rows(
            self._session,
            TrafficRow,
            {
                "day": (found // (BINS * len(LABELS))).tolist(),
                "model_id": [model_id] * len(found),
                "label": (found // BINS % len(LABELS)).tolist(),
                "bin": (found % BINS).tolist(),
                "count": counts.tolist(),
            },
            update=("count+",),
        )

    def add_strata(self, day: int, bands: NDArray[np.int64], rates: NDArray[np.float64]) -> None:
        """Count n comments routed for the first time, by band and audit rate."""
        found, counts = np.unique(np.stack([bands, rates], axis=1), axis=0, return_counts=True)
        put_rows(
            self._session,
            StratumRow,
            {
                "day": [day] * len(found),
                "band": found[:, 0].astype(int).tolist(),
                "rate": found[:, 1].tolist(),
                "count": counts.tolist(),
            },
            update=("count+",),
        )

    def histograms(self, model_id: int, first_day: int, last_day: int) -> NDArray[np.int64]:
        """Comments by label and bin, [6, BINS], summed over the days, both included."""
        made = np.zeros((len(LABELS), BINS), np.int64)
        rows = (
            select(TrafficRow.label, TrafficRow.bin, func.sum(TrafficRow.count))
            .where(TrafficRow.model_id == model_id, TrafficRow.day.between(first_day, last_day))
            .group_by(TrafficRow.label, TrafficRow.bin)
        )
        for label, bin_, count in self._session.execute(rows):
            made[label, bin_] = count
        return made

    def band_counts(self, first_day: int, last_day: int) -> dict[int, NDArray[np.int64]]:
        """Comments by band, [BANDS], of each day that had any, both ends included."""
        made: dict[int, NDArray[np.int64]] = {}
        rows = select(StratumRow.day, StratumRow.band, StratumRow.count).where(
            StratumRow.day.between(first_day, last_day)
        )
        for day, band, count in self._session.execute(rows):
            made.setdefault(day, np.zeros(BANDS, np.int64))[band] += count
        return made
