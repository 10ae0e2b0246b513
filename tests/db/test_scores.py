"""Scores and traffic as stored."""

import numpy as np
import pytest

from core.domain import now
from core.labels import LABELS
from db.stores.routing import RoutingStore
from db.stores.scores import ScoreStore
from db.stores.traffic import BINS, TrafficStore, bin_edges, logit_bins
from tests.support.scoring import add_comments, make_live


@pytest.fixture
def sessions(services):
    return services.sessions


def some_scores(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, len(LABELS)), np.float32)


def test_scores_come_back_as_they_went_in(sessions):
    ids, model = add_comments(sessions, ["a"] * 50), make_live(sessions)
    scores, order = some_scores(50), np.random.default_rng(1).permutation(50)
    with sessions.begin() as session:
        ScoreStore(session).put(np.array(ids)[order], scores[order], model, now())
    with sessions.read() as session:
        assert (ScoreStore(session).matrix(ids, model) == scores).all()
        assert (np.float32(ScoreStore(session).get(ids[:1], model)[ids[0]]) == scores[0]).all()


def test_not_scored_is_absent_or_nan_never_a_number(sessions):
    ids, model = add_comments(sessions, ["a", "b"]), make_live(sessions)
    with sessions.begin() as session:
        ScoreStore(session).put(ids[:1], some_scores(1), model, now())
    with sessions.read() as session:
        assert ids[1] not in ScoreStore(session).get(ids, model)
        assert np.isnan(ScoreStore(session).matrix(ids, model)[1]).all()


def test_scoring_again_replaces(sessions):
    ids, model = add_comments(sessions, ["a"]), make_live(sessions)
    for seed in (1, 2):
        with sessions.begin() as session:
            ScoreStore(session).put(ids, some_scores(1, seed), model, now())
    with sessions.read() as session:
        assert (ScoreStore(session).matrix(ids, model) == some_scores(1, 2)).all()


def test_nothing_to_write_is_no_error(sessions):
    with sessions.begin() as session:
        ScoreStore(session).put([], some_scores(0), 1, now())
        RoutingStore(session).put([], policy_id=1, model_id=1, at=now())


def test_traffic_adds_up(sessions):
    model = make_live(sessions)
    days, scores = np.repeat([20_000, 20_001], 50), some_scores(100)
    for half in (slice(0, 70), slice(70, 100)):
        with sessions.begin() as session:
            TrafficStore(session).add_scores(days[half], scores[half], model)
    with sessions.read() as session:
        first = TrafficStore(session).histograms(model, 20_000, 20_000)
        both = TrafficStore(session).histograms(model, 20_000, 20_001)
    assert first.sum() == 50 * len(LABELS)
    expected = [np.bincount(logit_bins(scores)[:, j], minlength=BINS) for j in range(len(LABELS))]
    assert (both == expected).all()


def test_strata_add_up(sessions):
    for _ in range(2):
        with sessions.begin() as session:
            TrafficStore(session).add_strata(20_000, np.array([0, 0, 4]), np.array([0.01, 0.02, 0.5]))
    with sessions.read() as session:
        assert TrafficStore(session).band_counts(19_999, 20_001)[20_000].tolist() == [4, 0, 0, 0, 2]


def test_bins_hold_what_their_edges_say():
    p = np.array([0, 1e-8, 1e-6, 0.02, 0.3, 0.5, 0.7, 0.999, 1 - 1e-7, 1], np.float32)
    bins = logit_bins(p)
    edges = bin_edges()
    assert bins[0] == 0
    assert bins[-1] == BINS - 1
    inner = p[2:-2]
    assert (edges[bins[2:-2]] <= inner + 1e-7).all()
    assert (inner <= edges[bins[2:-2] + 1] + 1e-7).all()
