"""Scoring pasted text and files, and sending them to the queue."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.accounts import Action
from core.domain import Policy
from core.errors import ModeratoError
from core.files import Kind, kind_of, preview
from core.files.columns import guess_columns
from core.jobs import Job
from core.score_files import Order, ScoredFile, score_file, score_texts
from core.scored import SOURCE, Highest, ScoredText, as_csv, as_new, scored, split_lines
from core.scoring.protocol import Scorer
from pages.shared import state
from pages.shared.access import require
from pages.shared.import_panel import start_import
from pages.shared.notice import notice
from pages.shared.resources import services
from pages.shared.score_table import draw_many, draw_one
from pages.shared.uploads import upload
from pages.shared.words import _, ngettext, said

_ROWS, _JOB, _SENT = "scored_rows", "score_job", "scored_sent"
_MOST_LINES = 10_000
_SHOWN = 500
"""Rows of a file that the page shows; the download has them all."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """A scored file."""

    done: ScoredFile
    target: Path
    name: str
    highest: list[ScoredText]
    model: str


def draw_text(scorer: Scorer, policy: Policy) -> None:
    """Paste, score, look, send."""
    with st.form("score_text_form", border=False):
        text = st.text_area(
            _("Comment"), key="score_text", height=140, placeholder=_("Paste a comment, or many, one a line")
        )
        left, right = st.columns([1, 3], vertical_alignment="center")
        go = left.form_submit_button(_("Score"), type="primary", key="score_go", icon=":material/speed:")
        lines = right.toggle(_("One comment a line"), key="score_lines")
    if go:
        _score_now(text, lines, scorer)
    rows: list[ScoredText] = state.kept(_ROWS) or []
    if not rows:
        return
    with st.container(horizontal=True):
        st.button(_("Send to the queue"), key="score_send", icon=":material/inbox:", on_click=_send, args=(rows,))
        st.download_button(
            _("Download CSV"), lambda: as_csv(rows), "scores.csv", "text/csv",
            key="score_csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    if sent := state.kept(_SENT):
        notice(sent, "success")
    if len(rows) == 1:
        draw_one(rows[0], policy, scorer, typed=True)
    else:
        draw_many(rows, policy, scorer, key=f"score_{hash(tuple(row.text for row in rows))}")


def _score_now(text: str, lines: bool, scorer: Scorer) -> None:
    texts = split_lines(text) if lines else [text] * bool(text.strip())
    state.keep(_SENT, None)
    if not texts:
        notice(_("Paste a comment first."), "info")
    elif len(texts) > _MOST_LINES:
        notice(
            _("That is {many:,} comments, at most {most:,} fit here. Put them into a file.").format(
                many=len(texts), most=_MOST_LINES
            ),
            "info",
        )
    else:
        state.keep(_ROWS, scored(texts, score_texts(scorer, texts)))


def _send(rows: list[ScoredText]) -> None:
    require(Action.SCORE)
    try:
        done = services().intake.add(as_new(rows))
    except ModeratoError as error:
        state.keep(_SENT, said(error))
        return
    words = ngettext(
        "{many:,} sent to the queue; the worker scores and routes it.",
        "{many:,} sent to the queue; the worker scores and routes them.",
        done.added,
    ).format(many=done.added)
    if done.known:
        words += " " + ngettext("{many:,} had been sent before.", "{many:,} had been sent before.", done.known).format(
            many=done.known
        )
    state.keep(_SENT, words)


def draw_file(scorer: Scorer, policy: Policy) -> None:
    """Upload, score in the background, look at the highest, download."""
    job: Job[FileResult] | None = state.kept(_JOB)
    if job is not None and not job.is_done:
        _watch()
        return
    if job is not None:
        _outcome(job, scorer, policy)
    given = upload(_("A file of comments: CSV, TSV, JSONL or Parquet, also gzipped"), "score_file")
    if given is None:
        return
    name, path = given
    try:
        names = preview(path, rows=1).columns
        kind = kind_of(name)
    except ModeratoError as error:
        notice(said(error))
        return
    left, right = st.columns(2)
    column = left.selectbox(
        _("Column with the text"), names, index=_text_at(names), key=f"score_column_{hash(tuple(names))}"
    )
    kinds = list(Kind)
    out = right.selectbox(_("Write scores as"), kinds, index=kinds.index(kind), key="score_kind", format_func=str.upper)
    with st.container(horizontal=True):
        st.button(
            _("Score the file"), key="score_file_go", type="primary", icon=":material/speed:",
            disabled=column is None, on_click=_begin, args=(path, name, column, out, scorer, policy),
        )  # fmt: skip
        st.button(
            _("Send the file to the queue"), key="score_file_send", icon=":material/inbox:",
            disabled=column is None, on_click=_send_file, args=(path, name, column),
        )  # fmt: skip
    if state.kept("score_file_sent") == str(path):
        notice(_("The file is being taken in: the Data page shows how far it is."), "success")


def _text_at(names: list[str]) -> int | None:
    found = guess_columns(names).get("text")
    return None if found is None else names.index(found)


def _send_file(path: Path, name: str, column: str) -> None:
    start_import(path, by=require(Action.IMPORT), columns={"text": column}, source=SOURCE, file_name=name)
    state.keep("score_file_sent", str(path))


def _begin(path: Path, name: str, column: str, kind: Kind, scorer: Scorer, policy: Policy) -> None:
    require(Action.SCORE)
    target = path.with_name(f"{path.name.split('.')[0]}-scored.{kind}")
    order = Order(path, target, column, safe=True)
    words = _("{rows:,} rows scored")  # here: the thread has no reader

    def work(job: Job[FileResult]) -> FileResult:
        highest = Highest(policy, _SHOWN)
        done = score_file(
            order,
            scorer,
            progress=lambda now: job.tell(now.share, words.format(rows=now.rows)),
            watch=highest.watch,
        )
        return FileResult(done, target, f"{Path(name).name.split('.')[0]}-scored.{kind}", highest.rows(), scorer.name)

    state.keep(_JOB, Job(work).start())


@st.fragment(run_every=1)
def _watch() -> None:
    job: Job[FileResult] | None = state.kept(_JOB)
    if job is None or job.is_done:
        st.rerun()
    st.progress(job.share, text=job.note)


def _outcome(job: Job[FileResult], scorer: Scorer, policy: Policy) -> None:
    result = job.result
    if result is None:
        notice(f"{_('The file was not scored.')} {job.error or ''}")
        return
    done = result.done
    says = ngettext("{many:,} row scored by {model}", "{many:,} rows scored by {model}", done.rows).format(
        many=done.rows, model=result.model
    )
    if done.unscored:
        says = _("{scored}, {many:,} of them without text").format(scored=says, many=done.unscored)
    if done.left_out:
        says = _("{scored}; {many:,} lines left out, the first is line {line}").format(
            scored=says, many=done.left_out, line=done.examples[0].line
        )
    notice(f"{says}. {done.problem or ''}", "warning" if done.problem or done.left_out else "success")
    st.download_button(
        _("Download scores"), lambda: result.target.read_bytes() if result.target.is_file() else b"",
        result.name, key="score_file_download", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    if result.highest:
        st.caption(_("The {many:,} comments furthest over the policy's thresholds").format(many=len(result.highest)))
        draw_many(result.highest, policy, scorer, key=f"scored_file_{result.target.stem}")
