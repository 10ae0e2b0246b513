"""Shadow mode: all new traffic is scored once more, nothing is routed by it, and nothing waits for it."""

import threading
import time
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select, update

from core.accounts import Person, Role
from core.domain import BANDS, Lane, Outcome, RoutingState, Stage, now
from core.errors import BadInput, Conflict, ModelUnavailable, NotAllowed, NotFound
from core.gate import unopposed
from core.labels import LABELS
from core.routing import audit_numbers, disagreement_numbers
from core.shadow_recording import record_shadow
from core.shadow_worker import ShadowWorker
from core.verdict import Verdict
from core.worker import EmbeddedWorker, ScoringWorker
from db.models import ModelVersionRow, RoutingRow, TrafficRow
from db.quality_models import DisagreementRow, ShadowPendingRow
from db.stores.queue import QueueStore
from db.stores.scores import ScoreStore
from db.stores.shadow import ShadowStore
from tests.support.models import add_model
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

ALL = (True,) * 6
NONE = (False,) * 6


class Second(FakeScorer):
    """Reads the second number of a text: "0.9 0.1 whatever" is 0.9 to the live model and 0.1 to this one."""

    def _read(self, text):
        return float(text.split()[1])


@pytest.fixture
def sessions(services, ada):
    services.policies.save((0.5,) * len(LABELS), (0.001,) * BANDS, by=ada, reason="a test")
    make_live(services.sessions, "old")
    make_live(services.sessions, "live")  # "old" is a former model, of which nothing runs
    add_challenger(services.sessions, "new")
    return services.sessions


def add_challenger(sessions, name):
    with sessions.begin() as session:
        session.add(
            ModelVersionRow(
                name=name, kind="fake", path="nowhere", sha256="", stage=Stage.CHALLENGER, metrics={}, created_at=now()
            )
        )


@pytest.fixture
def live(services, sessions):
    """Scores what waits with the live model."""
    worker = ScoringWorker(sessions, services.settings, FakeModels(sessions, FakeScorer("live"), Second("new")), "w")

    def drain():
        while worker.score_waiting():
            pass

    return drain


@pytest.fixture
def build(services, sessions):
    def make(scorer=None, name="s", **changes):
        settings = services.settings.model_copy(update={"poll_seconds": 0.05, **changes})
        return ShadowWorker(sessions, settings, lambda _version: scorer or Second("new"), name)

    return make


def drain(worker):
    total = 0
    while done := worker.score_some():
        total += done
    return total


def rows(sessions, row, *where):
    with sessions.read() as session:
        return list(session.scalars(select(row).where(*where)))


def routings(sessions):
    return {row.comment_id: row for row in rows(sessions, RoutingRow)}


def traffic(sessions, model):
    with sessions.read() as session:
        id_ = session.scalar(select(ModelVersionRow.id).where(ModelVersionRow.name == model))
        total = session.scalar(select(func.sum(TrafficRow.count)).where(TrafficRow.model_id == id_)) or 0
    return total / len(LABELS)


def report(services):
    return services.shadows.report(services.shadows.latest())


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_only_what_is_routed_after_the_start_is_scored_and_nothing_is_routed_anew(services, sessions, live, build, ada):
    add_comments(sessions, ["0.9 0.1 before"])
    live()
    services.shadows.start("new", by=ada)
    ids = add_comments(sessions, ["0.9 0.9 both", "0.9 0.1 only live", "0.1 0.9 only shadow", "0.1 0.1 neither"])
    add_comments(sessions, ["0.9 0.1 known"], golden=True)
    live()
    before = {i: (r.state, r.lane, r.flagged, r.audit, r.priority) for i, r in routings(sessions).items()}
    assert report(services).waiting == 4
    assert drain(build()) == 4
    found = report(services)
    assert (found.scored, found.waiting, found.lag, found.failed, found.differ) == (4, 0, None, 0, 2)
    one = found.labels["threat"]
    assert (one.both, one.only_live, one.only_shadow, one.neither) == (1, 1, 1, 1)
    assert found.any_label == one
    assert {d.comment_id for d in rows(sessions, DisagreementRow)} == set(ids[1:3])
    assert traffic(sessions, "new") == 4, "its metrics and drift are of all traffic"
    after = {i: (r.state, r.lane, r.flagged, r.audit, r.priority) for i, r in routings(sessions).items()}
    drawn = {d.comment_id for d in rows(sessions, DisagreementRow, DisagreementRow.drawn)}
    assert {i: v for i, v in after.items() if i not in drawn} == {i: v for i, v in before.items() if i not in drawn}


