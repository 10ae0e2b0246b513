"""What one asked leads about comments: what waits, what was answered, how it was decided."""

from uuid import UUID

import streamlit as st

from core.accounts import Action, Person
from core.domain import LabelFlags, Outcome
from core.errors import ModeratoError
from core.labels import LABEL_TITLES, LABELS
from core.questions import MOST_SHOWN, Asked
from core.wellbeing.masking import Cover
from pages.shared.access import require
from pages.shared.comment import CSS, comment_html, draw_comment
from pages.shared.masks import masks
from pages.shared.resources import services
from pages.shared.words import _, ngettext, said

_WAITS_SHOWN = 5


def draw(person: Person) -> None:
    """The person's questions: what is open first, then the newest."""
    found = services().questions.mine(person)
    st.subheader(_("What did you ask?"))
    if not found:
        st.caption(_("Nothing yet. In the queue, Q asks a lead about the comment on the screen."))
        return
    waiting = sum(one.waits for one in found)
    if waiting:
        words = ngettext("{many} question waits for an answer.", "{many} questions wait for an answer.", waiting)
        st.caption(words.format(many=waiting))
    for one in found[:_WAITS_SHOWN]:
        _draw_one(one)
    if rest := found[_WAITS_SHOWN:]:
        words = ngettext("{many} more", "{many} more, the newest {most} in all", len(rest))
        with st.expander(words.format(many=len(rest), most=MOST_SHOWN)):
            for one in rest:
                _draw_one(one)


def _draw_one(one: Asked) -> None:
    with st.container(border=True):
        st.markdown(f"**{_status(one)}**")
        moment = f"{one.asked_at:%Y-%m-%d %H:%M} UTC"
        st.caption(_("Comment {number}, asked {moment}").format(number=one.comment_id, moment=moment))
        words = one.question or _("(erased)")
        st.html(CSS + comment_html(one.comment_id, words))
        if one.answer:
            st.text(_("{name} answered:").format(name=one.answered_by))
            st.html(CSS + comment_html(one.comment_id, one.answer))
        if one.text:
            with st.expander(_("The comment")):
                draw_comment(one.comment_id, one.text, masked=_cover(one), place=f"asked_{one.id}")
        if one.closed_at is None:
            st.button(
                _("Take it back and decide it myself"), key=f"unask_{one.id}", icon=":material/undo:",
                on_click=_take_back, args=(one.client_id,),
            )  # fmt: skip


def _cover(one: Asked) -> Cover:
    """By the labels that it got; what nobody has decided begins as the worst would: its scores are not known here."""
    mine = masks()
    if one.labels is not None:
        return mine.cover_of_labels(one.labels)
    return Cover(mine.cover_of_labels((True,) * len(LABELS)).mask)


def _status(one: Asked) -> str:
    if one.taken_back:
        return _("Taken back")
    if one.outcome is not None:
        return _decided(one.outcome, one.labels)
    if one.question is None:
        return _("Erased")
    if one.answered_at:
        return _("Answered: the comment is in your queue")
    return _("Waits since {moment}").format(moment=f"{one.asked_at:%Y-%m-%d %H:%M} UTC")


def _decided(outcome: Outcome, labels: LabelFlags | None) -> str:
    titles = label_words(labels)
    if outcome is Outcome.APPROVE:
        return _("Approved: {labels}").format(labels=titles)
    if outcome is Outcome.REMOVE:
        return _("Removed: {labels}").format(labels=titles)
    return _("Passed on to somebody else")


def label_words(labels: LabelFlags | None) -> str:
    """The labels in words."""
    on = [_(LABEL_TITLES[name]) for name, given in zip(LABELS, labels or (), strict=False) if given]
    return ", ".join(on) or _("no label")


def _take_back(client_id: UUID) -> None:
    try:
        number = services().questions.take_back(client_id, by=require(Action.REVIEW))
        st.toast(_("Comment {number} is back in your queue.").format(number=number), icon=":material/undo:")
    except ModeratoError as error:
        st.toast(said(error), icon=":material/error:")
