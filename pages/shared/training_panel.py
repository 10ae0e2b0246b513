"""Retraining from the Models page: start it, follow it, stop it. The run is a process of its own."""

import streamlit as st

from core.accounts import Person, Role
from core.datasets import EVERYTHING
from core.domain import RunState, TrainingRun
from core.errors import ModeratoError
from pages.shared.access import require
from pages.shared.notice import notice
from pages.shared.resources import export_preview, services
from pages.shared.state import keep, kept
from training.retrain import FEWEST_CORRECTIONS

_ERROR = "training_error"
_NOTED = 3
"""Runs that are listed."""


def draw(person: Person) -> None:
    """What there is to learn from, the button, and the run while there is one."""
    st.header("Retrain", anchor=False)
    if error := kept(_ERROR):
        notice(error)
        keep(_ERROR, None)
    runs = services().runs.list_runs(_NOTED)
    if runs and runs[0].state is RunState.RUNNING:
        _draw_running(runs[0].id)
        return
    _draw_start(person)
    if runs:
        _draw_ended(runs[0])


def _draw_start(person: Person) -> None:
    found = export_preview("training", EVERYTHING, services().datasets.version())
    base = services().settings.base_data
    words, action = st.columns([3, 1], vertical_alignment="center")
    kept_out = (
        f" {found.left_out.evaluation:,} audit and golden items are kept out." if found.left_out.evaluation else ""
    )
    words.markdown(f"**{found.rows:,}** corrections to learn from.{kept_out}")
    words.caption(
        f"Mixed with `{base.name}`."
        if base
        else "No base data is set (`MODERATO_BASE_DATA`): the live model's own weights take its place."
    )
    if Role.ADMIN not in person.roles:
        return
    enough = found.rows >= FEWEST_CORRECTIONS
    action.button(
        "Retrain",
        key="retrain",
        type="primary",
        icon=":material/model_training:",
        on_click=_start,
        disabled=not enough,
        width="stretch",
        help=None if enough else f"At least {FEWEST_CORRECTIONS} corrections are needed. Review more of the queue.",
    )


def _start() -> None:
    try:
        services().runs.start("starter", by=require(Role.ADMIN))
    except ModeratoError as error:
        keep(_ERROR, str(error))


@st.fragment(run_every=2)
def _draw_running(run_id: int) -> None:
    runs = services().runs
    run = next((one for one in runs.list_runs(_NOTED) if one.id == run_id), None)
    if run is None or run.state is not RunState.RUNNING:
        st.rerun()
    bar, action = st.columns([3, 1], vertical_alignment="center")
    bar.progress(min(max(run.share, 0.0), 1.0), text=f"{run.step} · {_minutes(run)}")
    action.button("Stop", key="stop_run", icon=":material/stop:", on_click=_stop, args=(run_id,), width="stretch")
    _draw_log(run, expanded=True)


def _stop(run_id: int) -> None:
    try:
        services().runs.stop(run_id, by=require(Role.ADMIN))
    except ModeratoError as error:
        keep(_ERROR, str(error))


def _draw_ended(run: TrainingRun) -> None:
    if run.state is RunState.DONE:
        st.caption(f"The last run ended {run.seen_at:%Y-%m-%d %H:%M} UTC, after {_minutes(run)}.")
    elif run.state is RunState.STOPPED:
        notice(f"The last run, of {run.started_at:%Y-%m-%d %H:%M} UTC, was stopped. Nothing changed.", "info")
    else:
        notice(f"The last run, of {run.started_at:%Y-%m-%d %H:%M} UTC, failed. {run.problem or ''}")
    _draw_log(run, expanded=False)


def _draw_log(run: TrainingRun, *, expanded: bool) -> None:
    if tail := services().runs.log_tail(run.id):
        with st.expander("Log", expanded=expanded, icon=":material/article:"):
            st.code(tail, language=None, wrap_lines=True)


def _minutes(run: TrainingRun) -> str:
    seconds = max(0.0, (run.seen_at - run.started_at).total_seconds())
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
