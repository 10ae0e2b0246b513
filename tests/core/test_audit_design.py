"""Audit rates from a budget: within bounds, spending it, and never worse than a plain share of everything."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from core.audit_design import Bands, allocate, bounds, describe, evaluate, propose, recall_spreads, variances
from core.audit_items import AuditItems, no_items
from core.domain import BANDS
from core.errors import BadInput
from core.labels import LABELS
from core.routing import HIGHEST_RATES, RATE_RANGE, check_policy

volumes = arrays(np.float64, BANDS, elements=st.floats(0, 1e5))
shares = arrays(np.float64, (len(LABELS), BANDS), elements=st.floats(1e-5, 0.45))
weights = st.tuples(*[st.floats(0, 5)] * len(LABELS)).filter(lambda w: max(w) > 0.1)
made = st.builds(Bands, volumes, shares, shares)


@st.composite
def problems(draw):
    bands = draw(made)
    low, high = bounds(bands.a_day)
    assume(high.sum() - low.sum() > 1)
    return bands, float(low.sum() + draw(st.floats(0.001, 1)) * (high.sum() - low.sum())), draw(weights)


def objective(bands, rates, weights):
    return float(np.dot(weights, variances(bands, recall_spreads(bands), np.asarray(rates))))


@settings(deadline=None)
@given(problems())
def test_rates_are_valid_and_spend_the_budget(problem):
    bands, budget, weights = problem
    design = propose(bands, budget, weights, days=30)
    check_policy((0.5,) * 6, design.rates)
    some = bands.a_day > 0
    slack = 1e-6 * bands.a_day.sum() + 1e-6
    assert design.a_day[some].sum() <= budget + slack
    assert design.a_day[some].sum() == pytest.approx(budget, abs=slack, rel=1e-6)


@settings(deadline=None)
@given(
    st.builds(Bands, arrays(np.float64, BANDS, elements=st.floats(200, 1e5)), shares, shares),
    st.floats(0.005, 0.5),
    weights,
)
def test_never_worse_than_the_same_share_of_every_band(bands, share, weights):
    design = propose(bands, share * bands.a_day.sum(), weights, days=30)
    same = np.full(BANDS, share)
    assert objective(bands, design.rates, weights) <= objective(bands, same, weights) * (1 + 1e-3) + 1e-12


@given(problems(), arrays(np.float64, BANDS, elements=st.floats(0, 1)))
@settings(max_examples=50, deadline=None)
def test_never_worse_than_any_other_split_within_bounds(problem, towards):
    bands, budget, weights = problem
    low, high = bounds(bands.a_day)
    spread = np.sqrt((np.asarray(weights)[:, None] * recall_spreads(bands) ** 2).sum(0))
    best = allocate(bands.a_day * spread, low, high, budget)
    assert (best >= low - 1e-9).all()
    assert (best <= high + 1e-9).all()
    assert best.sum() == pytest.approx(budget, rel=1e-6)
    other = low + towards * (high - low)
    other = low + (other - low) * min(1.0, (budget - low.sum()) / max((other - low).sum(), 1e-9))
    used = other > 0
    cost = ((bands.a_day * spread)[used] ** 2 / np.maximum(best[used], 1e-300)).sum()
    assert cost <= ((bands.a_day * spread)[used] ** 2 / other[used]).sum() * (1 + 1e-6) + 1e-12


def test_it_is_the_optimum_that_a_general_solver_finds():
    rng = np.random.default_rng(5)
    for _ in range(10):
        sizes = rng.gamma(1, 100, BANDS)
        low, high = rng.uniform(1, 5, BANDS), rng.uniform(20, 60, BANDS)
        budget = float(low.sum() + 0.5 * (high.sum() - low.sum()))
        found = minimize(
            lambda n, sizes=sizes: (sizes**2 / n).sum() / 1e4,
            (low + high) / 2,
            bounds=list(zip(low, high, strict=True)),
            constraints={"type": "eq", "fun": lambda n, budget=budget: n.sum() - budget},
            options={"ftol": 1e-12, "maxiter": 500},
        )
        best = allocate(sizes, low, high, budget)
        assert (sizes**2 / best).sum() <= (sizes**2 / found.x).sum() * (1 + 1e-6)


def test_without_bounds_in_the_way_it_is_neymans_rule():
    sizes = np.array([50.0, 20.0, 10.0, 15.0, 5.0])
    assert allocate(sizes, np.zeros(5), np.full(5, 1e9), 200.0) == pytest.approx(2 * sizes)


def test_too_small_a_budget_says_how_much_is_needed():
    bands = Bands(np.full(BANDS, 1000.0), np.full((6, BANDS), 0.1), np.full((6, BANDS), 0.1))
    with pytest.raises(BadInput, match="every band needs some, 5 a day"):
        propose(bands, 3, (1,) * 6, days=30)
    with pytest.raises(BadInput, match="at least one label"):
        propose(bands, 60, (0,) * 6, days=30)


def test_a_band_in_which_no_positive_was_found_still_gets_its_audits():
    """900 decided items of the lowest band, none positive: the model expects some, so more audits go there."""
    latest = np.full((1000, 6), 0.01, np.float32)
    items = AuditItems(
        np.zeros(900, np.int64), latest[:900], np.zeros((900, 6), bool), np.zeros(900, np.int64), np.array([9000.0])
    )
    bands = describe(np.array([9000.0, 500, 300, 150, 50]), latest, items, (0.5,) * 6)
    assert (bands.missed[:, 0] > 0).all()
    assert bands.missed[0, 0] == pytest.approx(10 * 0.01 / 910)


def test_without_any_audit_the_models_own_expectation_is_taken():
    latest = np.repeat(np.array([[0.01], [0.1], [0.3], [0.6], [0.9]], np.float32), 6, axis=1)
    bands = describe(np.full(BANDS, 100.0), latest, no_items(), (0.5,) * 6)
    assert bands.missed[0] == pytest.approx([0.01, 0.1, 0.3, 0, 0], abs=2e-5)
    assert bands.found[0] == pytest.approx([0, 0, 0, 0.6, 0.9], abs=2e-5)
    assert bands.recall[0] == pytest.approx(1.5 / 1.91, abs=1e-4)


def test_the_promised_width_is_the_one_that_simulation_shows():
    rng = np.random.default_rng(11)
    bands = Bands(
        np.array([8000.0, 1000, 500, 300, 200]),
        np.tile([1e-9, 1e-9, 0.01, 0.3, 0.7], (6, 1)),
        np.tile([0.002, 0.02, 0.1, 1e-9, 1e-9], (6, 1)),
    )
    rates, days = np.array([0.02, 0.05, 0.1, 0.2, 0.2]), 30
    size = (bands.a_day * days).astype(int)
    truth = [
        rng.choice(3, n, p=[1 - f - m, f, m]) for n, f, m in zip(size, bands.found[0], bands.missed[0], strict=True)
    ]
    seen = []
    for _ in range(400):
        found = missed = 0.0
        for kind, rate in zip(truth, rates, strict=True):
            drawn = kind[rng.random(len(kind)) < rate]
            found += (drawn == 1).sum() * len(kind) / max(len(drawn), 1)
            missed += (drawn == 2).sum() * len(kind) / max(len(drawn), 1)
        seen.append(found / (found + missed))
    promised = evaluate(bands, rates, days=days).recall[0]
    assert (promised.high - promised.low) / (2 * 1.96) == pytest.approx(np.std(seen), rel=0.12)


def test_more_audits_buy_a_narrower_interval():
    bands = Bands(
        np.array([8000.0, 1000, 500, 300, 200]),
        np.tile([1e-5, 1e-5, 0.01, 0.3, 0.7], (6, 1)),
        np.tile([0.002, 0.02, 0.1, 0.0, 0.0], (6, 1)),
    )
    widths = [
        design.recall[3].high - design.recall[3].low
        for budget in (20, 60, 200, 600)
        for design in [propose(bands, budget, (0, 0, 0, 1, 0, 0), days=30)]
    ]
    assert sorted(widths, reverse=True) == widths
    assert all(
        rate <= high for rate, high in zip(propose(bands, 1e9, (1,) * 6, days=1).rates, HIGHEST_RATES, strict=True)
    )
    assert RATE_RANGE[0] <= min(propose(bands, 20, (1,) * 6, days=1).rates)


def test_items_of_a_band_under_different_rates_count_for_what_they_stand_for():
    """Of a band's 1,000 comments 900 were audited at 10 %, none positive, and 100 at 90 %, all positive."""
    many, few = 90, 90
    labels = np.repeat([[False], [True]], [many, few], axis=0) & np.ones(6, bool)
    stratum = np.repeat([0, 1], [many, few])
    scores = np.full((many + few, 6), 0.9, np.float32)
    items = AuditItems(np.full(many + few, 4), scores, labels, stratum, np.array([900.0, 100.0]))
    bands = describe(np.full(BANDS, 1000.0), scores, items, (0.5,) * 6)
    assert bands.found[0, 4] == pytest.approx((0.1 * 180 + 10 * 0.9) / 190)
