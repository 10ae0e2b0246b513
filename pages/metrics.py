"""Metrics: what a model is worth, as reviewed and of all traffic."""

import streamlit as st

from core.accounts import Role
from pages.shared import metrics_panels as panels
from pages.shared.access import require
from pages.shared.chart_views import keep_views
from pages.shared.resources import services

require(Role.MODERATOR)
st.title("Metrics")
metrics = services().metrics
seen = metrics.version()
if choice := panels.choose(metrics):
    reviewed, traffic = metrics.overviews(choice.model.id, choice.days)
    if reviewed.decided:
        panels.explain(reviewed, traffic, metrics.pending_audits(choice.days))
        panels.draw_ranking(reviewed, traffic)
        panels.draw_numbers(reviewed, traffic)
        panels.draw_label(metrics, choice)
    else:
        panels.draw_empty(metrics)
    panels.draw_activity(metrics)
else:
    panels.draw_empty(metrics)
keep_views()
panels.mark_drawn()
panels.watch(metrics, seen)
