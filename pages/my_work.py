"""My work: what a moderator has done, for their own eyes."""

import streamlit as st

from core.accounts import Action
from pages.shared import (
    agreement_of_mine_panel,
    exposure_panel,
    own_days_panel,
    own_history_panel,
    questions_of_mine_panel,
)
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.REVIEW)
st.title(_("My work"))
st.write(_("Only you see this page. It is compared with nobody's."))
PANELS = (questions_of_mine_panel, own_days_panel, exposure_panel, own_history_panel, agreement_of_mine_panel)
for panel in PANELS:
    panel.draw(person)
