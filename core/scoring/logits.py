"""Logits, probabilities and the calibration between them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.labels import LABELS
from core.scoring.protocol import Scores

NEUTRAL: Final = np.vstack([np.ones(len(LABELS)), np.zeros(len(LABELS))]).astype(np.float32)
"""A calibration that changes nothing: slopes 1, intercepts 0."""
_EDGE: Final = 30.0


def sigmoid(logits: NDArray[np.float32]) -> Scores:
    """Probabilities of logits, of any shape; beyond 30 nothing changes."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_EDGE, _EDGE))), np.float32)


def logit(scores: NDArray[Any]) -> NDArray[np.float32]:
    """The inverse of `sigmoid`, within float32: at most about 16.6 in size."""
    sure = np.clip(scores.astype(np.float64), 6e-8, 1 - 6e-8)
    return np.log(sure / (1 - sure)).astype(np.float32)


def as_platt(values: Any) -> NDArray[np.float32]:
    """Slope and intercept, [2, 6], of a manifest's calibration; NEUTRAL itself where it is none."""
    try:
        array = np.array(values, np.float32)
    except (TypeError, ValueError):
        return NEUTRAL
    sound = array.shape == NEUTRAL.shape and np.isfinite(array).all() and (array[0] > 0).all()
    return array if sound else NEUTRAL
