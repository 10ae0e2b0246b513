"""The versions of a guideline: read, compared, and put in force again."""

from collections.abc import Sequence

import streamlit as st

from core.accounts import Action
from core.errors import ModeratoError
from core.guideline_text import compare
from core.guidelines import Guideline
from pages.shared import state
from pages.shared.access import require
from pages.shared.comment import CSS
from pages.shared.guideline_view import draw_guideline, draw_pieces, facts_html, whole
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.words import _, ngettext, said

_TROUBLE = "guideline_restore_trouble"
_BESIDE = 5
"""Versions that are listed with who, when and why without asking."""


def draw_versions(versions: Sequence[Guideline], *, may_write: bool) -> None:
    """All versions, newest first; any two compared."""
    st.subheader(_("Versions"))
    if trouble := state.kept(_TROUBLE):
        notice(trouble)
        state.keep(_TROUBLE, None)
    _draw_list(versions)
    if len(versions) < 2:
        st.caption(_("There is one version so far. What changes can be compared here."))
        return
    by_number = {one.version: one for one in versions}
    topic, numbers = versions[0].topic, list(by_number)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(_("Version"), numbers, key=f"guideline_version_{topic}", width=140)
        beside = st.selectbox(
            _("compared with"), [n for n in numbers if n != chosen], key=f"guideline_beside_{topic}_{chosen}",
            index=_before(numbers, chosen), width=140,
        )  # fmt: skip
        if may_write and chosen != versions[0].version:
            st.button(
                _("Put version {version} in force again").format(version=chosen), key="guideline_restore",
                icon=":material/undo:", on_click=_restore, args=(topic, chosen, versions[0].version),
                help=_("Makes a new version with these words; none goes away."),
            )  # fmt: skip
    one, other = by_number[chosen], by_number[beside]
    tabs = st.tabs([_("What changed"), _("As it reads")])
    with tabs[0]:
        older, newer = sorted((one, other), key=lambda each: each.version)
        st.caption(
            _("From version {older} to {newer}: struck through, what went; underlined, what came.").format(
                older=older.version, newer=newer.version
            )
        )
        draw_pieces(compare(whole(older.line, older.text), whole(newer.line, newer.text)))
    with tabs[1]:
        draw_guideline(one)


def _draw_list(versions: Sequence[Guideline]) -> None:
    st.html(CSS + "".join(map(facts_html, versions[:_BESIDE])))
    if older := versions[_BESIDE:]:
        many = len(older)
        with st.expander(ngettext("{many} older version", "{many} older versions", many).format(many=many)):
            st.html(CSS + "".join(map(facts_html, older)))


def _before(numbers: Sequence[int], chosen: int) -> int:
    """Among the others, newest first: the place of the version before the chosen one; for the first, the next."""
    others = [number for number in numbers if number != chosen]
    return next((place for place, number in enumerate(others) if number < chosen), len(others) - 1)


def _restore(topic: str, version: int, on: int) -> None:
    by = require(Action.WRITE_GUIDELINES)
    try:
        made = services().guidelines.restore(topic, version, on=on, by=by)
    except ModeratoError as error:
        state.keep(_TROUBLE, said(error))
    else:
        state.keep("guideline_saved", (topic, made.version))
