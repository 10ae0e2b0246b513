"""Second opinions and removal without review: the inputs, what came of it, and the step that confirms it."""

import streamlit as st

from core.automatic import (
    AUTO_AUDIT_RANGE,
    HIGHEST_AUTO_REMOVE,
    LOWEST_AUTO_REMOVE,
    SECOND_RANGE,
    Beside,
)
from core.domain import Policy
from core.labels import LABELS
from core.removals import RemovalReport
from pages.shared import state
from pages.shared.titles import label_title
from pages.shared.words import _


def draw_beside(active: Policy, report: RemovalReport, days: int) -> Beside:
    """The inputs; returns what they are set to."""
    left = st.columns([1, 2])[0]
    with left:
        second = _percent(_("Second opinions"), SECOND_RANGE, active.second_rate, f"second_rate_{active.id}")
    st.caption(_("Share of settled comments that go, blind, to a second moderator: how much people agree."))
    st.markdown(_("**Removal without review**"))
    st.caption(
        _(
            "Off unless a score is set, {lowest_auto_remove:g} at least and not below the review "
            "threshold. What reaches it when it comes in is removed and waits for nobody; a share of "
            "that is audited all the same, blind. Anybody can send a removed comment to review from "
            "Browse. Comments that are here already are never removed so."
        ).format(lowest_auto_remove=LOWEST_AUTO_REMOVE)
    )
    marks = [_mark(at, cell, active) for at, cell in enumerate([*st.columns(3), *st.columns(3)])]
    left = st.columns([1, 2])[0]
    with left:
        audited = _percent(
            _("Audited share of it"), AUTO_AUDIT_RANGE, active.auto_audit_rate, f"auto_audit_rate_{active.id}"
        )
    if report.removed:
        st.info(report_words(report, days), icon=":material/auto_delete:")
    return Beside(second, tuple(marks), audited).rounded()


def report_words(report: RemovalReport, days: int) -> str:
    """What came of removal without review."""
    words = _(
        "Of the last {days} days' comments {removed:,} were removed without review, {audited:,} of them audited, "
        "{decided:,} of those decided."
    ).format(days=days, removed=report.removed, audited=report.audited, decided=report.decided)
    if right := report.right:
        words += " " + _("People removed {value:.0%} of them too ({low:.0%}–{high:.0%}).").format(
            value=right.value, low=right.low, high=right.high
        )
    return words


def confirmation_words(labels: list[str], beside: Beside) -> str:
    """What somebody confirms who lets the policy act without a human."""
    marks = beside.auto_remove or (None,) * len(LABELS)
    on = ", ".join(
        _("**{label}** from {mark:g}").format(label=label_title(label), mark=marks[LABELS.index(label)])
        for label in labels
    )
    return _(
        "Comments will be removed without any human look: {on}. {rate:.3g} % of them are "
        "audited; nobody sees the others unless somebody sends them to review.\n\nWhere the EU's "
        "Digital Services Act applies (Regulation 2022/2065, article 17), everybody whose comment is "
        "removed is owed a statement of reasons that says so, if the decision was automated; Browse "
        "shows for each which score and which version of the policy it was."
    ).format(on=on, rate=beside.auto_audit_rate * 100)


def _percent(label: str, bounds: tuple[float, float], value: float, key: str) -> float:
    state.recall(key, lambda: round(value * 100, 4))
    low, high = bounds
    chosen = st.number_input(label, low * 100, high * 100, step=1.0, format="%.3g", key=key, icon=":material/percent:")
    return round(chosen / 100, 6)


def _mark(at: int, cell: st.delta_generator.DeltaGenerator, active: Policy) -> float | None:
    key = f"auto_remove_{LABELS[at]}_{active.id}"
    state.recall(key, lambda: active.auto_remove[at] if active.auto_remove else None)
    return cell.number_input(
        label_title(LABELS[at]), LOWEST_AUTO_REMOVE, HIGHEST_AUTO_REMOVE, None, 0.01, format="%.4g", key=key,
        placeholder=_("off"),
    )  # fmt: skip
