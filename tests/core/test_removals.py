"""Removal without review, from routing to the export: on both databases."""

from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.accounts import local_person
from core.automatic import (
    AUTO_AUDIT_RANGE,
    HIGHEST_AUTO_REMOVE,
    LOWEST_AUTO_REMOVE,
    SECOND_RANGE,
    Beside,
    automatic,
    newly_on,
)
from core.browse_filter import Filter
from core.domain import NO_LABELS, Lane, Outcome, Policy, RoutingState, now
from core.errors import BadInput, Conflict, NotAllowed
from core.history import Standing
from core.labels import LABELS
from core.metrics.service import Days, View
from core.policies import today_number
from core.routing import audit_numbers, check_policy, first_standings, follow, route
from core.scored import ScoredText
from core.verdict import Verdict
from core.worker import ScoringWorker
from db.models import PendingRow, RoutingRow, StratumRow
from db.stores.datasets import DatasetStore, Filters
from tests.core.test_routing import IDS, policies, same_scores
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

PERSON = local_person("Ada")
AT_95 = (0.95,) * 6
LITTLE, ALL = (0.001,) * 5, (0.5, 1.0, 1.0, 1.0, 1.0)

marks = st.none() | st.floats(LOWEST_AUTO_REMOVE, HIGHEST_AUTO_REMOVE)
besides = st.builds(
    Beside, st.floats(*SECOND_RANGE), st.none() | st.tuples(*[marks] * len(LABELS)), st.floats(*AUTO_AUDIT_RANGE)
)


def valid(policy: Policy, beside: Beside) -> Policy:
    """The policy with those marks, each raised to its review threshold."""
    raised = beside.auto_remove and tuple(
        None if mark is None else max(mark, threshold)
        for mark, threshold in zip(beside.auto_remove, policy.thresholds, strict=True)
    )
    return Policy(
        1, policy.thresholds, policy.audit_rates, now(), "Ada", "a test", beside.second_rate, raised,
        beside.auto_audit_rate,
    )  # fmt: skip


both = st.builds(valid, policies, besides)


@settings(deadline=None, max_examples=60)
@given(both)
def test_every_policy_lets_some_through_and_audits_some_of_what_it_removes(policy):
    check_policy(
        policy.thresholds, policy.audit_rates, Beside(policy.second_rate, policy.auto_remove, policy.auto_audit_rate)
    )
    low = route(same_scores(0.01, 200), policy, IDS[:200])
    assert None in low.lane
    assert not low.automatic.any()
    top = route(same_scores(1.0, 2_000), policy, IDS[:2_000])
    assert top.audit.any()
    if policy.auto_remove and any(mark is not None for mark in policy.auto_remove):
        assert top.automatic.all()
        assert (top.rate == max(policy.auto_audit_rate, policy.audit_rates[4])).all() or np.allclose(
            top.rate, max(policy.auto_audit_rate, policy.audit_rates[4]), atol=1e-6
        )
        assert (top.audit == (audit_numbers(IDS[:2_000]) < top.rate)).all()


@settings(deadline=None, max_examples=60)
@given(both)
def test_whatever_is_removed_is_over_a_mark_and_waits_nowhere_but_in_the_audit(policy):
    levels = np.resize(np.linspace(0.85, 1, 97, dtype=np.float32), (500, 6))
    routed = route(levels, policy, IDS[:500])
    assert routed.automatic.tolist() == automatic(levels, policy.auto_remove).tolist()
    assert routed.flagged[routed.automatic].all(), "a mark is never below the review threshold"
    for item, removed, audit in zip(
        first_standings(IDS[:500], routed, 1), routed.automatic.tolist(), routed.audit.tolist(), strict=True
    ):
        assert item.automatic == removed
        if removed:
            assert item.state is (RoutingState.OPEN if audit else RoutingState.REMOVED)
            assert item.lane is (Lane.AUDIT if audit else None)
        else:
            assert item.state is not RoutingState.REMOVED


@settings(deadline=None, max_examples=60)
@given(both, both)
def test_routing_again_neither_removes_nor_brings_back(one, other):
    levels = np.resize(np.linspace(0.0, 1, 97, dtype=np.float32), (300, 6))
    ids = IDS[:300]
    before, routed = first_standings(ids, route(levels, one, ids), 1), route(levels[::-1].copy(), other, ids)
    for at, item in enumerate(before):
        after = follow(item, routed, at)
        assert after.automatic == item.automatic
        assert (after.state is RoutingState.REMOVED) == (item.state is RoutingState.REMOVED)
        if item.automatic:
            assert after == item


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (Beside(auto_remove=(0.89, *(None,) * 5)), "Toxic may remove without review from a score between 0.9"),
        (Beside(auto_remove=(float("nan"), *(None,) * 5)), "Toxic may remove"),
        (Beside(auto_remove=(1.0, *(None,) * 5)), "Toxic may remove"),
        (Beside(auto_remove=(None, None, None, 0.9, None, None)), "below its review threshold of 0.95"),
        (Beside(auto_remove=(0.9,) * 5), "6 entries"),
        (Beside(second_rate=0.6), "second opinions must lie between 0% and 50%"),
        (Beside(auto_audit_rate=0.0), "audited share of what is removed without review must lie between 1% and 100%"),
    ],
)
def test_bad_numbers_are_refused_by_name(beside, words):
    with pytest.raises(BadInput, match=words):
        check_policy((0.5, 0.5, 0.5, 0.95, 0.5, 0.5), LITTLE, beside)


