"""The parts of the agreement page. Each section's title is the question that it answers."""

import numpy as np
import streamlit as st

from core import agreement
from core.accounts import Action, Person
from core.agreement import MOST_COUPLES
from core.domain import Lane
from core.errors import ModeratoError
from core.labels import LABEL_TITLES, LABELS
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

SETTLED, TRAFFIC = "Settled by people", "All traffic"


def draw_summary(drawn: Drawn, waiting: Waiting) -> None:
    """What there is to go by."""
    same = agreement.same_at_all(drawn.pairs)
    weighed = "All six labels and the outcome, each comment weighed by what it was drawn from"
    with st.container(horizontal=True):
        st.metric("Second opinions", f"{len(drawn.pairs):,}", border=True, help=f"Of {drawn.drawn:,} drawn")
        st.metric("The same in all", f"{same.value:.1%}" if same else "too few", border=True, help=weighed)
        st.metric("Waiting for one", f"{waiting.second:,}", border=True)
        st.metric("Waiting for a third", f"{waiting.adjudication:,}", border=True)
    unsaid = [f"The same in all: 95 % interval {same.low:.1%} to {same.high:.1%}."] if same else []
    if drawn.passed_on:
        unsaid.append(f"{drawn.passed_on:,} second opinions were passed on to somebody else, and are not counted.")
    if drawn.missing > waiting.second:
        unsaid.append(f"{drawn.missing - waiting.second:,} were drawn and withdrawn without an opinion.")
    if unsaid:
        st.caption("  \n".join(unsaid))


def draw_empty(waiting: Waiting) -> None:
    """What to do while nobody gave a second opinion."""
    with st.container(border=True):
        st.subheader("No second opinions yet")
        st.write(
            "A share of what is settled goes blind to somebody else: they see the comment alone, no scores and no "
            f"labels. This begins when two people have decided something within {ACTIVE.days} days of each other."
        )
        if waiting.second:
            st.write(f"{waiting.second:,} wait in the queue for whoever did not decide them first.")
        page_link("queue.py", label="Open the queue", icon=":material/inbox:")


def choose() -> bool:
    """Which comments the numbers are to speak for; True for all traffic."""
    chosen = st.segmented_control(
        "Comments", [SETTLED, TRAFFIC], default=SETTLED, required=True, key="of", bind="query-params",
        help="Settled by people: as they meet them, mostly flagged. All traffic: audit items alone, each for as many "
        "comments as it was drawn from.",
    )  # fmt: skip
    return chosen == TRAFFIC


def draw_labels(pairs: Pairs, *, of_traffic: bool) -> None:
    """Agreement on each label, now and by week."""
    st.subheader("Do two people give the same labels?")
    st.caption(
        "Kappa and alpha take away the agreement that chance alone gives: 0 is chance, 1 is perfect. Krippendorff "
        "would rely on 0.8 and more, and draw tentative conclusions from 0.667. Small figures are 95 % intervals. "
        f"A number needs {FEW_PAIRS} comments, {FEW_GIVEN} of them with the label from somebody."
    )
    st.html(tables.by_label(agreement.by_label(pairs, of_traffic=of_traffic)))
    _draw_weeks(pairs, of_traffic)


@st.fragment
def _draw_weeks(pairs: Pairs, of_traffic: bool) -> None:
    st.subheader("Do they agree more than they did?")
    state.heed_address("week_label", {label: label for label in LABELS})
    label = st.pills(
        "Label", list(LABELS), default=LABELS[0], required=True, key="week_label", bind="query-params",
        format_func=LABEL_TITLES.__getitem__, label_visibility="collapsed",
    ) or LABELS[0]  # fmt: skip
    found = agreement.by_week(pairs, LABELS.index(label), of_traffic=of_traffic)
    if len(found.starts) < 2:
        st.caption(f"Fewer than two weeks have {FEW_PAIRS} comments, {FEW_GIVEN} of them with this label.")
        return
    name = LABEL_TITLES[label]
    value, low, high = found.alpha.T
    chart = lines(
        found.starts.astype("datetime64[D]"), {name: value}, bands={name: (low, high)},
        colours={name: LABELS.index(label)}, x_unit="day", x_title="Week of the second opinion",
        y_title="Krippendorff's alpha", y_range=(min(0.0, float(np.min(low))), 1.0), height=260,
        alt=f"Alpha of {name} by week: from {value[0]:.2f} to {value[-1]:.2f}",
    )  # fmt: skip
    draw_chart(chart, f"alpha_{label}")


