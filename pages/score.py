"""Score: what the live model says about a comment, or about a file."""

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from pages.shared import score_panel
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import live_scorer, services
from pages.shared.status import scoring_banner
from pages.shared.words import _, said

person = require(Action.SCORE)
st.title(_("Score"))
scoring_banner()
try:
    scorer = live_scorer()
except ModeratoError as error:
    notice(said(error))
    st.stop()
policy = services().policies.active()
st.caption(_("Model {name}, policy version {id}").format(name=scorer.name, id=policy.id))
text, file = st.tabs([_("Text"), _("File")])
with text:
    score_panel.draw_text(scorer, policy)
with file:
    score_panel.draw_file(scorer, policy)
