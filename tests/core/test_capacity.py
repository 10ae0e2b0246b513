"""What a policy costs and misses: against a world whose truth is known, and by its own rules."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audit_items import AuditItems, no_items
from core.capacity import Amount, Site, add, cost, label_costs, median, multiply, seconds_of, work
from core.capacity_goals import GRID, Goal, Goals, solve
from core.domain import BANDS, Lane, Policy, now
from core.labels import LABELS
from core.metrics.estimate import FEW
from core.policies import Traffic
from core.routing import THRESHOLD_RANGE, band_of
from db.stores.traffic import BINS, logit_bins

RATES = (0.05, 0.2, 0.3, 0.4, 0.4)
TIMES = {Lane.FLAGGED: [4.0, 5.0, 6.0] * 40, Lane.AUDIT: [9.0, 10.0, 11.0] * 40}
THREAT = LABELS.index("threat")


def draft(thresholds=(0.5,) * 6, **changes) -> Policy:
    return replace(Policy(0, tuple(thresholds), RATES, now(), "Ada", "a test", second_rate=0.0), **changes)


def world(seed=0, n=40_000):
    """Scores [n, 6] that go together over labels, and what people would say of each comment."""
    rng = np.random.default_rng(seed)
    badness = rng.normal(-3.0, 1.8, (n, 1))
    logits = badness + rng.normal(0, 0.8, (n, 6)) + np.array([0.5, -1.5, 0.0, -2.0, 0.0, -1.5])
    scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
    truth = rng.random((n, 6)) < scores**1.3
    return rng, scores, truth


def site_of(seed=0, n=40_000, days=7) -> tuple[Site, np.ndarray, np.ndarray]:
    rng, scores, truth = world(seed, n)
    band = band_of(scores)
    counts = np.stack([np.bincount(logit_bins(scores)[:, j], minlength=BINS) for j in range(6)])
    traffic = Traffic(days, counts, np.bincount(band, minlength=BANDS), scores[:5_000])
    drawn = rng.random(n) < np.array(RATES)[band]
    items = AuditItems(
        band[drawn], scores[drawn], truth[drawn], band[drawn], np.bincount(band, minlength=BANDS).astype(float)
    )
    return Site(traffic, items, TIMES), scores, truth


SITE, SCORES, TRUTH = site_of()


@given(st.integers(0, 5), st.lists(st.floats(*THRESHOLD_RANGE), min_size=2, max_size=30).map(sorted))
@settings(max_examples=40, deadline=None)
def test_a_higher_threshold_flags_less_finds_less_and_misses_more(label, thresholds):
    costs = label_costs(SITE, label, thresholds)
    for lower, higher in pairwise(costs):
        assert higher.flagged <= lower.flagged + 1e-9
        assert higher.recall.value <= lower.recall.value + 1e-12
        assert higher.misses.value >= lower.misses.value - 1e-9
        assert higher.false_alarms.value <= lower.false_alarms.value + 1e-9
    for one in costs:
        for number in (one.recall, one.precision, one.misses, one.false_alarms):
            assert number is None or 0 <= number.low <= number.value <= number.high


def test_intervals_cover_what_is_true():
    """60 worlds: recall, misses and false alarms of each label, and of any label, at one threshold."""
    inside = total = 0
    for seed in range(60):
        site, scores, truth = site_of(seed, n=12_000)
        found = cost(site, draft())
        flagged, per_day = scores >= np.float32(0.5), 12_000 / 7
        for label, one in enumerate(found.labels):
            if one.recall is None:
                continue
            y, x = truth[:, label], flagged[:, label]
            for seen, true in (
                (one.recall, (y & x).sum() / y.sum()),
                (one.misses, (y & ~x).mean() * per_day),
                (one.false_alarms, (x & ~y).mean() * per_day),
            ):
                inside += seen.low <= true <= seen.high
                total += 1
        y, x = truth.any(1), flagged.any(1)
        inside += found.misses.low <= (y & ~x).mean() * per_day <= found.misses.high
        inside += found.false_alarms.low <= (x & ~y).mean() * per_day <= found.false_alarms.high
        total += 2
    assert total > 700
    assert 0.93 <= inside / total <= 0.985


def test_comments_that_several_labels_flag_are_one_item():
    found = work(SITE, draft())
    latest = SITE.traffic.latest
    rates = np.array(RATES)[band_of(latest)]
    once = ((latest >= np.float32(0.5)).any(1) * (1 - rates)).mean() * SITE.traffic.comments_a_day
    assert found.flagged.value == pytest.approx(once)
    assert found.audits.value == pytest.approx(rates.mean() * SITE.traffic.comments_a_day)
    assert found.items.value == pytest.approx(once + found.audits.value)
    assert once < sum(one.flagged for one in cost(SITE, draft()).labels)


def test_hours_are_items_times_the_median_of_their_lane():
    found = work(SITE, draft())
    expected = (found.flagged.value * 5 + found.audits.value * 10) / 3600
    assert found.hours.value == pytest.approx(expected)
    assert found.hours.low < expected < found.hours.high


def test_what_is_removed_without_review_is_nobodys_work_but_for_its_audits():
    before = work(SITE, draft())
    after = work(SITE, draft(auto_remove=(0.9,) * 6, auto_audit_rate=0.5))
    assert after.removed.value > 0 == before.removed.value
    assert after.flagged.value < before.flagged.value
    assert after.audits.value > before.audits.value, "half of them are audited, which is more than the band's rate"
    total = after.flagged.value + after.audits.value + after.removed.value
    assert total == pytest.approx(before.flagged.value + before.audits.value)


def test_second_opinions_and_raised_rates_are_work_too():
    assert work(SITE, draft(second_rate=0.2)).second_opinions.value == pytest.approx(
        0.2 * work(SITE, draft()).items.value
    )
    raised = work(replace(SITE, boosts=(2.0,) * BANDS), draft())
    assert raised.audits.value == pytest.approx(2 * work(SITE, draft()).audits.value)


def test_too_few_audits_give_no_number_and_never_another_one():
    rare = SITE.items.labels.copy()
    rare[:, THREAT] = False
    rare[: FEW - 1, THREAT] = True
    site = replace(SITE, items=replace(SITE.items, labels=rare))
    one = cost(site, draft()).labels[THREAT]
    assert (one.recall, one.precision, one.misses, one.false_alarms) == (None,) * 4
    assert one.flagged > 0, "what is flagged is counted, not estimated"
    nothing = cost(replace(SITE, items=no_items()), draft())
    assert nothing.misses is None
    assert nothing.work is not None


def test_without_traffic_or_times_nothing_is_made_up():
    empty = Traffic(1, np.zeros((6, BINS), np.int64), np.zeros(BANDS, np.int64), np.zeros((0, 6), np.float32))
    assert cost(Site(empty, no_items(), {}), draft()).work is None
    assert work(replace(SITE, timings={Lane.FLAGGED: [3.0] * 9}), draft()).hours is None


def test_a_lane_without_times_takes_those_of_all_lanes():
    times = {Lane.FLAGGED: [5.0] * 30, Lane.AUDIT: [99.0] * 3}
    assert seconds_of(times, Lane.AUDIT).value == 5.0
    assert median([1.0] * 9) is None


def test_the_interval_of_the_median_covers_it():
    rng = np.random.default_rng(3)
    for n in (10, 25, 100):
        found = [median(rng.lognormal(1.5, 0.8, n)) for _ in range(1_500)]
        share = np.mean([one.low <= np.exp(1.5) <= one.high for one in found])
        assert 0.93 <= share <= 0.995, n


def test_sums_and_products_of_intervals():
    assert add([Amount(10, 7, 13), Amount(20, 16, 24)]) == Amount(30, 25, 35)
    product = multiply(Amount(10, 8, 12.5), Amount(2, 2, 2))
    assert (product.value, product.low, product.high) == pytest.approx((20, 16, 25))
    assert multiply(Amount(0, 0, 3), Amount(2, 1, 4)) == Amount(0, 0, 12)


def test_recall_takes_the_highest_threshold_that_meets_it():
    answer = solve(SITE, draft(), Goals({"toxic": Goal(recall=0.9)}))
    assert answer.feasible
    assert answer.words == ()
    at = answer.thresholds[0]
    here, above = label_costs(SITE, 0, [at, at + 0.01])
    assert here.recall.value >= 0.9 > above.recall.value
    assert answer.thresholds[1:] == (0.5,) * 5, "labels without a goal stay"


def test_precision_alone_takes_the_lowest_threshold_that_meets_it():
    answer = solve(SITE, draft(), Goals({"toxic": Goal(precision=0.8)}))
    at = answer.thresholds[0]
    here, below = label_costs(SITE, 0, [at, at - 0.01])
    assert here.precision.value >= 0.8 > below.precision.value


def test_to_be_sure_takes_a_lower_threshold():
    by_estimate = solve(SITE, draft(), Goals({"threat": Goal(recall=0.6)}))
    sure = solve(SITE, draft(), Goals({"threat": Goal(recall=0.6)}, sure=True))
    assert sure.feasible
    assert sure.thresholds[THREAT] < by_estimate.thresholds[THREAT]
    assert label_costs(SITE, THREAT, [sure.thresholds[THREAT]])[0].recall.low >= 0.6


def test_hours_raise_the_thresholds_that_nobody_holds():
    free = work(SITE, draft((0.1,) * 6)).hours.value
    goals = Goals({"threat": Goal(recall=0.5)}, hours=free * 0.7)
    answer = solve(SITE, draft((0.1,) * 6), goals)
    assert answer.feasible, answer.words
    assert work(SITE, draft(answer.thresholds)).hours.value <= free * 0.7
    assert label_costs(SITE, THREAT, [answer.thresholds[THREAT]])[0].recall.value >= 0.5


def test_hours_lose_less_than_a_common_rise_of_all_thresholds_would():
    start = draft((0.1,) * 6)
    limit = work(SITE, start).hours.value * 0.7
    answer = solve(SITE, start, Goals(hours=limit))
    common = next(t for t in GRID if work(SITE, draft((t,) * 6)).hours.value <= limit)
    missed = [sum(one.misses.value for one in cost(SITE, draft(t)).labels) for t in (answer.thresholds, (common,) * 6)]
    assert missed[0] <= missed[1]


def test_what_cannot_be_had_in_the_hours_says_what_can():
    audits = work(SITE, draft((0.99,) * 6)).hours.value
    answer = solve(SITE, draft((0.9,) * 6), Goals({"toxic": Goal(recall=0.95)}, hours=audits * 1.2))
    assert not answer.feasible
    (words,) = answer.words
    assert words.startswith("Recall of toxic ≥ 0.95 needs ")
    assert "is feasible" in words
    assert work(SITE, draft(answer.thresholds)).hours.value <= audits * 1.2


def test_hours_below_the_audits_alone_are_out_of_reach():
    answer = solve(SITE, draft(), Goals(hours=0.01))
    assert not answer.feasible
    assert "out of reach" in answer.words[-1]


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Goal(recall=0.9999), "is out of reach: at the lowest threshold"),
        (Goal(precision=0.9999), "the best is"),
        (Goal(recall=0.95, precision=0.8), "cannot have both"),
    ],
)
def test_goals_of_one_label_that_cannot_be_met_say_how_near_they_get(goal, words):
    answer = solve(SITE, draft(), Goals({"toxic": goal}))
    assert not answer.feasible
    assert words in answer.words[0]


def test_a_label_with_too_few_audits_is_left_alone_and_says_so():
    labels = SITE.items.labels.copy()
    labels[:, THREAT] = False
    site = replace(SITE, items=replace(SITE.items, labels=labels))
    answer = solve(site, draft(), Goals({"threat": Goal(recall=0.9)}, hours=0.01))
    assert answer.thresholds[THREAT] == 0.5
    assert "Threat has too few decided audit items" in answer.words[0]


def test_a_threshold_never_passes_the_mark_of_removal_without_review():
    marks = (0.9, *(None,) * 5)
    answer = solve(SITE, draft(auto_remove=marks), Goals(hours=0.01))
    assert answer.thresholds[0] <= 0.9
