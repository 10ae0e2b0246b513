"""What a webhook's receiver never took, to be sent again by hand."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.webhooks.service import Failure, Webhook
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.resources import services

_SHOWN = 100


def draw_failures(hook: Webhook, many: int, person: Person) -> None:
    """The latest failures in a table; those chosen, or all, can be sent again."""
    found = services().webhooks.failures(hook.name, by=person, limit=_SHOWN)
    with st.expander(f"{many:,} {'message' if many == 1 else 'messages'} that failed", icon=":material/error:"):
        if many > len(found):
            st.caption(f"The latest {len(found)}. They are kept for 30 days.")
        chosen = st.dataframe(
            [_row(failure) for failure in found],
            key=f"failures_{hook.id}",
            on_select="rerun",
            selection_mode="multi-row",
            hide_index=True,
        ).selection.rows
        ids = [found[i].id for i in chosen if i < len(found)]
        label = f"Send {len(ids)} again" if ids else "Send all again"
        st.button(
            label, key=f"resend_{hook.id}", on_click=_resend, args=(hook.name, ids or None), icon=":material/replay:"
        )


def _row(failure: Failure) -> dict[str, object]:
    return {
        "Given up": f"{failure.ended_at:%Y-%m-%d %H:%M}",
        "Why": failure.problem,
        "Event": failure.event,
        "Comment": failure.comment_id,
        "Its id there": plain(failure.external_id or "erased"),
        "Attempts": failure.tries,
    }


def _resend(name: str, ids: list[int] | None) -> None:
    try:
        many = services().webhooks.resend(name, ids, by=require(Action.MANAGE_WEBHOOKS))
    except ModeratoError as error:
        st.toast(str(error), icon=":material/error:")
    else:
        st.toast(f"{many:,} {'message is' if many == 1 else 'messages are'} sent again.", icon=":material/replay:")
