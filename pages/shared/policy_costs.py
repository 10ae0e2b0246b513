"""What a policy costs and misses, in figures; and thresholds from goals."""

from dataclasses import replace
from html import escape

import streamlit as st

from core.accounts import Action
from core.capacity import Amount, Cost, LabelCost, Site, cost
from core.capacity_goals import Answer, Goal, Goals, solve
from core.domain import Policy
from core.labels import LABELS
from core.metrics.estimate import FEW
from core.metrics.intervals import Estimate
from core.planning import EVIDENCE_DAYS
from pages.shared import state
from pages.shared.access import require
from pages.shared.figures import WIDE, heads, table
from pages.shared.policy_parts import threshold_key
from pages.shared.titles import label_title
from pages.shared.words import _, later, ngettext, written

_CSS = "<style>@media (max-width:640px){.m-cost small{display:block}}</style>"
_SURE = {False: later("by the estimate"), True: later("sure at 95 %")}


def _few() -> str:
    return f'<small title="{escape(_("Too few decided audit items"))}">{_("too few")}</small>'


def _hours_words(hours: Amount) -> str:
    return _("{value:.3g} hours a day ({low:.3g}–{high:.3g})").format(value=hours.value, low=hours.low, high=hours.high)


def _last(days: int) -> str:
    return ngettext("last day", "last {days} days", days).format(days=days)


def draw_summary(site: Site, new: tuple[Policy, Cost], old: tuple[Policy, Cost]) -> None:
    """The head of the page: work and misses a day, and how they differ from the policy in force."""
    traffic, (draft, found), (active, before) = site.traffic, new, old
    share, share_now = (traffic.any_flagged_share(policy.thresholds) for policy in (draft, active))
    a_day = traffic.comments_a_day
    st.metric(
        _("Comments a day"),
        written(a_day, ",.0f"),
        border=True,
        help=_("Mean of the {last}").format(last=_last(traffic.days)),
    )
    _metric(_("Flagged a day"), share * a_day, share_now * a_day, _("By any label, from the latest 5,000 comments"))
    if found.work and before.work:
        _metric(
            _("Audited a day"), found.work.audits.value, before.work.audits.value, _("Expected number, flagged or not")
        )
    hours, hours_now = (each.work.hours if each.work else None for each in (found, before))
    _amount(_("Reviewer hours a day"), hours, hours_now, _("Items times the median seconds of their lane. 95 %: {}"))
    _amount(
        _("Missed a day"), found.misses, before.misses, _("Deserve some label and no threshold flags them. 95 %: {}")
    )


def draw_costs(site: Site, found: Cost) -> None:
    """The table: each label and all together."""
    head = heads(_("A day"), _("Flagged"), _("Recall"), WIDE + _("Precision"), _("Missed"), _("False alarms"))
    rows = [_row(label_title(label), one) for label, one in zip(LABELS, found.labels, strict=True)]
    if found.work:
        share = site.traffic.any_flagged_share([one.threshold for one in found.labels])
        flagged = written(share * site.traffic.comments_a_day, ",.0f")
        rows.append(
            f'<tr class="mean"><td>{_("Any label")}</td><td>{flagged}</td><td></td>'
            f"<td class=wide></td><td>{_of(found.misses)}</td><td>{_of(found.false_alarms)}</td></tr>"
        )
    st.html(f'{_CSS}<div class="m-cost">{table(_("What these thresholds find, miss and cost"), head, rows)}</div>')
    st.caption(_basis(site, found))


def draw_goals(site: Site, draft: Policy, active: Policy) -> None:
    """State goals, see thresholds that meet them, take them over."""
    with st.form("goals", border=False):
        st.caption(
            _(
                "Leave open what does not matter. A label's recall and precision settle its own threshold; where the "
                "hours are too many, thresholds rise where that loses the fewest finds for the time saved, labels "
                "without a goal for recall first."
            )
        )
        wanted = {}
        for at, cell in enumerate([*st.columns(3), *st.columns(3)]):
            with cell:
                wanted[LABELS[at]] = _draw_goal(LABELS[at])
        left, right = st.columns(2, vertical_alignment="bottom")
        hours = left.number_input(
            _("Reviewer hours a day at most"), 0.1, 10_000.0, None, 1.0, key="goal_hours", placeholder=_("any")
        )
        sure = right.segmented_control(
            _("Goals are met"),
            list(_SURE),
            default=False,
            required=True,
            key="goal_sure",
            format_func=lambda sure: _(_SURE[sure]),
        )
        if st.form_submit_button(_("Find thresholds"), key="find_thresholds", icon=":material/target:"):
            answer = solve(site, draft, Goals(wanted, hours, bool(sure)))
            state.keep("policy_answer", (active.id, answer))
    kept = state.kept("policy_answer")
    if kept and kept[0] == active.id:
        _draw_answer(site, draft, active, kept[1])


