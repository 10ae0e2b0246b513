"""Privacy: erase texts, keep them for so long, name authors by pseudonym, hand over what is held on one."""

import streamlit as st

from core.accounts import Action
from pages.shared import privacy_panels, retention_panel
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.MANAGE_PRIVACY)
st.title(_("Privacy"))
st.write(
    _(
        "What is erased here is gone from the database, its search index, and the exports in the data folder. What "
        "was counted of it stays, so that metrics do not change. **Out of reach:** backups, models that were trained "
        "before, and copies that somebody took elsewhere. `docs/privacy.md` says it in full."
    )
)
author, comment, keeping = st.tabs([_("An author"), _("One comment"), _("Keeping")])
with author:
    privacy_panels.draw_author(person)
with comment:
    privacy_panels.draw_comment(person)
with keeping:
    retention_panel.draw(person)
privacy_panels.draw_erasures()
