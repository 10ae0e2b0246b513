"""For how long texts are kept, and whether authors are stored by name."""

import streamlit as st

from core.accounts import Action, Person
from core.errors import ModeratoError
from core.privacy.service import Retention
from pages.shared import state
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.privacy_panels import confirm, draw_census
from pages.shared.resources import services
from pages.shared.words import _, said

_ERROR = "retention_error"


def draw(person: Person) -> None:
    """The Keeping tab."""
    _draw_retention(person)
    st.subheader(_("Names of authors"), anchor=False)
    _draw_pseudonyms()


def _draw_retention(person: Person) -> None:
    st.subheader(_("How long texts are kept"), anchor=False)
    held = services().privacy.retention()
    days = st.number_input(
        _("Days after they came in"),
        0,
        36_500,
        held.days or 0,
        1,
        key="retention_days",
        help=_("0: for ever."),
        width=260,
    )
    rows = [{"source": name, "days": kept} for name, kept in held.sources.items()]
    st.caption(_("Sources with days of their own"))
    listed = {
        "source": st.column_config.SelectboxColumn(
            _("Source"), options=services().datasets.list_sources(), required=True
        ),
        "days": st.column_config.NumberColumn(_("Days"), min_value=1, max_value=36_500, step=1, required=True),
    }
    edited = st.data_editor(
        rows or [{"source": None, "days": None}], column_config=listed, num_rows="dynamic", key="retention_sources",
        hide_index=True, width=420,
    )  # fmt: skip
    spare = st.checkbox(
        _("Keep golden comments"), held.spare_golden, key="retention_golden",
        help=_("They have known answers; without them models can be compared on less."),
    )  # fmt: skip
    sources = {row["source"]: int(row["days"]) for row in edited if row.get("source") and row.get("days")}
    wanted = Retention(int(days) or None, sources, spare)
    if wanted.is_on:
        st.text(_("A run now would erase:"))
        draw_census(services().privacy.preview_retention(wanted, by=person))
        st.caption(
            _("Decided comments are what training learns from: their labels stay for metrics, not for training.")
        )
    else:
        st.caption(_("Nothing is erased by age."))
    st.button(
        _("Save"), key="retention_save", type="primary", disabled=wanted == held, on_click=_save, args=(wanted,),
        icon=":material/save:",
    )  # fmt: skip
    if error := state.kept(_ERROR):
        notice(error)
    if held.is_on and wanted == held:
        st.caption(_("The dashboard, or a worker, erases once a day. To do it at once:"))
        confirm(_("Erase what is too old"), "age", lambda by: services().privacy.apply_retention(by=by))


def _save(wanted: Retention) -> None:
    state.keep(_ERROR, None)
    try:
        services().privacy.set_retention(wanted, by=require(Action.MANAGE_PRIVACY))
    except ModeratoError as error:
        state.keep(_ERROR, said(error))


def _draw_pseudonyms() -> None:
    on = services().privacy.pseudonyms()
    if on:
        st.badge(_("By pseudonym"), icon=":material/visibility_off:", color="green")
        st.write(_("Authors are stored as a keyed hash. The same author still groups; nobody sees who it is."))
        st.button(_("Store names again from now on"), key="pseudonyms_off", on_click=_set_pseudonyms, args=(False,))
        return
    st.badge(_("By name"), icon=":material/person:", color="gray")
    st.write(
        _(
            "Authors can be stored as a hash under a key that only this installation has. The same author still "
            "groups. Those that are stored already are converted, which cannot be undone."
        )
    )
    with st.popover(_("Store authors by pseudonym")):
        st.write(_("The names that are stored now are replaced for good."))
        st.button(_("Do it"), key="pseudonyms_on", type="primary", on_click=_set_pseudonyms, args=(True,))


def _set_pseudonyms(on: bool) -> None:
    try:
        services().privacy.set_pseudonyms(on, by=require(Action.MANAGE_PRIVACY))
    except ModeratoError as error:
        state.keep(_ERROR, said(error))
    services().keeper.wake()
