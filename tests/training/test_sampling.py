"""Rare labels are seen often, rows of like length together, and what is left out is made up for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.config import LossConfig, RowsConfig
from training.data import make_rows
from training.losses import positive_weights, row_weights, six_losses
from training.sampling import draw_epoch, importance, keep_some, plan_training
from training.splits import split_rows


def labelled(count=4000, seed=0):
    """Six labels, of which the fourth, threat, is at 0.3 %."""
    random = np.random.default_rng(seed)
    labels = (random.random((count, 6)) < [0.1, 0.01, 0.05, 0.003, 0.05, 0.01]).astype(np.float32)
    return make_rows([f"comment {i}" for i in range(count)], labels, random.uniform(0.5, 3, count).astype(np.float32))


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.integers(0, 99))
def test_each_row_is_drawn_as_often_as_wanted_give_or_take_one(share, seed):
    order = draw_epoch(np.array(share), np.random.default_rng(seed))
    times = np.bincount(order, minlength=len(share))
    assert (np.abs(times - share) < 1).all()


def test_batches_seldom_lack_the_rarest_label():
    rows, lengths = labelled(), [20] * 4000
    lack = {}
    for balance in (0.0, 0.5, 1.0):
        (steps,) = plan_training(rows.labels, lengths, balance=balance, epochs=1, tokens=640, seed=0)
        lack[balance] = np.mean([rows.labels[step, 3].sum() == 0 for step in steps])
    assert lack[0.0] > 0.85
    assert lack[0.5] < 0.6
    assert lack[1.0] < 0.1


def test_every_row_is_drawn_once_without_balance():
    rows = labelled(500)
    (steps,) = plan_training(rows.labels, [9] * 500, balance=0, epochs=1, tokens=90, seed=0)
    assert sorted(row for step in steps for row in step) == list(range(500))
    assert all(len(step) <= 10 for step in steps)


def test_half_an_epoch_has_half_the_rows():
    plan = plan_training(labelled().labels, [9] * 4000, balance=0.5, epochs=1.5, tokens=90, seed=0)
    sizes = [sum(len(step) for step in epoch) for epoch in plan]
    assert sizes[1] == pytest.approx(sizes[0] / 2, rel=0.05)


def test_steps_hold_rows_of_like_length():
    lengths = np.random.default_rng(0).integers(5, 200, 4000).tolist()
    (steps,) = plan_training(labelled().labels, lengths, balance=0, epochs=1, tokens=2000, seed=0)
    padded = sum(len(step) * max(lengths[i] for i in step) for step in steps)
    assert sum(lengths) / padded > 0.9


@pytest.mark.parametrize("count", [100, 1500, 3999])
def test_fewer_rows_keep_the_rare_and_stand_for_all(count):
    rows = labelled()
    kept = keep_some(rows, count, balance=0.5, seed=0)
    assert abs(len(kept) - count) <= 1
    assert kept.labels[:, 3].mean() > rows.labels[:, 3].mean()
    assert kept.weights.sum() == pytest.approx(rows.weights.sum(), rel=0.25)
    mass = (kept.weights[:, None] * kept.labels).sum(axis=0) / kept.weights.sum()
    wanted = (rows.weights[:, None] * rows.labels).sum(axis=0) / rows.weights.sum()
    assert np.abs(mass - wanted).max() < 0.06


def test_zero_means_all_rows():
    rows = labelled(50)
    assert keep_some(rows, 0, balance=0.5, seed=0) is rows


def test_importance_of_nothing():
    assert importance(np.zeros((0, 6), np.float32), 0.5).shape == (0,)


def test_positive_weights_are_capped():
    rows = labelled()
    weights = positive_weights(rows.labels, np.ones(len(rows)), LossConfig(positive_cap=4))
    assert weights[3] == 4
    assert weights[0] == pytest.approx(3, rel=0.1)
    assert (positive_weights(rows.labels, np.ones(len(rows)), LossConfig(positive_cap=1)) == 1).all()


def test_no_row_rules_a_step():
    found = row_weights(np.array([1, 1, 1, 1000], np.float32), LossConfig(weight_cap=3))
    assert found.max() == 3


@pytest.mark.parametrize("kind", ["bce", "asymmetric"])
def test_losses_fall_towards_the_truth_and_stay_finite(kind):
    config = LossConfig(kind=kind)
    truth, ones = torch.tensor([[1.0, 0, 0, 0, 0, 1]]), torch.ones(6)
    values = [six_losses((2 * truth - 1) * at, truth, ones, config).item() for at in (-80.0, -2.0, 0.0, 2.0, 80.0)]
    assert values == sorted(values, reverse=True)
    assert np.isfinite(values).all()


def test_asymmetric_cares_less_for_easy_negatives():
    truth, ones, logits = torch.zeros(1, 6), torch.ones(6), torch.full((1, 6), -1.0)
    plain, asymmetric = (six_losses(logits, truth, ones, LossConfig(kind=kind)) for kind in ("bce", "asymmetric"))
    assert asymmetric < plain / 20


def test_splits_share_no_content_and_the_frozen_part_is_left_alone():
    rows = labelled()
    corrections = make_rows(rows.texts[:900], 1 - rows.labels[:900])
    splits = split_rows(rows, corrections, RowsConfig(), seed=0)
    parts = [set(part.hashes) for part in (splits.train, splits.validation, splits.calibration, splits.test)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 4000
    assert not splits.train.frozen_test().any()
    assert splits.test.frozen_test().all()
    corrected = {digest: i for i, digest in enumerate(corrections.hashes)}
    for digest, labels, weight in zip(splits.train.hashes, splits.train.labels, splits.train.weights, strict=True):
        if digest in corrected:
            np.testing.assert_array_equal(labels, corrections.labels[corrected[digest]])
            assert weight == 2.0


def test_held_rows_are_the_same_ones_whatever_the_order():
    rows = labelled()
    turned = make_rows(rows.texts[::-1], rows.labels[::-1], rows.weights[::-1])
    first, second = (split_rows(given, None, RowsConfig(held_rows=50), seed=0) for given in (rows, turned))
    assert set(first.validation.hashes) == set(second.validation.hashes)
    assert len(first.validation) == 50