def test_live_work_goes_first(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada)
    add_comments(sessions, ["0.1 0.1 a"])
    live()
    add_comments(sessions, ["0.1 0.1 b"])
    worker = build()
    assert worker.score_some() == 0
    live()
    assert drain(worker) == 2


def test_drawn_ones_that_nobody_would_see_are_opened_blind_and_the_others_stay(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada, rate=1.0)
    ids = add_comments(sessions, ["0.1 0.9 allowed", "0.9 0.1 flagged", "0.9 0.1 settled", "0.1 0.1 same"])
    live()
    services.review.decide(Verdict(uuid4(), ids[2], Outcome.REMOVE, ALL), by=ada)
    drain(build())
    found = routings(sessions)
    state = [(found[i].state, found[i].lane) for i in ids]
    assert state == [
        (RoutingState.OPEN, Lane.DISAGREEMENT),
        (RoutingState.OPEN, Lane.FLAGGED),
        (RoutingState.SETTLED, Lane.FLAGGED),
        (RoutingState.ALLOWED, None),
    ]
    assert not found[ids[0]].flagged
    assert report(services).drawn == 3
    (item,) = services.review.claim(ada, lanes=[Lane.DISAGREEMENT])
    assert item.blind
    services.review.decide(Verdict(uuid4(), ids[0], Outcome.APPROVE, NONE), by=ada)
    assert routings(sessions)[ids[0]].state == RoutingState.SETTLED


def test_what_was_shown_with_scores_is_not_opened_blind(services, sessions, live, build, ada):
    """A new policy lets a comment through while it is on somebody's screen; then the shadow model flags it."""
    services.shadows.start("new", by=ada, rate=1.0)
    (shown,) = add_comments(sessions, ["0.6 0.9 on a screen"])
    live()
    (item,) = services.review.claim(ada)
    assert not item.blind
    services.policies.save((0.8,) * len(LABELS), (0.001,) * BANDS, by=ada, reason="a test")
    assert services.policies.reroute_open() is None
    drain(build())
    made = services.review.decide(Verdict(uuid4(), shown, Outcome.APPROVE, NONE), by=ada)
    assert (made.lane, made.blind) == (Lane.FLAGGED, False)


def test_a_card_from_before_a_recheck_does_not_count_as_blind(services, sessions, live, ada):
    (shown,) = add_comments(sessions, ["0.9 0.9 on a screen"])
    live()
    services.review.claim(ada)
    services.review.decide(Verdict(uuid4(), shown, Outcome.APPROVE, NONE), by=ada)
    with sessions.begin() as session:
        QueueStore(session).reopen([shown], Lane.RECHECK)
    with pytest.raises(Conflict, match="without scores after it was on your screen"):
        services.review.decide(Verdict(uuid4(), shown, Outcome.APPROVE, NONE), by=ada)


def test_the_draw_is_the_comments_own_number_and_independent_of_the_audits(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada, rate=0.4)
    ids = np.array(add_comments(sessions, [f"0.1 0.9 text {i}" for i in range(60)]))
    live()
    drain(build())
    found = {d.comment_id: d for d in rows(sessions, DisagreementRow)}
    assert [found[i].drawn for i in ids.tolist()] == (disagreement_numbers(ids) < 0.4).tolist()
    assert {d.rate for d in found.values()} == {0.4}
    many = np.arange(100_000)
    assert abs(np.corrcoef(disagreement_numbers(many), audit_numbers(many))[0, 1]) < 0.02


