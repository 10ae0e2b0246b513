"""Raids: clusters of waiting comments, looked at by samples and settled many at once."""

import streamlit as st

from core.accounts import Action
from pages.shared import raid_panel
from pages.shared.access import require
from pages.shared.raid_list import draw_look
from pages.shared.words import _

person = require(Action.REVIEW)
st.title(_("Raids"))
st.write(
    _(
        "Waiting comments that belong together: the same or nearly the same text, and bursts of one author or in one "
        "thread. Look at samples, then settle all of them or some. Each comment gets its own entry in the ledger; "
        "one step undoes them all."
    )
)
raid_panel.draw_last(person)
cluster = draw_look(person)
if cluster:
    raid_panel.draw_cluster(cluster, person)
