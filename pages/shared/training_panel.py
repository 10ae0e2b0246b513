"""Retraining on the Models page: start it, follow it, stop it. The run is a process of its own."""

import streamlit as st

from core.accounts import Action, Person
from core.domain import RunState, TrainingRun
from core.errors import ModeratoError
from core.runs import LABEL_ERRORS
from pages.shared import training_progress, training_start
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.words import _, said

_ERROR = "training_error"
_NOTED = 3
"""Runs that are listed."""


def draw(person: Person) -> None:
    """What there is to learn from, the form, and the run while there is one."""
    st.header(_("Retrain"), anchor=False)
    if error := kept(_ERROR):
        notice(error)
        keep(_ERROR, None)
    runs = services().runs.list_runs(_NOTED)
    if runs and runs[0].state is RunState.RUNNING:
        _draw_running(runs[0].id, may_stop=person.may(Action.MANAGE_MODELS))
        return
    training_start.draw(person)
    if trained := [run for run in runs if run.preset != LABEL_ERRORS]:
        _draw_ended(trained[0])


@st.fragment(run_every=2)
def _draw_running(run_id: int, *, may_stop: bool) -> None:
    runs = services().runs
    run = next((one for one in runs.list_runs(_NOTED) if one.id == run_id), None)
    if run is None or run.state is not RunState.RUNNING:
        st.rerun()
    bar, action = st.columns([3, 1], vertical_alignment="center")
    bar.progress(min(max(run.share, 0.0), 1.0), text=f"`{run.preset}` · {run.step} · {_minutes(run)}")
    if may_stop:
        action.button(
            _("Stop"), key="stop_run", icon=":material/stop:", on_click=_stop, args=(run_id,), width="stretch"
        )
    readings = runs.list_readings(run_id)
    if readings:
        training_progress.draw_tiles(readings[-1])
        training_progress.draw_plot(readings, run_id)
    _draw_log(run, expanded=not readings)


def _stop(run_id: int) -> None:
    try:
        services().runs.stop(run_id, by=require(Action.MANAGE_MODELS))
    except ModeratoError as error:
        keep(_ERROR, said(error))


def _draw_ended(run: TrainingRun) -> None:
    if run.state is RunState.DONE:
        st.caption(
            _("The last run ended {at:%Y-%m-%d %H:%M} UTC, after {minutes}.").format(
                at=run.seen_at, minutes=_minutes(run)
            )
        )
    elif run.state is RunState.STOPPED:
        notice(
            _("The last run, of {started_at:%Y-%m-%d %H:%M} UTC, was stopped. Nothing changed.").format(
                started_at=run.started_at
            ),
            "info",
        )
    else:
        notice(
            _("The last run, of {started_at:%Y-%m-%d %H:%M} UTC, failed. {why}").format(
                started_at=run.started_at, why=run.problem or ""
            )
        )
    if readings := services().runs.list_readings(run.id):
        with st.expander(_("How it learned"), icon=":material/show_chart:"):
            training_progress.draw_plot(readings, run.id)
    _draw_log(run, expanded=False)


def _draw_log(run: TrainingRun, *, expanded: bool) -> None:
    if tail := services().runs.log_tail(run.id):
        with st.expander(_("Log"), expanded=expanded, icon=":material/article:"):
            st.code(tail, language=None, wrap_lines=True)


def _minutes(run: TrainingRun) -> str:
    seconds = max(0.0, (run.seen_at - run.started_at).total_seconds())
    return (
        _("{seconds:.0f} s").format(seconds=seconds)
        if seconds < 90
        else _("{seconds:.1f} min").format(seconds=seconds / 60)
    )
