"""Models: what scores, what would score better, and the switch between them."""

import streamlit as st

from core.accounts import Action
from core.errors import ModelUnavailable
from pages.shared import gate_reports, model_cards, shadow_panel, training_panel
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.status import scoring_banner
from pages.shared.words import _, said

person = require(Action.SEE_MODELS)
st.title(_("Models"))
scoring_banner()
model_cards.draw_message()

registry = services().registry
versions, history = registry.list_models(), registry.history()
live = registry.live()
if live:
    model_cards.draw_live(live, history)
else:
    try:
        registry.require_live()
    except ModelUnavailable as error:
        notice(said(error), "warning")
training_panel.draw(person)
model_cards.draw_challengers(versions, live, person)
shadow_panel.draw(versions, person)
model_cards.draw_history(history)
gate_reports.draw()
