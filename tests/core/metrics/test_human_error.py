"""Numbers with people's error taken off, against a known truth. Their coverage: benchmarks/coverage.py."""

import numpy as np
import pytest
from sqlalchemy import text

from core.labels import LABELS
from core.metrics.cells import stratum_of
from core.metrics.estimate import at_thresholds, edges_of, quadrants, rankings
from core.metrics.human_error import HumanError, corrected, human_error, unadjudicated
from core.metrics.pairs import Pairs
from core.metrics.service import Days, View
from tests.core.metrics.test_estimate import THRESHOLDS, audited, sample_of
from tests.support.ledger import draw, seed
from tests.support.opinions import add_opinions

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


def test_people_who_give_a_label_less_often_than_by_error_alone_say_nothing(world):
    _, truth, scores = world
    found = corrected(sample_of(truth, scores), EDGES, [HumanError(0.9, 0.5)] * 6)
    assert found == [None] * 6  # half of the comments without it would have the label


def test_what_adjudication_put_right_is_not_taken_off_twice(services):
    """Items with a label are drawn often, so a rare label's false alarms are mostly overruled in the ledger."""
    world = seed(services, comments=12_000, days=6, decided=1.0, seed=5)
    add_opinions(services, world, mean=0.3, judged=1.0, error=0.1, alarm=0.02)
    days = Days(int(world.day[0]) + 1, int(world.day[-1]))  # the first day is left out
    within = (world.day >= days.first) & world.audit
    sample = services.metrics.overview(world.model_id, days, View.TRAFFIC).sample
    pairs = services.agreement.drawn(world.model_id).pairs
    moved = unadjudicated(sample, pairs, days.first, days.last)
    first = _first_answers(services, len(world.ids))[within]
    strata = np.searchsorted(sample.strata, stratum_of(world.band, *_rates(world), np.ones(len(world.ids), int)))
    edges = edges_of([0.5] * 6)
    for label in range(len(LABELS)):
        flagged = world.scores[within, label] >= 0.5
        cell = 2 * ~flagged + ~first[:, label]
        expected = np.zeros((4, len(sample.sampled)))
        np.add.at(expected, (cell, strata[within]), 1)
        assert (quadrants(sample, label, int(edges[label])) + moved[label]).tolist() == expected.tolist()
    people, real = [HumanError(0.9, 0.98)] * 6, world.truth[world.day >= days.first].mean(0)
    once, twice = corrected(sample, edges, people, moved), corrected(sample, edges, people)
    for at in (0, 2, 4):
        assert once[at].prevalence.low <= real[at] <= once[at].prevalence.high
    assert twice[5] is None or twice[5].prevalence.high < real[5] <= once[5].prevalence.high


def test_no_adjudication_moves_nothing(services):
    world = seed(services, comments=600, days=2)
    days = Days(int(world.day[0]), int(world.day[-1]))
    pairs = services.agreement.drawn(world.model_id).pairs
    assert isinstance(pairs, Pairs)
    for view in View:
        sample = services.metrics.overview(world.model_id, days, view).sample
        assert not unadjudicated(sample, pairs, days.first, days.last).any()


def _rates(world):
    return [np.rint(np.array(world.rates)[world.band] * 1_000_000).astype(int)]


def _first_answers(services, comments):
    """What the first person said of each comment, [n, 6], from the ledger."""
    said = np.zeros((comments, len(LABELS)), bool)
    with services.sessions.read() as session:
        rows = session.execute(text("SELECT comment_id, labels FROM decision WHERE lane IN ('audit', 'flagged')")).all()
    for comment, mask in rows:
        said[comment - 1] = mask >> np.arange(len(LABELS)) & 1
    return said
