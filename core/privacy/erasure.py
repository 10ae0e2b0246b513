"""Doing an erasure: rows in small transactions, then the files, then what lies deleted in the database's own file.

Every step may be killed and done again. Who works on it shows signs of life in its row; when those end, another takes
over.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial
from itertools import count
from typing import Any, Final

import numpy as np

from core.audit_trail import What, record
from core.domain import RunState, now
from core.drift.words import SAMPLE, hashes_of, pack, unpack
from core.log_text import whereabouts
from core.privacy import files
from core.privacy.keyed import Keyed, is_pseudonym, load_keyed
from core.settings import Settings
from db.models import from_micros
from db.session import Session, Sessions
from db.stores.comments import CommentStore
from db.stores.erased import Doomed, Due, ErasedStore, Tombstone
from db.stores.erasures import Erasure, ErasureStore
from db.stores.scrub import compact, database_file, empty_log, merge_index
from db.stores.snapshots import SnapshotStore

log = logging.getLogger("moderato.privacy")

SILENT: Final = timedelta(seconds=60)
"""After so long without a sign of life another worker goes on."""
SMALL_FILE: Final = 128 << 20
"""Up to so many bytes SQLite's file is compacted at the end of every erasure: seconds, in which nobody can write."""
_TOGETHER: Final = 200
"""Comments erased in one transaction: tens of milliseconds, so that decisions hardly wait."""
_WINDOW: Final = 4_000
_TRIES: Final = 5


class Kind(StrEnum):
    """What is erased."""

    COMMENT = "comment"
    AUTHOR = "author"
    AGE = "age"
    PSEUDONYMS = "pseudonyms"
    """Authors' names alone, which pseudonyms take the place of."""


class Stage(StrEnum):
    """What an erasure does now."""

    ROWS = "rows"
    FILES = "files"
    SPACE = "space"
    DONE = "done"


class Taken(Exception):
    """Another worker goes on with this erasure, or this process is to end."""


