"""Score: what the live model says about a comment, or about a file."""

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from pages.shared import score_panel
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import live_scorer, services
from pages.shared.status import scoring_banner

person = require(Action.SCORE)
st.title("Score")
scoring_banner()
try:
    scorer = live_scorer()
except ModeratoError as error:
    notice(str(error))
    st.stop()
policy = services().policies.active()
st.caption(f"Model {scorer.name}, policy version {policy.id}")
text, file = st.tabs(["Text", "File"])
with text:
    score_panel.draw_text(scorer, policy)
with file:
    score_panel.draw_file(scorer, policy)
