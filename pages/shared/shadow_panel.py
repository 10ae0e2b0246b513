"""Shadow mode on the Models page: start and stop it, how far it is, where the two part, and who was right."""

import streamlit as st

from core.accounts import Action, Person
from core.domain import ModelVersion, Stage
from core.errors import ModeratoError
from core.shadow import DEFAULT_RATE, RATE_RANGE, Shadow
from pages.shared import shadow_tables
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, said

_MESSAGE = "shadow_message"


def draw(versions: list[ModelVersion], person: Person) -> None:
    """The whole section; nothing for who may not start a shadow while there has been none."""
    latest = services().shadows.latest()
    may = person.may(Action.MANAGE_MODELS)
    choices = [version.name for version in versions if version.stage is not Stage.LIVE]
    if latest is None and not (may and choices):
        return
    st.header(_("Shadow"), anchor=False)
    if message := kept(_MESSAGE):
        notice(*message)
        keep(_MESSAGE, None)
    if latest and latest.ended_at is None:
        _draw_running(latest.id, may_stop=may)
        return
    if may and choices:
        _draw_form(choices)
    if latest:
        with st.expander(
            _("The last shadow: {model}, until {ended_at:%Y-%m-%d %H:%M} UTC").format(
                model=latest.model, ended_at=latest.ended_at
            )
        ):
            _draw_report(latest)


def _draw_form(choices: list[str]) -> None:
    st.caption(
        _(
            "A model in the shadow scores every new comment beside the live one, and routes none. Live scoring goes "
            "first: the shadow works while nothing waits. Each worker then holds two models in memory."
        )
    )
    name, share, action = st.columns([2, 1, 1], vertical_alignment="bottom")
    name.selectbox(_("Model"), choices, key="shadow_model")
    low, high = RATE_RANGE
    share.number_input(
        _("Drawn of disagreements, %"), low * 100, high * 100, DEFAULT_RATE * 100, 1.0, key="shadow_rate",
        help=_("Of the comments that the two treat differently, this share goes to people for a blind look."),
    )  # fmt: skip
    action.button(_("Start"), key="shadow_start", icon=":material/visibility_off:", on_click=_start, width="stretch")


def _start() -> None:
    person = require(Action.MANAGE_MODELS)
    try:
        rate = float(kept("shadow_rate")) / 100
        shadow = services().shadows.start(kept("shadow_model"), by=person, rate=rate)
    except ModeratoError as error:
        keep(_MESSAGE, (said(error), "error"))
    else:
        keep(
            _MESSAGE, (_("{model} scores all comments that come in from now on.").format(model=shadow.model), "success")
        )


def _stop() -> None:
    person = require(Action.MANAGE_MODELS)
    try:
        shadow = services().shadows.stop(by=person)
    except ModeratoError as error:
        keep(_MESSAGE, (said(error), "error"))
    else:
        keep(
            _MESSAGE,
            (_("{model} has left the shadow. What it found stays below.").format(model=shadow.model), "success"),
        )


@st.fragment(run_every=5)
def _draw_running(shadow_id: int, *, may_stop: bool) -> None:
    shadow = services().shadows.running()
    if shadow is None or shadow.id != shadow_id:
        st.rerun()
    with st.container(border=True):
        title, action = st.columns([3, 1], vertical_alignment="center")
        title.subheader(f":material/visibility_off: `{shadow.model}`", anchor=False)
        if may_stop:
            action.button(_("Stop"), key="shadow_stop", icon=":material/stop:", on_click=_stop, width="stretch")
        _draw_report(shadow)


def _draw_report(shadow: Shadow) -> None:
    if shadow.problem:
        notice(_("It cannot score: {problem} Live scoring goes on.").format(problem=shadow.problem), "warning")
    report = services().shadows.report(shadow)
    st.html(shadow_tables.facts(report))
    if not report.scored:
        st.caption(_("Nothing scored yet. Comments that come in from now on are; those from before are not."))
        return
    st.html(shadow_tables.agreement(report))
    left, right = st.columns(2)
    left.html(shadow_tables.answers(report))
    right.html(shadow_tables.bands(report))
