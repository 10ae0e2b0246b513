"""Report: what was decided in a period, how fast, and how well, to publish or to hand to somebody who must."""

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from pages.shared import report_panel as panel
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, said

person = require(Action.SEE_REPORT)
st.title(_("Transparency report"))
st.write(
    _(
        "What came in, what people and programs decided, how long it took, what was reversed, and how often the "
        "automated means were right. It holds **no comment and no name**. Every table says what it counts."
    )
)
since = services().transparency.since()
if since is None:
    panel.draw_empty()
    st.stop()
try:
    period = panel.choose_period(since)
except ModeratoError as error:
    notice(said(error), "warning")
    st.stop()
with st.spinner(_("Reading the ledger")):
    report = services().transparency.report(period, by=person)
panel.draw_downloads(report, person)
panel.draw_preview(report)
