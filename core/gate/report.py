"""What a run of the gate says: figures of both models, a verdict per guardrail, all of it as plain values."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from core.scoring.protocol import Scores

Verdict = Literal["better", "same", "worse", "more", "fewer", "too few"]
"""Of the challenger. "more" and "fewer" for figures that are neither good nor bad, such as the share flagged."""

VERDICTS: Final[dict[str, str]] = {
    "better": "better",
    "same": "no worse",
    "worse": "worse",
    "more": "more",
    "fewer": "fewer",
    "too few": "too few",
}
"""How people see a verdict."""

FEWEST: Final = 10
"""Positives, and negatives, that a label must have in a set to be compared there."""

SET_TITLES: Final = {
    "audit": "the audit sample (all traffic)",
    "golden": "golden items",
    "test": "the frozen test part of the base data",
}
"""How people see a set's name."""

MEASURES: Final = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "recall": "Recall at the policy's thresholds",
    "flagged": "Share flagged at the policy's thresholds",
    "calibration_error": "Calibration error",
}
"""How people see a figure's name."""

BIAS_KINDS: Final = {"subgroup": "Subgroup AUC", "bpsn": "BPSN AUC", "bnsp": "BNSP AUC"}
"""How people see the three AUCs of an identity term."""


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
    """One figure of both models: a label's, or the mean of those labels that can be compared."""

    positives: int
    live: float | None
    challenger: float | None
    difference: float | None
    """challenger - live; None where there is too little to compare."""
    low: float | None
    high: float | None
    """95 % paired bootstrap interval of the difference, joint with all others of its guardrail."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of figure, by label and in the mean."""

    labels: dict[str, Comparison]
    mean: Comparison


@dataclass(frozen=True, slots=True)
class SetComparison:
    """Both models on one set."""

    name: str
    rows: int
    labels: dict[str, Comparison]
    """AUC by label."""
    mean: Comparison
    """Mean AUC."""
    measures: dict[str, Measure] = field(default_factory=dict)
    """The other figures by their name in MEASURES; empty in reports that were made before there were any."""


@dataclass(frozen=True, slots=True)
class Bias:
    """Both models on the identity templates."""

    texts: int
    terms: dict[str, dict[str, Comparison]]
    """By term, then by kind (BIAS_KINDS)."""
    mean: dict[str, Comparison]
    worst: dict[str, Comparison]
    """Of the term that fares worst, which may be another one for each model."""
    worst_terms: dict[str, tuple[str, str]]
    """Which term that is: for the live model, for the challenger."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Texts a second of both, one after the other on the same texts and this machine."""

    texts: int
    live: float
    challenger: float


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What one kind of figure comes to."""

    name: str
    title: str
    verdict: Verdict
    blocks: bool
    """Whether a "worse" refuses the promotion."""
    words: str
    """What was found, in a sentence or two."""


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
    guardrails: list[Guardrail] = field(default_factory=list)
    bias: Bias | None = None
    speed: Speed | None = None
    thresholds: list[float] | None = None
    """The policy's, in LABELS order, that recall and the share flagged are of."""
    pooled: Comparison | None = None
    """The mean AUC over all sets, with the interval of `difference`."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "GateReport | None":
        """The inverse of `to_json`; None for a report of another form, such as that of the shipped model.

        Reports of older releases lack guardrails, bias and speed: those fields are then empty.
        """
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        try:
            known["sets"] = [_set_from_json(one) for one in values["sets"]]
            known["guardrails"] = [Guardrail(**one) for one in values.get("guardrails") or []]
            known["bias"] = _bias_from_json(values["bias"]) if values.get("bias") else None
            known["speed"] = Speed(**values["speed"]) if values.get("speed") else None
            known["pooled"] = Comparison(**values["pooled"]) if values.get("pooled") else None
            return cls(**known)
        except (KeyError, TypeError, AttributeError):
            return None


def _set_from_json(values: dict[str, Any]) -> SetComparison:
    auc = _measure_from_json(values)
    others = {name: _measure_from_json(one) for name, one in (values.get("measures") or {}).items()}
    return SetComparison(values["name"], values["rows"], auc.labels, auc.mean, others)


def _measure_from_json(values: dict[str, Any]) -> Measure:
    return Measure(_comparisons(values["labels"]), Comparison(**values["mean"]))


def _bias_from_json(values: dict[str, Any]) -> Bias:
    return Bias(
        texts=values["texts"],
        terms={term: _comparisons(kinds) for term, kinds in values["terms"].items()},
        mean=_comparisons(values["mean"]),
        worst=_comparisons(values["worst"]),
        worst_terms={kind: (live, new) for kind, (live, new) in values["worst_terms"].items()},
    )


def _comparisons(values: dict[str, Any]) -> dict[str, Comparison]:
    return {name: Comparison(**one) for name, one in values.items()}


def unopposed(challenger: str, live: str | None = None, *, problem: str = "") -> GateReport:
    """The report of a model that has nothing to be compared with: none is live, or the live one cannot be loaded."""
    note = f"The live model cannot score, so there was nothing to compare with. {problem}".strip()
    return GateReport(challenger, live, passed=True, notes=[note if live else "No model was live to compare with."])
