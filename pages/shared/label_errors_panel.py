"""The list of labels that look wrong: found by a run of its own, picked from, sent back to review."""

from collections.abc import Sequence

import streamlit as st

from core.accounts import Action, Person
from core.domain import RunState, TrainingRun, unpack_labels
from core.errors import ModeratoError
from core.label_errors import Found, Origin, Status, Suspect
from core.labels import LABEL_TITLES, LABELS
from core.runs import LABEL_ERRORS
from core.wellbeing.masking import Cover
from pages.shared.access import require
from pages.shared.comment import draw_comment
from pages.shared.masks import Masks, masks
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept

SHOWN = 20
"""Items on a page."""
_TOLD = {
    Status.LISTED: ("", "gray"),
    Status.WAITING: ("waits for somebody to decide it", "blue"),
    Status.CONFIRMED: ("reviewed again: labels confirmed", "green"),
    Status.CHANGED: ("reviewed again: labels changed", "orange"),
}
_MESSAGE = "label_errors_message"
_ERROR = "label_errors_error"


def draw_run() -> bool:
    """The run while there is one, else the button that starts one; whether one is going on."""
    if error := kept(_ERROR):
        notice(error)
        keep(_ERROR, None)
    runs = services().runs.list_runs(20)
    if runs and runs[0].state is RunState.RUNNING:
        _draw_running(runs[0].id)
        return True
    mine = next((run for run in runs if run.preset == LABEL_ERRORS), None)
    if mine and mine.state is RunState.FAILED:
        notice(f"The last run, of {mine.started_at:%Y-%m-%d %H:%M} UTC, failed. {mine.problem or ''}")
    base = services().settings.base_data
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Look for wrong labels", key="find", type="primary", icon=":material/search:", on_click=_start)
        st.button(
            "In the base data alone", key="find_base", icon=":material/dataset:", on_click=_start,
            args=(True,), disabled=base is None,
        )  # fmt: skip
        words = (
            f"`{base.name}` and what was decided" if base else "what was decided; `MODERATO_BASE_DATA` adds base data"
        )
        st.caption(f"Looks at {words}. Minutes for fifty thousand comments.", width="content")
    return False


