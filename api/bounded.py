"""A slow look that many wait for: one at a time, in a thread, and nobody waits longer than they said."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Bounded(Generic[T]):
    """Calls `act` in a thread of its own; callers that come meanwhile share the call.

    The thread is a daemon: a call that hangs, as on a database that does not answer, keeps neither the server's other
    threads nor its end waiting, and no second one is started beside it.
    """

    def __init__(self, act: Callable[[], T]) -> None:
        self._act = act
        self._running: Future[T] | None = None

    async def __call__(self, seconds: float) -> T:
        """What the call returns or raises; TimeoutError if that takes longer than so many seconds from now."""
        if self._running is None or self._running.done():
            self._running = Future()
            threading.Thread(target=self._run, args=(self._running,), name="bounded", daemon=True).start()
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._running)), seconds)

    def _run(self, future: "Future[T]") -> None:
        try:
            future.set_result(self._act())
        except BaseException as error:
            future.set_exception(error)
