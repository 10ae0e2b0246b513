"""Delivering messages from a thread of this process, until told to stop."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from core.domain import now
from core.errors import ModeratoError
from core.log_text import whereabouts
from core.webhooks.addresses import Networks, Resolve, resolve
from core.webhooks.desk import LEASE, Desk, Leased
from core.webhooks.events import body_of
from core.webhooks.outcomes import Attempt
from core.webhooks.sender import Answer, Sender, signed_headers
from core.webhooks.urls import parse_url
from db.session import Sessions

log = logging.getLogger("moderato.webhooks")

_BREATH: Final = 0.02
"""Least seconds between two looks at the database: SQLite's lock is not fair, whoever waits comes in here."""
_TIDY_EVERY: Final = 60.0
_AGAIN: Final = 30.0
_GRACE: Final = 0.7
"""Seconds that messages under way get at the end; then they are given back, and sent again."""


class Delivery:
    """One thread with an event loop for the network; its looks at the database are made one at a time beside it."""

    def __init__(
        self,
        sessions: Sessions,
        allowed: Networks,
        *,
        poll_seconds: float,
        name: str = "moderato",
        clock: Callable[[], datetime] = now,
        lease: timedelta = LEASE,
        resolver: Resolve = resolve,
    ) -> None:
        self._desk = Desk(sessions, f"{name} {uuid4().hex[:8]}", clock=clock, lease=lease)
        self._allowed, self._poll, self._clock, self._resolver = allowed, poll_seconds, clock, resolver
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._done: list[Attempt] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin; does nothing if it runs."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 5) -> None:
        """End within about a second: what is under way and not answered by then is given back."""
        self._stop.set()
        loop, wake = self._loop, self._wake
        if loop and wake and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it ended between the two
                loop.call_soon_threadsafe(wake.set)
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._serve())
            except Exception as error:  # without its last words nobody would know
                log.error("webhooks stopped: %s; they begin again in half a minute", whereabouts(error))
                self._stop.wait(_AGAIN)

    async def _serve(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        sender = Sender(self._allowed, resolve=self._resolver)
        with ThreadPoolExecutor(1, thread_name_prefix="webhooks-db") as database:
            tidied = -_TIDY_EVERY
            while not self._stop.is_set():
                started = time.monotonic()
                if started - tidied >= _TIDY_EVERY and await self._guarded(database, self._desk.tidy):
                    tidied = started
                self._wake.clear()
                again = await self._step(sender, database)
                await asyncio.sleep(max(_BREATH, min(time.monotonic() - started, self._poll)))
                if not again and not self._done:
                    await self._rest()
            await self._wind_down(sender, database)

    async def _step(self, sender: Sender, database: ThreadPoolExecutor) -> bool:
        """Settle, feed and lease; send what was leased. Returns whether there is more at once."""
        done, self._done = self._done, []
        try:
            step = await asyncio.get_running_loop().run_in_executor(database, self._desk.step, done)
        except Exception as error:  # the database is away: what was sent is written down when it is back
            log.warning("webhooks wait: %s", whereabouts(error))
            self._done = done + self._done
            await self._rest()
            return False
        self._done = step.unsettled + self._done
        if step.unsettled:
            await self._rest()
        for leased in step.leased:
            task = asyncio.create_task(self._deliver(sender, leased))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return step.more

    async def _deliver(self, sender: Sender, leased: Leased) -> None:
        at = self._clock()
        try:
            body = body_of(leased.message, with_person=leased.webhook.with_person)
            headers = signed_headers(leased.message.message_id, body, leased.secrets, at)
            answer = await sender.send(parse_url(leased.webhook.url), headers, body.encode(), at)
        except ModeratoError as error:
            answer = Answer(None, str(error))
        except Exception as error:  # one message must not end the others
            log.warning("message %s: %s", leased.message.message_id, whereabouts(error))
            answer = Answer(None, f"It could not be made: {whereabouts(error)}.")
        self._done.append(Attempt(leased.message, answer, self._clock()))
        if self._wake:
            self._wake.set()

    async def _rest(self) -> None:
        """Wait for an answer, the end, or the next poll."""
        if self._wake and not self._stop.is_set():
            try:
                await asyncio.wait_for(self._wake.wait(), self._poll)
            except TimeoutError:
                return

    async def _wind_down(self, sender: Sender, database: ThreadPoolExecutor) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        for task in list(self._tasks):
            task.cancel()
        if self._done:
            await self._guarded(database, lambda: self._settle(self._done))
        await self._guarded(database, self._desk.release)
        await sender.close()

    def _settle(self, done: Sequence[Attempt]) -> None:
        self._desk.step(done)  # what it leases anew is released right after

    async def _guarded(self, database: ThreadPoolExecutor, work: Callable[[], None]) -> bool:
        try:
            await asyncio.get_running_loop().run_in_executor(database, work)
        except Exception as error:  # leases lapse by themselves, and tidying can wait
            log.warning("webhooks: %s", whereabouts(error))
            return False
        return True
