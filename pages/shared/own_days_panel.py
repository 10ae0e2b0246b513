"""One's own numbers: today, and the last fourteen days. No goal, no streak, nobody beside one."""

import streamlit as st

from core.accounts import Person
from core.domain import Outcome, now
from core.labels import LABEL_TITLES, LABELS
from core.own_days import Day, local_midnights
from pages.shared.charts import Chart, bars, draw_chart
from pages.shared.own_decision import OUTCOMES
from pages.shared.resources import services
from pages.shared.words import _, ngettext, written
from pages.shared.zones import browser_zone

DAYS = 14
_COLOURS = {Outcome.APPROVE: 2, Outcome.REMOVE: 3, Outcome.ESCALATE: 1}


def draw(person: Person) -> None:
    """Today's numbers, and the days as one chart."""
    st.subheader(_("Today"), anchor=False)
    days = services().own_history.days(local_midnights(now(), browser_zone(), DAYS), by=person)
    if not any(day.done for day in days):
        st.write(_("Nothing decided in these two weeks. What you decide is counted here, from midnight where you are."))
        return
    _draw_today(days[-1])
    draw_chart(_chart(days), "own_days", _("How many comments did you decide each day?"))


def _draw_today(today: Day) -> None:
    with st.container(horizontal=True):
        st.metric(_("Decided"), written(today.done), border=True)
        for outcome, title in OUTCOMES.items():
            st.metric(_(title), written(today.outcomes[outcome]), border=True)
        median = today.median_seconds
        st.metric(
            _("Median time"),
            "–" if median is None else _("{seconds} s").format(seconds=written(median, ".1f")),
            border=True,
        )
        st.metric(_("Worked"), _("{minutes} min").format(minutes=written(today.minutes, ".0f")), border=True)
    given = [(_(LABEL_TITLES[label]), many) for label, many in zip(LABELS, today.labels, strict=True) if many]
    words = ", ".join(f"{title} {written(many)}" for title, many in given)
    told = _("Labels given today: {labels}.").format(labels=words) if given else _("No label given today.")
    st.caption(
        told
        + " "
        + _("Worked: from decision to decision, without pauses of more than five minutes. Undone steps do not count.")
    )


def _chart(days: list[Day]) -> Chart:
    total = sum(day.done for day in days)
    words = ngettext(
        "One comment decided in {days} days; the table has each day.",
        "{many} comments decided in {days} days; the table has each day.",
        total,
    )
    return bars(
        [day.day for day in days],
        {_(title): [day.outcomes[outcome] for day in days] for outcome, title in OUTCOMES.items()},
        alt=words.format(many=written(total), days=DAYS),
        x_unit="day", x_title=_("Your days"), y_unit="count", y_title=_("Comments"), y_range=(0, None),
        colours={_(title): _COLOURS[outcome] for outcome, title in OUTCOMES.items()},
        height=220,
    )  # fmt: skip