def test_what_has_to_be_confirmed_is_what_was_not_on_before():
    assert newly_on(None, (0.95, None, None, 0.9, None, None)) == ["toxic", "threat"]
    assert newly_on((0.9, *(None,) * 5), (0.99, *(None,) * 5)) == []
    assert newly_on((0.9, *(None,) * 5), None) == []


@pytest.fixture
def site(services, ada):
    """A policy that removes from 0.95 on, and what is needed to score by it."""

    def save(rates=LITTLE, auto_audit_rate=0.01, auto_remove=AT_95):
        beside = Beside(auto_remove=auto_remove, auto_audit_rate=auto_audit_rate)
        return services.policies.save((0.5,) * 6, rates, by=ada, reason="a test", beside=beside)

    make_live(services.sessions)
    return save


def score(services, texts):
    ids = add_comments(services.sessions, texts)
    worker = ScoringWorker(services.sessions, services.settings, FakeModels(services.sessions, FakeScorer()), "w")
    while worker.score_waiting():
        pass
    return ids


def rows(services):
    with services.sessions.read() as session:
        return {row.comment_id: row for row in session.scalars(select(RoutingRow))}


def test_it_is_off_until_somebody_switches_it_on(services, site):
    assert services.policies.active().auto_remove is None
    first = site()
    assert first.auto_remove == AT_95
    kept = services.policies.save((0.4,) * 6, LITTLE, by=PERSON, reason="lower")
    assert kept.auto_remove == AT_95, "what is not named stays"
    off = services.policies.save((0.4,) * 6, LITTLE, by=PERSON, reason="off", beside=Beside(auto_remove=(None,) * 6))
    assert off.auto_remove is None
    assert services.policies.save_again(first.id, by=PERSON).auto_remove == AT_95


def test_a_removed_comment_waits_for_nobody_and_is_counted(services, site, ada):
    site()
    bad, soso, good = score(services, ["0.99 bad", "0.7 so-so", "0.1 good"])
    found = rows(services)
    assert [(found[i].state, found[i].lane, found[i].automatic) for i in (bad, soso, good)] == [
        ("removed", None, True),
        ("open", "flagged", False),
        ("allowed", None, False),
    ]
    assert [item.comment.id for item in services.review.claim(ada)] == [soso]
    with pytest.raises(Conflict, match="Send it to review first"):
        services.review.decide(Verdict(uuid4(), bad, Outcome.REMOVE), by=ada)
    with pytest.raises(Conflict):
        services.review.resume(ada, bad)
    with services.sessions.read() as session:
        strata = {(row.band, row.rate): row.count for row in session.scalars(select(StratumRow))}
    assert strata == {(4, 0.01): 1, (3, 0.001): 1, (1, 0.001): 1}
    day = today_number()
    report = services.removals.report(day, day)
    assert (report.removed, report.audited, report.decided, report.right) == (1, 0, 0, None)


def test_its_audited_part_is_blind_and_stays_removed_while_it_waits(services, site, ada):
    site(auto_audit_rate=1.0)
    ids = score(services, ["0.99 bad", "0.98 worse"])
    found = rows(services)
    assert {(found[i].state, found[i].lane, found[i].automatic, found[i].rate) for i in ids} == {
        ("open", "audit", True, 1.0)
    }
    assert services.browse.history(ids[0]).comment.hidden
    services.review.claim(ada)
    services.review.decide(Verdict(uuid4(), ids[0], Outcome.REMOVE, (True, *(False,) * 5)), by=ada)
    services.review.decide(Verdict(uuid4(), ids[1], Outcome.APPROVE), by=ada)
    day = today_number()
    report = services.removals.report(day, day)
    assert (report.removed, report.audited, report.decided) == (2, 2, 2)
    assert report.right.value == 0.5
    assert 0 < report.right.low < 0.5 < report.right.high < 1
    model = services.metrics.models()[0].id
    overview = services.metrics.overview(model, Days(day, day), View.TRAFFIC)
    assert (overview.decided, overview.covered) == (2, 2)


def test_audited_and_unaudited_removals_are_weighed_by_the_rate_that_held(services, site, ada):
    """Half of what is removed is audited, all other comments of the band are: within the band weights differ."""
    site(rates=(0.5, 1.0, 1.0, 1.0, 0.2), auto_audit_rate=0.5)
    ids = score(services, ["0.99 bad"] * 60 + ["0.85 bad"] * 60)
    found = rows(services)
    assert {found[i].rate for i in ids[:60]} == {0.5}
    assert {found[i].rate for i in ids[60:]} == {0.2}
    audited = [i for i in ids if found[i].audit]
    services.review.claim(ada, 200)
    for i in audited:
        services.review.decide(Verdict(uuid4(), i, Outcome.REMOVE, (True, *(False,) * 5)), by=ada)
    with services.sessions.read() as session:
        weights = {item.comment_id: item.weight for item in DatasetStore(session).audit_items(1_000)}
    assert set(weights) == set(audited)
    many = sum(i in weights for i in ids[:60])
    assert weights[next(i for i in audited if i in ids[:60])] == pytest.approx(60 / many)
    assert sum(weights.values()) == pytest.approx(120)