class Eraser:
    """Works on erasures, one at a time."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"

    def work(self, stop: threading.Event | None = None, *, only: int | None = None) -> Erasure | None:
        """Take one that nobody works on, to its end; what became of it, None if there is none."""
        at = now()
        with self._sessions.begin() as session:
            job = ErasureStore(session).take(self._name, at=at, silent_since=at - SILENT, only=only)
        if job is None:
            return None
        try:
            _Run(self._sessions, self._settings, self._name, job, stop or threading.Event()).to_the_end()
        except Taken:
            self._let_go(job.id)
        except Exception as error:  # it stays begun: it is tried again, and the page says why it waits
            log.error("erasure %d stopped: %s", job.id, whereabouts(error))
            self._note(job.id, f"It stopped ({type(error).__name__}) and is tried again within a minute.")
        with self._sessions.read() as session:
            return ErasureStore(session).get(job.id)

    def _let_go(self, erasure_id: int) -> None:
        with self._sessions.begin() as session:
            ErasureStore(session).update(erasure_id, self._name, worker=None)

    def _note(self, erasure_id: int, problem: str) -> None:
        with self._sessions.begin() as session:
            ErasureStore(session).update(erasure_id, self._name, problem=problem)


class _Run:
    """One erasure, worked on."""

    def __init__(self, sessions: Sessions, settings: Settings, name: str, job: Erasure, stop: threading.Event) -> None:
        self._sessions, self._settings, self._name = sessions, settings, name
        self._job, self._stop = job, stop
        self._target: dict[str, Any] = job.target or {}
        self._key = load_keyed(sessions)
        self._beaten = 0.0
        self._common: dict[int, set[int]] = {}
        """By day, hashes of words that comments have which stay."""
        rules = [due_of(rule) for rule in self._target.get("rules", ())]
        newest = max((rule.before for rule in rules), default=None)
        self._spares = {"authors": self._target.get("authors", ()), "since": newest}

    def to_the_end(self) -> None:
        """From the stage that was reached."""
        steps: dict[Stage, Callable[[], None]] = {
            Stage.ROWS: self._rows,
            Stage.FILES: self._files,
            Stage.SPACE: self._space,
        }
        for stage in list(steps)[list(steps).index(Stage(self._job.stage)) :]:
            self._update(stage=stage.value, problem=None)
            steps[stage]()
        self._end()

    # -- rows

    def _rows(self) -> None:
        if self._job.kind == Kind.PSEUDONYMS:
            self._rename_authors()
            return
        for ids in self._doomed():
            self._try(partial(self._erase, ids))

    def _doomed(self) -> Iterator[Sequence[int]]:
        if self._job.kind == Kind.COMMENT:
            with self._sessions.read() as session:
                found = ErasedStore(session).existing(self._target["comments"])
            yield from _parts(found)
        elif self._job.kind == Kind.AUTHOR:
            while found := self._next_of_author():
                yield found
        else:
            for rule in self._target["rules"]:
                yield from self._due(due_of(rule))

    def _next_of_author(self) -> list[int]:
        with self._sessions.read() as session:
            return ErasedStore(session).of_authors(self._target["authors"], self._target.get("source"), _TOGETHER)

    def _due(self, due: Due) -> Iterator[Sequence[int]]:
        with self._sessions.read() as session:
            last = ErasedStore(session).last_due(due)
        for low in range(1, last + 1, _WINDOW):
            self._beat()
            with self._sessions.read() as session:
                found = ErasedStore(session).due_between(due, low, min(last, low + _WINDOW - 1))
            yield from _parts(found)

    def _erase(self, ids: Sequence[int]) -> None:
        started = time.monotonic()
        with self._sessions.read() as session:
            sources = ErasedStore(session).sources_of(ids)
            self._learn_words(session, ids)
        with self._sessions.begin() as session:
            CommentStore(session).lock_sources(sources)
            store, at = ErasedStore(session), now()
            store.scrub_on()
            doomed = store.doom(ids)
            if doomed:
                self._forget_words(session, doomed)
                store.bury(doomed, [_tombstone(one, self._key) for one in doomed], self._job.id, at)
            if not ErasureStore(session).count(self._job.id, self._name, len(doomed), at=at):
                raise Taken
        self._pause(started)

    def _learn_words(self, session: Session, ids: Sequence[int]) -> None:
        """Of the days whose words are still kept: what other comments of the day say too. Before anything is locked."""
        store = ErasedStore(session)
        for day in store.days_of(ids) - self._common.keys():
            spared = store.spared_of_day(day, SAMPLE, ids=ids, **self._spares)
            texts = (comment.text for comment in CommentStore(session).get_many(spared).values())
            self._common[day] = {word for text in texts for word in hashes_of(text)}

    def _forget_words(self, session: Session, doomed: Sequence[Doomed]) -> None:
        """Take the hashes of words that only these comments had out of what drift keeps of their days."""
        for row in ErasedStore(session).lock_words(self._common):
            gone = {word for one in doomed if one.day == row.day for word in hashes_of(one.text)}
            gone -= self._common[row.day]
            if gone and row.hashes:
                kept = unpack(row.hashes)
                row.hashes = pack(kept[~np.isin(kept, np.array(sorted(gone), np.uint64))])
        session.flush()

    def _rename_authors(self) -> None:
        after = ""
        while True:
            with self._sessions.read() as session:
                names = ErasedStore(session).next_authors(after, _TOGETHER)
            for name in names:
                while not is_pseudonym(name) and self._rename(name):
                    pass
            if not names:
                return
            self._beat()
            after = names[-1]

    def _rename(self, name: str) -> int:
        started = time.monotonic()
        with self._sessions.begin() as session:
            ErasedStore(session).scrub_on()
            many = ErasedStore(session).rename(name, self._key.pseudonym(name), _TOGETHER)
            if not ErasureStore(session).count(self._job.id, self._name, many, at=now()):
                raise Taken
        self._pause(started)
        return many

    # -- files

    def _files(self) -> None:
        if self._job.kind == Kind.PSEUDONYMS:  # no export names an author
            return
        files.remove_uploads(self._settings.data_dir)
        with self._sessions.read() as session:
            snapshots = {one.path: one for one in SnapshotStore(session).list_newest(1_000_000)}
        rewritten = 0
        for path in files.list_files(self._settings.data_dir):
            self._beat()
            stripped = files.strip(path, self._are_erased)
            if stripped is None:
                continue
            known = snapshots.get(path.relative_to(self._settings.data_dir).as_posix())
            if known:  # first the mark: killed in between, the file is written again
                removed = known.rows - stripped.kept
                with self._sessions.begin() as session:
                    ErasedStore(session).mark_snapshot(
                        known.id, self._job.id, removed=removed, sha256=stripped.sha256, at=now()
                    )
            files.put_in_place(path, stripped)
            rewritten += 1
            self._update(files=rewritten)

    def _are_erased(self, keys: Sequence[files.Key]) -> list[bool]:
        self._beat()
        hashes = [self._key.comment(*key) for key in keys]
        with self._sessions.read() as session:
            known = ErasedStore(session).known(hashes)
        return [hashed in known for hashed in hashes]

    # -- space

    def _space(self) -> None:
        self._update(target=None)  # an author's name may be in it, and it is not needed any more
        for step in count():
            started = time.monotonic()
            with self._sessions.begin() as session:
                ErasedStore(session).scrub_on()
                more = merge_index(session, begin=step == 0)
            if not more:
                break
            self._pause(started)
        file = database_file(self._sessions)
        if file is None or file.stat().st_size <= SMALL_FILE:
            compact(self._sessions)
        empty_log(self._sessions, seconds=10)

    def _end(self) -> None:
        with self._sessions.begin() as session:
            store, at = ErasureStore(session), now()
            ended = {"state": RunState.DONE.value, "stage": Stage.DONE.value, "worker": None}
            if not store.update(self._job.id, self._name, ended_at=at, seen_at=at, problem=None, **ended):
                raise Taken
            done = store.get(self._job.id) or self._job
            counts = {"comments": done.erased, "files": done.files}
            record(session, done.person, What.ERASURE_ENDED, done.subject, erasure=done.id, **counts)
        log.info("erasure %d done: %d comments, %d files", done.id, done.erased, done.files)

    # -- signs of life

    def _update(self, **values: Any) -> None:
        with self._sessions.begin() as session:
            ErasedStore(session).scrub_on()
            if not ErasureStore(session).update(self._job.id, self._name, seen_at=now(), **values):
                raise Taken
        self._beaten = time.monotonic()

    def _beat(self) -> None:
        if self._stop.is_set():
            raise Taken
        if time.monotonic() - self._beaten > 5:
            self._update()

    def _pause(self, started: float) -> None:
        """SQLite's lock is not fair: whoever waits comes in here."""
        if self._stop.wait(min(1.0, (time.monotonic() - started) / 2)):
            raise Taken

    def _try(self, act: Callable[[], None]) -> None:
        """Again after an error that passes: two that meet on PostgreSQL may deadlock."""
        for left in reversed(range(_TRIES)):
            try:
                act()
            except Taken:
                raise
            except Exception:  # each driver has its own word for a deadlock; what stays wrong is raised by the last try
                if not left:
                    raise
                time.sleep(0.2)
            else:
                return


def due_of(rule: dict[str, Any]) -> Due:
    """A rule of an erasure by age, as its row has it."""
    return Due(from_micros(rule["before"]), rule["source"], tuple(rule["others"]), bool(rule["spare_golden"]))


def _tombstone(one: Doomed, key: Keyed) -> Tombstone:
    external_id = f"erased-{one.id}-{secrets.token_hex(4)}"  # random, so that nobody's real id is in the way
    return Tombstone(one.id, key.comment(one.source, one.external_id), secrets.token_hex(16), external_id)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _TOGETHER):
        yield ids[start : start + _TOGETHER]
