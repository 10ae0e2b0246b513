"""The promotion gate: paired comparison of a challenger with the live model, and a verdict per guardrail."""

from core.gate.bootstrap import RESAMPLES
from core.gate.decide import MEAN_MARGIN, Beside, compare
from core.gate.measures import auc_of
from core.gate.report import (
    FEWEST,
    SET_TITLES,
    VERDICTS,
    Comparison,
    Evidence,
    GateReport,
    Guardrail,
    SetComparison,
    Speed,
    Verdict,
    unopposed,
)

__all__ = [
    "FEWEST",
    "MEAN_MARGIN",
    "RESAMPLES",
    "SET_TITLES",
    "VERDICTS",
    "Beside",
    "Comparison",
    "Evidence",
    "GateReport",
    "Guardrail",
    "SetComparison",
    "Speed",
    "Verdict",
    "auc_of",
    "compare",
    "unopposed",
]