def draw_confusion(pairs: Pairs) -> None:
    """Which labels people mix up."""
    st.subheader("Where one says this, what does the other say?")
    st.caption(
        "Of comments to which the first gave the label of the row, the share to which the second gave that of the "
        "column. A comment may have several labels, so rows do not add up to 100 %."
    )
    st.html(tables.confusion(*confusion(pairs)))


def draw_couples(drawn: Drawn) -> None:
    """Who agrees with whom."""
    st.subheader("Who agrees with whom?")
    found = agreement.couples(drawn)
    if not found:
        st.caption(f"No two people have {FEW_PAIRS} comments in common yet.")
        return
    st.caption(
        "Cohen's kappa of each label. At most "
        f"{MOST_COUPLES} pairs of people, those with the most comments in common. Differences between pairs are often "
        "chance: look at the intervals, and talk about the comments before you talk about the people."
    )
    st.html(tables.couples(found))


def draw_human_error(pairs: Pairs, *, of_traffic: bool) -> None:
    """How often one person errs."""
    st.subheader("How often is one person right?")
    st.caption(
        "With what adjudication says as the truth, and errors of two people taken as independent: where the same "
        "comments mislead everybody, people are worse than this. The model's own numbers can be corrected by these. "
        f"A number needs {FEW_JUDGED} adjudicated disagreements, or all of them."
    )
    st.html(tables.human_error(human_errors(pairs, of_traffic=of_traffic)))


def draw_versus(pairs: Pairs, *, of_traffic: bool) -> None:
    """The model against people."""
    st.subheader("Is the model further from people than people are from each other?")
    st.caption(
        "The live model, at the policy's thresholds, and the first moderator are both held against the same second "
        "moderator, who saw neither. Difference in percentage points."
    )
    found = model_against_people(pairs, of_traffic=of_traffic)
    st.html(tables.versus(found))
    said = [versus_words(one) for one in found if one]
    if said:
        st.write("  \n".join(said))


def versus_words(one: Versus) -> str:
    """One label's comparison in a sentence."""
    title = LABEL_TITLES[one.label]
    facts = f"{one.model.value:.2%} against {one.people.value:.2%} of comments"
    if one.verdict == "more":
        return f"**{title}**: the model disagrees with people more than people with each other ({facts})."
    if one.verdict == "less":
        return f"**{title}**: the model disagrees with people less than people with each other ({facts})."
    return f"**{title}**: the model and people cannot be told apart ({facts}; the interval of the difference holds 0)."


def draw_pull(pairs: Pairs) -> None:
    """How far showing scores pulls decisions."""
    st.subheader("How far does showing scores pull a decision?")
    st.caption(
        "Comments whose first moderator saw scores and pre-set labels, and whose second saw neither. *Pull* is how "
        "much more often the first agrees with what was pre-set, label or no label, in percentage points; *difference* "
        "the same where the label was pre-set. Above 0, some decisions are the model's. *Both blind* is the pull where "
        "neither saw scores: it should be about 0."
    )
    found = pulls(pairs)
    st.html(tables.pulls(found, pulls(pairs, assisted=False)))
    strong = [LABEL_TITLES[one.label] for one in found if one and one.more_kept.low > 0]
    if strong:
        st.info(
            f"Shown scores pull decisions on {', '.join(strong)}. Numbers from flagged comments flatter the model "
            "there; those of the audit sample, which is decided blind, do not.",
            icon=":material/info:",
        )


def draw_waiting(person: Person, waiting: Waiting) -> None:
    """For a lead: settle what nobody will decide."""
    if (settled := state.kept("withdrawn")) is not None:
        held = "" if settled else " Moderators have those that wait on their desks: try again in a few minutes."
        st.success(f"{settled:,} comments are settled as they were decided first.{held}", icon=":material/check:")
        state.keep("withdrawn", None)
    if not person.may(Action.ADJUDICATE) or not (waiting.second or waiting.adjudication):
        return
    st.subheader("What if nobody is left to decide them?")
    st.caption("Settles what waits and nobody holds, as it was decided first. What was drawn stays on record.")
    with st.container(horizontal=True):
        counts = {
            Lane.SECOND: (waiting.second, "second opinions"),
            Lane.ADJUDICATION: (waiting.adjudication, "adjudications"),
        }
        for lane, (many, what) in counts.items():
            if many:
                st.button(f"Withdraw {many:,} {what}", key=f"withdraw_{lane}", on_click=_withdraw, args=(lane,))


def _withdraw(lane: Lane) -> None:
    try:
        state.keep("withdrawn", services().second_opinions.withdraw(lane, by=require(Action.ADJUDICATE)))
    except ModeratoError as error:
        st.toast(str(error), icon=":material/error:")
