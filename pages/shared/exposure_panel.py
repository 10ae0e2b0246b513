"""What I have seen: how much of what, today and this week, and what to do about it. For the moderator's own eyes."""

from collections.abc import Sequence

import streamlit as st

from core.accounts import Person
from core.domain import now
from core.labels import LABEL_TITLES, LABELS
from core.wellbeing.exposure import Day
from pages.shared.charts import MUTED, bars, draw_chart
from pages.shared.links import page_link
from pages.shared.resources import services
from pages.shared.review_card.payload import local_midnight
from pages.shared.words import _, written


def draw(person: Person) -> None:
    """The section of the page of one's own work."""
    today = local_midnight(now(), st.context.timezone_offset)
    days = services().exposure.days(by=person, today=today)
    st.subheader(_("What I have seen"), anchor="what-i-have-seen")
    st.write(
        _(
            "Counted from your own decisions, and kept nowhere: nobody else can ask for it. Severe is what the scores "
            "that you were shown say, or the labels that you set; of blind comments your labels alone count."
        )
    )
    _draw_today(days[-1])
    if not any(day.severe + day.other for day in days):
        st.caption(_("Nothing in the last seven days."))
        return
    _draw_week(days)
    _draw_labels(days)
    page_link("preferences.py", label=_("Mask more, rest more, or not today: what I see"), icon=":material/tune:")


def _draw_today(day: Day) -> None:
    with st.container(horizontal=True):
        st.metric(_("Seen today"), f"{day.severe + day.other:,}", border=True)
        st.metric(_("Severe of them"), written(day.severe), border=True)
        st.metric(_("Severe, shown"), written(day.revealed), border=True,
                  help=_("Severe texts that you had shown: in the queue, in Browse, among raids"))  # fmt: skip
        st.metric(_("Time on severe ones"), _("{many} min").format(many=round(day.severe_seconds / 60)), border=True)


def _draw_week(days: Sequence[Day]) -> None:
    names = [f"{day.began:%a %d}" for day in days]
    severe, other = _("Severe"), _("Others")
    chart = bars(
        names,
        {severe: [day.severe for day in days], other: [day.other for day in days]},
        y_title=_("comments"),
        y_unit="count",
        colours={severe: 1, other: MUTED},
        height=240,
        alt=_("Comments of each of the last seven days, severe ones and others"),
    )
    draw_chart(chart, "exposure_week", _("How much of what I saw this week was severe?"))
    minutes = bars(
        names,
        {_("Minutes on severe comments"): [day.severe_seconds / 60 for day in days]},
        y_title=_("minutes"),
        colours={_("Minutes on severe comments"): 1},
        height=200,
        alt=_("Minutes on severe comments on each of the last seven days"),
    )
    draw_chart(minutes, "exposure_minutes", _("How long did I look at severe comments?"))


def _draw_labels(days: Sequence[Day]) -> None:
    names = [_(LABEL_TITLES[label]) for label in LABELS]
    week = [sum(day.labels[j] for day in days) for j in range(len(LABELS))]
    today, whole = _("Today"), _("These seven days")
    chart = bars(
        names,
        {today: list(days[-1].labels), whole: week},
        y_title=_("comments"),
        y_unit="count",
        colours={today: 0, whole: MUTED},
        height=240,
        alt=_("Comments on which you set each label, today and in the last seven days"),
    )
    draw_chart(chart, "exposure_labels", _("Which labels did I set, today and these seven days?"))
