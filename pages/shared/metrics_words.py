"""What the two views say of a label, in one plain sentence."""

from core.metrics.estimate import FEW
from core.metrics.service import LabelReport, Overview
from pages.shared.words import _, later, ngettext, written

_FEW = later("As reviewed there are too few to say")


def differences(reviewed: Overview, traffic: Overview) -> dict[str, str]:
    """By label: how recall as reviewed compares with recall of all traffic, and why."""
    return {
        one.label: _difference(one, other) for one, other in zip(reviewed.labels, traffic.labels, strict=True)
    }  # fmt: skip


def _difference(reviewed: LabelReport, traffic: LabelReport) -> str:
    looks, of_all = reviewed.at.recall, traffic.at.recall
    if of_all is None:
        seen = _("As reviewed the recall looks like {value:.2f}").format(value=looks.value) if looks else _(_FEW)
        return f"{seen}; {_nothing_of_all(traffic)}"
    values = {"recall": f"{written(of_all.value, '.2f')} ({written(of_all.low, '.2f')}–{written(of_all.high, '.2f')})"}
    if not looks:
        return _("As reviewed there are too few to say; of all traffic it is {recall}.").format(**values)
    both = _("As reviewed the recall looks like {value:.2f}; of all traffic it is {recall}").format(
        value=looks.value, **values
    )
    if looks.value > of_all.high:
        why = _("what was never flagged was never looked at, so what it hides cannot count as missed.")
        return f"{both}: {why}"
    if looks.value < of_all.low:
        why = _("reviewed comments are mostly those near the threshold, which are harder than the rest.")
        return f"{both}: {why}"
    return f"{both}. {_('The two agree within the interval.')}"


def _nothing_of_all(traffic: LabelReport) -> str:
    if traffic.positives <= traffic.negatives:
        many = traffic.positives
        words = ngettext(
            "of all traffic nothing can be said yet: {many:,} decided audit item has the label, {few} are needed.",
            "of all traffic nothing can be said yet: {many:,} decided audit items have the label, {few} are needed.",
            many,
        )
    else:
        many = traffic.negatives
        words = ngettext(
            "of all traffic nothing can be said yet: {many:,} decided audit item does not have the label, {few} are "
            "needed.",
            "of all traffic nothing can be said yet: {many:,} decided audit items do not have the label, {few} are "
            "needed.",
            many,
        )
    return words.format(many=many, few=FEW)
