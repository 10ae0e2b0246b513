"""What the two views say of a label, in one plain sentence."""

from core.metrics.estimate import FEW
from core.metrics.intervals import Estimate
from core.metrics.service import LabelReport, Overview


def differences(reviewed: Overview, traffic: Overview) -> dict[str, str]:
    """By label: how recall as reviewed compares with recall of all traffic, and why."""
    return {
        one.label: _difference(one, other) for one, other in zip(reviewed.labels, traffic.labels, strict=True)
    }  # fmt: skip


def _difference(reviewed: LabelReport, traffic: LabelReport) -> str:
    looks, of_all = reviewed.at.recall, traffic.at.recall
    start = f"As reviewed the recall looks like {looks.value:.2f}" if looks else "As reviewed there are too few to say"
    if of_all is None:
        have = min((traffic.positives, "have"), (traffic.negatives, "do not have"))
        return (
            f"{start}; of all traffic nothing can be said yet: {have[0]:,} decided audit items {have[1]} the label, "
            f"{FEW} are needed."
        )
    start += f"; of all traffic it is {_with_interval(of_all)}"
    if looks and looks.value > of_all.high:
        return f"{start}: what was never flagged was never looked at, so what it hides cannot count as missed."
    if looks and looks.value < of_all.low:
        return f"{start}: reviewed comments are mostly those near the threshold, which are harder than the rest."
    return f"{start}. The two agree within the interval." if looks else f"{start}."


def _with_interval(found: Estimate) -> str:
    return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"
