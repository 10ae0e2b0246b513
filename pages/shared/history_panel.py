"""One comment with everything that happened to it."""

import html
from collections.abc import Callable, Sequence
from uuid import uuid4

import pandas as pd
import streamlit as st

from core.accounts import Action
from core.browse import History, Item
from core.errors import ModeratoError
from core.history import Event, Standing
from core.labels import LABELS
from pages.shared.access import current_person, require
from pages.shared.browse_filters import STANDING_TITLES
from pages.shared.comment import CSS, comment_html, draw_comment, plain
from pages.shared.masks import masks
from pages.shared.nearest_panel import draw_nearest
from pages.shared.resources import services
from pages.shared.titles import label_title
from pages.shared.words import _, ngettext, said

BADGES = {
    Standing.NOT_SCORED: "gray",
    Standing.ASKED: "violet",
    Standing.ESCALATED: "violet",
    Standing.ADJUDICATION: "violet",
    Standing.AUDIT: "blue",
    Standing.SECOND: "blue",
    Standing.DISAGREEMENT: "blue",
    Standing.RECHECK: "blue",
    Standing.SUGGESTED: "gray",
    Standing.FLAGGED: "orange",
    Standing.ALLOWED: "green",
    Standing.SETTLED: "red",
    Standing.REMOVED: "red",
    Standing.GOLDEN: "yellow",
    Standing.ERASED: "gray",
}
"""Colours of where a comment stands."""

_TIMELINE = """<style>
.m-line{border-left:2px solid color-mix(in srgb,currentColor 18%,transparent);margin:.2em 0 0 .4em;padding:0}
.m-line>div{position:relative;padding:0 0 .7em 1em;margin:0}
.m-line>div::before{content:"";position:absolute;left:-6px;top:.45em;width:9px;height:9px;border-radius:50%;
 background:currentColor;opacity:.45}
.m-line time{font-size:.8em;opacity:.7;display:block}
.m-line .m-who{font-weight:600}
.m-line .m-comment{margin-top:.2em;font-size:.9em;border-left:3px solid rgba(245,158,11,.6);padding-left:.6em}
</style>"""


def draw_history(history: History, open_comment: Callable[[int], None]) -> None:
    """Draw the comment, its scores, what happened, and others with the same text."""
    comment = history.comment
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Number {id}').format(id=comment.id)}**", width="content")
        st.badge(_(STANDING_TITLES[comment.standing]), color=BADGES[comment.standing])
    st.html(_origin(history))
    if history.link:
        st.html(original_html(history.link))
    with st.container(border=True):
        draw_comment(comment.id, comment.text, masked=masks().cover(comment.scores))
    if comment.hidden:
        st.info(
            _("It waits for a blind decision: scores, labels and notes are hidden until it is decided."),
            icon=":material/visibility_off:",
        )
    if comment.standing is Standing.REMOVED:
        _draw_removed(comment.id)
    _draw_holder(comment.id)
    _draw_scores(history.events)
    st.html(timeline_html(history.events, comment.id))
    _draw_identical(history.identical, open_comment)
    if person := current_person():
        draw_nearest(comment, person, open_comment)


def original_html(link: str) -> str:
    """The link to the original, in a new tab that knows nothing of this page. http and https alone get here."""
    return (
        f'<a href="{html.escape(link)}" target="_blank" rel="noopener noreferrer" '
        f'style="color:inherit">{html.escape(_("Open the original"))}</a>'
    )


def _draw_holder(comment_id: int) -> None:
    """Who has it now, for those who may take it from them."""
    person = current_person()
    if person is None or not person.may(Action.REASSIGN) or not (holder := services().reassign.holder(comment_id)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(_("{holder} has it now.").format(holder=holder), width="content")
        st.button(_("Give it back to the queue"), key=f"release_{comment_id}", icon=":material/undo:",
                  on_click=_release, args=(comment_id,))  # fmt: skip


def _release(comment_id: int) -> None:
    try:
        services().reassign.release(comment_id, by=require(Action.REASSIGN))
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")


def _draw_removed(comment_id: int) -> None:
    """Say that nobody looked at it, and let somebody ask for that."""
    st.info(
        _("The policy removed this without review. Sent to review, it stays removed until somebody decides."),
        icon=":material/auto_delete:",
    )
    st.button(_("Send to review"), key=f"send_to_review_{comment_id}", icon=":material/undo:", on_click=_send_to_review,
              args=(comment_id,))  # fmt: skip


def _send_to_review(comment_id: int) -> None:
    try:
        services().removals.send_to_review(comment_id, by=require(Action.REVIEW), client_id=uuid4())
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")


def timeline_html(events: Sequence[Event], comment_id: int) -> str:
    """The events as a list. Names and notes are people's text: escaped like comments."""
    entries = "".join(_entry(event, comment_id) for event in events)
    return f'{CSS}{_TIMELINE}<div class="m-line" role="list">{entries}</div>'


def _entry(event: Event, comment_id: int) -> str:
    who = f'<span class="m-who">{html.escape(plain(event.person))}</span> · ' if event.person else ""
    note = comment_html(comment_id, event.note) if event.note else ""
    at = _("{at:%Y-%m-%d %H:%M:%S} UTC").format(at=event.at)
    return f'<div role="listitem"><time>{at}</time>{who}{html.escape(event.what)}{note}</div>'


def _origin(history: History) -> str:
    facts = {
        _("source"): history.comment.source,
        _("id there"): history.external_id,
        _("author"): history.comment.author,
        _("thread"): history.thread,
        _("answers"): history.parent,
    }
    parts = (f"{name} <b>{html.escape(plain(value, 60))}</b>" for name, value in facts.items() if value)
    return f'<div style="font-size:.875em;opacity:.8;overflow-wrap:anywhere">{" · ".join(parts)}</div>'


def _draw_scores(events: Sequence[Event]) -> None:
    scored = [event for event in events if event.scores]
    if not scored:
        return
    columns = {event.what.removeprefix("Scored by "): event.scores for event in scored}
    table = pd.DataFrame(columns, index=[label_title(label) for label in LABELS])
    bar = st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", color="auto-inverse")
    st.dataframe(table, column_config=dict.fromkeys(columns, bar), alt=_("Scores by label and model"))


def _draw_identical(items: Sequence[Item], open_comment: Callable[[int], None]) -> None:
    if not items:
        return
    st.text(
        ngettext("Same text: {many} other", "Same text: {many} others", len(items)).format(many=len(items))
        if len(items) < 20
        else _("Same text: {many} others or more").format(many=len(items))
    )
    with st.container(horizontal=True, gap="small"):
        for item in items:
            st.button(
                f"{item.id} · {_(STANDING_TITLES[item.standing])}", key=f"same_{item.id}", type="tertiary",
                on_click=open_comment, args=(item.id,),
            )  # fmt: skip