def test_a_killed_workers_batch_is_taken_over_and_counted_once(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada)
    ids = np.array(add_comments(sessions, [f"0.1 0.9 {i}" for i in range(6)]))
    live()
    shadow = services.shadows.running()
    lease = build(name="dead")._lease(shadow)
    assert lease.size == 6
    assert drain(build(name="other")) == 0, "while the lease lasts"
    with sessions.begin() as session:
        session.execute(update(ShadowPendingRow).values(lease_until=1))
    assert drain(build(name="other")) == 6
    with sessions.begin() as session:
        late = record_shadow(session, shadow, lease, ids, np.full((6, 6), 0.9, np.float32))
    assert late == 0, "the dead one comes back too late"
    assert (report(services).scored, traffic(sessions, "new")) == (6, 6)


def test_two_workers_score_nothing_twice(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada, rate=1.0)
    add_comments(sessions, [f"0.1 0.9 {i}" for i in range(150)])
    live()
    scorers = [Second("new", on_score=lambda _: time.sleep(0.002)) for _ in range(2)]
    stop = threading.Event()
    workers = [build(scorer, name=f"s{i}", worker_batch=8) for i, scorer in enumerate(scorers)]
    threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in workers]
    for thread in threads:
        thread.start()
    wait_until(lambda: report(services).waiting == 0)
    stop.set()
    for thread in threads:
        thread.join()
    seen = [text for scorer in scorers for text in scorer.seen]
    assert len(seen) == len(set(seen)) == 150
    assert (report(services).scored, report(services).drawn, traffic(sessions, "new")) == (150, 150, 150)


def test_stopping_lets_go_of_what_waits_and_a_late_batch_is_thrown_away(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada)
    (one, two) = add_comments(sessions, ["0.1 0.9 a", "0.1 0.9 b"])
    live()
    lease = build()._lease(services.shadows.running())
    shadow = services.shadows.running()
    with sessions.begin() as session:  # a comparison by the gate has scored one of them
        ScoreStore(session).put([one], np.full((1, 6), 0.9, np.float32), shadow.model_id, now())
    services.shadows.stop(by=ada)
    with sessions.begin() as session:
        done = record_shadow(session, shadow, lease, np.array([one, two]), np.full((2, 6), 0.9, np.float32))
    assert done == 0
    assert rows(sessions, ShadowPendingRow) == []
    assert traffic(sessions, "new") == 1, "what has scores and was routed meanwhile counts, once"
    add_comments(sessions, ["0.1 0.9 c"])
    live()
    assert rows(sessions, ShadowPendingRow) == []
    with pytest.raises(Conflict, match="No model runs"):
        services.shadows.stop(by=ada)


def test_promotion_ends_it_and_counts_no_comment_twice(services, live, sessions, build, ada):
    services.shadows.start("new", by=ada)
    add_comments(sessions, ["0.1 0.9 seen", "0.1 0.2 seen"])
    live()
    drain(build())
    add_comments(sessions, ["0.1 0.9 not seen"])
    live()
    with sessions.read() as session:
        new = ShadowStore(session).get_running().model_id
    services.registry._switch(
        replace(services.registry.require("new"), id=new), expected="live", by=ada, report={"reason": "test"}
    )
    assert services.shadows.running() is None
    live()  # the new model scores all of them again
    assert traffic(sessions, "new") == 3
    assert services.shadows.latest().model == "new"
    with pytest.raises(Conflict, match="is live"):
        services.shadows.start("new", by=ada)


def test_a_real_promotion_ends_it(sqlite_services, ada):
    add_model(sqlite_services, "mine", by=ada)
    sqlite_services.shadows.start("mine", by=ada)
    sqlite_services.registry.promote("mine", by=ada, report=unopposed("mine", "starter"))
    assert sqlite_services.shadows.running() is None


