"""What a policy may do beside review and audit: ask for second opinions, and remove without review. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.domain import Policy
from core.labels import LABEL_TITLES, LABELS

LOWEST_AUTO_REMOVE: Final = 0.9
"""Nothing below this probability is ever removed without review, whatever the policy: even of a model whose scores are
well calibrated, one removal in ten at the mark would be wrong."""

HIGHEST_AUTO_REMOVE: Final = 0.9999

AUTO_AUDIT_RANGE: Final = (0.01, 1.0)
"""Share of what is removed without review that people see all the same: never none, or nobody would notice mistakes."""

SECOND_RANGE: Final = (0.0, 0.5)
"""Share of settled comments that a second moderator decides; 0 is none."""

AutoRemove = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """The part of a policy that is neither a review threshold nor a band's audit rate."""

    second_rate: float = 0.05
    """Share of settled comments that a second moderator decides too."""
    auto_remove: AutoRemove | None = None
    """Per label, in LABELS order: a probability at or above it removes without review; None: never."""
    auto_audit_rate: float = 0.05
    """Least share of those that is audited."""

    def rounded(self) -> "Beside":
        """To six decimals; no label at all is None."""
        marks = tuple(None if mark is None else round(float(mark), 6) for mark in self.auto_remove or ())
        off = all(mark is None for mark in marks)
        return Beside(round(float(self.second_rate), 6), None if off else marks, round(float(self.auto_audit_rate), 6))


def beside_of(policy: Policy) -> Beside:
    """That part of a policy."""
    return Beside(policy.second_rate, policy.auto_remove, policy.auto_audit_rate)


def automatic(scores: NDArray[np.float32], auto_remove: AutoRemove | None) -> NDArray[np.bool_]:
    """Which of n comments, [n, 6], some label removes without review, [n]."""
    if auto_remove is None:
        return np.zeros(len(scores), bool)
    # compared as float32, like review thresholds; no probability reaches 2
    marks = np.array([2.0 if mark is None else mark for mark in auto_remove], np.float32)
    return np.asarray((scores >= marks).any(axis=1))


def reached(scores: NDArray[np.float32], auto_remove: AutoRemove | None) -> list[int]:
    """For each of n comments, [n, 6], a bit mask of the labels that remove it without review."""
    # compared as above
    marks = np.array([2.0 if mark is None else mark for mark in auto_remove or (None,) * len(LABELS)], np.float32)
    bits: list[int] = ((scores >= marks) @ (1 << np.arange(len(LABELS)))).tolist()
    return bits


def newly_on(before: AutoRemove | None, after: AutoRemove | None) -> list[str]:
    """Labels that remove without review in `after` and did not in `before`: what somebody has to confirm."""
    old, new = before or (None,) * len(LABELS), after or (None,) * len(LABELS)
    pairs = zip(LABELS, old, new, strict=True)
    return [label for label, was, mark in pairs if was is None and mark is not None]


def beside_problems(beside: Beside, thresholds: Sequence[float]) -> list[str]:
    """What is out of range, in words; `thresholds` are the policy's six review thresholds."""
    found = _out_of(SECOND_RANGE, beside.second_rate, "share of second opinions")
    found += _out_of(AUTO_AUDIT_RANGE, beside.auto_audit_rate, "audited share of what is removed without review")
    if beside.auto_remove is None:
        return found
    if len(beside.auto_remove) != len(LABELS) or len(thresholds) != len(LABELS):
        return [*found, f"Removal without review needs {len(LABELS)} entries, one a label."]
    for label, mark, review in zip(LABELS, beside.auto_remove, thresholds, strict=True):
        if mark is None:
            continue
        if not (isfinite(mark) and LOWEST_AUTO_REMOVE <= mark <= HIGHEST_AUTO_REMOVE):
            bounds = f"between {LOWEST_AUTO_REMOVE:g} and {HIGHEST_AUTO_REMOVE:g}"
            found.append(f"{LABEL_TITLES[label]} may remove without review from a score {bounds}, not at {mark:g}.")
        elif mark < review:
            found.append(
                f"{LABEL_TITLES[label]} would remove without review from {mark:g}, which is below its review "
                f"threshold of {review:g}. Raise the one or lower the other."
            )
    return found


def _out_of(bounds: tuple[float, float], value: float, what: str) -> list[str]:
    low, high = bounds
    if isfinite(value) and low <= value <= high:
        return []
    return [f"The {what} must lie between {low:.0%} and {high:.0%}, not at {value:.4%}."]
