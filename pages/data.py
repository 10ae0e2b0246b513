"""Data: comments in, corrected labels out."""

from importlib import import_module
from importlib.util import find_spec

import streamlit as st

from core.accounts import Role
from pages.shared import import_panel
from pages.shared.access import require

person = require(Role.MODERATOR)
st.title("Data")
importing, exporting = st.tabs(["Import", "Export"])
with importing:
    import_panel.draw()
with exporting:
    if find_spec("pages.shared.export_panel"):
        import_module("pages.shared.export_panel").draw(person)
