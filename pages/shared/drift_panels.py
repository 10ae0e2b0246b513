"""The parts of the drift page."""

from collections.abc import Mapping
from datetime import date, timedelta
from html import escape

import numpy as np
import streamlit as st

from core.accounts import Action
from core.domain import BANDS
from core.drift.judge import FLAG_RATIO, SHIFT_LOGITS, Kind
from core.drift.measures import exact_interval
from core.drift.report import GAP_DAYS, SPAN_DAYS, Report, Span
from core.drift.service import Drift
from core.errors import ModeratoError
from core.labels import LABELS
from pages.shared.access import require
from pages.shared.charts import MUTED, Mark, draw_chart, lines
from pages.shared.comment import plain
from pages.shared.titles import band_names, label_title, label_word
from pages.shared.words import _, later, said, written

_EPOCH = date(1970, 1, 1)
SPANS = {later("30 days"): 30, later("90 days"): 90, later("1 year"): 365}
_ROLLING, _FIXED = later("Rolling"), later("Fixed days")
_SHAPE, _MEAN = later("Shape"), later("Mean")
_SMALL = 170
"""Height of one of several charts side by side, in pixels."""
_GROUP = "drift"
_KINDS = {
    Kind.SCORES: later("scores"),
    Kind.SHIFT: later("shift"),
    Kind.FLAGS: later("flags"),
    Kind.VOLUME: later("volume"),
    Kind.NEW_WORDS: later("new words"),
    Kind.BAND: later("band"),
}
_NEW_WORDS = later("Do people write words that were not met before?")


def choose_days() -> int:
    """How many days are shown; the address keeps it."""
    chosen = st.segmented_control(
        _("Days shown"), list(SPANS), default="30 days", format_func=_, required=True, key="days", bind="query-params"
    )
    return SPANS[chosen or "30 days"]


def draw_reference(drift: Drift, report: Report) -> None:
    """Which days the others are compared to, and the form that changes it."""
    fixed = drift.reference()
    span = _("{first} to {last}").format(
        first=_day_words(report.reference.first), last=_day_words(report.reference.last)
    )
    who = (
        _("fixed by {person}").format(person=plain(fixed[1], 40))
        if fixed
        else _("the {span_days} days before the last {gap_days}").format(span_days=SPAN_DAYS, gap_days=GAP_DAYS)
    )
    words = _("Reference: {span} ({who}), {many:,} comments.").format(span=span, who=who, many=report.reference_scored)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p style="font-size:.875rem;opacity:.75;margin:0">{escape(words)}</p>', width="stretch")
        with st.popover(_("Change the reference"), icon=":material/date_range:"):
            _ask_reference(drift, report.reference)


def draw_scores(report: Report) -> None:
    """Shape and mean of each label's scores."""
    st.subheader(_("Are scores spread as they were?"))
    what = st.segmented_control(
        _("Measure"),
        [_SHAPE, _MEAN],
        default=_SHAPE,
        format_func=_,
        required=True,
        key="measure",
        label_visibility="collapsed",
    )
    if what == _MEAN:
        st.caption(
            _(
                "By how many logits the mean score is off the reference's. Told beyond {shift_logits:g}, if "
                "it is more than chance."
            ).format(shift_logits=SHIFT_LOGITS)
        )
        made = {label: _of_judged(report, report.shift[j].value) for j, label in enumerate(LABELS)}
        limits = {
            _("up {shift_logits:g}").format(shift_logits=SHIFT_LOGITS): SHIFT_LOGITS,
            _("down {shift_logits:g}").format(shift_logits=SHIFT_LOGITS): -SHIFT_LOGITS,
        }
        _small_multiples(report, made, limits, _("Mean shift"), _("Has the mean of {label} moved?"))
        return
    st.caption(
        _(
            "Population stability index against the reference's deciles: 0 is the same. Told above the limit, which is "
            "0.2, or more on days with few comments."
        )
    )
    made = {label: _of_judged(report, report.index[j].value) for j, label in enumerate(LABELS)}
    limit = {label: _of_judged(report, report.index[j].limit) for j, label in enumerate(LABELS)}
    _small_multiples(report, made, {_("limit"): limit}, _("Index"), _("Does {label} score as it did?"), low=0.0)


