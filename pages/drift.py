"""Drift: whether scores, flags, volume and words are like those of a reference span, and what to do if not."""

import streamlit as st

from core.accounts import Action
from pages.shared import drift_panels as panels
from pages.shared.access import require
from pages.shared.drift_bar import draw_alerts
from pages.shared.links import page_link
from pages.shared.resources import services
from pages.shared.words import _

require(Action.SEE_DRIFT)
st.title(_("Drift"))
drift = services().drift
alerts = drift.alerts()
draw_alerts(alerts)
days = panels.choose_days()
report = drift.report(days)
if report is None:
    with st.container(border=True):
        st.subheader(_("Nothing to compare yet"))
        st.write(_("Drift compares the live model's scores day by day. First comments have to come in and be scored."))
        page_link("data.py", label=_("Import comments"), icon=":material/database:")
    st.stop()
panels.draw_reference(drift, report)
if report.has_reference:
    if not alerts:
        st.success(_("No limit is passed: these days are like the reference."), icon=":material/check:")
    panels.draw_scores(report)
    panels.draw_flags(report)
else:
    st.info(
        _(
            "The reference is too short to compare scores to: it needs three days and a thousand comments scored by "
            "the live model. Wait a few days, or choose other days."
        ),
        icon=":material/info:",
    )
left, right = st.columns(2, gap="large")
with left:
    panels.draw_volume(report)
with right:
    panels.draw_words(report)
if report.has_reference:
    panels.draw_bands(report)
panels.draw_history(drift)
