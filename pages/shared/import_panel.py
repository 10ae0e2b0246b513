"""Importing a file: upload, look at it, say which column is what, watch it go in, fetch the report on bad rows."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.accounts import Action, Person
from core.domain import ImportRun, RunState, now
from core.errors import ModeratoError
from core.files import Preview, preview
from core.files.columns import ROLES, guess_columns
from core.intake import ImportSummary
from core.jobs import Job
from core.labels import LABELS
from pages.shared import state
from pages.shared.access import require
from pages.shared.comment import plain
from pages.shared.links import page_link
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.titles import RUN_STATES
from pages.shared.uploads import upload
from pages.shared.words import _, later, ngettext, said, written

_TITLES = {
    "text": later("Text"),
    "external_id": later("Id"),
    "author": later("Author"),
    "thread": later("Thread"),
    "parent": later("Answers to"),
    "created_at": later("Written at"),
}
_SILENT_SECONDS = 60
_JOB = "import_job"


def draw() -> None:
    """The whole panel."""
    job: Job[ImportSummary] | None = state.kept(_JOB)
    if job is not None and not job.is_done:
        _watch()
    else:
        if job is not None:
            _outcome(job)
        _form()
    _past()


def start_import(path: Path, *, by: Person, **how: object) -> None:
    """Import in the background, shown by this panel. Keywords of `Intake.import_file`."""

    words = _("{read:,} rows read, {added:,} added, {bad:,} left out")  # here: the thread has no reader

    def work(job: Job[ImportSummary]) -> ImportSummary:
        def tell(run: ImportRun) -> None:
            job.tell(run.share, words.format(read=run.read, added=run.added, bad=run.bad))

        return services().intake.import_file(path, by=by, progress=tell, **how)  # type: ignore[arg-type]

    state.keep(_JOB, Job(work).start())


def _form() -> None:
    given = upload(_("A file of comments: CSV, TSV, JSONL or Parquet, also gzipped"), "import_file")
    if given is None:
        return
    name, path = given
    try:
        seen = preview(path, rows=8)
    except ModeratoError as error:
        notice(said(error))
        return
    _show(seen)
    columns = _mapping(seen.columns)
    left, right = st.columns(2, vertical_alignment="bottom")
    source = left.text_input(
        _("Source"),
        value=name,
        key=f"import_source_{name}",
        max_chars=200,
        help=_("With the id it says which comment it is."),
    )
    labelled = {name.strip().lower() for name in seen.columns} >= set(LABELS)
    golden = right.toggle(
        _("Take the labels in as golden items"),
        key="import_golden",
        disabled=not labelled,
        help=_(
            "Known answers, for evaluation only: they are never reviewed and never trained on. Needs all six labels."
        ),
    )
    if columns["text"] is None:
        notice(_("Choose the column that holds the text."), "info")
    how = {"columns": columns, "source": source, "golden": golden and labelled, "file_name": name}
    st.button(
        _("Import"),
        key="import_start",
        type="primary",
        icon=":material/upload:",
        disabled=columns["text"] is None,
        on_click=_begin,
        args=(path, how),
    )


def _begin(path: Path, how: dict[str, object]) -> None:
    start_import(path, by=require(Action.IMPORT), **how)


def _show(seen: Preview) -> None:
    names = [name or _("column {n}").format(n=n) for n, name in enumerate(seen.columns, 1)]
    frame = pd.DataFrame([[plain(cell) for cell in row] for row in seen.rows])
    frame.columns = pd.Index(_distinct(names)[: frame.shape[1]]) if len(frame) else frame.columns
    st.dataframe(frame, hide_index=True, height="content", key="import_preview", alt=_("The file's first rows"))
    if seen.bad:
        notice(
            _("Line {line} cannot be read: {reason}. Such rows are left out and listed.").format(
                line=seen.bad[0].line, reason=seen.bad[0].reason
            ),
            "warning",
        )


def _distinct(names: list[str]) -> list[str]:
    """A frame needs different names; a file may repeat one."""
    return [name if name not in names[:at] else f"{name} ({at + 1})" for at, name in enumerate(names)]


def _mapping(names: list[str]) -> dict[str, str | None]:
    """What each column is: as found by name, unless the person says otherwise."""
    found = guess_columns(names)
    options = [None, *dict.fromkeys(names)]
    chosen: dict[str, str | None] = {}
    for row in (list(ROLES)[:3], list(ROLES)[3:]):
        for role, place in zip(row, st.columns(3), strict=True):
            at = options.index(found[role]) if role in found else 0
            chosen[role] = place.selectbox(
                _(_TITLES[role]),
                options,
                index=at,
                key=f"import_{role}_{hash(tuple(names))}",
                format_func=lambda name: "—" if name is None else name or _("(no name)"),
            )
    return chosen


@st.fragment(run_every=1)
def _watch() -> None:
    job: Job[ImportSummary] | None = state.kept(_JOB)
    if job is None or job.is_done:
        st.rerun()
    st.progress(job.share, text=job.note)
    st.caption(_("You can go on working; the import goes on too. Interrupted, it is safe to start again."))


def _outcome(job: Job[ImportSummary]) -> None:
    summary = job.result
    if summary is None:
        notice(
            _("Nothing was imported. {why}").format(why=job.error)
            if job.error
            else _("The import ended without a result.")
        )
        return
    run = summary.run
    done = _("{file}: {added:,} added, {known:,} known before, {bad:,} left out.").format(
        file=run.file, added=run.added, known=run.known, bad=run.bad
    )
    notice(f"{done} {run.problem or ''}", "warning" if run.problem or run.bad else "success")
    if run.added:
        page_link("queue.py", label=_("Open the queue"), icon=":material/inbox:")
    for note in summary.notes:
        notice(note, "info")
    if run.report:
        _report_button(run, "import_report_now")


def _past() -> None:
    runs = services().intake.list_imports()
    if not runs:
        return
    st.subheader(_("Imports so far"))
    rows = [
        {
            _("File"): plain(run.file, 80),
            _("Source"): plain(run.source, 60),
            _("State"): _state(run),
            _("Added"): run.added,
            _("Known"): run.known,
            _("Left out"): run.bad,
            _("By"): run.person,
            _("Started (UTC)"): written(run.started_at, "%Y-%m-%d %H:%M"),
        }
        for run in runs
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content", key="imports", alt=_("Imports so far, newest first")
    )
    reported = {run.id: run for run in runs if run.report}
    if reported:
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        chosen = left.selectbox(
            _("Rows left out by"), list(reported), key="import_reported", format_func=lambda id_: _title(reported[id_])
        )
        with right:
            _report_button(reported[chosen], "import_report")


def _title(run: ImportRun) -> str:
    return ngettext(
        "{file} · {at:%Y-%m-%d %H:%M} · {many:,} row", "{file} · {at:%Y-%m-%d %H:%M} · {many:,} rows", run.bad
    ).format(file=plain(run.file, 80), at=run.started_at, many=run.bad)


def _state(run: ImportRun) -> str:
    if run.state is RunState.RUNNING and (now() - run.seen_at).total_seconds() > _SILENT_SECONDS:
        return _("interrupted at {share:.0%}: import it again").format(share=run.share)
    if run.state is RunState.RUNNING:
        return _("running, {share:.0%}").format(share=run.share)
    return _(RUN_STATES[run.state])


def _report_button(run: ImportRun, key: str) -> None:
    path = services().settings.data_dir / (run.report or "")

    def read() -> bytes:
        return path.read_bytes() if path.is_file() else b"The report is no longer there.\n"

    st.download_button(
        _("Report on rows left out"),
        read,
        file_name=f"left-out-{run.id}.csv",
        mime="text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
