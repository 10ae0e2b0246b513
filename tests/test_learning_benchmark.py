"""The learning benchmark's own arithmetic: worlds, orders, and what is measured."""

import numpy as np
import pytest

from benchmarks import learning
from benchmarks.learning_plot import draw
from core.routing import route
from tests.support.models import rows


@pytest.fixture(scope="module")
def world():
    return learning.build_world(rows(2_000), seed=1)


def test_a_world_never_shows_its_test_part(world):
    assert len(world.first) < len(world.traffic)
    assert not set(world.first.hashes + world.traffic.hashes) & set(world.test.hashes)
    assert len(set(world.ids.tolist())) == len(world.traffic)


@pytest.mark.parametrize("name", list(learning.ORDERS))
def test_orders_serve_audit_items_first_and_never_what_was_let_through(world, name):
    many = len(world.traffic)
    scores = np.random.default_rng(0).uniform(0, 0.4, (many, 6)).astype(np.float32)
    state = learning.State(scores, route(scores, learning._POLICY, world.ids), world)
    value = learning.ORDERS[name](state)
    assert value.shape == (many,)
    if name.startswith("flagged"):
        audit, flagged = state.routed.audit, state.routed.flagged
        assert value[audit].max() < value[flagged & ~audit].min()
        assert np.isinf(value[~audit & ~flagged]).all()
    else:
        assert np.isfinite(value).all()


def test_recall_at_a_share_of_traffic():
    scores, labels = np.array([0.9, 0.8, 0.7, 0.1]), np.array([1, 0, 1, 1], np.float32)
    weights = np.array([1, 1, 2, 6], np.float32)
    assert learning.recall_at_share(scores, labels, weights, 0.2) == pytest.approx(1 / 9)
    assert learning.recall_at_share(scores, labels, weights, 0.4) == pytest.approx(3 / 9)
    assert learning.recall_at_share(scores, labels, weights, 1.0) == 1


def test_the_picture_has_a_line_for_each_order_in_each_panel():
    curves = {name: np.random.default_rng(0).random((3, 4)) for name in ("a<b", "c")}
    drawn = draw(curves, 1_000)
    assert drawn.count("<polyline") == 4
    assert "a&lt;b" in drawn
    assert "2,000" in drawn
