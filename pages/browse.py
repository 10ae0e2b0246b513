"""Find comments by text, state, label, score, model, moderator, day and source; open one to see its whole history."""

import re

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from pages.shared import browse_results, state
from pages.shared.access import require
from pages.shared.browse_filters import draw_filters
from pages.shared.history_panel import draw_history
from pages.shared.resources import services
from pages.shared.status import scoring_banner
from pages.shared.words import _, said

browse = services().browse.seen_by(require(Action.BROWSE))


def open_comment(comment_id: int | None) -> None:
    """Show a comment's history, or none."""
    state.keep("browse_open", comment_id)


def ask_for(comment_id: int) -> None:
    """Look for another comment by its number."""
    state.keep("q", f"#{comment_id}")


@st.dialog(_("Comment"), width="medium", position="right", on_dismiss=lambda: open_comment(None))
def show_opened() -> None:
    """The opened comment beside the list. It runs by itself: the role is checked again."""
    browse = services().browse.seen_by(require(Action.BROWSE))
    draw_history(browse.history(state.kept("browse_open")), open_comment)


st.title(_("Browse"))
scoring_banner()
wanted = draw_filters(browse.choices())
asked = re.fullmatch(r"\s*#(\d{1,18})\s*", wanted.text)
try:
    if asked:
        with st.container(border=True):
            draw_history(browse.history(int(asked[1])), ask_for)
    else:
        browse_results.draw_results(browse, wanted, open_comment)
        if state.kept("browse_open"):
            show_opened()
except ModeratoError as error:
    st.error(said(error), icon=":material/error:")
