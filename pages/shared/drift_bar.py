"""The alert bar: one line on the pages whose numbers drift would bend, each alert in full on its own page."""

import streamlit as st

from core.drift.service import Alert
from core.drift.telling import advice, day_words, sentence, subject_words
from pages.shared.links import page_link
from pages.shared.resources import services
from pages.shared.words import _, said

_NAMED = 3
"""Alerts that the one line names."""


def drift_bar() -> None:
    """One line with a link while anything drifts; nothing otherwise."""
    alerts = services().drift.alerts()
    if not alerts:
        return
    named = [said(subject_words(alert)) for alert in alerts[:_NAMED]]
    about = ", ".join(named)
    if len(alerts) > _NAMED:
        about = _("{some} and {many} more").format(some=about, many=len(alerts) - _NAMED)
    since = said(day_words(min(alert.day for alert in alerts)))
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="drift_bar"):
        st.markdown(
            ":orange[:material/warning:] " + _("**Drift** since {day}: {what}.").format(day=since, what=about),
            width="stretch",
        )
        page_link("drift.py", label=_("What to do"), icon=":material/arrow_forward:", width="content")


def draw_alerts(alerts: list[Alert]) -> None:
    """The alerts of each kind together, with what to do now: once, for drift seldom moves a label alone."""
    for kind in dict.fromkeys(alert.kind for alert in alerts):
        same = [alert for alert in alerts if alert.kind == kind]
        with st.container(border=True, key=f"drift_alert_{kind}"):
            st.markdown("  \n".join(f":orange[:material/warning:] **{said(sentence(alert))}**" for alert in same))
            st.caption(said(advice(same[0])))
