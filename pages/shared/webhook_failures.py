"""What a webhook's receiver never took, to be sent again by hand."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.webhooks.service import Failure, Webhook
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.resources import services
from pages.shared.words import _, ngettext, said, written

_SHOWN = 100


def draw_failures(hook: Webhook, many: int, person: Person) -> None:
    """The latest failures in a table; those chosen, or all, can be sent again."""
    found = services().webhooks.failures(hook.name, by=person, limit=_SHOWN)
    with st.expander(
        ngettext("{many:,} message that failed", "{many:,} messages that failed", many).format(many=many),
        icon=":material/error:",
    ):
        if many > len(found):
            st.caption(_("The latest {many}. They are kept for 30 days.").format(many=len(found)))
        chosen = st.dataframe(
            [_row(failure) for failure in found],
            key=f"failures_{hook.id}",
            on_select="rerun",
            selection_mode="multi-row",
            hide_index=True,
        ).selection.rows
        ids = [found[i].id for i in chosen if i < len(found)]
        label = _("Send {many} again").format(many=len(ids)) if ids else _("Send all again")
        st.button(
            label, key=f"resend_{hook.id}", on_click=_resend, args=(hook.name, ids or None), icon=":material/replay:"
        )


def _row(failure: Failure) -> dict[str, object]:
    return {
        _("Given up"): written(failure.ended_at, "%Y-%m-%d %H:%M"),
        _("Why"): failure.problem,
        _("Event"): failure.event,
        _("Comment"): failure.comment_id,
        _("Its id there"): plain(failure.external_id or _("erased")),
        _("Attempts"): failure.tries,
    }


def _resend(name: str, ids: list[int] | None) -> None:
    try:
        many = services().webhooks.resend(name, ids, by=require(Action.MANAGE_WEBHOOKS))
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")
    else:
        st.toast(
            ngettext("{many:,} message is sent again.", "{many:,} messages are sent again.", many).format(many=many),
            icon=":material/replay:",
        )
