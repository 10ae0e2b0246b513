"""Orders that are scored together."""

import asyncio
import threading

import numpy as np
import pytest

from core import batcher
from core.batcher import MicroBatcher, Overloaded


class Model:
    """Scores a text by its length; holds still while told to."""

    def __init__(self):
        self.calls = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, texts):
        self.calls.append(list(texts))
        assert self.go.wait(10)
        if "broken" in texts:
            raise ValueError("broken")
        return "version", np.array([[len(text)] * 6 for text in texts], np.float32)


def run(test, model, **options):
    async def inner():
        made = MicroBatcher(model, **options)
        try:
            await test(made)
        finally:
            model.go.set()
            made.close()

    asyncio.run(inner())


def test_orders_that_come_together_are_one_call_and_everybody_gets_their_own():
    model = Model()

    async def test(made):
        orders = [["a" * k] * (1 + k % 3) for k in range(1, 30)]
        answers = await asyncio.gather(*(made.score(order) for order in orders))
        for order, (version, scores) in zip(orders, answers, strict=True):
            assert version == "version"
            assert scores[:, 0].tolist() == [len(text) for text in order]

    run(test, model)
    assert len(model.calls) == 1


def test_while_one_batch_is_scored_the_next_gathers():
    model = Model()

    async def test(made):
        model.go.clear()
        first = asyncio.create_task(made.score(["first"]))
        while not model.calls:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(made.score([f"other {k}"])) for k in range(20)]
        await asyncio.sleep(0.01)
        model.go.set()
        await asyncio.gather(first, *others)

    run(test, model)
    assert [len(call) for call in model.calls] == [1, 20]


def test_an_error_goes_to_those_of_the_batch_and_the_next_fares_better():
    model = Model()

    async def test(made):
        with pytest.raises(ValueError, match="broken"):
            await made.score(["broken"])
        assert (await made.score(["fine"]))[1].shape == (1, 6)

    run(test, model)


def test_beyond_what_can_be_scored_in_time_an_order_is_refused_at_once():
    model = Model()

    async def test(made):
        model.go.clear()
        text = "x" * int(batcher._FIRST_RATE * 1.2)
        waiting = [asyncio.create_task(made.score([text])) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded) as refused:
            await made.score(["one more"])
        assert refused.value.retry_after == 3
        model.go.set()
        await asyncio.gather(*waiting)
        assert (await made.score(["now"]))[1].shape == (1, 6)

    run(test, model)


def test_an_order_is_given_up_after_a_while_and_costs_nothing_any_more():
    model = Model()

    async def test(made):
        model.go.clear()
        with pytest.raises(Overloaded):
            await made.score(["held"])
        with pytest.raises(Overloaded):
            await made.score(["behind"])
        model.go.set()
        assert (await made.score(["now"]))[1].shape == (1, 6)
        assert made._ahead == 0

    run(test, model, patience=0.05)
    assert ["behind"] not in model.calls


def test_a_slow_model_gets_small_batches(monkeypatch):
    monkeypatch.setattr(batcher, "_FIRST_RATE", 10_000.0)
    model = Model()

    async def test(made):
        await asyncio.gather(*(made.score(["x" * 100]) for _ in range(10)))

    run(test, model)
    assert len(model.calls[0]) == 2
    assert sum(map(len, model.calls)) == 10


def test_only_so_many_wait(monkeypatch):
    monkeypatch.setattr(batcher, "_MOST_ORDERS", 3)
    model = Model()

    async def test(made):
        model.go.clear()
        first = asyncio.create_task(made.score(["first"]))
        while not model.calls:
            await asyncio.sleep(0.001)
        waiting = [asyncio.create_task(made.score(["next"])) for _ in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await made.score(["one more"])
        model.go.set()
        await asyncio.gather(first, *waiting)

    run(test, model)
