"""Work that a page starts and goes on beside it, in a thread of the server. Killed with it, and safe to be killed."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.errors import ModeratoError

log = logging.getLogger("moderato.jobs")
T = TypeVar("T")


class Job(Generic[T]):
    """One piece of work: how far it is, and what came out."""

    def __init__(self, work: "Callable[[Job[T]], T]") -> None:
        self.share = 0.0
        """0 to 1; the work sets it."""
        self.note = "Starting"
        """What the work is at, for the page; never comment text."""
        self.result: T | None = None
        self.error: str | None = None
        """Why it failed, in words for the page."""
        self._work = work
        self._done = threading.Event()

    @property
    def is_done(self) -> bool:
        """Whether it ended, well or not."""
        return self._done.is_set()

    def start(self) -> "Job[T]":
        """Begin, in a thread that does not keep the process alive."""
        threading.Thread(target=self._run, name="job", daemon=True).start()
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        return self._done.wait(seconds)

    def tell(self, share: float, note: str) -> None:
        """Say how far it is."""
        self.share, self.note = min(1.0, max(0.0, share)), note

    def _run(self) -> None:
        try:
            self.result = self._work(self)
        except ModeratoError as error:
            self.error = str(error)
        except Exception as error:
            # The message may hold comment text: the log gets the kind of error alone.
            log.error("a job stopped: %s", type(error).__name__)
            self.error = f"It stopped for a reason that was not foreseen ({type(error).__name__}). Try once more."
        finally:
            self._done.set()
