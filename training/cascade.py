"""Choose where a quick model's answer stands, so that asking the careful one about the rest alone loses little."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.scoring.cascade import Cascade
from core.scoring.members import Member
from core.scoring.protocol import Scores
from training.data import LabelledRows
from training.evaluate import evaluate

LOSS: Final = 0.0005
"""How much of the weighted mean AUC a cascade may lose."""
_CANDIDATES: Final = 40


def fit_cascade(
    members: Sequence[Member], quick: Scores, careful: Scores, rows: LabelledRows, *, loss: float = LOSS
) -> Cascade:
    """The cascade that asks least: the highest `low` at which the mean AUC on the rows falls by at most `loss`.

    `quick` and `careful` are the members' probabilities on the rows, [n, 6]. Low is at most 0.25: a comment that the
    quick model gives more is never let through on its word alone.
    """
    whole = evaluate(careful, rows.labels, rows.weights).mean_auc or 0.0
    for low in _candidates(quick, rows.weights)[::-1]:
        found = Cascade(list(members), float(low))
        mixed = np.where(found.unsure(quick)[:, None], careful, quick)
        auc = evaluate(mixed, rows.labels, rows.weights).mean_auc or 0.0
        if whole - auc <= loss:
            training = {"rows": len(rows), "loss": whole - auc, "asked": asked_share(found, quick, rows.weights)}
            return Cascade(list(members), float(low), training=training)
    return Cascade(list(members), 0.0, training={"rows": len(rows), "loss": 0.0, "asked": 1.0})


def asked_share(cascade: Cascade, quick: Scores, weights: NDArray[np.float32]) -> float:
    """Of all traffic, the share about which the careful model is asked."""
    return float(weights @ cascade.unsure(quick) / weights.sum())


def saving(asked: float, quick_seconds: float, careful_seconds: float) -> dict[str, Any]:
    """What a cascade saves, by the seconds a comment that each member takes."""
    cost = quick_seconds + asked * careful_seconds
    return {
        "asked": asked,
        "quick_per_second": 1 / max(quick_seconds, 1e-9),
        "careful_per_second": 1 / max(careful_seconds, 1e-9),
        "times_as_quick": careful_seconds / max(cost, 1e-9),
    }


def _candidates(quick: Scores, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    highest = quick.max(axis=1)
    order = np.argsort(highest, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    at = np.interp(np.linspace(0.05, 0.98, _CANDIDATES), reached, highest[order])
    return np.unique(np.minimum(at, 0.25).round(5))
