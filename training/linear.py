"""Fit the linear half: six weighted logistic regressions over TF-IDF weighted n-grams, each by L-BFGS."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.scoring.linear import Linear, count_matrices
from core.scoring.ngrams import Buckets


@dataclass(frozen=True, slots=True)
class LinearConfig:
    """How the linear half is fitted."""

    buckets: Buckets = field(default_factory=Buckets)
    """The n-grams."""
    penalty: float = 0.4
    """L2 penalty on each weight, in units of weighted comments."""
    iterations: int = 60
    """L-BFGS iterations at most."""
    least_documents: int = 2
    """Buckets met in fewer rows are dropped."""
    anchor: float = 4.0
    """With a prior: how much more firmly weights of often-met n-grams are held, see `prior_precision`."""
    threads: int = 1
    """Labels fitted at a time."""


def inverse_document_frequency(counts: sparse.csr_array, least: int) -> NDArray[np.float32]:
    """1 + ln((1 + n) / (1 + df)) per column, 0 where df < least: smoothed as in scikit-learn."""
    met = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + met)) + 1
    return np.where(met >= least, idf, 0).astype(np.float32)


def weigh(counts: sparse.csr_array, idf: NDArray[np.float32]) -> sparse.csr_array:
    """Sublinear TF-IDF of each row, scaled to length 1; the same numbers as `core.scoring.linear.Linear.logits`."""
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    squares = np.concatenate([[0.0], np.cumsum(np.square(values), dtype=np.float64)])
    norms = np.sqrt(np.maximum(squares[counts.indptr[1:]] - squares[counts.indptr[:-1]], 1e-9))
    values /= np.repeat(norms, np.diff(counts.indptr)).astype(np.float32)
    return sparse.csr_array((values.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)


def fit_linear(
    texts: Sequence[str],
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    config: LinearConfig,
    *,
    prior: Linear | None = None,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> Linear:
    """Fit normalised texts; with a `prior` its n-grams' idf is kept and its weights are the prior's mean (MAP)."""
    progress("linear: n-grams", 0.0)
    buckets = prior.buckets if prior else config.buckets
    rows, idf = features(texts, buckets, least=config.least_documents, idf=prior.idf if prior else None)
    whole = _Prior.of(prior, idf, config)
    rows, met = _met_columns(rows, idf)
    fitted = _fit_labels(rows, labels, weights, whole.take(met), config, progress)
    learnt = whole.mean.copy()
    learnt[met] = np.column_stack([w for w, _ in fitted])
    return Linear.build(buckets, idf, learnt * idf[:, None], np.array([b for _, b in fitted], np.float32))


def features(
    texts: Sequence[str], buckets: Buckets, *, least: int, idf: NDArray[np.float32] | None = None
) -> tuple[sparse.csr_array, NDArray[np.float32]]:
    """What the linear half sees of n normalised texts, [n, buckets.total], and the idf, given or of these texts."""
    counts = count_matrices(texts, buckets)
    if idf is None:
        idf = np.concatenate([inverse_document_frequency(c, least) for c in counts])
    split = 1 << buckets.word_bits
    return sparse.hstack([weigh(counts[0], idf[:split]), weigh(counts[1], idf[split:])], format="csr"), idf


def cross_score(
    texts: Sequence[str],
    labels: NDArray[np.float32],
    folds: NDArray[np.int64],
    config: LinearConfig,
    *,
    weights: NDArray[np.float32] | None = None,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> NDArray[np.float32]:
    """Logits [n, labels] of n normalised texts, each by a model that did not see the rows of its fold, [n].

    The n-grams are counted once, and their idf is that of all rows: it knows no labels.
    """
    progress("n-grams", 0.0)
    rows, idf = features(texts, config.buckets, least=config.least_documents)
    rows, _ = _met_columns(rows, idf)
    given = np.ones(len(texts), np.float32) if weights is None else weights
    numbers = np.unique(folds)
    flat = _Prior.flat(rows.shape[1], labels.shape[1], config)
    logits = np.zeros(labels.shape, np.float32)
    for at, fold in enumerate(numbers.tolist()):
        progress(f"fold {at + 1} of {len(numbers)}", at / len(numbers))
        held = folds == fold
        fitted = _fit_labels(rows[~held], labels[~held], given[~held], flat, config, lambda *_: None)
        logits[held] = np.column_stack([rows[held] @ weight + bias for weight, bias in fitted])
    return logits


def _met_columns(rows: sparse.csr_array, idf: NDArray[np.float32]) -> tuple[sparse.csr_array, NDArray[np.int64]]:
    """The matrix without columns that are nowhere or dropped, and which it keeps: the others cannot move."""
    met = (np.bincount(rows.indices, minlength=len(idf)) > 0) & (idf > 0)
    kept, number = met[rows.indices], np.cumsum(met) - 1
    indptr = np.concatenate([[0], np.cumsum(kept)])[rows.indptr].astype(np.int32)
    parts = (rows.data[kept], number[rows.indices[kept]].astype(np.int32), indptr)
    return sparse.csr_array(parts, shape=(rows.shape[0], int(met.sum()))), np.flatnonzero(met)


@dataclass(frozen=True, slots=True)
class _Prior:
    """A Gaussian for every weight."""

    mean: NDArray[np.float32]
    """[buckets, 6]."""
    precision: NDArray[np.float64]
    """[buckets]."""
    bias: NDArray[np.float32]
    """[6], where the bias starts."""
    bias_precision: float

    @classmethod
    def of(cls, model: Linear | None, idf: NDArray[np.float32], config: LinearConfig) -> "_Prior":
        if model is None:
            return cls.flat(len(idf), 6, config)
        mean = model.weights / np.maximum(idf, 1e-6)[:, None] * (idf > 0)[:, None]
        return cls(mean.astype(np.float32), prior_precision(idf, config), model.bias, config.anchor * 100)

    @classmethod
    def flat(cls, columns: int, labels: int, config: LinearConfig) -> "_Prior":
        zeros = np.zeros((columns, labels), np.float32)
        return cls(zeros, np.full(columns, config.penalty), np.zeros(labels, np.float32), 0.0)

    def take(self, columns: NDArray[np.int64]) -> "_Prior":
        return replace(self, mean=self.mean[columns], precision=self.precision[columns])


def prior_precision(idf: NDArray[np.float32], config: LinearConfig) -> NDArray[np.float64]:
    """penalty * (1 + anchor * df / n * 100): a diagonal Laplace approximation with curvature in proportion to df.

    An n-gram that the old model met often is known well and hardly moves; one it met twice moves freely.
    """
    share = np.exp(1 - idf.astype(np.float64)) * (idf > 0)
    return config.penalty * (1 + config.anchor * 100 * share)


def _fit_labels(
    rows: sparse.csr_array,
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    prior: _Prior,
    config: LinearConfig,
    progress: Callable[[str, float], None],
) -> list[tuple[NDArray[np.float32], float]]:
    progress("linear", 0.0)
    done = []

    def one(label: int) -> tuple[NDArray[np.float32], float]:
        fitted = _fit_one(rows, labels[:, label], weights, prior, label, config.iterations)
        done.append(label)
        progress("linear", len(done) / labels.shape[1])
        return fitted

    with ThreadPoolExecutor(config.threads) as pool:
        return list(pool.map(one, range(labels.shape[1])))


def _fit_one(
    rows: sparse.csr_array,
    truth: NDArray[np.float32],
    weights: NDArray[np.float32],
    prior: _Prior,
    label: int,
    iterations: int,
) -> tuple[NDArray[np.float32], float]:
    """MAP weights and bias of one label: weighted logistic loss plus precision / 2 * (w - mean)^2."""
    from scipy.optimize import minimize

    mean = np.ascontiguousarray(prior.mean[:, label])
    start = (rows @ mean).astype(np.float64) + prior.bias[label]
    signs, mass, columns = 2.0 * truth - 1, weights.astype(np.float64), rows.T

    def loss(moved: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (start + rows @ moved[:-1].astype(np.float32) + moved[-1])
        pull = -mass * signs / (1 + np.exp(np.clip(margins, -60, 60)))
        pressure = np.append(prior.precision * moved[:-1], prior.bias_precision * moved[-1])
        value = mass @ np.logaddexp(0, -margins) + pressure @ moved / 2
        return value, np.append(columns @ pull.astype(np.float32), pull.sum()) + pressure

    settings = {"maxiter": iterations, "maxcor": 8, "ftol": 1e-7}
    best = minimize(loss, np.zeros(len(mean) + 1), jac=True, method="L-BFGS-B", options=settings).x
    return (mean + best[:-1]).astype(np.float32), float(prior.bias[label] + best[-1])
