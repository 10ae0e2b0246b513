"""The parts of the metrics page."""

import time
from dataclasses import dataclass

import streamlit as st

from core.accounts import Action
from core.domain import Lane, Stage, now
from core.labels import LABELS
from core.metrics import curves
from core.metrics.estimate import FEW
from core.metrics.service import Days, Metrics, ModelChoice, Overview, Version, View
from pages.shared import metric_charts, metrics_tables, metrics_words, state
from pages.shared.access import require
from pages.shared.charts import Chart, draw_chart
from pages.shared.empty import Step, draw_empty, draw_no_comments
from pages.shared.resources import services
from pages.shared.titles import LANES, STAGES, label_title, label_word
from pages.shared.words import _, later, written

SPANS = {later("1 day"): 1, later("7 days"): 7, later("30 days"): 30, later("All"): None}
_ALWAYS_COUNTED = (Lane.ESCALATED, Lane.AUDIT, Lane.FLAGGED)
_TRAFFIC_SECONDS = 5.0
"""While nobody decides but comments come in, the page follows at this pace."""
_RANKING = later("Does the model rank true cases above the rest?")
_COST = later("How much precision does more recall cost?")
_MEANING = later("Does a score of 10 % mean one in ten?")
_DRIFT = later("Do scores drift from day to day?")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the page is about."""

    model: ModelChoice
    days: Days


def choose(metrics: Metrics) -> Choice | None:
    """Model and span of days, by widgets that the address keeps; None where there is nothing to choose from."""
    models, ever = metrics.models(), metrics.days()
    if not models or not ever:
        return None
    by_name = {model.name: model for model in models}
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    # a link outlives the stage that it shows: after a promotion it still means the same model
    state.heed_address("model", {link: n for n in by_name for link in (n, *(_titled(n, stage) for stage in Stage))})
    name = left.selectbox(
        _("Model"), list(by_name), key="model", format_func=lambda n: _titled(n, by_name[n].stage), bind="query-params"
    )
    span = right.segmented_control(
        _("Comments that came in during the last"),
        list(SPANS),
        default="30 days",
        format_func=_,
        required=True,
        key="days",
        bind="query-params",
    )
    today = int(now().timestamp()) // 86400
    back = SPANS[span or "30 days"]
    first = ever.first if back is None else today - back + 1
    return Choice(by_name[name or models[0].name], Days(first, max(today, ever.last)))


def _titled(name: str, stage: Stage) -> str:
    return f"{name} ({_(STAGES[stage])})"


def draw_nothing(metrics: Metrics) -> None:
    """What to do while there is nothing to measure."""
    person = require(Action.SEE_METRICS)
    if not services().intake.has_comments():
        draw_no_comments(person, _("Metrics compare what a model says with what people decide."))
        return
    if metrics.days() is None:
        why = _("Metrics compare what a model says with what people decide: nothing was scored yet.")
    else:
        why = _(
            "No decided comment of these days has a score by this model. Decide some in the queue, audit items first: "
            "they are the sample that speaks for all traffic. Or choose more days or another model."
        )
    draw_empty(_("Nothing to measure yet"), why, Step("queue.py", _("Open the queue"), ":material/inbox:"))


def explain(reviewed: Overview, traffic: Overview, pending: int) -> None:
    """One sentence on the two columns, and what the page cannot say."""
    st.write(
        _(
            "**As reviewed** counts the {decided:,} comments that people decided, mostly flagged ones; "
            "**all traffic** lets {audited:,} decided audit items, drawn at random, stand for all "
            "{traffic:,} comments that came in. Where the two differ, the second is the one about your "
            "site: the first cannot see what was never flagged."
        ).format(decided=reviewed.decided, audited=traffic.decided, traffic=traffic.traffic)
    )
    if notes := _unsaid(traffic, pending):
        st.info("  \n".join(notes), icon=":material/info:")


def draw_ranking(reviewed: Overview, traffic: Overview, label: str) -> None:
    """ROC of all labels, side by side; the chosen label's with its band."""
    st.subheader(_(_RANKING))
    charts = [metric_charts.roc(overview, label) for overview in (reviewed, traffic)]
    banded = any(series.low for chart in charts for series in chart.series)
    words = _("ROC curves; the legend gives the area under each (AUC). 0.5 is chance, 1 is perfect.")
    if banded:
        words += " " + _("Shaded: the 95 % interval of {label}, the label chosen below.").format(
            label=label_word(label)
        )
    st.caption(words)
    for column, overview, chart in zip(st.columns(2, gap="large"), (reviewed, traffic), charts, strict=True):
        with column:
            _head(overview)
            if chart.series:
                _draw_one(chart, "roc", overview, _(_RANKING))
            else:
                _too_few(_("No label has {few} decided positives and {few} negatives yet.").format(few=FEW))