def draw_flags(report: Report) -> None:
    """Flag rate of each label, with exact intervals."""
    st.subheader(_("Is as much flagged as usual?"))
    st.caption(
        _(
            "Share of comments at or above the policy's threshold, with its exact 95 % interval. Told "
            "when it is {flag_ratio:g} times the reference's or more, or as much less, and more than "
            "chance."
        ).format(flag_ratio=FLAG_RATIO)
    )
    of = np.maximum(report.scored, 1)
    made = {label: _of_judged(report, report.flagged[:, j] / of) for j, label in enumerate(LABELS)}
    ends = {}
    for j, label in enumerate(LABELS):
        low, high = exact_interval(report.flagged[:, j], of)
        ends[label] = (_of_judged(report, low), _of_judged(report, high))
    usual = {
        label: np.full(len(report.days), report.reference_flagged[j] / report.reference_scored)
        for j, label in enumerate(LABELS)
    }
    asked = _("Is {label} flagged as often as usual?")
    _small_multiples(report, made, {_("reference"): usual}, _("Flag rate"), asked, bands=ends, low=0.0, y_unit="share")


def draw_volume(report: Report) -> None:
    """Comments a day within what is usual."""
    x, usual = _x(report), report.usual_volume
    comments, as_ever = _("comments"), _("usual")
    ys: dict[str, np.ndarray] = {comments: report.volume.astype(float)}
    bands = {}
    if usual:
        ys[as_ever] = usual.value
        bands[as_ever] = (usual.low, usual.high)
    seconds = [day * 86_400.0 for day in (report.reference.first, report.reference.last)]
    marks = [
        Mark(name=name, x=at)
        for name, at in zip((_("reference from"), _("reference to")), seconds, strict=True)
        if report.days[0] * 86_400 <= at <= report.days[-1] * 86_400
    ]
    chart = lines(
        x, ys, bands=bands, colours={comments: 0, as_ever: MUTED}, x_unit="day", y_unit="count", marks=marks,
        y_range=(0.0, None), x_title=_("Day (UTC)"), y_title=_("Comments"), height=240, group=_GROUP,
        alt=_("Comments a day, with what is usual on that weekday"),
    )  # fmt: skip
    draw_chart(chart, "drift_volume", _("Do as many comments come in as usual?"))
    if usual is None:
        st.caption(_("Too few days yet to say what is usual."))


def draw_words(report: Report) -> None:
    """Share of words that were not met before."""
    words = report.words
    if not np.isfinite(words.rate).any():
        st.markdown(f"**{_(_NEW_WORDS)}**")
        st.caption(_("Too little yet: a day needs a hundred comments, and three days before it to compare to."))
        return
    new = _("new words")
    ys, colours = {new: words.rate}, {new: 0}
    if words.usual:
        ys[_("limit")] = words.usual.high
        colours[_("limit")] = MUTED
    chart = lines(
        _x(report), ys, bands={new: (words.low, words.high)}, colours=colours, x_unit="day", y_unit="share",
        y_range=(0.0, None), x_title=_("Day (UTC)"), y_title=_("Share of words"), height=240, group=_GROUP,
        alt=_("Share of a day's words that none of the 28 days before had"),
    )  # fmt: skip
    draw_chart(chart, "drift_words", _(_NEW_WORDS))


