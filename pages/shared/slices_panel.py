"""Slices of the queue for leads: each with its people and what waits, what lies in none, and the form."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from core.accounts import Action, Person
from core.domain import Lane, now
from core.errors import ModeratoError
from core.labels import LABELS
from core.script import LATIN, SCRIPTS
from core.slices import MAX_NAME, Pile, Slice
from core.work_filter import LANE_TITLES, WorkFilter, parts_of
from pages.shared import state
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.titles import label_title
from pages.shared.words import _, ngettext, said, written

_MESSAGE: Final = "slices_message"
_OPEN: Final = "slices_open"
"""The slice that is being changed; 0 for a new one."""
_HIGHEST: Final = -1
_MOST_PILES: Final = 50


def draw(person: Person) -> None:
    """Every slice, then what is in none."""
    if message := state.kept(_MESSAGE):
        state.keep(_MESSAGE, None)
        notice(*message)
    slices = services().slices.overview(by=person)
    if not slices:
        st.info(_("There are no slices: everybody works on everything that waits."), icon=":material/splitscreen:")
    opened = state.kept(_OPEN)
    for one in slices:
        with st.container(border=True):
            _draw_form(person, one) if opened == one.id else _draw_slice(one)
    if opened == 0:
        with st.container(border=True):
            _draw_form(person, None)
    else:
        st.button(_("New slice"), key="slice_new", icon=":material/add:", on_click=_open, args=(0,))
    _draw_outside(person, slices)


def age(at: datetime) -> str:
    """How long ago, in words."""
    hours = (now() - at).total_seconds() / 3600
    if hours < 1:
        return _("{many} min").format(many=max(1, round(hours * 60)))
    return _("{many} h").format(many=round(hours)) if hours < 48 else _("{many} days").format(many=round(hours / 24))


def _draw_slice(one: Slice) -> None:
    head, act = st.columns([4, 1], vertical_alignment="top")
    with head:
        st.text(one.name)
        st.text(_told(one.filter))
        waits = ngettext("{many} waits", "{many} wait", one.waiting).format(many=written(one.waiting))
        oldest = _("the oldest for {age}").format(age=age(one.oldest)) if one.oldest else ""
        st.text(", ".join(part for part in (waits, oldest) if part))
        _draw_people(one)
    with act:
        st.button(_("Change"), key=f"slice_change_{one.id}", on_click=_open, args=(one.id,), width="stretch")
        with st.popover(_("Delete"), width="stretch"):
            st.write(_("Its comments stay in the queue, and its people keep their other slices."))
            st.button(_("Delete it"), key=f"slice_delete_{one.id}", on_click=_delete, args=(one.id,), type="primary")


def _draw_people(one: Slice) -> None:
    if one.people:
        st.text(_("Works here: {names}").format(names=", ".join(one.people)))
    elif one.waiting:
        st.warning(_("Nobody works here by assignment."), icon=":material/person_off:")
    if one.gone:
        st.text(_("May not review any more: {names}").format(names=", ".join(one.gone)))


def _told(chosen: WorkFilter) -> str:
    parts = [f"{_(_PARTS[what])}: {plain(names)}" for what, names in parts_of(chosen, _)]
    return " · ".join(parts) or _("Everything")


_PARTS: Final = {"lanes": "lanes", "labels": "labels", "sources": "sources", "scripts": "scripts", "score": "score"}


def _draw_form(person: Person, one: Slice | None) -> None:
    key, chosen = str(one.id if one else 0), one.filter if one else WorkFilter()
    origins = services().focuses.origins(by=person) if person.may(Action.REVIEW) else None
    sources = list(dict.fromkeys([*chosen.sources, *(name for name, _many in (origins.sources if origins else []))]))
    people = services().slices.reviewers(by=person)
    with st.form(f"slice_{key}", border=False):
        st.text_input(_("Name"), one.name if one else "", key=f"slice_name_{key}", max_chars=MAX_NAME)
        st.multiselect(_("Who works on it"), list(dict.fromkeys([*(one.people if one else ()), *people])),
                       one.people if one else (), key=f"slice_people_{key}")  # fmt: skip
        left, right = st.columns(2)
        left.multiselect(_("Lanes"), list(Lane), chosen.lanes, key=f"slice_lanes_{key}",
                         format_func=lambda lane: _(LANE_TITLES[lane]), placeholder=_("All"))  # fmt: skip
        right.multiselect(_("Labels that the model gives"), range(len(LABELS)), chosen.labels,
                          key=f"slice_labels_{key}", format_func=_label, placeholder=_("All"),
                          help=_("Blind comments are drawn at random: labels and scores never choose among them."),
                          )  # fmt: skip
        left.multiselect(_("Sources"), sources, chosen.sources, key=f"slice_sources_{key}", accept_new_options=True,
                         format_func=plain, placeholder=_("All"))  # fmt: skip
        right.multiselect(_("Scripts"), list(SCRIPTS), chosen.scripts, key=f"slice_scripts_{key}",
                          format_func=lambda code: _(SCRIPTS[code]), placeholder=_("All"))  # fmt: skip
        left.selectbox(_("Score of"), [_HIGHEST, *range(len(LABELS))], key=f"slice_score_{key}",
                       index=0 if chosen.score_label is None else chosen.score_label + 1,
                       format_func=_label)  # fmt: skip
        right.slider(_("Range"), 0.0, 1.0, (chosen.low, chosen.high), 0.01, key=f"slice_range_{key}")
        with st.container(horizontal=True):
            st.form_submit_button(_("Save"), key=f"slice_save_{key}", type="primary", on_click=_save,
                                  args=(one.id if one else None,))  # fmt: skip
            st.form_submit_button(_("Leave"), key=f"slice_leave_{key}", on_click=_open, args=(None,))


def _label(index: int) -> str:
    return _("The highest") if index == _HIGHEST else label_title(LABELS[index])


def _draw_outside(person: Person, slices: Sequence[Slice]) -> None:
    if not slices:
        return
    piles = services().slices.outside(by=person)
    st.header(_("In no slice"))
    if not piles:
        st.write(_("Nothing: the slices hold all that waits."))
        return
    many = sum(pile.many for pile in piles)
    st.write(
        ngettext(
            "{many} comment. Only people without slices, or who work beyond theirs, get it.",
            "{many} comments, longest waiting first. Only people without slices, or who work beyond theirs, get them.",
            many,
        ).format(many=written(many))
    )
    rows = [_pile_row(pile) for pile in piles[:_MOST_PILES]]
    st.dataframe(rows, hide_index=True, alt=_("What waits in no slice"))


def _pile_row(pile: Pile) -> dict[str, Any]:
    return {
        _("Lane"): _(LANE_TITLES[pile.lane]),
        _("Source"): plain(pile.source),
        _("Script"): _(SCRIPTS.get(pile.script or LATIN, "")),
        _("Waiting"): pile.many,
        _("The oldest for"): age(pile.oldest),
    }


def _open(slice_id: int | None) -> None:
    require(Action.MANAGE_SLICES)
    state.keep(_OPEN, slice_id)


def _save(slice_id: int | None) -> None:
    by, key = require(Action.MANAGE_SLICES), str(slice_id or 0)
    given = {name: st.session_state[f"slice_{name}_{key}"] for name in
             ("name", "people", "lanes", "labels", "sources", "scripts", "score", "range")}  # fmt: skip
    low, high = given["range"]
    chosen = WorkFilter(
        tuple(given["lanes"]), tuple(sorted(given["labels"])), tuple(given["sources"]), tuple(given["scripts"]),
        None if given["score"] == _HIGHEST else given["score"], low, high,
    )  # fmt: skip
    try:
        chosen = WorkFilter.parse(chosen.as_json())
        services().slices.save(given["name"], chosen, given["people"], by=by, slice_id=slice_id)
    except ModeratoError as error:
        state.keep(_MESSAGE, (said(error), "error"))
        return
    state.keep(_OPEN, None)


def _delete(slice_id: int) -> None:
    try:
        services().slices.delete(slice_id, by=require(Action.MANAGE_SLICES))
    except ModeratoError as error:
        state.keep(_MESSAGE, (said(error), "error"))
