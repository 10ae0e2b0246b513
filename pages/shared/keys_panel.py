"""Preferences: keys of the review queue, and the hand on a phone."""

import streamlit as st

from core.accounts import Action, Person
from core.own_keys import HANDS, KEYS, OwnKeys
from pages.shared import key_editor
from pages.shared.access import require
from pages.shared.resources import services
from pages.shared.titles import label_titles
from pages.shared.words import _

_HAND = "keys_hand"


def draw(person: Person) -> None:
    """The table of keys, and on which side the buttons of a phone lie."""
    if not person.may(Action.REVIEW):
        return
    st.header(_("Keys of the queue"))
    st.write(_("Press the button beside an act, then its new key. The queue follows at once, on every device."))
    _editor(person)
    st.subheader(_("One hand on a phone"))
    st.write(_("The buttons move to the bottom, within the reach of the thumb. On a wide screen nothing moves."))
    titles = {"": _("Both hands"), "left": _("Left thumb"), "right": _("Right thumb")}
    hand = OwnKeys.parse(services().preferences.get(person, KEYS)).hand
    st.session_state.setdefault(_HAND, hand)
    st.radio(_("Hand"), HANDS, key=_HAND, format_func=titles.__getitem__, horizontal=True, on_change=_set_hand,
             label_visibility="collapsed")  # fmt: skip


@st.fragment
def _editor(person: Person) -> None:
    kept = OwnKeys.parse(services().preferences.get(person, KEYS))
    labels = label_titles()
    told = key_editor.mount({"keys": kept.as_json(), "labels": labels})
    if told is not None:
        chosen = OwnKeys.parse(told | {"hand": kept.hand} if isinstance(told, dict) else None)
        services().preferences.put(KEYS, chosen.as_json(), by=require(Action.KEEP_PREFERENCES))


def _set_hand() -> None:
    person, preferences = require(Action.KEEP_PREFERENCES), services().preferences
    kept = OwnKeys.parse(preferences.get(person, KEYS)).as_json()
    preferences.put(KEYS, kept | {"hand": st.session_state[_HAND]}, by=person)
