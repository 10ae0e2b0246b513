"""The nearest decided comments beside the history of one."""

import html
from collections.abc import Callable

import streamlit as st

from core.accounts import Person
from core.browse import Item
from core.domain import Outcome, pack_labels
from core.history import label_words
from core.nearest import NEARLY_SAME, QUITE_ALIKE, SAME, Near, is_program, person_shown
from pages.shared.comment import CSS, comment_html, draw_comment, plain
from pages.shared.masks import masks
from pages.shared.resources import services
from pages.shared.words import _

_LOOKS = """<style>
.m-near{display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.9em;overflow-wrap:anywhere}
.m-near b{font-weight:600}.m-near .like{margin-left:auto;opacity:.75}
.m-near+.m-comment{margin-top:.3em;font-size:.9em;border-left:3px solid rgba(245,158,11,.6);padding-left:.6em}
</style>"""


def draw_nearest(comment: Item, person: Person, open_comment: Callable[[int], None]) -> None:
    """A switch, and what is like the comment. Nothing for one whose decision nothing may sway, or that was erased."""
    if comment.hidden or not comment.text or not services().nearest.is_on:
        return
    if not st.toggle(_("Similar decided comments"), key=f"near_{comment.id}"):
        return
    found = services().nearest.find(comment.id)
    for one in found.near:
        with st.container(border=True):
            _draw_one(one, person, open_comment)
    if not found.near:
        st.caption(_("Nothing like it was decided before."))
    if not found.is_complete:
        st.caption(_("Earlier decisions are still being read: look again in a moment."))


def _draw_one(one: Near, person: Person, open_comment: Callable[[int], None]) -> None:
    draw_comment(one.comment_id, one.text + (" …" if one.is_cut else ""), masked=one.cover(masks().masking))
    note = comment_html(one.comment_id, one.decision.note) if one.decision.note else ""
    st.html(f'{CSS}{_LOOKS}<div class="m-near">{_facts(one, person)}</div>{note}')
    st.button(
        _("Open number {number}").format(number=one.comment_id), key=f"near_open_{one.comment_id}", type="tertiary",
        on_click=open_comment, args=(one.comment_id,),
    )  # fmt: skip


def _facts(one: Near, person: Person) -> str:
    decision = one.decision
    done = _("Removed") if decision.outcome is Outcome.REMOVE else _("Approved")
    parts = [
        label_words(pack_labels(decision.labels)),
        _who(decision.person, person),
        f"{decision.decided_at:%Y-%m-%d}",
    ]
    if one.many > 1:
        parts.append(_("{alike} of {many} with this text").format(alike=one.alike, many=one.many))
    told = "".join(f"<span>{html.escape(plain(part))}</span>" for part in parts)
    return f'<b>{html.escape(done)}</b>{told}<span class="like">{html.escape(_like(one.likeness))}</span>'


def _who(decided_by: str, viewer: Person) -> str:
    if decided_by == viewer.name:
        return _("You")
    return person_shown(decided_by, viewer) or (_("A program") if is_program(decided_by) else _("A colleague"))


def _like(likeness: float) -> str:
    if likeness >= SAME:
        return _("The same text")
    if likeness >= NEARLY_SAME:
        return _("Nearly the same")
    return _("Quite alike") if likeness >= QUITE_ALIKE else _("Somewhat alike")
