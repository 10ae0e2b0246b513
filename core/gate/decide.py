"""The promotion gate: is a challenger as good as the live model, on the same comments, beyond chance?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.gate import guardrails
from core.gate.bias import BiasScores, compare_bias
from core.gate.bootstrap import Drawn, comparison, joint_width
from core.gate.report import FEWEST, MEASURES, SET_TITLES, Comparison, Evidence, GateReport, SetComparison, Speed
from core.gate.study import Study, compared, study
from core.labels import LABEL_TITLES

MEAN_MARGIN: Final = 0.0005
"""A pooled mean AUC that is lower by no more than this passes, however sure it is: nobody would notice."""


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What is compared beside the sets of labelled comments; what is None is left out."""

    thresholds: Sequence[float] | None = None
    """The policy's, in LABELS order."""
    bias: BiasScores | None = None
    speed: Speed | None = None


def compare(
    evidence: Sequence[Evidence],
    *,
    challenger: str,
    live: str,
    notes: Sequence[str] = (),
    beside: Beside | None = None,
) -> GateReport:
    """The gate. Refuses if the mean AUC or a label's is worse beyond its interval in any set, the mean over all sets
    likewise, or the bias on identity templates (core.gate.guardrails).

    Paired bootstrap over comments: both models meet the same resamples, so what both find hard cancels out (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8). The intervals of one guardrail hold jointly, over
    all labels and sets, so that looking at more labels does not make a refusal by chance more likely.
    """
    beside = beside or Beside()
    studies = [study(one, beside.thresholds) for one in evidence if len(one.labels)]
    pooled = _pool(studies)
    widths = {name: joint_width(_family(studies, name, pooled)) for name in MEASURES}
    if beside.thresholds is None:
        widths = {name: width for name, width in widths.items() if name not in ("recall", "flagged")}
    sets = [compared(one, widths) for one in studies]
    over_all = comparison(pooled, widths["auc"]) if pooled else None
    bias = compare_bias(beside.bias) if beside.bias else None
    reasons = [*_why_not(sets), *_mean_is_lower(over_all), *guardrails.bias_reasons(bias), *_nothing(over_all)]
    return GateReport(
        challenger=challenger,
        live=live,
        sets=sets,
        difference=pooled.difference if pooled else None,
        passed=not reasons,
        reasons=reasons,
        notes=[*notes, *_too_few(sets)],
        guardrails=guardrails.judge(sets, over_all, bias, beside.speed),
        bias=bias,
        speed=beside.speed,
        thresholds=None if beside.thresholds is None else list(beside.thresholds),
        pooled=over_all,
    )


def _family(studies: Sequence[Study], measure: str, pooled: Drawn | None) -> list[Drawn]:
    family = [drawn for one in studies for drawn in one.family(measure)]
    return [*family, pooled] if measure == "auc" and pooled else family


def _pool(studies: Sequence[Study]) -> Drawn | None:
    """The sets' mean AUCs, weighted by 1 / variance of their difference."""
    means = [one.means["auc"] for one in studies if "auc" in one.means]
    if not means:
        return None
    weights = np.array([1 / max(one.spread, 1e-6) ** 2 for one in means])
    weights /= weights.sum()
    live, challenger = np.dot(weights, [(one.live, one.challenger) for one in means]).tolist()
    draws = np.dot(weights, np.array([one.draws for one in means]))
    return Drawn(sum(one.positives for one in means), live, challenger, draws)


def _why_not(sets: Sequence[SetComparison]) -> list[str]:
    return [
        f"{title} is worse on {SET_TITLES.get(one.name, one.name)}: AUC {found.live:.4f} → {found.challenger:.4f}, "
        f"difference {signed(found.difference)} [{signed(found.low)}, {signed(found.high)}]."
        for one in sets
        for title, found in [("The mean", one.mean), *((LABEL_TITLES[n], c) for n, c in one.labels.items())]
        if found.verdict == "worse"
    ]


def _mean_is_lower(pooled: Comparison | None) -> list[str]:
    if pooled is None or pooled.verdict != "worse" or pooled.difference is None or pooled.difference >= -MEAN_MARGIN:
        return []
    return [
        f"The mean AUC over all sets is lower by {-pooled.difference:.4f} [{signed(pooled.low)}, "
        f"{signed(pooled.high)}]; {MEAN_MARGIN} is allowed."
    ]


def _nothing(pooled: Comparison | None) -> list[str]:
    if pooled:
        return []
    return [
        f"Nothing can be compared: no set has {FEWEST} comments with and {FEWEST} without any label. "
        "Give labelled data (--data FILE, or MODERATO_BASE_DATA), or decide more of the audit lane."
    ]


def _too_few(sets: Sequence[SetComparison]) -> list[str]:
    return [
        f"Too few comments on {SET_TITLES.get(one.name, one.name)} ({one.rows:,}) to compare "
        f"{', '.join(LABEL_TITLES[name] for name in missing)}: {FEWEST} with and {FEWEST} without a label are needed."
        for one in sets
        if (missing := [name for name, found in one.labels.items() if found.verdict == "too few"])
    ]


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "?" if value is None else f"{value:+.4f}"
