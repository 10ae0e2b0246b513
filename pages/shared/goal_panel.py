"""Preferences: a goal for one sitting."""

from typing import Final

import streamlit as st

from core.accounts import Action, Person
from core.session_goal import GOAL, MOST_ITEMS, MOST_MINUTES, Goal
from pages.shared.access import require
from pages.shared.resources import services
from pages.shared.words import _

_KIND: Final = "goal_kind"
_ITEMS: Final = "goal_items"
_MINUTES: Final = "goal_minutes"
_NONE, _BY_ITEMS, _BY_MINUTES = "none", "items", "minutes"


def draw(person: Person) -> None:
    """None, so many comments, or so many minutes."""
    if not person.may(Action.REVIEW):
        return
    goal = Goal.parse(services().preferences.get(person, GOAL))
    st.header(_("A goal for one sitting"))
    st.write(_("Shown quietly in the queue, and told once when it is reached. Nobody else sees it; nothing adds up."))
    st.session_state.setdefault(_KIND, _BY_ITEMS if goal.items else _BY_MINUTES if goal.minutes else _NONE)
    titles = {_NONE: _("No goal"), _BY_ITEMS: _("Comments"), _BY_MINUTES: _("Minutes")}
    st.radio(_("Goal"), list(titles), key=_KIND, format_func=titles.__getitem__, horizontal=True, on_change=_keep,
             label_visibility="collapsed")  # fmt: skip
    if st.session_state[_KIND] == _BY_ITEMS:
        st.number_input(_("Comments in one sitting"), 1, MOST_ITEMS, goal.items or 60, key=_ITEMS, on_change=_keep)
    elif st.session_state[_KIND] == _BY_MINUTES:
        st.number_input(_("Minutes in one sitting"), 1, MOST_MINUTES, goal.minutes or 45, key=_MINUTES, on_change=_keep)


def _keep() -> None:
    person, kind = require(Action.KEEP_PREFERENCES), st.session_state[_KIND]
    goal = Goal()
    if kind == _BY_ITEMS:
        goal = Goal(items=st.session_state.get(_ITEMS, 60))
    elif kind == _BY_MINUTES:
        goal = Goal(minutes=st.session_state.get(_MINUTES, 45))
    services().preferences.put(GOAL, goal.as_json() if goal != Goal() else None, by=person)
