"""Bins of probabilities."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.bins import BINS, CENTRES, EDGES, bin_of, edge_of

probabilities = st.floats(0, 1, width=32)


@given(st.lists(probabilities, min_size=1))
def test_a_bin_holds_what_its_edges_say(values):
    p = np.array(values, np.float32)
    bins = bin_of(p)
    inner = (bins > 0) & (bins < BINS - 1)
    assert (EDGES[bins[inner]] <= p[inner]).all()
    assert (p[inner] < EDGES[bins[inner] + 1]).all()


def test_edges_belong_to_the_bin_above():
    inner = np.arange(1, BINS)
    assert (bin_of(EDGES[inner]) == inner).all()
    assert (bin_of(np.nextafter(EDGES[inner], 0)) == inner - 1).all()


def test_order_is_kept():
    p = np.sort(np.random.default_rng(0).random(10_000))
    assert (np.diff(bin_of(p).astype(int)) >= 0).all()


def test_the_ends():
    assert bin_of(np.array([0.0, 1e-30, 1.0, 1 - 1e-12])).tolist() == [0, 0, BINS - 1, BINS - 1]
    assert (bin_of(CENTRES) == np.arange(BINS)).all()


@given(st.floats(1e-6, 1 - 1e-6))
def test_the_nearest_edge_is_near(threshold):
    assert abs(EDGES[edge_of(threshold)] - threshold) <= 0.001


def test_thresholds_out_of_range_stay_in_range():
    assert (edge_of(0.0), edge_of(1.0)) == (0, BINS - 1)
    assert EDGES[edge_of(0.5)] == 0.5
