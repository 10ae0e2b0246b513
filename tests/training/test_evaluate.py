"""Our figures are scikit-learn's, weights included."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from core.errors import BadInput
from core.labels import LABELS
from training.evaluate import Metrics, average_precision, calibration_error, evaluate, roc_auc


@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 20))
def test_auc_and_average_precision_are_scikit_learns(seed, rows, levels):
    random = np.random.default_rng(seed)
    labels = np.concatenate([[0.0, 1.0], random.integers(0, 2, rows).astype(float)])
    scores = random.integers(0, levels, len(labels)) / levels
    weights = random.uniform(0.1, 3, len(labels))
    assert roc_auc(scores, labels, weights) == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights))
    expected = average_precision_score(labels, scores, sample_weight=weights)
    assert average_precision(scores, labels, weights) == pytest.approx(expected)


def test_calibration_error_is_small_for_honest_scores_and_large_for_others():
    random = np.random.default_rng(1)
    scores = random.uniform(0, 1, 40_000)
    labels = (random.uniform(0, 1, len(scores)) < scores).astype(float)
    ones = np.ones(len(scores))
    assert calibration_error(scores, labels, ones) < 0.02
    assert calibration_error(np.full(len(scores), 0.9), labels, ones) == pytest.approx(0.4, abs=0.02)


def test_a_weight_of_two_is_the_row_twice():
    random = np.random.default_rng(2)
    scores, labels = random.uniform(0, 1, (50, 6)), random.integers(0, 2, (50, 6)).astype(float)
    weighted = evaluate(scores, labels, np.where(np.arange(50) < 10, 2.0, 1.0))
    doubled = evaluate(np.vstack([scores[:10], scores]), np.vstack([labels[:10], labels]))
    assert weighted.mean_auc == pytest.approx(doubled.mean_auc)
    assert weighted.mean_average_precision == pytest.approx(doubled.mean_average_precision)


def test_a_label_of_one_kind_has_no_auc():
    labels = np.zeros((20, 6))
    labels[:10, 0] = 1
    metrics = evaluate(np.random.default_rng(3).uniform(0, 1, (20, 6)), labels, resamples=10)
    assert metrics.auc["threat"] is None
    assert metrics.mean_auc == metrics.auc["toxic"]
    assert set(metrics.auc_interval) == {"toxic", "mean"}


def test_nothing_to_measure_is_no_error():
    assert evaluate(np.zeros((0, 6)), np.zeros((0, 6)), resamples=5).mean_auc is None


def test_intervals_hold_the_estimate_and_repeat():
    random = np.random.default_rng(4)
    labels = random.integers(0, 2, (300, 6)).astype(float)
    scores = np.clip(labels * 0.3 + random.uniform(0, 1, (300, 6)), 0, 1)
    first, second = (evaluate(scores, labels, resamples=50) for _ in range(2))
    assert first == second
    for name in LABELS:
        low, high = first.auc_interval[name]
        assert low < first.auc[name] < high


def test_metrics_survive_json():
    metrics = evaluate(np.random.default_rng(5).uniform(0, 1, (20, 6)), np.eye(20, 6), resamples=5)
    assert Metrics.from_json(json.loads(json.dumps(metrics.to_json()))) == metrics


@pytest.mark.parametrize("values", [{}, {"auc_interval": {}}, {"auc_interval": 3}, []])
def test_other_json_is_refused(values):
    with pytest.raises(BadInput, match="Evaluate the model again"):
        Metrics.from_json(values)


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        (np.zeros((3, 6)), np.zeros((4, 6))),
        (np.zeros((3, 5)), np.zeros((3, 5))),
        (np.full((3, 6), np.nan), np.zeros((3, 6))),
    ],
)
def test_what_does_not_belong_together_is_refused(scores, labels):
    with pytest.raises(BadInput):
        evaluate(scores, labels)
