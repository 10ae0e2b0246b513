"""Practice: ten written comments on the real card, one hint at a time. Nothing here is recorded."""

import streamlit as st

from core.accounts import Action
from pages.shared import practice_panel
from pages.shared.access import require

require(Action.REVIEW)
st.html(
    "<style>.stMainBlockContainer{padding:3.25rem 1.5rem 1rem;max-width:1400px}"
    "@media(max-width:900px){.stMainBlockContainer{padding:3.75rem 1rem 0}}</style>"
)
practice_panel.draw()
