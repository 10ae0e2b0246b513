"""The parts of the agreement page. Each section's title is the question that it answers."""

import numpy as np
import streamlit as st

from core import agreement
from core.accounts import Action, Person
from core.agreement import LEAST_COUPLES, MOST_COUPLES
from core.domain import Lane
from core.errors import ModeratoError
from core.labels import LABELS
from core.metrics.agreement import FEW_GIVEN, FEW_PAIRS
from core.metrics.pairs import Drawn, Pairs
from core.metrics.second_opinions import (
    FEW_JUDGED,
    Versus,
    confusion,
    human_errors,
    model_against_people,
    pulls,
)
from core.second_opinions import ACTIVE, Waiting
from pages.shared import agreement_tables as tables
from pages.shared import state
from pages.shared.access import require
from pages.shared.charts import draw_chart, lines
from pages.shared.links import page_link
from pages.shared.resources import services
from pages.shared.titles import label_title
from pages.shared.words import _, later, ngettext, said, written

SETTLED, TRAFFIC = later("Settled by people"), later("All traffic")


def draw_summary(drawn: Drawn, waiting: Waiting) -> None:
    """What there is to go by."""
    same = agreement.same_at_all(drawn.pairs)
    weighed = _("All six labels and the outcome, each comment weighed by what it was drawn from")
    with st.container(horizontal=True):
        st.metric(
            _("Second opinions"),
            written(len(drawn.pairs)),
            border=True,
            help=_("Of {drawn:,} drawn").format(drawn=drawn.drawn),
        )
        st.metric(_("The same in all"), written(same.value, ".1%") if same else _("too few"), border=True, help=weighed)
        st.metric(_("Waiting for one"), written(waiting.second), border=True)
        st.metric(_("Waiting for a third"), written(waiting.adjudication), border=True)
    unsaid = (
        [_("The same in all: 95 % interval {low:.1%} to {high:.1%}.").format(low=same.low, high=same.high)]
        if same
        else []
    )
    if drawn.passed_on:
        unsaid.append(
            ngettext(
                "{many:,} second opinion was passed on to somebody else, and is not counted.",
                "{many:,} second opinions were passed on to somebody else, and are not counted.",
                drawn.passed_on,
            ).format(many=drawn.passed_on)
        )
    if (withdrawn := drawn.missing - waiting.second) > 0:
        unsaid.append(
            ngettext(
                "{many:,} was drawn and withdrawn without an opinion.",
                "{many:,} were drawn and withdrawn without an opinion.",
                withdrawn,
            ).format(many=withdrawn)
        )
    if unsaid:
        st.caption("  \n".join(unsaid))


def draw_empty(waiting: Waiting) -> None:
    """What to do while nobody gave a second opinion."""
    with st.container(border=True):
        st.subheader(_("No second opinions yet"))
        st.write(
            _(
                "A share of what is settled goes blind to somebody else: they see the comment alone, no "
                "scores and no labels. This begins when two people have decided something within {days} days "
                "of each other."
            ).format(days=ACTIVE.days)
        )
        if waiting.second:
            st.write(
                ngettext(
                    "{many:,} waits in the queue for whoever did not decide it first.",
                    "{many:,} wait in the queue for whoever did not decide them first.",
                    waiting.second,
                ).format(many=waiting.second)
            )
        page_link("queue.py", label=_("Open the queue"), icon=":material/inbox:")


def choose() -> bool:
    """Which comments the numbers are to speak for; True for all traffic."""
    chosen = st.segmented_control(
        _("Comments"), [SETTLED, TRAFFIC], default=SETTLED, format_func=_, required=True, key="of", bind="query-params",
        help=_("Settled by people: as they meet them, mostly flagged. All traffic: audit items alone, each for as many "
        "comments as it was drawn from."),
    )  # fmt: skip
    return chosen == TRAFFIC


