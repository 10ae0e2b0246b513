"""One decision of one's own: as a line of the list, and opened."""

from datetime import datetime
from uuid import uuid5

import streamlit as st

from core.accounts import Action
from core.domain import Decision, Outcome
from core.errors import ModeratoError
from core.history import Standing
from core.labels import LABEL_TITLES, LABELS
from core.own_history import Entry, Undone
from pages.shared.access import require
from pages.shared.browse_filters import STANDING_TITLES
from pages.shared.comment import CSS, comment_html, draw_comment, listed
from pages.shared.links import page_link
from pages.shared.masks import Masks, masks
from pages.shared.notice import Kind, notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, later, ngettext, said, written
from pages.shared.zones import browser_zone

OPEN = "own_history_open"
"""Under which the opened decision's number is kept."""
OUTCOMES = {
    Outcome.APPROVE: later("Approved"),
    Outcome.REMOVE: later("Removed"),
    Outcome.ESCALATE: later("Escalated"),
}
"""What was done, as people read it."""
_COLOURS = {Outcome.APPROVE: "green", Outcome.REMOVE: "red", Outcome.ESCALATE: "violet"}
_SAID = "own_history_said"


def row_of(entry: Entry, mine: Masks) -> dict[str, object]:
    """What the list shows of it. Nothing masked, nothing that cannot be seen, nothing of what others said."""
    decision, comment = entry.decision, entry.comment
    there = comment is not None and bool(comment.text)
    text = (
        listed(comment.id, comment.text, mine.cover(comment.scores)) if comment and there else _("The text was erased.")
    )
    return {
        "id": decision.id,
        "number": decision.comment_id,
        "text": _("Masked: open it to read") if text is None else text,
        "masked": text is None or not there,
        "state": _("Undone") if entry.undone_at else _(OUTCOMES[decision.outcome]),
        "color": "gray" if entry.undone_at else _COLOURS[decision.outcome],
        "facts": [
            fact for fact in (_labels(decision), _together(entry), _where(entry), _moment(decision.decided_at)) if fact
        ],
    }


def show() -> None:
    """The opened decision beside the list."""
    dialog = st.dialog(_("Your decision"), width="medium", position="right", on_dismiss=lambda: keep(OPEN, None))
    dialog(_draw_opened)()


def _draw_opened() -> None:
    """It runs by itself: the role is checked again."""
    person = require(Action.REVIEW)
    if kept(_SAID):  # it was taken back: the list tells
        keep(OPEN, None)
        st.rerun()
    try:
        entry = services().own_history.require(kept(OPEN), by=person)
    except ModeratoError as error:
        notice(said(error))
        return
    decision, comment = entry.decision, entry.comment
    with st.container(border=True):
        if comment and comment.text:
            draw_comment(comment.id, comment.text, masked=masks().cover(comment.scores))
        else:
            st.write(_("The text was erased."))
    _draw_verdict(entry)
    _draw_undo(entry)
    page_link(
        "browse.py", label=_("Open comment {number} in Browse").format(number=decision.comment_id),
        icon=":material/search:", query_params={"q": f"#{decision.comment_id}"},
    )  # fmt: skip


def draw_said() -> None:
    """What became of taking something back, once."""
    if told := kept(_SAID):
        keep(_SAID, None)
        notice(*told)


def _draw_verdict(entry: Entry) -> None:
    decision = entry.decision
    st.badge(_(OUTCOMES[decision.outcome]), color=_COLOURS[decision.outcome])  # type: ignore[arg-type]
    st.write(_labels(decision))
    facts = [_moment(decision.decided_at), _seconds(decision), _together(entry), _where(entry)]
    st.caption(" · ".join(fact for fact in facts if fact))
    if decision.note:
        st.caption(_("Your note"))
        st.html(CSS + comment_html(decision.comment_id, decision.note))


def _draw_undo(entry: Entry) -> None:
    hours = f"{services().settings.undo_hours:g}"
    if entry.undone_at:
        st.caption(_("You took it back on {moment}.").format(moment=_moment(entry.undone_at)))
    elif not entry.recent:
        st.caption(
            _("It is more than {hours} hours old and stays. Ask a lead if it should be looked at again.").format(
                hours=hours
            )
        )
    else:
        label = ngettext("Take it back", "Take all {many} back", entry.together).format(many=written(entry.together))
        st.button(label, key="own_undo", icon=":material/undo:", on_click=_undo, args=(entry.decision.id,))
        st.caption(
            _("It waits in the queue again, with you first. Possible for {hours} hours after the decision.").format(
                hours=hours
            )
        )


def _undo(decision_id: int) -> None:
    """Take the step back. Pressed twice it counts once: the step's id follows from the decision's."""
    person, own = require(Action.REVIEW), services().own_history
    told: tuple[str, Kind]
    try:
        step = uuid5(own.require(decision_id, by=person).decision.client_id, "undone on My work")
        told = _undone_words(own.undo(decision_id, step, by=person)), "success"
    except ModeratoError as error:
        told = said(error), "warning"
    keep(_SAID, told)


def _undone_words(done: Undone) -> str:
    words = ngettext(
        "Taken back. Comment {number} waits in the queue again, with you first.",
        "{many} decisions taken back. Comment {number} waits in the queue again, with you first.",
        done.reopened,
    ).format(many=written(done.reopened), number=done.comment_id)
    if not done.stayed:
        return words
    more = ngettext(
        "One more has moved on since and stays as it is.",
        "{many} more have moved on since and stay as they are.",
        done.stayed,
    )
    return words + " " + more.format(many=written(done.stayed))


def _labels(decision: Decision) -> str:
    given = [_(LABEL_TITLES[label]) for label, on in zip(LABELS, decision.labels, strict=True) if on]
    if decision.outcome is Outcome.ESCALATE and not given:
        return ""
    return ", ".join(given) or _("No label")


def _together(entry: Entry) -> str:
    if entry.together == 1:
        return ""
    return _("{many} comments together").format(many=written(entry.together))


def _where(entry: Entry) -> str:
    """Where the comment stands; of one that waits for a blind decision nothing that would tell what others said."""
    if entry.undone_at or entry.comment is None or entry.comment.standing is Standing.ERASED:
        return ""
    return _("waits for others") if entry.comment.hidden else _(STANDING_TITLES[entry.comment.standing])


def _seconds(decision: Decision) -> str:
    return "" if decision.seconds is None else _("{seconds} s").format(seconds=written(decision.seconds, ".1f"))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(browser_zone()):%Y-%m-%d %H:%M}"
