"""Slices: who works on which part of the queue, what nobody works on, and what people hold."""

import streamlit as st

from core.accounts import Action
from pages.shared import kept_panel, slices_panel
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.MANAGE_SLICES)
st.title(_("Slices"))
st.write(
    _(
        "A slice is a part of what waits, with people who work on it. They get it by default, may narrow it, and may "
        "work beyond it. Whoever has no slice works on everything."
    )
)
slices_panel.draw(person)
kept_panel.draw(person)