def draw_labels(pairs: Pairs, *, of_traffic: bool) -> None:
    """Agreement on each label, now and by week."""
    st.subheader(_("Do two people give the same labels?"))
    st.caption(
        _(
            "Kappa and alpha take away the agreement that chance alone gives: 0 is chance, 1 is perfect. "
            "Krippendorff would rely on 0.8 and more, and draw tentative conclusions from 0.667. Small "
            "figures are 95 % intervals. A number needs {few_pairs} comments, {few_given} of them with "
            "the label from somebody."
        ).format(few_pairs=FEW_PAIRS, few_given=FEW_GIVEN)
    )
    st.html(tables.by_label(agreement.by_label(pairs, of_traffic=of_traffic)))
    _draw_weeks(pairs, of_traffic)


@st.fragment
def _draw_weeks(pairs: Pairs, of_traffic: bool) -> None:
    st.subheader(_("Do they agree more than they did?"))
    state.heed_address("week_label", {label: label for label in LABELS})
    label = st.pills(
        _("Label"), list(LABELS), default=LABELS[0], required=True, key="week_label", bind="query-params",
        format_func=label_title, label_visibility="collapsed",
    ) or LABELS[0]  # fmt: skip
    found = agreement.by_week(pairs, LABELS.index(label), of_traffic=of_traffic)
    if len(found.starts) < 2:
        st.caption(
            _("Fewer than two weeks have {few_pairs} comments, {few_given} of them with this label.").format(
                few_pairs=FEW_PAIRS, few_given=FEW_GIVEN
            )
        )
        return
    name = label_title(label)
    value, low, high = found.alpha.T
    chart = lines(
        found.starts.astype("datetime64[D]"), {name: value}, bands={name: (low, high)},
        colours={name: LABELS.index(label)}, x_unit="day", x_title=_("Week of the second opinion"),
        y_title=_("Krippendorff's alpha"), y_range=(min(0.0, float(np.min(low))), 1.0), height=260,
        alt=_("Alpha of {label} by week: from {first:.2f} to {last:.2f}").format(
            label=name, first=value[0], last=value[-1]
        ),
    )  # fmt: skip
    draw_chart(chart, f"alpha_{label}")


def draw_confusion(pairs: Pairs) -> None:
    """Which labels people mix up."""
    st.subheader(_("Where one says this, what does the other say?"))
    st.caption(
        _(
            "Of comments to which the first gave the label of the row, the share to which the second gave that of the "
            "column. A comment may have several labels, so rows do not add up to 100 %."
        )
    )
    st.html(tables.confusion(*confusion(pairs)))


def draw_spreads(drawn: Drawn) -> None:
    """How far pairs of people lie apart: the team's spread, without a name, and never a league table."""
    st.subheader(_("How far do pairs of people lie apart?"))
    found = agreement.spreads(drawn)
    if found.same is None:
        st.caption(
            _("Fewer than {least} pairs of people have {few_pairs} comments in common yet.").format(
                least=LEAST_COUPLES, few_pairs=FEW_PAIRS
            )
        )
        return
    st.caption(
        _(
            "Cohen's kappa of each label, of at most {most_couples} pairs of people with the most comments in common. "
            "No names: lowest and highest are often chance. Where their intervals do not meet, the guideline for the "
            "label may be read in two ways: talk about the comments, and write it down."
        ).format(most_couples=MOST_COUPLES)
    )
    st.html(tables.spreads(found))


def draw_human_error(pairs: Pairs, *, of_traffic: bool) -> None:
    """How often one person errs."""
    st.subheader(_("How often is one person right?"))
    st.caption(
        _(
            "With what adjudication says as the truth, and errors of two people taken as independent: "
            "where the same comments mislead everybody, people are worse than this. The model's own "
            "numbers can be corrected by these. A number needs {few_judged} adjudicated disagreements, "
            "or all of them."
        ).format(few_judged=FEW_JUDGED)
    )
    st.html(tables.human_error(human_errors(pairs, of_traffic=of_traffic)))