def test_it_can_be_sent_to_review_and_stays_removed_until_somebody_decides(services, site, ada, bob):
    site()
    (bad,) = score(services, ["0.99 bad"])
    key = uuid4()
    services.removals.send_to_review(bad, by=ada, client_id=key)
    services.removals.send_to_review(bad, by=ada, client_id=key)
    row = rows(services)[bad]
    assert (row.state, row.lane, row.automatic) == ("open", "escalated", True)
    with pytest.raises(Conflict, match="not removed without review any more"):
        services.removals.send_to_review(bad, by=bob, client_id=uuid4())
    assert [item.comment.id for item in services.review.claim(bob)] == [bad]
    services.review.decide(Verdict(uuid4(), bad, Outcome.APPROVE), by=bob)
    assert rows(services)[bad].state == "settled"
    said = [event.what for event in services.browse.history(bad).events]
    assert any("Removed without review by policy" in what and "Toxic 0.990 (from 0.95)" in what for what in said)
    assert [event.person for event in services.browse.history(bad).events if event.kind == "escalated"] == ["Ada"]


def test_sending_to_review_is_undone_to_removed(services, site, ada, bob):
    site()
    (bad,) = score(services, ["0.99 bad"])
    services.removals.send_to_review(bad, by=ada, client_id=uuid4())
    assert services.review.undo(ada, uuid4()) == [bad]
    assert (rows(services)[bad].state, rows(services)[bad].lane) == ("removed", None)
    assert services.review.claim(ada) == services.review.claim(bob) == []
    services.removals.send_to_review(bad, by=ada, client_id=uuid4())
    services.review.claim(bob)
    with pytest.raises(Conflict, match="moved on"):  # somebody looks at it already
        services.review.undo(ada, uuid4())
    services.review.decide(Verdict(key := uuid4(), bad, Outcome.APPROVE), by=bob)
    services.review.undo(bob, uuid4(), key)
    assert (rows(services)[bad].state, rows(services)[bad].lane) == ("open", "escalated")


def test_only_moderators_send_to_review(services, site, ada):
    site()
    (bad,) = score(services, ["0.99 bad"])
    with pytest.raises(NotAllowed):
        services.removals.send_to_review(bad, by=type(ada)("Eve", frozenset()), client_id=uuid4())


def test_it_is_never_exported_as_what_a_person_said(services, site, ada):
    site()
    bad, other = score(services, ["0.99 bad", "0.7 so-so"])
    services.removals.send_to_review(bad, by=ada, client_id=uuid4())
    services.review.claim(ada)
    services.review.decide(Verdict(uuid4(), other, Outcome.REMOVE, NO_LABELS), by=ada)
    with services.sessions.read() as session:
        for training in (False, True):
            exported = [
                c.comment_id for part in DatasetStore(session).stream(Filters(), training=training) for c in part
            ]
            assert exported == [other]


def test_new_models_and_policies_leave_it_as_it_is(services, site, ada):
    policy = site()
    bad, _ = score(services, ["0.99 bad", "0.7 so-so"])
    services.policies.save((0.999,) * 6, LITTLE, by=ada, reason="none", beside=Beside())
    while services.policies.reroute_open() is not None:
        pass
    model = make_live(services.sessions, "other")
    with services.sessions.begin() as session:
        session.add(PendingRow(comment_id=bad, lease_until=0))
    scorer = FakeScorer("other", default=0.0)
    scorer._read = lambda text: 0.01
    worker = ScoringWorker(services.sessions, services.settings, FakeModels(services.sessions, scorer), "v")
    assert worker.score_waiting() == 1
    row = rows(services)[bad]
    assert (row.state, row.automatic, row.policy_id) == ("removed", True, policy.id)
    assert row.model_id != model, "policy and model are why it was removed"


def test_browse_finds_what_was_removed_without_review(services, site):
    site()
    bad, _ = score(services, ["0.99 bad", "0.7 so-so"])
    found = services.browse.search(Filter(standing=Standing.REMOVED))
    assert [(item.id, item.standing) for item in found.items] == [(bad, Standing.REMOVED)]
    assert [item.id for item in services.browse.items([bad])] == [bad]


def test_the_score_page_tells_what_would_be_removed():
    policy = Policy(1, (0.5,) * 6, LITTLE, now(), "Ada", "a test", auto_remove=(None, None, None, 0.95, None, None))
    assert ScoredText("x", (0.1, 0.1, 0.1, 0.95, 0.1, 0.1)).is_removed(policy)
    assert not ScoredText("x", (0.99, 0.1, 0.1, 0.94, 0.1, 0.1)).is_removed(policy)
