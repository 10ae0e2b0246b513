"""4,096 bins of the logit over [-16, 16): every curve and every count of a model is made from them.

Within its bin a score's place is kept to a sixteenth: enough to tell ties from neighbours, see `estimate`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 4096
PLACES: Final = 16
"""Places within a bin."""
LOW: Final = -16.0
HIGH: Final = 16.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FINE: Final = BINS * PLACES
_PER_LOGIT: Final = _FINE / (HIGH - LOW)


def sigmoid(logit: Floats) -> Floats:
    """Probability of a logit."""
    return 1.0 / (1.0 + np.exp(-logit))


_FINE_EDGES: Final[Floats] = sigmoid(np.linspace(LOW, HIGH, _FINE + 1))

EDGES: Final[Floats] = _FINE_EDGES[::PLACES]
"""Probabilities at the bins' edges, shape [4097]: bin b holds EDGES[b] <= p < EDGES[b + 1]; the outer two are open."""

CENTRES: Final[Floats] = _FINE_EDGES[PLACES // 2 :: PLACES]
"""The probability that stands for a bin, shape [4096]."""


def place_of(probabilities: NDArray[Any]) -> NDArray[np.uint16]:
    """16 * bin + place within the bin, same shape. Exact: at or above an edge if and only if the probability is."""
    p = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        logit = np.log(p) - np.log1p(-p)
    near = np.clip(np.floor((logit - LOW) * _PER_LOGIT), 0, _FINE - 1).astype(np.int64)
    # the logarithm's rounding may miss an edge by one: the edges themselves decide
    near += (p >= _FINE_EDGES[near + 1]) & (near < _FINE - 1)
    near -= (p < _FINE_EDGES[near]) & (near > 0)
    return near.astype(np.uint16)


def bin_of(probabilities: NDArray[Any]) -> NDArray[np.uint16]:
    """Bin of each probability, same shape: bin_of(p) >= b if and only if p >= EDGES[b]."""
    return place_of(probabilities) // np.uint16(PLACES)


def edge_of(threshold: float) -> int:
    """The edge nearest to a threshold in (0, 1): flagged are the bins from this one on. At most 0.001 away."""
    above = int(np.searchsorted(EDGES, threshold))
    nearest = min((above - 1, above), key=lambda edge: abs(EDGES[min(max(edge, 0), BINS)] - threshold))
    return min(max(nearest, 0), BINS - 1)
