"""Comments in: checked, hashed, added once, queued for scoring."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import ImportRun, NewComment, RunState, now, pack_labels
from core.errors import BadInput, ModeratoError
from core.files.columns import ColumnMap, find_columns
from core.files.comments import Reading, Unusable, check_name, check_text, read_comments
from core.files.report import Report
from core.files.stream import STDIN
from core.files.table import BadRow, Table, open_table
from core.labels import LABELS
from core.privacy.admission import admit
from core.script import script_of
from core.settings import Settings
from core.text import storable, text_hash
from db.models import to_micros
from db.session import Session, Sessions
from db.stores.comments import CommentStore, CommentValues, Key
from db.stores.imports import ImportStore

log = logging.getLogger("moderato.intake")

MOST_SOURCE = 200
"""Longest name of a source, in code points."""

_TOGETHER = 5_000
"""Comments added in one transaction."""


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did."""

    added: int
    known: int
    """Comments whose (source, external id) was there before, or was erased; nothing about them changed."""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did."""

    run: ImportRun
    report: Path | None
    """The list of bad rows, if there were any."""
    notes: tuple[str, ...]
    """What the person may not expect, such as columns that were passed over."""


Progress = Callable[[ImportRun], None]


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a file, ready to be stored."""

    values: list[CommentValues]
    golden: dict[Key, int]
    """Packed labels of the golden ones."""
    bad: list[BadRow]
    share: float
    """Part of the file that was read, this stretch included."""


class Intake:
    """Adding comments, from programs, pages and files."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    def add(self, comments: Sequence[NewComment]) -> Added:
        """Add comments that are new by (source, external id) and queue them for scoring.

        Raises BadInput, before anything is added, when one has no text, no id, or too much of either.
        """
        values, golden = self._prepare([self._checked(comment) for comment in comments])
        added = known = 0
        for some in _chunks(values, _TOGETHER):
            with self._sessions.begin() as session:
                new, _ = CommentStore(session).add_many(admit(session, some), golden)
            added, known = added + new, known + len(some) - new
        return Added(added, known)

    def import_file(
        self,
        path: Path | str,
        *,
        by: Person,
        source: str | None = None,
        columns: Mapping[str, str | None] | None = None,
        golden: bool = False,
        file_name: str | None = None,
        progress: Progress | None = None,
    ) -> ImportSummary:
        """Add a file's comments; safe to run again at any time, also after it was killed.

        `source` defaults to the file's name; `columns` says which column means what where names do not, see
        `core.files.find_columns`; `golden` takes the six labels in as known answers. A row that cannot be used goes to
        the report. Raises BadInput when the file as a whole cannot be used. A file that breaks off is taken in up to
        there, and the run's `problem` says so.
        """
        check_may(by, Action.IMPORT)
        file_name = storable(file_name or ("standard input" if path == STDIN else Path(path).name))
        source = check_source(source or file_name)
        with closing(open_table(path, text_column=(columns or {}).get("text"))) as table:
            found = find_columns(table.columns, columns)
            notes = _check_labels(found, golden)
            how = Reading(source, found, golden, self._settings.max_text_bytes)
            run = self._start(file_name, source, by)
            try:
                run = self._take_in(table, how, run, progress or _silent)
            except BaseException as error:
                self._fail(run, error)
                raise
        report = self._settings.data_dir / run.report if run.report else None
        return ImportSummary(run, report, notes)

    def has_comments(self) -> bool:
        """Whether any comment was ever added."""
        with self._sessions.read() as session:
            return CommentStore(session).has_any()

    def list_imports(self, limit: int = 20) -> list[ImportRun]:
        """The latest imports, newest first."""
        with self._sessions.read() as session:
            return ImportStore(session).list_latest(limit)

    def get_import(self, run_id: int) -> ImportRun | None:
        """One import, or None."""
        with self._sessions.read() as session:
            return ImportStore(session).get(run_id)

    def _start(self, file_name: str, source: str, by: Person) -> ImportRun:
        with self._sessions.begin() as session:
            store = ImportStore(session)
            run = store.get(store.start(file=file_name, source=source, person=by.name))
            number = f"import {run.id}" if run else "import"
            record(session, by, What.IMPORT_STARTED, number, file=file_name, source=source)
        if run is None:
            raise ModeratoError("The import could not be recorded. Try again.")
        return run

    def _take_in(self, table: Table, how: Reading, run: ImportRun, progress: Progress) -> ImportRun:
        name = f"reports/import-{run.id}.csv"
        parts = self._parts(table, how)
        with Report(self._settings.data_dir / name) as report, ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(next, parts, None)
            while (part := coming.result()) is not None:
                report.add(part.bad)
                run = _counted(run, part, name if report.rows else None)
                with self._sessions.begin() as session:
                    run = _store(session, run, part)
                    # While the database commits, which needs no Python, the next part of the file is read.
                    coming = ahead.submit(next, parts, None)
                progress(run)
        return self._finish(run, table.problem)

    def _parts(self, table: Table, how: Reading) -> Iterator[_Part]:
        for batch in table.batches(_TOGETHER):
            comments, bad = read_comments(table, batch, how)
            yield _Part(*self._prepare(comments), bad, table.share())

    def _finish(self, run: ImportRun, problem: str | None) -> ImportRun:
        state = RunState.FAILED if problem else RunState.DONE
        values = {"state": state, "problem": problem, "share": run.share if problem else 1.0}
        with self._sessions.begin() as session:
            ImportStore(session).update(run.id, values)
            done = ImportStore(session).get(run.id)
            _record_end(session, run, state)
        log.info("import %d: %d added, %d known, %d bad", run.id, run.added, run.known, run.bad)
        return done or run

    def _fail(self, run: ImportRun, error: BaseException) -> None:
        known = isinstance(error, ModeratoError)
        problem = str(error) if known else f"It stopped ({type(error).__name__}). Run it again: nothing is added twice."
        with self._sessions.begin() as session:
            ImportStore(session).update(run.id, {"state": RunState.FAILED, "problem": problem})
            _record_end(session, ImportStore(session).get(run.id) or run, RunState.FAILED)

    def _checked(self, comment: NewComment) -> NewComment:
        try:
            text = check_text(comment.text, self._settings.max_text_bytes)
            external_id = check_name(comment.external_id, "the id")
            author, thread = check_name(comment.author, "author"), check_name(comment.thread, "thread")
            parent = check_name(comment.parent, "parent")
        except Unusable as reason:
            raise BadInput("A comment cannot be added: {reason}.", reason=reason) from None
        if not external_id:
            raise BadInput("A comment cannot be added: no id.")
        source = check_source(comment.source)
        return NewComment(text, source, external_id, author, thread, parent, comment.created_at, comment.golden)

    def _prepare(self, comments: Sequence[NewComment]) -> tuple[list[CommentValues], dict[Key, int]]:
        """Values for the table, hashed before any transaction begins, and the golden ones' packed labels by key."""
        values = values_of(comments)
        golden = {(c.source, c.external_id): c.golden for c in reversed(comments)}  # the first of a key counts
        return values, {key: pack_labels(flags) for key, flags in golden.items() if flags is not None}


