"""How good scores are: ranking, calibration and how sure one can be of either, with weights throughout."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import BadInput
from core.labels import LABELS

BINS = 15
"""Equal-mass bins of the calibration error."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of one set of scores; a label without both classes has None and is left out of the means."""

    rows: int
    positives: dict[str, int]
    auc: dict[str, float | None]
    """Area under the ROC curve."""
    average_precision: dict[str, float | None]
    calibration_error: dict[str, float | None]
    """Expected calibration error, 15 equal-mass bins."""
    mean_auc: float | None
    mean_average_precision: float | None
    auc_interval: dict[str, tuple[float, float]]
    """95 % bootstrap interval, by label and for `mean`; empty when not asked for."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Metrics":
        """The inverse of `to_json`; raises BadInput where a field is missing or unknown."""
        try:
            interval = {name: (low, high) for name, (low, high) in values["auc_interval"].items()}
            return cls(**{**values, "auc_interval": interval})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"These are not metrics of this version ({error}). Evaluate the model again.") from error


def evaluate(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, resamples: int = 0) -> Metrics:
    """Measure probabilities [n, 6] against labels [n, 6] with weights [n]; `resamples` > 0 adds intervals.

    Raises BadInput if the shapes disagree or a value is not finite.
    """
    scored, truth = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    mass = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    _check(scored, truth, mass)
    by_label = {
        measure: {name: measure(scored[:, j], truth[:, j], mass) for j, name in enumerate(LABELS)}
        for measure in (roc_auc, average_precision, calibration_error)
    }
    return Metrics(
        rows=len(truth),
        positives={name: int(truth[:, j].sum()) for j, name in enumerate(LABELS)},
        auc=by_label[roc_auc],
        average_precision=by_label[average_precision],
        calibration_error=by_label[calibration_error],
        mean_auc=_mean(by_label[roc_auc].values()),
        mean_average_precision=_mean(by_label[average_precision].values()),
        auc_interval=_intervals(scored, truth, mass, resamples) if resamples else {},
    )


def _check(scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
    if scores.shape != labels.shape or labels.shape != (len(weights), len(LABELS)):
        raise BadInput(
            f"Scores {scores.shape}, labels {labels.shape} and weights {weights.shape} do not belong together."
        )
    if not all(np.isfinite(values).all() for values in (scores, labels, weights)):
        raise BadInput("A score, label or weight is not a finite number. Score the rows again, or remove them.")


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _steps(
    scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mass of positives and of negatives at or above each distinct score, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    positive, negative = weights[order] * labels[order], weights[order] * (1 - labels[order])
    return np.cumsum(positive)[last], np.cumsum(negative)[last]


def roc_auc(scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    """Weighted area under the ROC curve by trapezoids, ties counting half; None without both classes."""
    positive, negative = _steps(scores, labels, weights)
    if not len(positive) or positive[-1] <= 0 or negative[-1] <= 0:
        return None
    area = np.trapezoid(np.r_[0, positive], np.r_[0, negative])
    return float(area / positive[-1] / negative[-1])


def average_precision(
    scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]
) -> float | None:
    """Weighted mean of precision over steps of recall (scikit-learn's definition); None without both classes."""
    positive, negative = _steps(scores, labels, weights)
    if not len(positive) or positive[-1] <= 0 or negative[-1] <= 0:
        return None
    gained = np.diff(positive, prepend=0)
    return float(np.sum(gained * positive / np.maximum(positive + negative, 1e-300)) / positive[-1])


def calibration_error(
    scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]
) -> float | None:
    """Weighted mean of |mean score - share of positives| over BINS bins of equal mass; None without rows.

    Naeini, Cooper and Hauskrecht, AAAI 2015, with equal-mass bins as in Nguyen and O'Connor, EMNLP 2015.
    """
    if weights.sum() <= 0:
        return None
    order = np.argsort(scores, kind="stable")
    mass = weights[order]
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    bins = np.minimum((middle * BINS).astype(int), BINS - 1)
    gap = np.bincount(bins, mass * (scores[order] - labels[order]), BINS)
    return float(np.abs(gap).sum() / mass.sum())


def _intervals(
    scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64], resamples: int
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap over rows, the seed fixed so that a repeat gives the same digits."""
    draws = np.array(list(bootstrap(len(labels), resamples, _aucs(scores, labels, weights))))
    known = {name: column[np.isfinite(column)] for name, column in zip(LABELS, draws.T, strict=True)}
    rows = draws[:, np.isfinite(draws).any(axis=0)]
    known["mean"] = np.array([row[np.isfinite(row)].mean() for row in rows if np.isfinite(row).any()])
    return {name: tuple(np.percentile(values, [2.5, 97.5]).tolist()) for name, values in known.items() if len(values)}


def _aucs(
    scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]
) -> Callable[[NDArray[np.int64]], list[float]]:
    def measure(repeats: NDArray[np.int64]) -> list[float]:
        values = [roc_auc(scores[:, j], labels[:, j], weights * repeats) for j in range(len(LABELS))]
        return [np.nan if value is None else value for value in values]

    return measure


def bootstrap(rows: int, resamples: int, measure: Callable[[NDArray[np.int64]], list[float]]) -> list[list[float]]:
    """What `measure` says of each resample; it gets how often each row was drawn, [rows]."""
    random = np.random.default_rng(20120917)
    return [measure(np.bincount(random.integers(0, rows, rows), minlength=rows)) for _ in range(resamples)]
