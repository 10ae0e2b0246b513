"""Writing a guideline: what is typed stays until it is saved or given up, also when somebody else was quicker."""

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from core.guideline_text import compare
from core.guidelines import MOST_LINE, MOST_REASON, MOST_TEXT, Draft, Guideline
from pages.shared import state
from pages.shared.access import require
from pages.shared.guideline_view import draw_pieces, whole
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, said

_ON = "guideline_on_"
"""Which version somebody writes on, by topic; None while they do not."""
_LINE, _TEXT, _WHY = "guideline_line_", "guideline_text_", "guideline_why_"
_TROUBLE, _SAVED = "guideline_trouble", "guideline_saved"


def is_open(topic: str) -> bool:
    """Whether the topic is being written on."""
    return state.kept(_ON + topic) is not None


def draw_begin(newest: Guideline) -> None:
    """The way into the editor."""
    st.button(_("Edit"), key="guideline_edit", icon=":material/edit:", on_click=_begin, args=(newest.topic,))


def draw_saved(topic: str) -> None:
    """Say once that a version was saved."""
    saved = state.kept(_SAVED)
    if saved and saved[0] == topic:
        words = _("Version {version} is in force now. Cards show it within seconds.").format(version=saved[1])
        st.toast(words, icon=":material/check:")  # whoever saved is at the page's other end
        st.success(words, icon=":material/check:")
    state.keep(_SAVED, None)


def draw_editor(newest: Guideline) -> None:
    """The three fields, what went wrong, and what somebody else saved meanwhile."""
    topic = newest.topic
    line = st.text_input(
        _("In one line, for the card"), key=_LINE + topic, max_chars=MOST_LINE, persist_state="session",
        help=_("Shown under the label's toggle. What counts, in one sentence."),
    )  # fmt: skip
    text = st.text_area(
        _("The whole guideline"), key=_TEXT + topic, height=420, max_chars=MOST_TEXT, persist_state="session",
        help=_("Plain text. A line that begins with # is a heading, one that begins with - a point."),
    )  # fmt: skip
    st.text_input(
        _("Why it changes"), key=_WHY + topic, max_chars=MOST_REASON, persist_state="session",
        placeholder=_("What was unclear?"),
    )  # fmt: skip
    if trouble := state.kept(_TROUBLE):
        notice(trouble)
        state.keep(_TROUBLE, None)
    if state.kept(_ON + topic) == newest.version:
        _draw_acts(newest)
    else:
        _draw_overtaken(newest, line or "", text or "")


def _draw_acts(newest: Guideline) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(
            _("Save as version {version}").format(version=newest.version + 1), key="guideline_save", type="primary",
            on_click=_save, args=(newest.topic, newest.version),
        )  # fmt: skip
        st.button(_("Give up what I wrote"), key="guideline_give_up", on_click=_close, args=(newest.topic,))


def _draw_overtaken(newest: Guideline, line: str, text: str) -> None:
    """Somebody saved another version: theirs against what was typed, and the two ways on."""
    who = newest.person or "Moderato"
    notice(
        _("{who} saved version {version} while you wrote. Below: struck through, what only theirs says; underlined, "
          "what only yours says.").format(who=who, version=newest.version),
        "warning",
    )  # fmt: skip
    draw_pieces(compare(whole(newest.line, newest.text), whole(line, text)))
    with st.container(horizontal=True, gap="small"):
        st.button(
            _("Save mine on top, as version {version}").format(version=newest.version + 1), key="guideline_on_top",
            on_click=_save, args=(newest.topic, newest.version),
        )  # fmt: skip
        st.button(_("Take theirs"), key="guideline_theirs", on_click=_close, args=(newest.topic,))


def _begin(topic: str) -> None:
    newest = services().guidelines.list_of(topic, by=require(Action.WRITE_GUIDELINES))[0]
    state.keep(_LINE + topic, newest.line)
    state.keep(_TEXT + topic, newest.text)
    state.keep(_WHY + topic, "")
    state.keep(_ON + topic, newest.version)


def _save(topic: str, on: int) -> None:
    by = require(Action.WRITE_GUIDELINES)
    typed = (str(state.kept(key + topic) or "") for key in (_LINE, _TEXT, _WHY))
    try:
        made = services().guidelines.save(Draft(topic, *typed, on), by=by)
    except ModeratoError as error:
        state.keep(_TROUBLE, said(error))
    else:
        state.keep(_ON + topic, None)
        state.keep(_SAVED, (topic, made.version))


def _close(topic: str) -> None:
    require(Action.WRITE_GUIDELINES)
    state.keep(_ON + topic, None)
