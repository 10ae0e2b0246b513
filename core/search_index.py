"""Keeping the full-text index up with the comments. Only SQLite's needs it; see migration 0002."""

import logging
import threading
import time

from core.domain import RunState, now
from db.session import Sessions
from db.stores.imports import ImportStore
from db.stores.search import SearchIndexStore

log = logging.getLogger("moderato.search")

_BATCH = 500
"""Comments per transaction: the write lock is held for some tens of milliseconds, so that decisions hardly wait."""

_IMPORT_SILENT_SECONDS = 5
"""An import that has said nothing for this long is not in the way any more."""


class SearchIndex:
    """Follows the comments in small steps, from any number of processes: steps and progress are one transaction."""

    def __init__(self, sessions: Sessions, *, poll_seconds: float) -> None:
        self._sessions, self._poll = sessions, poll_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_needed(self) -> bool:
        """Whether the database leaves its index to us."""
        return self._sessions.engine.dialect.name == "sqlite"

    def behind(self) -> int:
        """How many of the newest comments cannot be found by their text yet."""
        with self._sessions.read() as session:
            return SearchIndexStore(session).behind()

    def catch_up(self) -> int:
        """Index everything that is there now; returns how many comments that was. Leaves others room to write."""
        total = 0
        while self.is_needed and not self._stop.is_set() and (done := self._step()):
            total += done
        return total

    def start(self) -> None:
        """Follow in a thread until `stop`."""
        if self.is_needed and self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="search-index", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop after the step that runs."""
        self._stop.set()
        if self._thread:
            self._thread.join(10)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self._is_importing() or not self._step()
            except Exception as error:  # the database may be locked or away: try again later
                log.warning("the search index could not follow (%s); trying again", type(error).__name__)
                busy = True
            if busy:
                self._stop.wait(self._poll)

    def _step(self) -> int:
        started = time.monotonic()
        with self._sessions.read() as session:
            if not SearchIndexStore(session).behind():
                return 0
        with self._sessions.begin() as session:
            done = SearchIndexStore(session).index_more(_BATCH)
        self._stop.wait((time.monotonic() - started) / 2)  # SQLite's lock is not fair: whoever waits comes in here
        return done

    def _is_importing(self) -> bool:
        """An import writes as fast as it can; following it would halve its speed for a search that can wait."""
        with self._sessions.read() as session:
            runs = ImportStore(session).list_latest(5)
        fresh = (run for run in runs if run.state == RunState.RUNNING)
        return any((now() - run.seen_at).total_seconds() < _IMPORT_SILENT_SECONDS for run in fresh)
