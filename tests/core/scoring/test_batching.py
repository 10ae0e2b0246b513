"""Token-budget batches: nothing lost, nothing out of order, never over the budget."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scoring.batching import Budget, DoesNotFit, pad_right, plan_batches, prepared_ahead, run_batches, windows

LENGTHS = st.lists(st.integers(0, 300), max_size=120)


@given(LENGTHS, st.integers(1, 2000))
def test_every_row_is_in_one_batch_within_the_budget(lengths, budget):
    batches = plan_batches(lengths, budget)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[row] for row in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget


@given(LENGTHS)
def test_sorted_batches_pad_little(lengths):
    batches = plan_batches(lengths, 1000)
    firsts = [max(lengths[row] for row in batch) for batch in batches]
    assert firsts == sorted(firsts, reverse=True)


class TooBig(Exception):
    """The device's own error."""


def device(lengths, capacity):
    """Computes each row's number, and holds no more than `capacity` padded tokens."""

    def compute(rows):
        if len(rows) * max(max(lengths[row] for row in rows), 1) > capacity:
            raise TooBig
        return np.array([[row, lengths[row]] for row in rows], np.float32)

    return compute


def run(lengths, compute, budget):
    return run_batches(lengths, compute, budget=budget, columns=2, too_big=lambda error: isinstance(error, TooBig))


@given(LENGTHS, st.integers(300, 3000), st.integers(300, 600))
def test_order_is_restored_also_where_batches_did_not_fit(lengths, budget, capacity):
    found = run(lengths, device(lengths, capacity), Budget(budget))
    np.testing.assert_array_equal(found[:, 0], np.arange(len(lengths)))
    np.testing.assert_array_equal(found[:, 1], lengths)


def test_the_budget_stays_small_once_it_was_too_large():
    lengths, budget = [10] * 100, Budget(1000)
    run(lengths, device(lengths, 300), budget)
    assert budget.tokens == 250


def test_a_row_that_never_fits_is_told():
    with pytest.raises(DoesNotFit) as caught:
        run([10, 500], device([10, 500], 100), Budget(1000))
    assert caught.value.tokens == 500


def test_other_errors_pass():
    def broken(rows):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run([1, 2], broken, Budget(10))


@given(st.lists(st.lists(st.integers(1, 99), max_size=9), max_size=9))
def test_padding_is_on_the_right(rows):
    padded, lengths = pad_right(rows, 0)
    for row, line, length in zip(rows, padded, lengths, strict=True):
        assert line[:length].tolist() == row
        assert not line[length:].any()


@given(st.lists(st.integers(), max_size=50), st.integers(1, 9))
def test_windows_and_threads_keep_the_order(items, size):
    prepared = prepared_ahead(windows(items, size), list)
    assert [item for window in prepared for item in window] == items


def test_the_next_window_is_prepared_in_another_thread():
    seen = list(prepared_ahead([1, 2], lambda _: threading.current_thread().name))
    assert all(name.startswith("tokenise") for name in seen)


def test_an_error_in_the_thread_arrives():
    with pytest.raises(ZeroDivisionError):
        list(prepared_ahead([1, 0], lambda item: 1 / item))