def draw_list(found: Found) -> None:
    """What was found, page by page, to pick from."""
    statuses = services().label_errors.statuses(found.items)
    _draw_summary(found, list(statuses.values()))
    if message := kept(_MESSAGE):
        st.success(message, icon=":material/check:")
        keep(_MESSAGE, None)
    listed = [item for item in found.items if statuses[item.key] is Status.LISTED]
    if not found.items:
        st.info("No label looks wrong. That is what it says, not that none is.", icon=":material/check:")
        return
    shown = listed if st.toggle("Only those not sent back yet", value=True, key="only_listed") else list(found.items)
    pages = max(1, -(-len(shown) // SHOWN))
    page = min(kept("label_errors_page") or 0, pages - 1)
    part = shown[page * SHOWN :][:SHOWN]
    picked = _draw_items(part, statuses, services().label_errors.texts(part))
    with st.container(horizontal=True, vertical_alignment="center"):
        _step("Previous", page - 1, disabled=page == 0)
        st.text(f"{page + 1} of {pages}", width="content")
        _step("Next", page + 1, disabled=page >= pages - 1)
    with st.container(horizontal=True):
        st.button(
            f"Review again: {len(picked)} ticked", key="again", type="primary", disabled=not picked,
            icon=":material/replay:", on_click=_review_again, args=(picked,),
        )  # fmt: skip
        st.button(
            f"Review again: all {len(listed)} not sent back yet", key="again_all", disabled=not listed,
            icon=":material/replay:", on_click=_review_again, args=(listed,),
        )  # fmt: skip


def _draw_summary(found: Found, statuses: list[Status]) -> None:
    looked = f"{found.ledger_rows:,} decided comments"
    if found.base_file:
        looked += f" and {found.base_rows:,} rows of `{found.base_file}`"
    st.caption(
        f"Run {found.run}, {found.made_at:%Y-%m-%d %H:%M} UTC: {looked}; {found.recipe.replace('_', ' ')}; data "
        f"`{found.data_hash[:12]}`."
    )
    confirmed, changed = statuses.count(Status.CONFIRMED), statuses.count(Status.CHANGED)
    with st.container(horizontal=True):
        st.metric("Look wrong", f"{found.total:,}", border=True)
        st.metric("In this list", f"{len(found.items):,}", border=True, help="The surest ones")
        st.metric("Wait for review", f"{statuses.count(Status.WAITING):,}", border=True)
        st.metric("Changed of reviewed", f"{changed:,} of {changed + confirmed:,}", border=True)
    if found.skipped:
        names = ", ".join(LABEL_TITLES[label] for label in found.skipped)
        st.caption(f"Too few cases to say anything about {names}.")


def _draw_items(items: Sequence[Suspect], statuses: dict[str, Status], texts: dict[str, str]) -> list[Suspect]:
    audited = services().label_errors.audit_items(items)
    every = st.checkbox("Tick all on this page", key=f"every_{items[0].key if items else ''}", disabled=not items)
    picked, mine = [], masks()
    for item in items:
        with st.container(border=True, key=f"suspect_{item.key}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                # a key of its own for each state of the box above: what it set before does not hold against it
                waits = statuses[item.key] is Status.WAITING
                ticked = st.checkbox(
                    "Blind" if waits else f"**{item.sure:.1%}** sure", value=every, key=f"pick_{item.key}_{every}",
                    disabled=statuses[item.key] is not Status.LISTED,
                )  # fmt: skip
                if waits:
                    st.markdown("labels are hidden until it is decided again")
                else:
                    _draw_labels(item)
                words, colour = _TOLD[statuses[item.key]]
                if words:
                    st.badge(words, color=colour)
                if item.key in audited:
                    st.badge("audit item", color="violet", help="What is decided now counts in the metrics")
            draw_comment(_number(item), texts[item.key], masked=waits or _cover(item, mine))
            st.caption("Row of the base data" if item.origin is Origin.BASE else f"Comment {item.comment_id}")
        if ticked and statuses[item.key] is Status.LISTED:
            picked.append(item)
    return picked


def _draw_labels(item: Suspect) -> None:
    added, removed = item.suggested & ~item.given, item.given & ~item.suggested
    words = [f"given **{_names(item.given) or 'no label'}**"]
    words += [f":red[too much: {_names(removed)}]"] if removed else []
    words += [f":green[missing: {_names(added)}]"] if added else []
    st.markdown(" · ".join(words))


def _names(mask: int) -> str:
    return ", ".join(LABEL_TITLES[label] for label, on in zip(LABELS, unpack_labels(mask), strict=True) if on)


def _cover(item: Suspect, mine: Masks) -> Cover:
    """By the labels that were given or are suggested: all that the list says is severe as for scores."""
    return mine.cover_of_labels(unpack_labels(item.given | item.suggested))


def _number(item: Suspect) -> int:
    """What tells it apart on the page: rows of base data have no comment yet, so they count downwards."""
    return item.comment_id or -int(item.digest[:12], 16)


def _step(label: str, to: int, *, disabled: bool) -> None:
    st.button(label, key=f"go_{label.lower()}", disabled=disabled, on_click=keep, args=("label_errors_page", to))


def _start(base_only: bool = False) -> None:
    person = require(Action.FIND_LABEL_ERRORS)
    try:
        services().runs.launch(LABEL_ERRORS, ["label-errors", *(["--base-only"] if base_only else [])], by=person)
    except ModeratoError as error:
        keep(_ERROR, str(error))


def _stop(run_id: int) -> None:
    try:
        services().runs.stop(run_id, by=require(Action.FIND_LABEL_ERRORS))
    except ModeratoError as error:
        keep(_ERROR, str(error))


def _review_again(items: Sequence[Suspect]) -> None:
    person: Person = require(Action.FIND_LABEL_ERRORS)
    try:
        done = services().label_errors.review_again(items, by=person)
    except ModeratoError as error:
        keep(_ERROR, str(error))
        st.toast(str(error), icon=":material/error:")
        return
    waited = f" {done.already:,} waited already." if done.already else ""
    noun = "comment waits" if done.reopened == 1 else "comments wait"
    words = f"{done.reopened:,} {noun} in the queue's lane “recheck” now, blind.{waited}"
    keep(_MESSAGE, words)
    st.toast(words, icon=":material/check:")  # whoever clicked is at the end of a long list


@st.fragment(run_every=2)
def _draw_running(run_id: int) -> None:
    run: TrainingRun = services().runs.require(run_id)
    services().runs.list_runs(1)  # a dead one becomes a failed one
    if run.state is not RunState.RUNNING:
        st.rerun()
    mine = run.preset == LABEL_ERRORS
    words = run.step if mine else f"Training `{run.preset}` goes on; wrong labels are looked for after it. {run.step}"
    bar, action = st.columns([3, 1], vertical_alignment="center")
    bar.progress(min(max(run.share, 0.0), 1.0), text=words)
    if mine:
        action.button("Stop", key="stop_run", icon=":material/stop:", on_click=_stop, args=(run_id,), width="stretch")