def draw_versus(pairs: Pairs, *, of_traffic: bool) -> None:
    """The model against people."""
    st.subheader(_("Is the model further from people than people are from each other?"))
    st.caption(
        _(
            "The live model, at the policy's thresholds, and the first moderator are both held against the same second "
            "moderator, who saw neither. Difference in percentage points."
        )
    )
    found = model_against_people(pairs, of_traffic=of_traffic)
    st.html(tables.versus(found))
    said = [versus_words(one) for one in found if one]
    if said:
        st.write("  \n".join(said))


def versus_words(one: Versus) -> str:
    """One label's comparison in a sentence."""
    title = label_title(one.label)
    facts = _("{model:.2%} against {people:.2%} of comments").format(model=one.model.value, people=one.people.value)
    if one.verdict == "more":
        return _("**{title}**: the model disagrees with people more than people with each other ({facts}).").format(
            title=title, facts=facts
        )
    if one.verdict == "less":
        return _("**{title}**: the model disagrees with people less than people with each other ({facts}).").format(
            title=title, facts=facts
        )
    return _(
        "**{title}**: the model and people cannot be told apart ({facts}; the interval of the difference holds 0)."
    ).format(title=title, facts=facts)


def draw_pull(pairs: Pairs) -> None:
    """How far showing scores pulls decisions."""
    st.subheader(_("How far does showing scores pull a decision?"))
    st.caption(
        _(
            "Comments whose first moderator saw scores and pre-set labels, and whose second saw neither. *Pull* is "
            "how much more often the first agrees with what was pre-set, label or no label, in percentage points; "
            "*difference* the same where the label was pre-set. Above 0, some decisions are the model's. *Both "
            "blind* is the pull where neither saw scores: it should be about 0."
        )
    )
    found = pulls(pairs)
    st.html(tables.pulls(found, pulls(pairs, assisted=False)))
    strong = [label_title(one.label) for one in found if one and one.more_kept.low > 0]
    if strong:
        st.info(
            _(
                "Shown scores pull decisions on {labels}. Numbers from flagged comments flatter the model "
                "there; those of the audit sample, which is decided blind, do not."
            ).format(labels=", ".join(strong)),
            icon=":material/info:",
        )


def draw_waiting(person: Person, waiting: Waiting) -> None:
    """For a lead: settle what nobody will decide."""
    if (settled := state.kept("withdrawn")) is not None:
        words = ngettext(
            "{many:,} comment is settled as it was decided first.",
            "{many:,} comments are settled as they were decided first.",
            settled,
        ).format(many=settled)
        if not settled:
            words += " " + _("Moderators have those that wait on their desks: try again in a few minutes.")
        st.success(words, icon=":material/check:")
        state.keep("withdrawn", None)
    if not person.may(Action.ADJUDICATE) or not (waiting.second or waiting.adjudication):
        return
    st.subheader(_("What if nobody is left to decide them?"))
    st.caption(_("Settles what waits and nobody holds, as it was decided first. What was drawn stays on record."))
    with st.container(horizontal=True):
        counts = {
            Lane.SECOND: (
                waiting.second,
                ngettext("Withdraw {many:,} second opinion", "Withdraw {many:,} second opinions", waiting.second),
            ),
            Lane.ADJUDICATION: (
                waiting.adjudication,
                ngettext("Withdraw {many:,} adjudication", "Withdraw {many:,} adjudications", waiting.adjudication),
            ),
        }
        for lane, (many, words) in counts.items():
            if many:
                st.button(words.format(many=many), key=f"withdraw_{lane}", on_click=_withdraw, args=(lane,))


def _withdraw(lane: Lane) -> None:
    try:
        state.keep("withdrawn", services().second_opinions.withdraw(lane, by=require(Action.ADJUDICATE)))
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")