def draw_numbers(reviewed: Overview, traffic: Overview) -> None:
    """The table of all labels, and each label's difference of the two views in a sentence."""
    st.subheader(_("How good is each label at the policy's threshold?"))
    st.caption(_("Small figures are 95 % intervals. Positives are decided comments that people gave the label."))
    st.html(metrics_tables.numbers(reviewed, traffic))
    st.markdown(_("**What does the difference of the two rows mean?**"))
    st.html(metrics_tables.sentences(metrics_words.differences(reviewed, traffic)))


def choose_label() -> str:
    """The label that the charts below are about, by a widget that the address keeps."""
    st.subheader(_("What would another threshold do?"))
    state.heed_address("label", {label: label for label in LABELS})
    label = st.pills(
        _("Label"),
        list(LABELS),
        default=LABELS[0],
        required=True,
        key="label",
        bind="query-params",
        format_func=label_title,
        label_visibility="collapsed",
    )
    return label or LABELS[0]


@st.fragment
def draw_label(metrics: Metrics, choice: Choice, label: str) -> None:
    """One label at a threshold that a slider moves. A fragment: moving it redraws nothing else."""
    thresholds = metrics.thresholds()
    saved = thresholds[LABELS.index(label)]
    start = min(max(saved, 0.01), 0.99)
    chosen = st.slider(
        _("Threshold for {label} (the policy's is {saved:.4g})").format(label=label_word(label), saved=saved),
        0.01,
        0.99,
        start,
        0.01,
        key=f"threshold_{label}",
    )
    # the policy's may lie beyond the slider's ends: there the end stands for it
    thresholds[LABELS.index(label)] = saved if chosen == start else chosen
    shown = metrics.overviews(choice.model.id, choice.days, thresholds=thresholds)
    for draw in (_draw_confusion, _draw_precision_recall, _draw_calibration):
        draw(shown, label)
    _draw_score_days(metrics, choice, label)


def draw_activity(metrics: Metrics) -> None:
    """Backlog by lane and decisions an hour."""
    st.subheader(_("Is the queue kept up with?"))
    backlog = metrics.backlog()
    with st.container(horizontal=True):
        for lane in (lane for lane in Lane if backlog.get(lane) or lane in _ALWAYS_COUNTED):
            st.metric(_("Waiting, {lane}").format(lane=_(LANES[lane])), written(backlog.get(lane, 0)), border=True)
    draw_chart(metric_charts.hours(metrics.decisions_per_hour()), "hours", _("How many decisions are made an hour?"))


@st.fragment(run_every=1)
def watch(metrics: Metrics, seen: Version) -> None:
    """Draw the page again when the numbers may have changed, and leave it alone while they have not."""
    current = metrics.version()
    if current == seen:
        return
    last = state.kept("metrics_drawn") or 0.0
    if current.decisions != seen.decisions or time.monotonic() - last >= _TRAFFIC_SECONDS:
        st.rerun()


def mark_drawn() -> None:
    """Remember when the page was drawn: `watch` paces itself by it."""
    state.keep("metrics_drawn", time.monotonic())


