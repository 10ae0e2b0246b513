"""Numbers with people's error taken off, against a known truth. Their coverage: benchmarks/coverage.py."""

import numpy as np
import pytest

from core.metrics.estimate import at_thresholds, edges_of, rankings
from core.metrics.human_error import HumanError, corrected, human_error
from tests.core.metrics.test_estimate import THRESHOLDS, audited, sample_of
from tests.support.ledger import draw

EDGES = edges_of(THRESHOLDS)
PERFECT = HumanError(1.0, 1.0)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(3)
    truth, scores = draw(rng, 20_000)
    return rng, truth, scores


def said_of(rng, truth, sensitivity, specificity):
    return rng.random(truth.shape) < np.where(truth, sensitivity, 1 - specificity)


def test_people_who_do_not_err_change_nothing(world):
    rng, truth, scores = world
    sample = audited(rng, truth, scores, (0.1, 0.2, 0.4, 0.5, 0.5))
    found, plain = corrected(sample, EDGES, [PERFECT] * 6)[0], at_thresholds(sample, EDGES)[0]
    assert found.prevalence.value == pytest.approx(rankings(sample)[0].prevalence.value)
    for name in ("precision", "recall", "false_positive_rate"):
        assert getattr(found, name).value == pytest.approx(getattr(plain, name).value), name


def test_their_error_is_taken_off_and_widens_the_interval(world):
    rng, truth, scores = world
    sample = sample_of(said_of(rng, truth, 0.9, 0.97), scores)
    known, plain = sample_of(truth, scores), at_thresholds(sample, EDGES)[0]
    found = corrected(sample, EDGES, [HumanError(0.9, 0.97)] * 6)[0]
    unsure = corrected(sample, EDGES, [HumanError(0.9, 0.97, 0.02**2, 0.005**2)] * 6)[0]
    right = at_thresholds(known, EDGES)[0]
    for name in ("precision", "recall"):
        value, so = getattr(found, name), getattr(right, name).value
        assert abs(value.value - so) < abs(getattr(plain, name).value - so), name
        assert value.low <= so <= value.high, name
    assert unsure.prevalence.high - unsure.prevalence.low > 2 * (found.prevalence.high - found.prevalence.low)


def test_what_cannot_be_said_is_not(world):
    rng, truth, scores = world
    sample = sample_of(said_of(rng, truth, 0.95, 0.95), scores)
    useless, rare = HumanError(0.5, 0.5), HumanError(0.95, 0.95, 0.01**2, 0.01**2)
    found = corrected(sample, EDGES, [useless, None, None, rare, None, None])
    assert found[:3] == [None, None, None]
    assert found[3].recall is None  # 0.3 % real among 5.3 % said: nothing is left to divide by
    assert found[3].prevalence.low == 0


def test_from_counts():
    found = human_error(95, 100, 990, 1_000)
    assert found.sensitivity == pytest.approx(96 / 102)
    assert human_error(100, 100, 1_000, 1_000).sensitivity_variance > 0
