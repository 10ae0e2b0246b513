"""Find comments by text, state, label, score, model, moderator, day and source; open one to see its whole history."""

import re

import streamlit as st

from core.accounts import Role
from core.errors import ModeratoError
from pages.shared import browse_results, state
from pages.shared.access import require
from pages.shared.browse_filters import draw_filters
from pages.shared.history_panel import draw_history
from pages.shared.resources import services

require(Role.MODERATOR)
browse = services().browse


def open_comment(comment_id: int | None) -> None:
    """Show a comment's history, or none."""
    state.keep("browse_open", comment_id)


st.title("Browse")
wanted = draw_filters(browse.choices())
asked = re.fullmatch(r"\s*#(\d{1,18})\s*", wanted.text)
try:
    if asked:
        draw_history(browse.history(int(asked[1])), open_comment)
        st.stop()
    opened = state.kept("browse_open")
    results, history = st.columns([3, 2]) if opened else (st.container(), None)
    with results:
        browse_results.draw_results(browse, wanted, open_comment)
    if history:
        with history, st.container(border=True):
            draw_history(browse.history(opened), open_comment)
except ModeratoError as error:
    st.error(str(error), icon=":material/error:")
