"""Many small orders, few large model calls: what comes within some milliseconds is scored together."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from core.domain import ModelVersion
from core.errors import ModeratoError
from core.scoring.protocol import Scores

Score = Callable[[Sequence[str]], tuple[ModelVersion, Scores]]
"""Scores texts with the live model and says which that is. Called from one thread."""

PAUSE: Final = 0.0015
"""Seconds without a new order after which a batch is begun: the event loop reads what comes together one by one."""
WINDOW: Final = 0.015
"""Seconds for which the first of a batch waits for others at most."""
MOST_WAIT: Final = 2.0
"""Seconds of waiting from which on an order is refused, by how quick the model has been."""
PATIENCE: Final = 30.0
"""Seconds after which an order is given up, such as when a large model is being loaded."""
_MOST_ORDERS: Final = 512
"""Orders that wait at most: the event loop that answers them serves the pages too."""
_MOST_TEXTS: Final = 512
_BATCH_SECONDS: Final = 0.05
"""A batch should take about so long: longer ones make those wait that come next."""
_TEXT_COST: Final = 100
"""What a text costs besides its length, in characters."""
_FIRST_RATE: Final = 300_000.0
"""Characters a second that a model is taken to score until it was seen."""
_LEARN: Final = 0.2


class Overloaded(ModeratoError):
    """More is asked than the model can score. Nothing of the order was done."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"More is asked than the model can score at the moment. Try again in {retry_after} s.")
        self.retry_after = retry_after
        """Seconds."""


@dataclass(slots=True)
class _Order:
    texts: Sequence[str]
    cost: int
    answer: "asyncio.Future[tuple[ModelVersion, Scores]]"


class MicroBatcher:
    """Scores orders in the order in which they come. Lives on one event loop, and calls the model from one thread."""

    def __init__(self, score: Score, *, most_wait: float = MOST_WAIT, patience: float = PATIENCE) -> None:
        self._score = score
        self._most_wait, self._patience = most_wait, patience
        self._orders: deque[_Order] = deque()
        self._ahead = 0
        """Cost of what waits and of what is being scored."""
        self._rate = _FIRST_RATE
        self._runner: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="api scoring")

    async def score(self, texts: Sequence[str]) -> tuple[ModelVersion, Scores]:
        """The live model and its scores [n, 6]; NaN rows for texts that it fails on.

        Raises Overloaded instead of waiting for long, and whatever the model raises.
        """
        cost = sum(map(len, texts)) + _TEXT_COST * len(texts)
        wait = self._ahead / self._rate
        if wait > self._most_wait or len(self._orders) >= _MOST_ORDERS:
            raise Overloaded(max(1, math.ceil(wait)))
        order = _Order(texts, cost, asyncio.get_running_loop().create_future())
        self._orders.append(order)
        self._ahead += cost
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(self._patience):
                return await order.answer
        except TimeoutError:
            raise Overloaded(math.ceil(self._patience)) from None

    def close(self) -> None:
        """End the thread, after what it does at the moment."""
        self._thread.shutdown()

    async def _run(self) -> None:
        try:
            while self._orders:
                await self._gather()
                await self._score_batch(self._take())
        finally:
            self._runner = None

    async def _gather(self) -> None:
        """Wait while orders keep coming: a model call costs much of what it costs whether it is for four or forty."""
        seen, until = 0, time.monotonic() + WINDOW
        while seen < len(self._orders) < _MOST_TEXTS and time.monotonic() < until:
            seen = len(self._orders)
            await asyncio.sleep(PAUSE)

    def _take(self) -> list[_Order]:
        """The oldest orders that fit into a batch, at least one."""
        batch: list[_Order] = []
        cost = texts = 0
        most = self._rate * _BATCH_SECONDS
        while self._orders:
            following = self._orders[0]
            full = cost + following.cost > most or texts + len(following.texts) > _MOST_TEXTS
            if batch and full:
                break
            batch.append(self._orders.popleft())
            cost, texts = cost + following.cost, texts + len(following.texts)
        return batch

    async def _score_batch(self, batch: list[_Order]) -> None:
        cost = sum(order.cost for order in batch)
        wanted = [order for order in batch if not order.answer.done()]  # others were given up
        texts = [text for order in wanted for text in order.texts]
        try:
            if texts:
                version, scores, seconds = await self._call(texts)
                self._learn(sum(order.cost for order in wanted), seconds)
                _hand_out(wanted, version, scores)
        except Exception as error:  # theirs who asked; the next batch may fare better
            for order in wanted:
                if not order.answer.done():
                    order.answer.set_exception(error)
        finally:
            self._ahead -= cost

    async def _call(self, texts: Sequence[str]) -> tuple[ModelVersion, Scores, float]:
        def timed() -> tuple[ModelVersion, Scores, float]:
            started = time.perf_counter()
            version, scores = self._score(texts)
            return version, scores, time.perf_counter() - started

        return await asyncio.get_running_loop().run_in_executor(self._thread, timed)

    def _learn(self, cost: int, seconds: float) -> None:
        """A small batch says little: fixed costs weigh most in it."""
        seen = cost / max(seconds, 1e-4)
        self._rate += (seen - self._rate) * (_LEARN if seen < self._rate else 2 * _LEARN)


def _hand_out(orders: Sequence[_Order], version: ModelVersion, scores: Scores) -> None:
    at = 0
    for order in orders:
        if not order.answer.done():
            order.answer.set_result((version, scores[at : at + len(order.texts)]))
        at += len(order.texts)
