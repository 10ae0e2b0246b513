"""Every decision of one's own: looked for, looked at, taken back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from core.accounts import Action, Person
from core.domain import Lane, Outcome
from core.errors import ModeratoError
from core.labels import LABEL_TITLES, LABELS
from core.own_history import OwnCriteria, Page
from pages.shared import own_decision
from pages.shared.access import require
from pages.shared.comment_list import comment_list
from pages.shared.empty import Step, draw_empty
from pages.shared.masks import masks
from pages.shared.notice import notice
from pages.shared.own_decision import OPEN, OUTCOMES
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, later, said
from pages.shared.zones import browser_zone

LANES = {
    Lane.ASKED: later("Question"),
    Lane.ESCALATED: later("Escalated"),
    Lane.ADJUDICATION: later("Two disagree"),
    Lane.AUDIT: later("Blind audit"),
    Lane.SECOND: later("Second opinion"),
    Lane.DISAGREEMENT: later("Models disagree"),
    Lane.RECHECK: later("Look again"),
    Lane.SUGGESTED: later("Suggested"),
    Lane.FLAGGED: later("Flagged"),
}
"""Lanes as the card names them."""
_LIST = "own_history"
_PLACE = "own_history_place"


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is among their decisions."""

    wanted: OwnCriteria
    starts: tuple[int | None, ...] = (None,)
    """Where each page up to this one starts."""
    seconds: float = 0.4
    """How long to look: longer for somebody who asked to go on."""


@st.fragment
def draw(_person: Person) -> None:
    """The search, a page of the list, and the decision that is open. A fragment: turning pages redraws nothing else."""
    person = require(Action.REVIEW)
    st.subheader(_("Your decisions"), anchor=False)
    own_decision.draw_said()
    try:
        if not services().own_history.has_begun(by=person):
            _draw_none_yet()
            return
        wanted = _draw_search()
        place = kept(_PLACE)
        if place is None or place.wanted != wanted:
            place = Place(wanted)
            keep(_PLACE, place)
        page = services().own_history.page(wanted, by=person, before=place.starts[-1], seconds=place.seconds)
    except ModeratoError as error:
        notice(said(error))
        return
    if page.entries or len(place.starts) > 1 or page.unfinished:
        _draw_steps(place, page)
        _draw_list(page)
    else:
        draw_empty(_("None of your decisions matches"), _("Take a part of the search away, or choose other days."))
    if kept(OPEN):
        own_decision.show()


def _draw_search() -> OwnCriteria:
    with st.container(horizontal=True):
        text = st.text_input(
            _("Words of the comment"), key="own_text", icon=":material/search:",
            placeholder=_("Words of the comment, or #number"), label_visibility="collapsed",
        )  # fmt: skip
        days = st.date_input(
            _("Days"), value=(), key="own_days", label_visibility="collapsed", width=240, max_value=date(9998, 12, 31)
        )
    with st.container(horizontal=True):
        outcome = _pick(_("Outcome"), "own_outcome", list(OUTCOMES), lambda one: _(OUTCOMES[one]))
        label = _pick(_("Label"), "own_label", list(LABELS), lambda one: _(LABEL_TITLES[one]))
        lane = _pick(_("Lane"), "own_lane", list(LANES), lambda one: _(LANES[one]))
    number = re.fullmatch(r"\s*#(\d{1,18})\s*", text or "")
    span = days if isinstance(days, tuple) else (days,)
    return OwnCriteria(
        text="" if number else text or "",
        comment_id=int(number[1]) if number else None,
        outcome=Outcome(outcome) if outcome else None,
        label=LABELS.index(label) if label else None,
        lane=Lane(lane) if lane else None,
        since=_midnight(span[0]) if span else None,
        until=_midnight(span[-1] + timedelta(days=1)) if span else None,
    )


def _pick(label: str, key: str, options: list[Any], words: Callable[[Any], str]) -> str | None:
    return st.selectbox(
        label, options, index=None, key=key, placeholder=label, format_func=words, label_visibility="collapsed",
        width=150,
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    """When the day begins where the reader is."""
    return datetime(day.year, day.month, day.day, tzinfo=browser_zone()).astimezone(UTC)


def _draw_steps(place: Place, page: Page) -> None:
    on = (
        None
        if page.older is None
        else Place(place.wanted, (*place.starts, page.older), 2.5 if page.unfinished else 0.4)
    )
    back = Place(place.wanted, place.starts[:-1]) if len(place.starts) > 1 else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Newer"), key="own_newer", icon=":material/chevron_left:", disabled=back is None,
            on_click=keep, args=(_PLACE, back),
        )  # fmt: skip
        st.button(
            _("Keep looking") if page.unfinished else _("Older"), key="own_older", icon=":material/chevron_right:",
            disabled=on is None, on_click=keep, args=(_PLACE, on),
        )  # fmt: skip
        if page.unfinished:
            st.caption(_("Not all of your decisions were looked through yet."))
        elif not place.wanted.text and place.wanted.comment_id is None:
            st.caption(_("What you settled together stands as one line."))


def _draw_list(page: Page) -> None:
    def on_open() -> None:
        require(Action.REVIEW)
        chosen = kept(_LIST).open
        keep(OPEN, chosen if chosen in {entry.decision.id for entry in page.entries} else None)

    mine = masks()
    rows = [own_decision.row_of(entry, mine) for entry in page.entries]
    comment_list(rows, opened=kept(OPEN), key=_LIST, on_open=on_open)


def _draw_none_yet() -> None:
    why = _(
        "Every decision that you make in the queue or on Raids is listed here, for you to look back on and, for "
        "{hours} hours, to take back."
    )
    draw_empty(
        _("You have not decided anything yet"),
        why.format(hours=f"{services().settings.undo_hours:g}"),
        Step("queue.py", _("Open the queue"), ":material/inbox:"),
        Step("practice.py", _("Practise first"), ":material/school:"),
    )
