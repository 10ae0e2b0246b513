"""The list of labels that look wrong: found by a run of its own, picked from, sent back to review."""

from collections.abc import Sequence

import streamlit as st

from core.accounts import Action, Person
from core.domain import RunState, TrainingRun, unpack_labels
from core.errors import ModeratoError
from core.label_errors import Found, Origin, Status, Suspect
from core.labels import LABELS
from core.runs import LABEL_ERRORS
from core.wellbeing.masking import Cover
from pages.shared.access import require
from pages.shared.comment import draw_comment
from pages.shared.masks import Masks, masks
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.state import keep, kept
from pages.shared.titles import label_title
from pages.shared.words import _, later, ngettext, said, written

SHOWN = 20
"""Items on a page."""
_TOLD = {
    Status.LISTED: ("", "gray"),
    Status.WAITING: (later("waits for somebody to decide it"), "blue"),
    Status.CONFIRMED: (later("reviewed again: labels confirmed"), "green"),
    Status.CHANGED: (later("reviewed again: labels changed"), "orange"),
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
        notice(
            _("The last run, of {started_at:%Y-%m-%d %H:%M} UTC, failed. {why}").format(
                started_at=mine.started_at, why=mine.problem or ""
            )
        )
    base = services().settings.base_data
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Look for wrong labels"), key="find", type="primary", icon=":material/search:", on_click=_start)
        st.button(
            _("In the base data alone"), key="find_base", icon=":material/dataset:", on_click=_start,
            args=(True,), disabled=base is None,
        )  # fmt: skip
        words = (
            _("`{name}` and what was decided").format(name=base.name)
            if base
            else _("what was decided; `MODERATO_BASE_DATA` adds base data")
        )
        st.caption(_("Looks at {words}. Minutes for fifty thousand comments.").format(words=words), width="content")
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
        st.info(_("No label looks wrong. That is what it says, not that none is."), icon=":material/check:")
        return
    shown = listed if st.toggle(_("Only those not sent back yet"), value=True, key="only_listed") else list(found.items)
    pages = max(1, -(-len(shown) // SHOWN))
    page = min(kept("label_errors_page") or 0, pages - 1)
    part = shown[page * SHOWN :][:SHOWN]
    picked = _draw_items(part, statuses, services().label_errors.texts(part))
    with st.container(horizontal=True, vertical_alignment="center"):
        _step(_("Previous"), page - 1, disabled=page == 0)
        st.text(_("{page} of {pages}").format(page=page + 1, pages=pages), width="content")
        _step(_("Next"), page + 1, disabled=page >= pages - 1)
    with st.container(horizontal=True):
        st.button(
            _("Review again: {many} ticked").format(many=len(picked)), key="again", type="primary", disabled=not picked,
            icon=":material/replay:", on_click=_review_again, args=(picked,),
        )  # fmt: skip
        st.button(
            _("Review again: all {many} not sent back yet").format(many=len(listed)), key="again_all",
            disabled=not listed,
            icon=":material/replay:", on_click=_review_again, args=(listed,),
        )  # fmt: skip


def _draw_summary(found: Found, statuses: list[Status]) -> None:
    looked = ngettext("{many:,} decided comment", "{many:,} decided comments", found.ledger_rows).format(
        many=found.ledger_rows
    )
    if found.base_file:
        looked = _("{looked} and {many:,} rows of `{file}`").format(
            looked=looked, many=found.base_rows, file=found.base_file
        )
    st.caption(
        _("Run {run}, {made_at:%Y-%m-%d %H:%M} UTC: {looked}; {recipe}; data `{data_hash}`.").format(
            run=found.run,
            made_at=found.made_at,
            looked=looked,
            recipe=found.recipe.replace("_", " "),
            data_hash=found.data_hash[:12],
        )
    )
    confirmed, changed = statuses.count(Status.CONFIRMED), statuses.count(Status.CHANGED)
    with st.container(horizontal=True):
        st.metric(_("Look wrong"), written(found.total), border=True)
        st.metric(_("In this list"), written(len(found.items)), border=True, help=_("The surest ones"))
        st.metric(_("Wait for review"), written(statuses.count(Status.WAITING)), border=True)
        st.metric(
            _("Changed of reviewed"),
            _("{part:,} of {whole:,}").format(part=changed, whole=changed + confirmed),
            border=True,
        )
    if found.skipped:
        names = ", ".join(label_title(label) for label in found.skipped)
        st.caption(_("Too few cases to say anything about {names}.").format(names=names))


def _draw_items(items: Sequence[Suspect], statuses: dict[str, Status], texts: dict[str, str]) -> list[Suspect]:
    audited = services().label_errors.audit_items(items)
    every = st.checkbox(_("Tick all on this page"), key=f"every_{items[0].key if items else ''}", disabled=not items)
    picked, mine = [], masks()
    for item in items:
        with st.container(border=True, key=f"suspect_{item.key}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                # a key of its own for each state of the box above: what it set before does not hold against it
                waits = statuses[item.key] is Status.WAITING
                ticked = st.checkbox(
                    _("Blind") if waits else _("**{sure:.1%}** sure").format(sure=item.sure), value=every,
                    key=f"pick_{item.key}_{every}",
                    disabled=statuses[item.key] is not Status.LISTED,
                )  # fmt: skip
                if waits:
                    st.markdown(_("labels are hidden until it is decided again"))
                else:
                    _draw_labels(item)
                words, colour = _TOLD[statuses[item.key]]
                if words:
                    st.badge(words, color=colour)
                if item.key in audited:
                    st.badge(_("audit item"), color="violet", help=_("What is decided now counts in the metrics"))
            draw_comment(_number(item), texts[item.key], masked=waits or _cover(item, mine))
            st.caption(
                _("Row of the base data")
                if item.origin is Origin.BASE
                else _("Comment {comment_id}").format(comment_id=item.comment_id)
            )
        if ticked and statuses[item.key] is Status.LISTED:
            picked.append(item)
    return picked


def _draw_labels(item: Suspect) -> None:
    added, removed = item.suggested & ~item.given, item.given & ~item.suggested
    words = [_("given **{labels}**").format(labels=_names(item.given) or _("no label"))]
    words += [f":red[{_('too much: {labels}').format(labels=_names(removed))}]"] if removed else []
    words += [f":green[{_('missing: {labels}').format(labels=_names(added))}]"] if added else []
    st.markdown(" · ".join(words))


def _names(mask: int) -> str:
    return ", ".join(label_title(label) for label, on in zip(LABELS, unpack_labels(mask), strict=True) if on)


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
        keep(_ERROR, said(error))


def _stop(run_id: int) -> None:
    try:
        services().runs.stop(run_id, by=require(Action.FIND_LABEL_ERRORS))
    except ModeratoError as error:
        keep(_ERROR, said(error))


def _review_again(items: Sequence[Suspect]) -> None:
    person: Person = require(Action.FIND_LABEL_ERRORS)
    try:
        done = services().label_errors.review_again(items, by=person)
    except ModeratoError as error:
        keep(_ERROR, said(error))
        st.toast(said(error), icon=":material/error:")
        return
    words = ngettext(
        "{many:,} comment waits in the queue's lane “recheck” now, blind.",
        "{many:,} comments wait in the queue's lane “recheck” now, blind.",
        done.reopened,
    ).format(many=done.reopened)
    if done.already:
        words += " " + ngettext("{many:,} waited already.", "{many:,} waited already.", done.already).format(
            many=done.already
        )
    keep(_MESSAGE, words)
    st.toast(words, icon=":material/check:")  # whoever clicked is at the end of a long list


@st.fragment(run_every=2)
def _draw_running(run_id: int) -> None:
    run: TrainingRun = services().runs.require(run_id)
    services().runs.list_runs(1)  # a dead one becomes a failed one
    if run.state is not RunState.RUNNING:
        st.rerun()
    mine = run.preset == LABEL_ERRORS
    words = (
        run.step
        if mine
        else _("Training `{preset}` goes on; wrong labels are looked for after it. {step}").format(
            preset=run.preset, step=run.step
        )
    )
    bar, action = st.columns([3, 1], vertical_alignment="center")
    bar.progress(min(max(run.share, 0.0), 1.0), text=words)
    if mine:
        action.button(
            _("Stop"), key="stop_run", icon=":material/stop:", on_click=_stop, args=(run_id,), width="stretch"
        )