def test_a_shadow_that_hangs_or_fails_does_not_hold_up_live_scoring(services, sessions, build, ada):
    entered, go_on = threading.Event(), threading.Event()

    def hang(_texts):
        entered.set()
        go_on.wait(20)
        raise RuntimeError("a secret text")

    shadow = build(Second("new", on_score=hang))
    settings = services.settings.model_copy(update={"poll_seconds": 0.05})
    worker = EmbeddedWorker(
        ScoringWorker(sessions, settings, FakeModels(sessions, FakeScorer("live")), "w", beside=shadow)
    )
    services.shadows.start("new", by=ada)
    worker.start()
    try:
        add_comments(sessions, ["0.1 0.1 a"])
        wait_until(entered.is_set)
        add_comments(sessions, ["0.9 0.1 b"])
        wait_until(lambda: len(routings(sessions)) == 2)
        assert services.scoring.status().problem is None
        go_on.set()
        wait_until(lambda: services.shadows.running().problem is not None)
        assert "RuntimeError" in services.shadows.running().problem
        assert "secret" not in services.shadows.running().problem
        assert services.scoring.status().problem is None
        assert report(services).waiting == 2, "and its batch was given back"
    finally:
        go_on.set()
        worker.stop()


def test_a_model_whose_files_are_gone_is_said_and_one_that_recovers_is_not(services, sessions, live, ada):
    missing = [True]

    def load(_version):
        if missing[0]:
            raise ModelUnavailable("Model new has no files in nowhere. Restore the folder from a backup.")
        return Second("new")

    worker = ShadowWorker(sessions, services.settings, load, "s")
    services.shadows.start("new", by=ada)
    add_comments(sessions, ["0.1 0.1 a"])
    live()
    assert worker._try_once() == 0
    assert "no files" in services.shadows.running().problem
    missing[0] = False
    assert worker._try_once() == 1
    assert services.shadows.running().problem is None


def test_a_text_that_breaks_it_is_counted_and_left(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada)
    add_comments(sessions, ["0.1 0.1 a", "0.1 nan b", "0.1 0.1 c"])
    live()

    class Breaks(Second):
        def score(self, texts):
            return super().score(["0 0.1" if text == "Hello." else text for text in texts])

    assert drain(build(Breaks("new"))) == 2
    found = report(services)
    assert (found.scored, found.failed, found.waiting) == (2, 1, 0)


def test_who_was_right_is_weighted_and_too_few_are_said(services, sessions, live, build, ada):
    services.shadows.start("new", by=ada, rate=1.0)
    ids = add_comments(sessions, [f"0.1 0.9 text {i}" for i in range(12)])
    live()
    drain(build())
    services.review.claim(ada)
    for i, comment_id in enumerate(ids[:9]):
        labels = ALL if i < 6 else NONE
        services.review.decide(Verdict(uuid4(), comment_id, Outcome.APPROVE, labels), by=ada)
    judged = report(services).only_shadow["insult"]
    assert (judged.drawn, judged.decided, judged.deserved) == (12, 9, None)
    with sessions.begin() as session:  # one of them was drawn at a tenth of the rate: it stands for ten
        session.execute(update(DisagreementRow).where(DisagreementRow.comment_id == ids[9]).values(rate=0.1))
    for comment_id in ids[9:]:
        services.review.decide(Verdict(uuid4(), comment_id, Outcome.APPROVE, ALL), by=ada)
    judged = report(services).only_shadow["insult"]
    assert judged.deserved.value == pytest.approx(18 / 21)
    assert judged.deserved.low < 18 / 21 < judged.deserved.high
    assert report(services).only_live["insult"].drawn == 0
    assert sum(band.only_shadow for band in report(services).bands) == 12


def test_who_may_and_what_may_not_be(services, sessions, ada):
    eve = Person("Eve", frozenset({Role.MODERATOR}))
    with pytest.raises(NotAllowed):
        services.shadows.start("new", by=eve)
    with pytest.raises(NotFound, match="no model 'nobody'"):
        services.shadows.start("nobody", by=ada)
    with pytest.raises(Conflict, match="is live"):
        services.shadows.start("live", by=ada)
    with pytest.raises(BadInput, match="between"):
        services.shadows.start("new", by=ada, rate=0.0)
    services.shadows.start("new", by=ada)
    with pytest.raises(Conflict, match="already"):
        services.shadows.start("old", by=ada)
    with pytest.raises(NotAllowed):
        services.shadows.stop(by=eve)
    services.shadows.stop(by=ada)
    services.shadows.start("old", by=ada)
    assert services.shadows.running().model == "old"
