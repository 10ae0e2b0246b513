"""The promotion gate: is a challenger as good as the live model, on the same comments, beyond chance?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.labels import LABEL_TITLES, LABELS
from core.scoring.protocol import Scores

Verdict = Literal["better", "same", "worse", "too few"]

FEWEST: Final = 10
"""Positives, and negatives, that a label must have in a set to be compared there."""
MEAN_MARGIN: Final = 0.0005
"""How much the mean AUC over all sets may be lower: a retrained model that is just as good falls to either side of zero
by chance (here by 0.0002 on the 5,666 frozen rows of Jigsaw) and must not be refused half of the time for that."""
RESAMPLES: Final = 1000
"""Bootstrap resamples behind each interval."""
_SEED: Final = 20120917
_CHUNK_CELLS: Final = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Comments with known labels, none of which either model was trained on, scored by both."""

    name: str
    """audit, golden or test."""
    labels: NDArray[np.bool_]
    """[n, 6], in LABELS order."""
    weights: NDArray[np.float64]
    """[n], how many comments of real traffic each stands for."""
    challenger: Scores
    live: Scores


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of both models: a label's AUC, or the mean of those that can be compared."""

    positives: int
    live: float | None
    challenger: float | None
    difference: float | None
    """challenger - live; None where there is too little to compare."""
    low: float | None
    high: float | None
    """95 % paired bootstrap interval of the difference."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SetComparison:
    """Both models on one set."""

    name: str
    rows: int
    labels: dict[str, Comparison]
    mean: Comparison


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate saw and what it says."""

    challenger: str
    live: str | None
    """The version that it was compared with; None when no model was live."""
    sets: list[SetComparison] = field(default_factory=list)
    difference: float | None = None
    """Of the weighted mean AUC over all sets, each set counting by how sure its figure is (inverse variance)."""
    passed: bool = False
    reasons: list[str] = field(default_factory=list)
    """Why it did not pass."""
    notes: list[str] = field(default_factory=list)
    """What could not be compared, and why."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the promotion's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "GateReport | None":
        """The inverse of `to_json`; None for a report of another form, such as that of the shipped model."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        try:
            return cls(**{**known, "sets": [_set_from_json(one) for one in values["sets"]]})
        except (KeyError, TypeError):
            return None


def _set_from_json(values: dict[str, Any]) -> SetComparison:
    labels = {name: Comparison(**one) for name, one in values["labels"].items()}
    return SetComparison(values["name"], values["rows"], labels, Comparison(**values["mean"]))


SET_TITLES: Final = {
    "audit": "the audit sample (all traffic)",
    "golden": "golden items",
    "test": "the frozen test part of the base data",
}
"""How people see a set's name."""


def unopposed(challenger: str, live: str | None = None, *, problem: str = "") -> GateReport:
    """The report of a model that has nothing to be compared with: none is live, or the live one cannot be loaded."""
    note = f"The live model cannot score, so there was nothing to compare with. {problem}".strip()
    return GateReport(challenger, live, passed=True, notes=[note if live else "No model was live to compare with."])


def compare(evidence: Sequence[Evidence], *, challenger: str, live: str, notes: Sequence[str] = ()) -> GateReport:
    """The gate. Passes if neither the mean AUC nor any label is worse beyond its interval in any set, nor the mean over
    all sets by more than MEAN_MARGIN.

    Paired bootstrap over comments: both models meet the same resamples, so what both find hard cancels out (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8).
    """
    studies = [_study(one) for one in evidence if len(one.labels)]
    sets = [found for found, _ in studies]
    difference = _pool(studies)
    reasons = [*_why_not(sets), *_mean_is_lower(difference)]
    if difference is None:
        reasons.append(
            f"Nothing can be compared: no set has {FEWEST} comments with and {FEWEST} without any label. "
            "Give labelled data (--data FILE, or MODERATO_BASE_DATA), or decide more of the audit lane."
        )
    return GateReport(challenger, live, sets, difference, not reasons, reasons, [*notes, *_too_few(sets)])


def _why_not(sets: Sequence[SetComparison]) -> list[str]:
    return [
        f"{title} is worse on {SET_TITLES.get(one.name, one.name)}: AUC {found.live:.4f} → {found.challenger:.4f}, "
        f"difference {_signed(found.difference)} [{_signed(found.low)}, {_signed(found.high)}]."
        for one in sets
        for title, found in [("The mean", one.mean), *((LABEL_TITLES[n], c) for n, c in one.labels.items())]
        if found.verdict == "worse"
    ]


def _mean_is_lower(difference: float | None) -> list[str]:
    if difference is None or difference >= -MEAN_MARGIN:
        return []
    return [f"The mean AUC over all sets is lower by {-difference:.4f}; {MEAN_MARGIN} is allowed for chance."]


