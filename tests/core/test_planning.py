"""What the planner reads is what the metrics measure: on both databases."""

import numpy as np
import pytest

from core.capacity import cost
from core.domain import Lane
from core.metrics.bins import EDGES, edge_of
from core.metrics.service import Days, View
from core.planning import EVIDENCE_DAYS
from core.policies import today_number
from tests.support.ledger import seed, write_decisions

AT = float(EDGES[edge_of(0.5)])
"""An edge of the metrics' bins: there both count the same comments."""


@pytest.fixture
def world(services):
    return seed(services, comments=8_000, rates=(0.1, 0.2, 0.3, 0.3, 0.3), threshold=AT)


def close(one, other):
    assert (one is None) == (other is None)
    if one and other:
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-6)


def test_the_numbers_are_those_of_the_metrics_page(services, world):
    today = today_number()
    site, policy = services.planner.site(), services.policies.active()
    days = Days(today - EVIDENCE_DAYS + 1, today)
    overview = services.metrics.overview(world.model_id, days, View.TRAFFIC, thresholds=[AT] * 6)
    assert len(site.items) == overview.decided
    assert site.items.size == overview.covered
    for one, report in zip(cost(site, policy).labels, overview.labels, strict=True):
        close(one.recall, report.at.recall)
        close(one.precision, report.at.precision)


def test_a_decision_taken_back_counts_no_more(services, world):
    before = services.planner.items()
    done = np.flatnonzero(world.decided)
    entry = int(np.flatnonzero(world.audit[done])[0])
    newest = {"id": len(done) + 1, "comment_id": int(world.ids[done[entry]]), "labels": 0, "outcome": "approve"}
    write_decisions(services, [{**newest, "revokes": entry + 1}])
    assert len(services.planner.items()) == len(before) - 1


def test_times_come_from_the_ledger_by_lane(services, world):
    timings = services.planner.site().timings
    assert set(timings) == {Lane.AUDIT, Lane.FLAGGED}
    assert sum(map(len, timings.values())) == world.decided.sum()
    assert set(timings[Lane.AUDIT]) == {3.0}


def test_an_empty_site_has_nothing_to_plan_on(services):
    site = services.planner.site()
    assert len(site.items) == 0
    found = cost(site, services.policies.active())
    assert found.work is None
    assert found.misses is None
    assert services.planner.preview(services.policies.active()).comments == 0
