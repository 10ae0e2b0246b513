"""What people hold or were handed, for leads: give it to somebody else, or back to the queue."""

from typing import Final

import streamlit as st

from core.accounts import Action, Person
from core.domain import now
from core.errors import ModeratoError
from core.hand_over import MAX_NOTE, Kept
from core.work_filter import LANE_TITLES
from pages.shared import state
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.slices_panel import age
from pages.shared.words import _, said

_MESSAGE: Final = "kept_message"


def draw(person: Person) -> None:
    """Every comment that is held or was handed over, longest first."""
    if not person.may(Action.REASSIGN):
        return
    st.header(_("What people hold"))
    if message := state.kept(_MESSAGE):
        state.keep(_MESSAGE, None)
        notice(*message)
    kept = services().hand_over.kept(by=person)
    if not kept:
        st.write(_("Nobody holds anything."))
        return
    people = services().slices.reviewers(by=person)
    for one in kept:
        _draw_one(one, [name for name in people if name != one.person])


def _draw_one(one: Kept, people: list[str]) -> None:
    said_, act = st.columns([4, 1], vertical_alignment="center")
    what = _("holds it") if one.held else _("was handed it by {name}").format(name=one.handed_by)
    lane = _(LANE_TITLES[one.lane]) if one.lane else ""
    said_.text(
        _("Comment {id} · {lane} · {person} {what} for {age}, back in the queue in {left}").format(
            id=one.comment_id, lane=lane, person=one.person, what=what, age=age(one.since), left=_left(one)
        )
    )
    with act.popover(_("Give away"), width="stretch"):
        key = str(one.comment_id)
        st.selectbox(_("To"), people, key=f"kept_to_{key}", placeholder=_("Choose somebody"), index=None)
        st.text_input(_("Note"), key=f"kept_note_{key}", max_chars=MAX_NOTE, help=_("Not for blind comments"))
        st.button(_("Hand over"), key=f"kept_give_{key}", on_click=_give, args=(one.comment_id,), type="primary")
        st.button(_("Back to the queue"), key=f"kept_back_{key}", on_click=_back, args=(one.comment_id,))


def _left(one: Kept) -> str:
    return _("{many} h").format(many=max(0, round((one.until - now()).total_seconds() / 3600)))


def _give(comment_id: int) -> None:
    by, to = require(Action.REASSIGN), st.session_state.get(f"kept_to_{comment_id}")
    if not to:
        state.keep(_MESSAGE, (_("Choose somebody first."), "warning"))
        return
    try:
        services().hand_over.reassign(comment_id, to, st.session_state.get(f"kept_note_{comment_id}"), by=by)
    except ModeratoError as error:
        state.keep(_MESSAGE, (said(error), "error"))


def _back(comment_id: int) -> None:
    try:
        services().reassign.release(comment_id, by=require(Action.REASSIGN))
    except ModeratoError as error:
        state.keep(_MESSAGE, (said(error), "error"))
