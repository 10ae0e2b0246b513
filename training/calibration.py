"""Turn logits into probabilities that mean what they say."""

import numpy as np
from numpy.typing import NDArray


def fit_platt(
    logits: NDArray[np.float32],
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    *,
    start: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """[2, 6]: slope and intercept of each label's logit [n, 6], slopes above 0.

    Platt, Advances in Large Margin Classifiers, 1999, with Gaussian priors on ln slope and on the intercept
    around `start` (slope 1, intercept 0), so that few positives cannot bend it far.
    """
    around = np.vstack([np.ones(6), np.zeros(6)]).astype(np.float32) if start is None else start
    columns = [_fit_label(logits[:, j], labels[:, j], weights, around[:, j]) for j in range(labels.shape[1])]
    return np.array(columns, np.float32).T


def _fit_label(
    logits: NDArray[np.float32], truth: NDArray[np.float32], weights: NDArray[np.float32], around: NDArray[np.float32]
) -> tuple[float, float]:
    from scipy.optimize import minimize

    signs, mass, values = 2.0 * truth - 1, weights.astype(np.float64), logits.astype(np.float64)
    center = np.array([np.log(around[0]), around[1]], np.float64)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope = np.exp(at[0])
        margins = signs * (slope * values + at[1])
        pull = -mass * signs / (1 + np.exp(np.clip(margins, -60, 60)))
        gap = at - center
        gradient = np.array([(pull * values).sum() * slope, pull.sum()]) + gap * _PRECISION
        return float(mass @ np.logaddexp(0, -margins) + (_PRECISION * gap * gap).sum() / 2), gradient

    best = minimize(loss, center, jac=True, method="L-BFGS-B").x
    return float(np.exp(best[0])), float(best[1])


_PRECISION = np.array([4.0, 0.1])
"""Of ln slope (so 0.5 away is one standard deviation) and of the intercept."""