def _too_few(sets: Sequence[SetComparison]) -> list[str]:
    return [
        f"Too few comments on {SET_TITLES.get(one.name, one.name)} ({one.rows:,}) to compare "
        f"{', '.join(LABEL_TITLES[name] for name in missing)}: {FEWEST} with and {FEWEST} without a label are needed."
        for one in sets
        if (missing := [name for name, found in one.labels.items() if found.verdict == "too few"])
    ]


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.4f}"


def _pool(studies: Sequence[tuple[SetComparison, float]]) -> float | None:
    """The sets' mean differences, weighted by 1 / variance."""
    known = [(found.mean.difference, spread) for found, spread in studies if found.mean.difference is not None]
    if not known:
        return None
    weights = np.array([1 / max(spread, 1e-6) ** 2 for _, spread in known])
    return float(np.dot(weights, [difference for difference, _ in known]) / weights.sum())


def _study(evidence: Evidence) -> tuple[SetComparison, float]:
    """The comparison on one set, and the standard error of its mean difference."""
    labels, weights = evidence.labels.astype(bool), evidence.weights.astype(np.float64)
    usable = [j for j in range(len(LABELS)) if FEWEST <= labels[:, j].sum() <= len(labels) - FEWEST]
    measures = {
        (i, j): auc_of(scores[:, j], labels[:, j], weights)
        for i, scores in enumerate((evidence.live, evidence.challenger))
        for j in usable
    }
    figures, draws = np.full((2, len(LABELS)), np.nan), np.full((2, RESAMPLES, len(LABELS)), np.nan)
    for (i, j), measure in measures.items():
        figures[i, j] = measure(np.ones((len(labels), 1)))[0]
    for first, repeats in _resamples(len(labels)):
        for (i, j), measure in measures.items():
            draws[i, first : first + repeats.shape[1], j] = measure(repeats)
    compared = {
        name: _compare(int(labels[:, j].sum()), figures[:, j], draws[1, :, j] - draws[0, :, j])
        for j, name in enumerate(LABELS)
    }
    if not usable:
        return SetComparison(evidence.name, len(labels), compared, _compare(0, figures[:, 0], draws[0, :, 0])), 0.0
    means, spread = figures[:, usable].mean(1), np.nanmean(draws[1][:, usable] - draws[0][:, usable], axis=1)
    mean = _compare(int(labels.any(1).sum()), means, spread)
    return SetComparison(evidence.name, len(labels), compared, mean), float(np.nanstd(spread))


def _compare(positives: int, figures: NDArray[np.float64], draws: NDArray[np.float64]) -> Comparison:
    """`figures` holds live and challenger; `draws` the difference in each resample."""
    if np.isnan(figures).any():
        return Comparison(positives, None, None, None, None, None, "too few")
    low, high = map(float, np.nanpercentile(draws, [2.5, 97.5]))
    verdict: Verdict = "better" if low > 0 else "worse" if high < 0 else "same"
    live, challenger = map(float, figures)
    return Comparison(positives, live, challenger, challenger - live, low, high, verdict)


def _resamples(rows: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """How often each row is drawn, [rows, some resamples], and the first one's number. Always the same draws."""
    random = np.random.default_rng(_SEED)
    step = max(1, _CHUNK_CELLS // rows)
    for first in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - first)
        counts = [np.bincount(random.integers(0, rows, rows), minlength=rows) for _ in range(size)]
        yield first, np.array(counts, np.float64).T.copy()


def auc_of(
    scores: NDArray[Any], labels: NDArray[np.bool_], weights: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """A function from how often each row counts, [n, resamples], to the weighted AUC of each, ties counting half.

    Negatives are summed between neighbouring scores of positives: exact, and a sparse product instead of a sort for
    each resample. NaN where a resample lacks positives or negatives.
    """
    found = np.unique(scores[labels])
    below = np.searchsorted(found, scores, side="left")
    ties = (below < len(found)) & (found[np.minimum(below, len(found) - 1)] == scores)
    bins = 2 * below + ties  # odd: at a positive's score; even: between two
    at, rows = np.arange(len(scores)), len(scores)
    shape = (2 * len(found) + 1, rows)
    positive = sparse.csr_array((weights * labels, (bins, at)), shape=shape)[1::2]
    negative = sparse.csr_array((weights * ~labels, (bins, at)), shape=shape)

    def measure(repeats: NDArray[np.float64]) -> NDArray[np.float64]:
        hits, misses = positive @ repeats, negative @ repeats
        beaten = np.cumsum(misses, axis=0)[1::2] - misses[1::2] / 2
        pairs = hits.sum(0) * misses.sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(pairs > 0, (hits * beaten).sum(0) / pairs, np.nan)

    return measure