def values_of(comments: Sequence[NewComment]) -> list[CommentValues]:
    """Checked comments as rows of the table, hashed."""
    at = to_micros(now())
    return [
        CommentValues(
            c.text,
            text_hash(c.text),
            c.source,
            c.external_id,
            c.author,
            c.thread,
            c.parent,
            None if c.created_at is None else to_micros(c.created_at),
            at,
            script_of(c.text),
        )
        for c in comments
    ]


def _record_end(session: Session, run: ImportRun, state: RunState) -> None:
    counts = {"added": run.added, "known": run.known, "bad": run.bad}
    record(session, run.person, What.IMPORT_ENDED, f"import {run.id}", state=state.value, **counts)


def _counted(run: ImportRun, part: _Part, report: str | None) -> ImportRun:
    read = run.read + len(part.values) + len(part.bad)
    return replace(run, read=read, bad=run.bad + len(part.bad), share=part.share, report=report)


def _store(session: Session, run: ImportRun, part: _Part) -> ImportRun:
    """The rows and the counts in one transaction: what the run says is what is there, whenever it is killed."""
    added, _ = CommentStore(session).add_many(admit(session, part.values), part.golden)
    run = replace(run, added=run.added + added, known=run.known + len(part.values) - added)
    names = ("read", "added", "known", "bad", "share", "report")
    ImportStore(session).update(run.id, {name: getattr(run, name) for name in names})
    return run


def _chunks(values: Sequence[CommentValues], size: int) -> Iterator[list[CommentValues]]:
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def check_source(source: str) -> str:
    """The name of a source, storable and without blanks around it. Raises BadInput."""
    source = storable(source).strip()
    if not source or len(source) > MOST_SOURCE or not source.isprintable():
        raise BadInput(
            "A source has 1 to {most_source} printable characters. Give another name.",
            most_source=MOST_SOURCE,
        )
    return source


def _check_labels(found: ColumnMap, golden: bool) -> tuple[str, ...]:
    missing = [label for label in LABELS if label not in found]
    if golden and missing:
        raise BadInput(
            "Golden items need all six labels; the file has no column {listed}. Add them, or import without the "
            "golden switch.",
            listed=", ".join(missing),
        )
    if not golden and len(missing) < len(LABELS):
        return ("The file's label columns were passed over. To use them for evaluation, import it as golden items.",)
    return ()


def _silent(_run: ImportRun) -> None:
    pass
