"""Audit trail: who did what and when; search it, take it out, see whether it is whole."""

import streamlit as st

from core.accounts import Action
from pages.shared import trail_panel
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.SEE_AUDIT_TRAIL)
st.title(_("Audit trail"))
trail_panel.draw_chain()
wanted = trail_panel.draw_filters(person)
trail_panel.draw_events(person, wanted)
trail_panel.draw_export(person, wanted)
