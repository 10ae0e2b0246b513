"""Webhooks: where decisions are delivered, how that goes, and what failed."""

import streamlit as st

from core.accounts import Action
from pages.shared import webhook_failures, webhook_panels
from pages.shared.access import require
from pages.shared.words import _

person = require(Action.MANAGE_WEBHOOKS)
st.title(_("Webhooks"))
st.write(
    _(
        "Moderato sends each decision to the addresses below, signed, and again for a day if that fails. It never "
        "sends a comment's text: the receiver knows it by its id. How to receive them is in `docs/webhooks.md`."
    )
)
webhook_panels.draw_secret()
webhook_panels.draw_new()
for hook, counts in webhook_panels.listed(person):
    with st.container(border=True):
        webhook_panels.draw_webhook(hook, counts)
        if counts.failed:
            webhook_failures.draw_failures(hook, counts.failed, person)
