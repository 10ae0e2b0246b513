"""Both models on one set: every figure by label and in the mean, with its resamples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.gate.bootstrap import RESAMPLES, Drawn, Floats, comparison, resamples, too_few
from core.gate.measures import calibration_error_of, flagged_of, ranking_of, recall_of
from core.gate.report import FEWEST, MEASURES, Evidence, Measure, SetComparison
from core.labels import LABELS

BETTER: Final = {"auc": 1, "average_precision": 1, "recall": 1, "flagged": 0, "calibration_error": -1}
"""1 where more is better, -1 where less is, 0 where neither is."""


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One set, measured."""

    name: str
    rows: int
    positives: dict[str, int]
    drawn: dict[str, dict[str, Drawn]]
    """By measure, then by label; without labels that have too few comments."""
    means: dict[str, Drawn]
    """By measure; empty where no label can be compared."""

    def family(self, measure: str) -> list[Drawn]:
        """Everything of one measure."""
        return [*self.drawn.get(measure, {}).values(), *([self.means[measure]] if measure in self.means else [])]


def study(evidence: Evidence, thresholds: Sequence[float] | None) -> Study:
    """Measure both models on the same resamples. Recall and share flagged need the policy's thresholds."""
    labels = evidence.labels.astype(bool)
    positives = {name: int(labels[:, j].sum()) for j, name in enumerate(LABELS)}
    usable = [j for j, name in enumerate(LABELS) if FEWEST <= positives[name] <= len(labels) - FEWEST]
    figures, draws = _measure(evidence, usable, thresholds)
    drawn = {
        name: {LABELS[j]: _drawn(positives[LABELS[j]], figures[name][:, k], draws[name][:, :, k])
               for k, j in enumerate(usable)}
        for name in figures
    }  # fmt: skip
    some = int(labels.any(1).sum())
    means = {name: _mean(some, list(one.values())) for name, one in drawn.items() if one}
    return Study(evidence.name, len(labels), positives, drawn, means)


def compared(one: Study, widths: dict[str, float]) -> SetComparison:
    """The study as plain values, each figure with the joint interval of its measure."""
    made = {name: _as_measure(one, name, widths[name]) for name in MEASURES if name in widths}
    return SetComparison(one.name, one.rows, made["auc"].labels, made["auc"].mean, _without(made, "auc"))


def _as_measure(one: Study, name: str, width: float) -> Measure:
    known = one.drawn.get(name, {})
    labels = {
        label: comparison(known[label], width, better=BETTER[name]) if label in known else too_few(one.positives[label])
        for label in LABELS
    }
    mean = comparison(one.means[name], width, better=BETTER[name]) if name in one.means else too_few(0)
    return Measure(labels, mean)


def _without(made: dict[str, Measure], name: str) -> dict[str, Measure]:
    return {key: value for key, value in made.items() if key != name}


def _drawn(positives: int, figures: Floats, draws: Floats) -> Drawn:
    return Drawn(positives, float(figures[0]), float(figures[1]), draws[1] - draws[0])


def _mean(positives: int, family: list[Drawn]) -> Drawn:
    live, challenger = np.mean([(one.live, one.challenger) for one in family], axis=0).tolist()
    draws = np.array([one.draws for one in family])
    some = np.isfinite(draws).any(axis=0)
    mean = np.full(RESAMPLES, np.nan)
    mean[some] = np.nanmean(draws[:, some], axis=0)
    return Drawn(positives, live, challenger, mean)


def _measure(
    evidence: Evidence, usable: list[int], thresholds: Sequence[float] | None
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """By measure: figures [2, usable] on all rows, and [2, RESAMPLES, usable]; first live, then challenger."""
    names = [name for name in MEASURES if thresholds is not None or name not in ("recall", "flagged")]
    figures = {name: np.full((2, len(usable)), np.nan) for name in names}
    draws = {name: np.full((2, RESAMPLES, len(usable)), np.nan) for name in names}
    rows = len(evidence.labels)
    measures = {
        (side, k): _figures(scores[:, j], evidence, j, thresholds)
        for side, scores in enumerate((evidence.live, evidence.challenger))
        for k, j in enumerate(usable)
    }
    for (side, k), measure in measures.items():
        for name, value in measure(np.ones((rows, 1))).items():
            figures[name][side, k] = value[0]
    for first, repeats in resamples(rows):
        for (side, k), measure in measures.items():
            for name, values in measure(repeats).items():
                draws[name][side, first : first + repeats.shape[1], k] = values
    return figures, draws


def _figures(scores: NDArray[Any], evidence: Evidence, label: int, thresholds: Sequence[float] | None) -> Any:
    truth, weights = evidence.labels[:, label].astype(bool), evidence.weights.astype(np.float64)
    ranking, calibration = ranking_of(scores, truth, weights), calibration_error_of(scores, truth, weights)
    at = None if thresholds is None else thresholds[label]
    others = {} if at is None else {
        "recall": recall_of(scores, truth, weights, at), "flagged": flagged_of(scores, weights, at)
    }  # fmt: skip

    def measure(repeats: Floats) -> dict[str, Floats]:
        auc, average = ranking(repeats)
        found = {"auc": auc, "average_precision": average, "calibration_error": calibration(repeats)}
        return found | {name: figure(repeats) for name, figure in others.items()}

    return measure