def _draw_confusion(shown: list[Overview], label: str) -> None:
    st.markdown(_("**What is found, what is missed?**"))
    for column, overview in zip(st.columns(2, gap="large"), shown, strict=True):
        report = overview.labels[LABELS.index(label)]
        with column:
            _head(overview)
            st.html(metrics_tables.matrix(report.at.confusion, estimated=overview.view is View.TRAFFIC))
            st.html(
                metrics_tables.at_threshold(
                    report.at, report.ranking.average_precision, metrics_tables.calibration_error(overview, label)
                )
            )


def _draw_precision_recall(shown: list[Overview], label: str) -> None:
    st.markdown(f"**{_(_COST)}**")
    for column, overview in zip(st.columns(2, gap="large"), shown, strict=True):
        report = overview.labels[LABELS.index(label)]
        with column:
            _head(overview)
            if report.ranking.auc is None:
                _too_few(_why_few(report.positives, report.negatives))
                continue
            at = report.at
            point = (at.recall.value, at.precision.value) if at.recall and at.precision else None
            _draw_one(metric_charts.precision_recall(overview.sample, label, point), f"pr_{label}", overview, _(_COST))


def _draw_calibration(shown: list[Overview], label: str) -> None:
    st.markdown(f"**{_(_MEANING)}**")
    for column, overview in zip(st.columns(2, gap="large"), shown, strict=True):
        report = overview.labels[LABELS.index(label)]
        with column:
            _head(overview)
            if report.ranking.auc is None:
                _too_few(_why_few(report.positives, report.negatives))
                continue
            found = curves.calibration(overview.sample, LABELS.index(label))
            _draw_one(metric_charts.calibration(found, label), f"calibration_{label}", overview, _(_MEANING))


def _draw_score_days(metrics: Metrics, choice: Choice, label: str) -> None:
    found = metrics.score_days(choice.model.id, label, choice.days)
    if len(found.days):
        draw_chart(metric_charts.score_days(found, label), f"score_days_{label}", _(_DRIFT))
    else:
        st.markdown(f"**{_(_DRIFT)}**")
        _too_few(_("This model scored no traffic on these days."))


def _draw_one(chart: Chart, key: str, overview: Overview, question: str) -> None:
    """One view's chart; the question stands above both already."""
    view = _("as reviewed") if overview.view is View.REVIEWED else _("all traffic")
    draw_chart(chart, f"{key}_{overview.view}", f"{question} ({view})", titled=False)


def _head(overview: Overview) -> None:
    st.html(metrics_tables.head(overview))


def _unsaid(traffic: Overview, pending: int) -> list[str]:
    few = [
        _("{label} ({positives:,} of {few})").format(
            label=label_title(report.label), positives=report.positives, few=FEW
        )
        for report in traffic.labels
        if report.ranking.auc is None
    ]
    notes = []
    if few:
        notes.append(
            _("Too few decided audit items with the label to speak for all traffic: {labels}.").format(
                labels=", ".join(few)
            )
        )
    if pending:
        notes.append(
            _("{pending:,} audit items of these days wait for a decision; the decided ones stand for them.").format(
                pending=pending
            )
        )
    if traffic.covered < traffic.traffic:
        left_out = traffic.traffic - traffic.covered
        notes.append(
            _(
                "{left_out:,} of {traffic:,} comments lie in score bands without a decided audit item: "
                "nothing is said about them."
            ).format(left_out=left_out, traffic=traffic.traffic)
        )
    return notes


def _why_few(positives: int, negatives: int) -> str:
    return _("Too few: {positives:,} decided positives and {negatives:,} negatives, {few} of each are needed.").format(
        positives=positives, negatives=negatives, few=FEW
    )


def _too_few(words: str) -> None:
    with st.container(border=True, height=120, vertical_alignment="center", horizontal_alignment="center"):
        st.caption(words)
