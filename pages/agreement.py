"""Agreement: how far people say the same, how often they err, and whether the model is any further from them."""

import streamlit as st

from core.accounts import Action
from pages.shared import agreement_panels as panels
from pages.shared import golden_mix_panel
from pages.shared.access import require
from pages.shared.charts import hold_steady
from pages.shared.resources import services
from pages.shared.words import _

person = require(Action.SEE_AGREEMENT)
st.title(_("Agreement"))
st.write(
    _(
        "A share of settled comments goes **blind to a second moderator**. What the two say, and what a third says "
        "where they differ, tells how far labels can be trusted: those of people, and those of the model."
    )
)
drawn, waiting = services().agreement.drawn(), services().second_opinions.waiting()
if len(drawn.pairs):
    panels.draw_summary(drawn, waiting)
    of_traffic = panels.choose()
    panels.draw_labels(drawn.pairs, of_traffic=of_traffic)
    panels.draw_versus(drawn.pairs, of_traffic=of_traffic)
    panels.draw_human_error(drawn.pairs, of_traffic=of_traffic)
    panels.draw_pull(drawn.pairs)
    panels.draw_confusion(drawn.pairs)
    panels.draw_spreads(drawn)
else:
    panels.draw_empty(waiting)
panels.draw_waiting(person, waiting)
golden_mix_panel.draw(person)
hold_steady()