def draw_bands(report: Report) -> None:
    """How traffic is spread over the bands, and how scores are within each."""
    st.subheader(_("Which score bands changed?"))
    st.caption(_("Bands go by a comment's highest score. A band that has drifted is audited more by itself."))
    titles, total = band_names(), np.maximum(report.bands.sum(1), 1)
    shares = {titles[b]: _of_judged(report, report.bands[:, b] / total) for b in range(BANDS)}
    spread = {titles[b]: np.where(report.band_judged[:, b], report.band_index[b].value, np.nan) for b in range(BANDS)}
    left, right = st.columns(2, gap="large")
    with left:
        chart = lines(
            _x(report), shares, x_unit="day", y_unit="share", y_scale="log", x_title=_("Day (UTC)"),
            y_title=_("Share of comments"), height=260, group=_GROUP, alt=_("Share of comments in each band by day"),
        )  # fmt: skip
        draw_chart(chart, "drift_band_share", _("Do as many comments fall into each band?"))
    with right:
        chart = lines(
            _x(report), spread, x_unit="day", x_title=_("Day (UTC)"), y_title=_("Index within the band"), height=260,
            y_range=(0.0, None), group=_GROUP, alt=_("Population stability index within each band by day"),
        )  # fmt: skip
        draw_chart(chart, "drift_band_index", _("Are scores spread as they were within each band?"))


def draw_history(drift: Drift) -> None:
    """Alerts that are over."""
    past = [alert for alert in drift.list_alerts() if alert.cleared_at]
    if not past:
        return
    with st.expander(_("Alerts that are over ({many})").format(many=len(past)), icon=":material/history:"):
        rows = [
            {
                _("Since"): _day_words(alert.day),
                _("Over"): _("{at:%Y-%m-%d %H:%M} UTC").format(at=alert.cleared_at),
                _("What"): _(_KINDS[alert.kind]),
                _("Of"): _subject(alert.kind, alert.subject),
                _("Value"): alert.value,
                _("Limit"): alert.limit,
                _("Model"): alert.model or "",
            }
            for alert in past
        ]
        st.dataframe(rows, hide_index=True)


def _subject(kind: str, subject: str) -> str:
    if kind == "band":
        return band_names()[int(subject)]
    return label_title(subject) if subject in LABELS else _("all comments")


def _ask_reference(drift: Drift, now: Span) -> None:
    with st.form("reference", border=False):
        how = st.radio(_("Compare to"), [_ROLLING, _FIXED], format_func=_, key="reference_how", horizontal=True)
        first = st.date_input(_("First day"), _date(now.first), key="reference_first")
        last = st.date_input(_("Last day"), _date(now.last), key="reference_last")
        st.caption(_("Alerts follow this too, from the next check on. Rolling uses no days."))
        if st.form_submit_button(_("Save"), key="save_reference", type="primary"):
            span = Span(_number(first), _number(last)) if how == _FIXED else None
            try:
                drift.choose_reference(span, by=require(Action.JUDGE_DRIFT))
            except ModeratoError as error:
                st.error(said(error), icon=":material/error:")
            else:
                st.rerun()


def _small_multiples(
    report: Report,
    made: Mapping[str, np.ndarray],
    limits: Mapping[str, float | Mapping[str, np.ndarray]],
    y_title: str,
    question: str,
    *,
    bands: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    low: float | None = None,
    y_unit: str = "number",
) -> None:
    """A chart a label, three side by side, with grey lines for what they are held against."""
    cells = [*st.columns(3), *st.columns(3)]
    for cell, label in zip(cells, LABELS, strict=True):
        title = label_title(label)
        held = {
            name: np.full(len(report.days), limit) if isinstance(limit, float) else limit[label]
            for name, limit in limits.items()
        }
        chart = lines(
            _x(report), {title: made[label], **held}, bands={title: bands[label]} if bands else None,
            colours={title: LABELS.index(label), **dict.fromkeys(held, MUTED)}, x_unit="day", y_unit=y_unit,
            y_range=(low, None), y_title=y_title, height=_SMALL, group=_GROUP,
            alt=_("{what} of {label} by day").format(what=y_title, label=title),
        )  # fmt: skip
        with cell:
            draw_chart(chart, f"drift_{y_title}_{label}", question.format(label=label_word(label)))


def _of_judged(report: Report, values: np.ndarray) -> np.ndarray:
    """The values on days with enough comments, gaps elsewhere."""
    return np.where(report.judged, values, np.nan)


def _x(report: Report) -> np.ndarray:
    return report.days.astype("datetime64[D]")


def _day_words(day: int) -> str:
    return written(_date(day), "%d %b %Y").lstrip("0")


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _number(day: date) -> int:
    return (day - _EPOCH).days
