"""Score: what the live model says about a comment, or about a file."""

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from pages.shared import score_panel
from pages.shared.access import require
from pages.shared.empty import Step, draw_empty
from pages.shared.notice import notice
from pages.shared.resources import live_scorer, services
from pages.shared.status import scoring_banner
from pages.shared.words import _, said

person = require(Action.SCORE)
st.title(_("Score"))
try:
    scorer = live_scorer()
except ModeratoError as error:
    draw_empty(
        _("No model to score with"),
        _("Nothing can be scored until a model is live; comments that come in wait, and count as not scored, never as "
          "clean. Whoever runs this server can mend it:"),
        Step("models.py", _("See the models"), ":material/model_training:"),
    )  # fmt: skip
    notice(said(error), "info")
    st.stop()
scoring_banner()
policy = services().policies.active()
st.caption(_("Model {name}, policy version {id}").format(name=scorer.name, id=policy.id))
text, file = st.tabs([_("Text"), _("File")])
with text:
    score_panel.draw_text(scorer, policy)
with file:
    score_panel.draw_file(scorer, policy)
