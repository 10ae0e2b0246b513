"""Moderators and analysts for the load benchmark: what card.js sends, without a browser."""

import asyncio
import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from benchmarks.streamlit_client import Client

GATHER, RESEND, LACKING, QUIET = 0.3, 1.5, 0.4, 15.0
"""Seconds, as in pages/shared/review_card/card.js."""


@dataclass
class Moderator:
    """Decides the comment at the top of the queue every so many seconds, and reports as the card does."""

    client: Client
    name: str
    pause: float
    acked: dict[str, float] = field(default_factory=dict)
    """Seconds from key to confirmation, by the step's id."""
    when: list[tuple[float, float]] = field(default_factory=list)
    """(moment of the key, seconds to its confirmation)."""
    refused: list[str] = field(default_factory=list)
    starved: int = 0
    """Times that there was nothing to decide."""
    queue: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pressed: dict[str, float] = field(default_factory=dict)
    _at: tuple[str, str] = ("", "")
    _beat: str | None = None
    _sent: float = 0.0
    _dirty: bool = False
    _tasks: list[Any] = field(default_factory=list)

    async def open(self) -> None:
        """Open the queue."""
        self.client.name = "review_card"
        self.client.on_component = self._hear
        await self.client.open()
        self._tasks = [asyncio.create_task(self._tick())]

    async def work(self, until: float) -> None:
        """Press a key every `pause` seconds until then, then wait for the last confirmations."""
        await asyncio.sleep(random.random() * self.pause)
        at = time.monotonic()
        while at < until:
            self._press()
            at += self.pause
            await asyncio.sleep(max(0.0, at - time.monotonic()))
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                while self.pending:
                    await asyncio.sleep(0.1)
        for task in self._tasks:
            task.cancel()

    def _press(self) -> None:
        if not self.queue:
            self.starved += 1
            return
        item = self.queue.pop(0)
        toxic = random.random() < 0.7
        step = {
            "id": str(uuid.uuid4()), "by": self.name, "at": int(time.time() * 1000), "kind": "decide",
            "comment": item["id"], "outcome": "remove" if toxic else "approve",
            "labels": item["preset"] or [0] if toxic else [], "note": None, "seconds": self.pause,
        }  # fmt: skip
        self.pending[step["id"]] = step
        self._pressed[step["id"]] = time.perf_counter()
        self._dirty = True
        self._send()

    def _send(self, *, again: bool = False) -> None:
        now = time.monotonic()
        if not again and self._beat is not None and now - self._sent < GATHER:
            return
        bare = self._bare()
        for item in bare:
            item["asked"] = item.get("asked", 0) + 1
        beat = {
            "kind": "beat", "id": str(uuid.uuid4()), "have": [item["id"] for item in self.queue],
            "bare": [item["id"] for item in bare], "awake": True,
        }  # fmt: skip
        self._beat, self._sent, self._dirty = beat["id"], now, False
        state = {"log": [*self.pending.values(), beat]}
        task = asyncio.create_task(self.client.set_state(*self._at, state))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    def _bare(self) -> list[dict[str, Any]]:
        return [i for i in self.queue[:8] if i["scores"] and "spans" not in i and i.get("asked", 0) < 20]

    def _hear(self, widget: str, fragment: str, data: dict[str, Any]) -> None:
        self._at, now = (widget, fragment), time.perf_counter()
        for answer in data["answers"]:
            if self.pending.pop(answer["id"], None) is None:
                continue
            if answer["ok"]:
                pressed = self._pressed.pop(answer["id"])
                self.acked[answer["id"]] = now - pressed
                self.when.append((pressed, now - pressed))
            else:
                self.refused.append(answer["message"])
        self._refill(data)
        answered = data["beat"] is not None and data["beat"] == self._beat
        if answered:
            self._beat = None
        if self._dirty or (data["more"] and data["answers"]) or (self.pending and answered):
            self._send()

    def _refill(self, data: dict[str, Any]) -> None:
        mine = {number for number, _, held in data["order"] if not held}
        busy = {step["comment"] for step in self.pending.values()}
        here = {item["id"] for item in self.queue}
        self.queue = [item for item in self.queue if item["id"] in mine]
        self.queue += [i for i in data["items"] if i["id"] in mine - busy - here]
        for item in self.queue:
            if str(item["id"]) in data["spans"]:
                item["spans"] = True

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            busy = self.pending or self._dirty
            due = RESEND if busy else LACKING if self._bare() else 2.0 if len(self.queue) < 4 else QUIET
            if time.monotonic() - self._sent > due and self._at[0]:
                self._send(again=True)


@dataclass
class Analyst:
    """Keeps the metrics page open; it refreshes itself."""

    client: Client

    async def open(self) -> None:
        """Open the page."""
        await self.client.open()

    async def work(self, until: float) -> None:
        """Look at it until then."""
        await asyncio.sleep(max(0.0, until - time.monotonic()))
