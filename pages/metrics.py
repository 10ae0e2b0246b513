"""Metrics: what a model is worth, as reviewed and of all traffic."""

import streamlit as st

from core.accounts import Action
from pages.shared import metrics_corrected
from pages.shared import metrics_panels as panels
from pages.shared.access import require
from pages.shared.charts import hold_steady
from pages.shared.drift_bar import drift_bar
from pages.shared.resources import services
from pages.shared.words import _

require(Action.SEE_METRICS)
st.title(_("Metrics"))
drift_bar()
metrics = services().metrics
seen = metrics.version()
if choice := panels.choose(metrics):
    reviewed, traffic = metrics.overviews(choice.model.id, choice.days)
    if reviewed.decided:
        panels.explain(reviewed, traffic, metrics.pending_audits(choice.days))
        above = st.container()
        label = panels.choose_label()
        with above:
            panels.draw_ranking(reviewed, traffic, label)
            panels.draw_numbers(reviewed, traffic)
        panels.draw_label(metrics, choice, label)
        metrics_corrected.draw(traffic, services().agreement, choice)
    else:
        panels.draw_nothing(metrics)
    panels.draw_activity(metrics)
else:
    panels.draw_nothing(metrics)
hold_steady()
panels.mark_drawn()
panels.watch(metrics, seen)
