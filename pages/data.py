"""Data: comments in, corrected labels out."""

import streamlit as st

from core.accounts import Action
from pages.shared import export_panel, import_panel, source_links_panel
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.SEE_DATA)
st.title(_("Data"))
importing, exporting, linking = st.tabs([_("Import"), _("Export"), _("Links")])
with importing:
    import_panel.draw()
with exporting:
    export_panel.draw(person)
with linking:
    source_links_panel.draw(person)
