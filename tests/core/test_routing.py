"""Routing, for every valid policy (promises 3 and 5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.domain import BANDS, Lane, Policy, RoutingState, now
from core.errors import BadInput
from core.labels import LABELS
from core.policies import Traffic, today_number
from core.routing import (
    DEFAULT_AUDIT_RATES,
    DEFAULT_THRESHOLDS,
    LOWEST_BAND_RATE,
    RATE_RANGE,
    THRESHOLD_RANGE,
    audit_numbers,
    audit_order,
    band_of,
    check_policy,
    first_standings,
    follow,
    route,
)
from db.stores.traffic import BINS, logit_bins


def policy(thresholds=DEFAULT_THRESHOLDS, rates=DEFAULT_AUDIT_RATES) -> Policy:
    return Policy(1, tuple(thresholds), tuple(rates), now(), "Ada", "a test")


rate = st.floats(*RATE_RANGE)
policies = st.builds(
    policy,
    st.tuples(*[st.floats(*THRESHOLD_RANGE)] * len(LABELS)),
    st.tuples(st.floats(RATE_RANGE[0], LOWEST_BAND_RATE), *[rate] * (BANDS - 1)),
)
scores = arrays(np.float32, st.tuples(st.integers(1, 40), st.just(len(LABELS))), elements=st.floats(0, 1, width=32))
IDS = np.arange(1, 40_001)


def same_scores(value: float, count: int) -> np.ndarray:
    return np.full((count, len(LABELS)), value, np.float32)


@given(policies)
def test_every_policy_that_the_tests_try_is_valid(any_policy):
    check_policy(any_policy.thresholds, any_policy.audit_rates)


@given(policies)
def test_some_comment_is_let_through(any_policy):
    routed = route(same_scores(0.01, 200), any_policy, IDS[:200])
    assert None in routed.lane
    assert not routed.flagged.any()


@given(policies)
def test_no_band_goes_without_an_audit(any_policy):
    for band, level in enumerate([0.01, 0.1, 0.3, 0.6, 0.9]):
        enough = min(int(20 / any_policy.audit_rates[band]) + 1, len(IDS))
        routed = route(same_scores(level, enough), any_policy, IDS[:enough])
        assert (routed.band == band).all()
        assert routed.audit.any()


@given(rate, st.integers(0, 2**40))
def test_the_share_that_is_audited_is_the_rate(any_rate, start):
    numbers = audit_numbers(np.arange(start, start + 40_000))
    spread = np.sqrt(any_rate * (1 - any_rate) / 40_000)
    assert abs((numbers < any_rate).mean() - any_rate) <= 6 * spread + 1e-12


@given(policies, policies)
def test_a_new_policy_draws_nothing_again(one, other):
    levels = np.resize(np.linspace(0, 1, 97, dtype=np.float32), (500, len(LABELS)))
    a, b = route(levels, one, IDS[:500]), route(levels, other, IDS[:500])
    raised = b.rate >= a.rate
    assert (b.audit[raised] >= a.audit[raised]).all(), "raising a rate only adds items"
    assert (b.audit[~raised] <= a.audit[~raised]).all()


@given(policies, scores, st.data())
def test_a_comment_without_scores_is_never_let_through(any_policy, some, data):
    row, column = data.draw(st.integers(0, len(some) - 1)), data.draw(st.integers(0, len(LABELS) - 1))
    some[row, column] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, -0.1, 1.1]))
    with pytest.raises(BadInput, match="Score them again"):
        route(some, any_policy, IDS[: len(some)])


@given(policies, scores)
def test_a_comment_is_flagged_if_and_only_if_a_label_reaches_its_threshold(any_policy, some):
    routed = route(some, any_policy, IDS[: len(some)])
    expected = [any(p >= np.float32(t) for p, t in zip(row, any_policy.thresholds, strict=True)) for row in some]
    assert routed.flagged.tolist() == expected
    for lane, flagged, audit in zip(routed.lane, routed.flagged, routed.audit, strict=True):
        assert lane is (Lane.AUDIT if audit else Lane.FLAGGED if flagged else None)


@given(policies, policies, scores, scores)
@settings(max_examples=50)
def test_routing_again_keeps_the_draw(one, other, some, more):
    count = min(len(some), len(more))
    ids = IDS[:count]
    before = first_standings(ids, route(some[:count], one, ids), today_number())
    routed = route(more[:count], other, ids)
    for at, item in enumerate(before):
        after = follow(item, routed, at)
        assert (after.band, after.audit, after.rate, after.day) == (item.band, item.audit, item.rate, item.day)
        assert after.flagged == routed.flagged[at]
        assert after.state is (RoutingState.OPEN if after.audit or after.flagged else RoutingState.ALLOWED)
        if item.audit:
            assert (after.lane, after.priority) == (Lane.AUDIT, item.priority)


def test_a_score_that_shows_as_the_threshold_meets_it():
    routed = route(same_scores(0.7, 1), policy(thresholds=(0.7,) * 6), [1])
    assert routed.flagged.all()


def test_bands_include_their_lower_edge():
    edges = np.array([0, 0.049, 0.05, 0.2, 0.5, 0.8, 1], np.float32)
    assert band_of(np.repeat(edges[:, None], 6, axis=1)).tolist() == [0, 0, 1, 2, 3, 4, 4]


def test_further_over_the_threshold_comes_first():
    levels = np.repeat(np.array([[0.6], [0.95], [0.75]], np.float32), 6, axis=1)
    ids = next(IDS[i : i + 3] for i in range(1000) if (audit_numbers(IDS[i : i + 3]) > 0.5).all())
    routed = route(levels, policy(thresholds=(0.5,) * 6), ids)
    assert np.argsort(routed.priority).tolist() == [1, 2, 0]


def test_the_order_of_audits_says_nothing_about_the_draw():
    assert abs(np.corrcoef(audit_numbers(IDS), audit_order(IDS))[0, 1]) < 0.03


def test_audit_numbers_are_permanent():
    # the stored samples of every installation rest on these
    assert audit_numbers(np.array([1, 2, 10**12])).tolist() == pytest.approx(PERMANENT, abs=0)


PERMANENT = [0.16977088020844644, 0.9708986417175309, 0.6917414523932817]


@pytest.mark.parametrize(
    ("thresholds", "rates", "words"),
    [
        ((0.5,) * 5, DEFAULT_AUDIT_RATES, "6 thresholds"),
        ((0.5,) * 6, (0.1,) * 4, "5 audit rates"),
        ((0.01, *(0.5,) * 5), DEFAULT_AUDIT_RATES, "threshold of Toxic"),
        ((*(0.5,) * 5, 1.0), DEFAULT_AUDIT_RATES, "threshold of Identity hate"),
        ((float("nan"), *(0.5,) * 5), DEFAULT_AUDIT_RATES, "threshold of Toxic"),
        ((0.5,) * 6, (0.0, *(0.1,) * 4), "band 0 to 0.05"),
        ((0.5,) * 6, (0.6, *(0.1,) * 4), "band 0 to 0.05 must lie between 0.1% and 50%"),
        ((0.5,) * 6, (0.1, *(0.1,) * 3, 1.5), "band 0.8 to 1"),
        ((0.5,) * 6, (0.1, *(0.1,) * 3, float("inf")), "band 0.8 to 1"),
    ],
)
def test_a_bad_policy_is_refused_by_name(thresholds, rates, words):
    with pytest.raises(BadInput, match=words):
        check_policy(thresholds, rates)


def test_the_share_that_a_threshold_flags_is_read_off_the_histogram():
    values = np.random.default_rng(3).beta(0.4, 3, (20_000, len(LABELS))).astype(np.float32)
    counts = np.stack([np.bincount(logit_bins(values)[:, j], minlength=BINS) for j in range(len(LABELS))])
    traffic = Traffic(1, counts, np.zeros(BANDS, np.int64), values)
    for threshold in (0.02, 0.1, 0.37, 0.9):
        assert traffic.flagged_share(2, threshold) == pytest.approx((values[:, 2] >= threshold).mean(), abs=0.005)
    assert traffic.any_flagged_share((0.3,) * 6) == pytest.approx((values >= 0.3).any(axis=1).mean())
