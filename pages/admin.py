"""Admin: the keys of programs that call the API."""

import streamlit as st

from core.accounts import Action
from pages.shared import key_panels
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.MANAGE_KEYS)
st.title(_("Admin"))
st.subheader(_("Keys of programs"))
st.write(
    _(
        "A program shows its key with each request: a forum that asks for scores, a bot that passes on what its "
        "moderators decided. Where it sends them, and what it may send, is in `docs/api.md`."
    )
)
key_panels.draw_secret()
key_panels.draw_new()
key_panels.draw_keys()
