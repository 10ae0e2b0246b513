"""Goes on with erasures that were begun, and begins that of what is too old, once a day. In a thread."""

import logging
import threading
import time
from pathlib import Path
from typing import Final

from core.log_text import whereabouts
from core.privacy.service import Privacy

log = logging.getLogger("moderato.privacy")

_POLL_SECONDS: Final = 3.0
_DAILY_ASK_SECONDS: Final = 600.0
_UPLOAD_SECONDS: Final = 24 * 3600


class Keeper:
    """Any number may run, in any number of processes: an erasure has one worker at a time."""

    def __init__(self, privacy: Privacy, data_dir: Path) -> None:
        self._privacy, self._data_dir = privacy, data_dir
        self._stop, self._woken = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread that does not keep the process alive."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="privacy", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look at once for what was begun just now."""
        self._woken.set()

    def stop(self) -> None:
        """Stop after the step that runs; another process goes on, or this one when it starts again."""
        self._stop.set()
        self._woken.set()
        if self._thread:
            self._thread.join(10)

    def _run(self) -> None:
        asked = float("-inf")
        while not self._stop.is_set():
            try:
                if time.monotonic() - asked > _DAILY_ASK_SECONDS:
                    asked = time.monotonic()
                    self._privacy.apply_retention_daily()
                    self._forget_uploads()
                while not self._stop.is_set() and self._privacy.eraser.work(self._stop):
                    pass
            except Exception as error:  # the database may be away: look again later
                log.warning("erasures could not be looked at: %s", whereabouts(error))
            self._woken.wait(_POLL_SECONDS)
            self._woken.clear()

    def _forget_uploads(self) -> None:
        """Uploaded files that nobody came back for."""
        for path in (self._data_dir / "uploads").glob("*"):
            if time.time() - path.stat().st_mtime > _UPLOAD_SECONDS:
                path.unlink(missing_ok=True)
