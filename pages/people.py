"""People: who may sign in, with which roles, and the browsers that they are signed in with."""

import streamlit as st

from core.accounts import Action
from pages.shared import people_panels as panels
from pages.shared.access import is_local, require
from pages.shared.words import _

require(Action.MANAGE_PEOPLE)
st.title(_("People"))
panels.draw_message()
if is_local():
    panels.draw_local_mode()
    st.stop()
panels.draw_link()
panels.draw_invite()
panels.draw_accounts()
panels.draw_roles()