def _draw_goal(label: str) -> Goal:
    st.markdown(f"**{label_title(label)}**")
    with st.container(horizontal=True):
        recall = st.number_input(_("Recall ≥"), 0.01, 1.0, None, 0.05, key=f"goal_recall_{label}", placeholder=_("any"))
        precision = st.number_input(
            _("Precision ≥"), 0.01, 1.0, None, 0.05, key=f"goal_precision_{label}", placeholder=_("any")
        )
    return Goal(recall, precision)


def _draw_answer(site: Site, draft: Policy, active: Policy, answer: Answer) -> None:
    if answer.feasible:
        st.success(_("Every goal is met."), icon=":material/check:")
    for words in answer.words:
        st.warning(words, icon=":material/info:")
    found = cost(site, replace(draft, thresholds=answer.thresholds))
    moved = ", ".join(
        f"{label_title(label)} {written(new, 'g')}" + (" " + _("(now {old:g})").format(old=old) if new != old else "")
        for label, new, old in zip(LABELS, answer.thresholds, active.thresholds, strict=True)
    )
    words = _("Thresholds: {moved}.").format(moved=moved)
    if found.work and found.work.hours:
        words += " " + _("They take {hours}.").format(hours=_hours_words(found.work.hours))
    st.write(words)
    st.button(
        _("Use these thresholds"), key="use_thresholds", on_click=_use_thresholds, args=(answer.thresholds, active)
    )


def _use_thresholds(thresholds: tuple[float, ...], active: Policy) -> None:
    require(Action.PROPOSE_POLICY)
    for at, threshold in enumerate(thresholds):
        state.keep(threshold_key(at, active), min(threshold, 0.99))
    state.keep("policy_answer", None)


def _metric(label: str, value: float, before: float, help: str) -> None:
    change = written(value - before, "+,.0f") if round(value - before) else None
    st.metric(label, written(value, ",.0f"), change, delta_color="off", border=True, help=help)


def _amount(label: str, value: Amount | None, before: Amount | None, help: str) -> None:
    if value is None:
        st.metric(label, "–", border=True, help=_("Too few decisions to say"))
        return
    digits = 1 if value.high < 10 else 0
    moved = value.value - before.value if before else 0.0
    spec = f",.{digits}f"
    change = written(moved, f"+{spec}") if abs(moved) >= 0.5 * 10**-digits else None
    words = help.format(_("{low} to {high}").format(low=written(value.low, spec), high=written(value.high, spec)))
    st.metric(label, written(value.value, spec), change, delta_color="off", border=True, help=words)


def _row(title: str, one: LabelCost) -> str:
    return (
        f"<tr><td>{escape(title)}</td><td>{written(one.flagged, ',.0f')}</td><td>{_share(one.recall)}</td>"
        f"<td class=wide>{_share(one.precision)}</td><td>{_of(one.misses)}</td><td>{_of(one.false_alarms)}</td></tr>"
    )


def _share(estimate: Estimate | None) -> str:
    if estimate is None:
        return _few()
    value, low, high = (written(one, ".2f") for one in (estimate.value, estimate.low, estimate.high))
    return f"{value} <small>{low}–{high}</small>"


def _of(amount: Amount | None) -> str:
    if amount is None:
        return _few()
    digits = 1 if amount.high < 10 else 0
    value, low, high = (written(one, f",.{digits}f") for one in (amount.value, amount.low, amount.high))
    return f"{value} <small>{low}–{high}</small>"


def _basis(site: Site, found: Cost) -> str:
    items, words = site.items, []
    words.append(
        _(
            "Flagged comments are counted ({last}); the rest is estimated from {items:,} decided audit "
            "items of {days} days, small figures are 95 % intervals. {few} items with the label "
            "and {few} without are needed to say anything."
        ).format(last=_last(site.traffic.days), items=len(items), days=EVIDENCE_DAYS, few=FEW)
    )
    if items.uncovered:
        words.append(
            _("{uncovered:,} comments lie in bands without a decided audit item: nothing is said of them.").format(
                uncovered=items.uncovered
            )
        )
    work = found.work
    if work:
        parts = [
            _("{many} flagged").format(many=_words(work.flagged)),
            _("{many} audited").format(many=_words(work.audits)),
            _("{many} for second opinions").format(many=_words(work.second_opinions)),
        ]
        words.append(_("Reviewers see {many} a day: {parts}.").format(many=_words(work.items), parts=", ".join(parts)))
        if work.removed.value:
            words.append(_("{many} a day are removed without anybody's review.").format(many=_words(work.removed)))
        words.append(
            _("That takes {hours}.").format(hours=_hours_words(work.hours))
            if work.hours
            else _("Too few timed decisions to tell hours.")
        )
    return " ".join(words)


def _words(amount: Amount) -> str:
    return f"{written(amount.value, ',.0f')} ({written(amount.low, ',.0f')}–{written(amount.high, ',.0f')})"
