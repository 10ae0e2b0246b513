"""Who had masked texts shown, for the audit trail: gathered, and written every few seconds in one event a person."""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from core.accounts import Person
from core.audit_trail import What, record
from core.log_text import whereabouts
from db.session import Sessions

log = logging.getLogger("moderato.trail")

_GATHER_SECONDS: Final = 3.0
_MOST_NAMED: Final = 200
"""Comments that one event names."""


class Reveals:
    """Reveals of one process. Noting one writes nothing: whoever presses a key does not wait for the database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
        self._timer: threading.Timer | None = None

    def note(self, person: Person, comment_ids: Iterable[int], where: str) -> None:
        """Somebody had these comments' texts shown on the page named `where`."""
        with self._lock:
            noted = self._noted[person.name, where]
            noted.update(dict.fromkeys(number for number in comment_ids if number > 0))
            if self._timer is None:
                self._timer = threading.Timer(_GATHER_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what was gathered; what the database does not take is kept for the next time."""
        with self._lock:
            noted, self._noted, self._timer = self._noted, defaultdict(dict), None
        for (person, where), numbers in noted.items():
            ids = list(numbers)
            try:
                with self._sessions.begin() as session:
                    for start in range(0, len(ids), _MOST_NAMED):
                        some = ids[start : start + _MOST_NAMED]
                        subject = f"comment {some[0]}" if len(some) == 1 else f"{len(some)} comments"
                        record(session, person, What.TEXT_REVEALED, subject, comments=some, where=where)
            except Exception as error:  # the database may be away: kept, and recorded with the next ones
                log.warning("reveals could not be recorded, trying again: %s", whereabouts(error))
                self._keep(person, ids, where)

    def _keep(self, person: str, ids: list[int], where: str) -> None:
        with self._lock:
            self._noted[person, where].update(dict.fromkeys(ids))

    def close(self) -> None:
        """Write what is left."""
        if self._timer:
            self._timer.cancel()
        self.flush()
