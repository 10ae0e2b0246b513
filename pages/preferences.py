"""Preferences: what each person sets for themselves. Nobody else sees any of it."""

import streamlit as st

from core.accounts import Action
from pages.shared import goal_panel, keys_panel, language_panel, practice_offer, sight_panel
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.KEEP_PREFERENCES)
st.title(_("Preferences"))
st.write(_("What you set here holds for you alone, on every device. Nobody else sees it."))
language_panel.draw(person)
sight_panel.draw(person)
goal_panel.draw(person)
keys_panel.draw(person)
if person.may(Action.REVIEW):
    practice_offer.draw(person)
