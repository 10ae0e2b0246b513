"""Workers: each comment scored once, by one model, whatever breaks."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, update

from core.domain import BANDS, Lane, RoutingState, now
from core.errors import ModelUnavailable
from core.labels import LABELS
from core.policies import today_number
from core.recording import score_each
from core.routing import queue_order
from core.scoring.cascade import Cascade, CascadeScorer
from core.scoring.members import Member
from core.settings import ROOT
from core.worker import EmbeddedWorker, ScoringWorker
from db.models import CommentRow, ModelVersionRow, PendingRow, RoutingRow, ScoreRow, StratumRow, TrafficRow, WorkerRow
from db.stores.pending import PendingStore
from db.stores.registry import RegistryStore
from db.stores.scores import ScoreStore
from tests.support.scoring import FakeModels, FakeScorer, add_comments, make_live

AUDIT_ALL = (0.5, 1.0, 1.0, 1.0, 1.0)
AUDIT_LITTLE = (0.001,) * BANDS


@pytest.fixture
def sessions(services):
    return services.sessions


@pytest.fixture
def set_policy(services, ada):
    def save(threshold=0.5, rates=AUDIT_LITTLE):
        return services.policies.save((threshold,) * len(LABELS), rates, by=ada, reason="a test")

    return save


@pytest.fixture
def build(services):
    """A worker whose models are these scorers."""

    def make(*scorers, name="w", **changes):
        settings = services.settings.model_copy(update={"poll_seconds": 0.05, **changes})
        return ScoringWorker(services.sessions, settings, FakeModels(services.sessions, *scorers), name)

    return make


def count(sessions, row, *where):
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(row).where(*where))


def routings(sessions):
    with sessions.read() as session:
        return {row.comment_id: row for row in session.scalars(select(RoutingRow))}


def traffic_total(sessions, model_id):
    with sessions.read() as session:
        return session.scalar(select(func.sum(TrafficRow.count)).where(TrafficRow.model_id == model_id)) or 0


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def drain(worker):
    total = 0
    while done := worker.score_waiting():
        total += done
    return total


def test_scores_routing_and_counts_come_together(sessions, build, set_policy):
    set_policy()
    model = make_live(sessions)
    ids = add_comments(sessions, ["0.9 bad", "0.01 good", "0.6 so-so"])
    assert build(FakeScorer()).score_waiting() == 3
    rows = routings(sessions)
    assert [rows[i].state for i in ids] == [RoutingState.OPEN, RoutingState.ALLOWED, RoutingState.OPEN]
    assert [rows[i].lane for i in ids] == [Lane.FLAGGED, None, Lane.FLAGGED]
    assert rows[ids[0]].priority < rows[ids[2]].priority
    assert count(sessions, PendingRow) == 0
    assert traffic_total(sessions, model) == 3 * len(LABELS)
    with sessions.read() as session:
        assert session.scalar(select(func.sum(StratumRow.count))) == 3
        assert (ScoreStore(session).matrix(ids, model)[:, 0] == np.float32([0.9, 0.01, 0.6])).all()


def test_audited_comments_wait_in_the_audit_lane_flagged_or_not(sessions, build, set_policy):
    set_policy(rates=AUDIT_ALL)
    make_live(sessions)
    ids = add_comments(sessions, ["0.9 bad", "0.1 good"])
    build(FakeScorer()).score_waiting()
    rows = routings(sessions)
    assert [(rows[i].lane, rows[i].flagged, rows[i].audit, rows[i].rate) for i in ids] == [
        (Lane.AUDIT, True, True, 1.0),
        (Lane.AUDIT, False, True, 1.0),
    ]


def test_golden_comments_are_scored_but_neither_routed_nor_counted(sessions, build):
    model = make_live(sessions)
    add_comments(sessions, ["0.9 known"], golden=True)
    assert build(FakeScorer()).score_waiting() == 1
    assert count(sessions, ScoreRow) == 1
    assert routings(sessions) == {}
    assert traffic_total(sessions, model) == 0
    assert count(sessions, StratumRow) == 0


def test_a_new_model_scores_again_and_the_draw_stays(sessions, build, set_policy):
    set_policy()
    make_live(sessions, "old")
    ids = add_comments(sessions, ["0.9 bad", "good", "0.9 settled", "0.9 escalated"])
    worker = build(FakeScorer("old"), FakeScorer("new", default=0.8))
    worker.score_waiting()
    with sessions.begin() as session:
        session.execute(update(RoutingRow).where(RoutingRow.comment_id == ids[2]).values(state=RoutingState.SETTLED))
        session.execute(update(RoutingRow).where(RoutingRow.comment_id == ids[3]).values(lane=Lane.ESCALATED))
        session.execute(update(RoutingRow).values(day=RoutingRow.day - 3))
        PendingStore(session).add(ids)
    before, model = routings(sessions), make_live(sessions, "new")
    assert worker.score_waiting() == 4
    after = routings(sessions)
    assert [(after[i].state, after[i].lane) for i in ids] == [
        (RoutingState.OPEN, Lane.FLAGGED),
        (RoutingState.OPEN, Lane.FLAGGED),
        (RoutingState.SETTLED, Lane.FLAGGED),
        (RoutingState.OPEN, Lane.ESCALATED),
    ]
    for i in ids:
        assert [getattr(after[i], name) for name in ("band", "audit", "rate", "day", "routed_at")] == [
            getattr(before[i], name) for name in ("band", "audit", "rate", "day", "routed_at")
        ]
    assert after[ids[2]].model_id == before[ids[2]].model_id
    with sessions.read() as session:
        assert session.scalar(select(func.sum(StratumRow.count))) == 4
        days = set(session.scalars(select(TrafficRow.day).where(TrafficRow.model_id == model)))
    assert days == {today_number() - 3}
    assert traffic_total(sessions, model) == 4 * len(LABELS)


def test_scoring_again_by_the_same_model_counts_no_traffic_twice(sessions, build):
    model = make_live(sessions)
    ids = add_comments(sessions, ["a", "b"])
    worker = build(FakeScorer())
    worker.score_waiting()
    with sessions.begin() as session:
        PendingStore(session).add(ids)
    assert worker.score_waiting() == 2
    assert traffic_total(sessions, model) == 2 * len(LABELS)


def test_no_transaction_is_open_while_a_model_runs(sessions, build):
    """Promise 6: while the scorer runs, another connection can write at once, to the very rows that are leased."""
    make_live(sessions)
    add_comments(sessions, ["a", "b"])

    def write(_texts):
        took = time.monotonic()
        with sessions.begin() as session:
            session.execute(update(PendingRow).values(lease_until=PendingRow.lease_until))
            session.execute(update(CommentRow).values(author="somebody"))
        assert time.monotonic() - took < 5
        assert sessions.engine.pool.checkedout() == 0

    assert build(FakeScorer(on_score=write)).score_waiting() == 2


def test_a_batch_that_another_model_overtook_is_thrown_away(sessions, build):
    old = make_live(sessions, "old")
    ids = add_comments(sessions, ["a", "b"])
    worker = build(FakeScorer("old", on_score=lambda _: make_live(sessions, "new")), FakeScorer("new"))
    assert worker.score_waiting() == 0
    assert count(sessions, ScoreRow) == 0
    assert worker.score_waiting() == 2
    assert count(sessions, ScoreRow, ScoreRow.model_id == old) == 0
    assert sorted(routings(sessions)) == ids


def test_without_a_live_model_comments_stay_unscored(services, sessions, build):
    make_live(sessions)
    with sessions.begin() as session:
        session.execute(update(ModelVersionRow).values(stage="retired"))
    add_comments(sessions, ["a"])
    with pytest.raises(ModelUnavailable, match="No model is live"):
        build().score_waiting()
    assert count(sessions, PendingRow) == 1
    assert "No model is live, so 1 comment wait" in (services.scoring.status().problem or "")


@pytest.mark.parametrize("bad", ["raises", "nan", "too large"])
def test_texts_that_break_the_model_do_not_block_the_others(services, sessions, build, bad):
    make_live(sessions)
    texts = ["a", "poison", "b", "c", "poison", "d", "e"]
    ids = add_comments(sessions, texts)
    scorer = FakeScorer()
    if bad == "raises":
        scorer.on_score = lambda batch: 1 / ("poison" not in batch)
    else:
        scorer._read = lambda text: {"nan": float("nan"), "too large": 1.5}[bad] if text == "poison" else 0.1
    assert build(scorer).score_waiting() == 5
    poisoned = {id_ for id_, text in zip(ids, texts, strict=True) if text == "poison"}
    assert set(routings(sessions)) == set(ids) - poisoned
    status = services.scoring.status()
    assert (status.waiting, status.set_aside) == (2, 2)
    assert build(scorer, name="another").score_waiting() == 0, "not again at once"


def test_a_model_that_breaks_on_everything_sets_nothing_aside(services, sessions, build):
    make_live(sessions)
    add_comments(sessions, ["a", "b"])
    with pytest.raises(ZeroDivisionError):
        build(FakeScorer(on_score=lambda _: 1 / 0)).score_waiting()
    assert services.scoring.status().set_aside == 0
    assert build(FakeScorer()).score_waiting() == 2, "and the lease was given back"


def test_halving_finds_each_bad_text_and_keeps_the_order():
    scorer = FakeScorer(on_score=lambda batch: 1 / (not {"x", "y"} & set(batch)))
    scores = score_each(scorer, ["0.1", "x", "0.3", "0.4", "y"])
    assert np.isnan(scores[:, 0]).tolist() == [False, True, False, False, True]
    assert scores[[0, 2, 3], 0].tolist() == pytest.approx([0.1, 0.3, 0.4])
    assert score_each(scorer, []).shape == (0, len(LABELS))


def test_it_goes_on_after_errors_and_says_what_is_wrong(services, sessions, build):
    make_live(sessions)
    broken = threading.Event()
    broken.set()
    secret = "a secret of the comment"
    add_comments(sessions, [secret])

    def fail(texts):
        if broken.is_set():
            raise RuntimeError(texts[0])

    worker = EmbeddedWorker(build(FakeScorer(on_score=fail)))
    worker.start()
    try:
        wait_until(lambda: "RuntimeError" in (services.scoring.status().problem or ""))
        assert secret not in services.scoring.status().problem
        broken.clear()
        wait_until(lambda: count(sessions, ScoreRow) == 1 and services.scoring.status().problem is None)
    finally:
        worker.stop()
    assert count(sessions, WorkerRow) == 0, "it said good-bye"


def test_a_live_model_whose_device_is_gone_is_said_and_scoring_resumes(services, sessions, build):
    """While the device does not answer comments wait, the banner says why, and nothing has to be done."""
    make_live(sessions)
    add_comments(sessions, ["a", "b"])
    tries, may_work = [], threading.Event()

    def out_of_reach(texts):
        tries.append(len(texts))
        if len(tries) <= 4 or not may_work.is_set():  # a batch and its probe fail together: twice at least
            raise ModelUnavailable("The device cuda does not answer. Look at it (nvidia-smi). Comments wait meanwhile.")

    worker = EmbeddedWorker(build(FakeScorer(on_score=out_of_reach)))
    worker.start()
    try:
        wait_until(lambda: len(tries) >= 4)
        wait_until(lambda: services.scoring.status().problem is not None)
        status = services.scoring.status()
        assert status.problem.startswith("The device cuda does not answer. Look at it (nvidia-smi).")
        assert (status.waiting, status.set_aside) == (2, 0), "they wait, and none is taken for the cause"
        assert count(sessions, ScoreRow) == 0
        may_work.set()
        wait_until(lambda: count(sessions, ScoreRow) == 2 and services.scoring.status().problem is None)
    finally:
        worker.stop()


def test_a_worker_takes_up_a_new_model(services, sessions, build):
    make_live(sessions, "old")
    worker = EmbeddedWorker(build(FakeScorer("old"), FakeScorer("new")))
    worker.start()
    try:
        wait_until(lambda: [w.model for w in services.scoring.status().alive] == ["old"])
        new = make_live(sessions, "new")
        add_comments(sessions, ["a"])
        wait_until(lambda: count(sessions, ScoreRow, ScoreRow.model_id == new) == 1)
        wait_until(lambda: [w.model for w in services.scoring.status().alive] == ["new"])
    finally:
        worker.stop()


def test_nobody_scores_while_comments_wait(services, sessions):
    make_live(sessions)
    assert services.scoring.status().problem is None
    add_comments(sessions, ["a", "b"])
    assert "No worker is running, so 2 comments wait unscored" in services.scoring.status().problem
    with sessions.begin() as session:
        seen = now() - timedelta(seconds=16)
        session.add(WorkerRow(name="w", started_at=seen, seen_at=seen, scored=0))
    assert "No worker is running" in services.scoring.status().problem


def test_two_workers_score_nothing_twice(sessions, build):
    make_live(sessions)
    add_comments(sessions, [f"{i}" for i in range(1000, 1400)])
    scorers = [FakeScorer(on_score=lambda _: time.sleep(0.002)) for _ in range(2)]
    for scorer in scorers:
        scorer._read = lambda _text: 0.1
    stop = threading.Event()
    workers = [build(scorer, name=f"w{i}", worker_batch=8) for i, scorer in enumerate(scorers)]
    threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in workers]
    for thread in threads:
        thread.start()
    wait_until(lambda: count(sessions, PendingRow) == 0)
    stop.set()
    for thread in threads:
        thread.join()
    seen = Counter(text for scorer in scorers for text in scorer.seen)
    assert len(seen) == 400
    assert set(seen.values()) == {1}
    assert all(scorer.seen for scorer in scorers), "both had work"


def test_a_slow_model_gets_small_batches(sessions, build):
    make_live(sessions)
    add_comments(sessions, ["a"] * 60)
    sizes = []

    def slow(texts):
        sizes.append(len(texts))
        time.sleep(0.01 * len(texts))

    worker = build(FakeScorer(on_score=slow), scoring_lease_seconds=0.5)
    drain(worker)
    assert max(sizes[1:]) <= 7, "about a tenth of the lease"


WORKER = """
import signal, sys, threading, time
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())  # before the imports: the other one may be done by then
from core.settings import Settings
from core.services import build_services
from core.worker import ScoringWorker
from core.heartbeat import worker_name
from tests.support.scoring import FakeModels, FakeScorer
services = build_services(Settings())
def slow(texts):
    print(*texts, sep="\\n", flush=True)
    time.sleep(float(sys.argv[1]))
models = FakeModels(services.sessions, FakeScorer(on_score=slow))
ScoringWorker(services.sessions, services.settings, models, worker_name("w")).run(stop)
"""


@pytest.fixture
def start_process(settings, services):
    """Start a worker in a process of its own that takes so long for each batch."""
    started = []

    def start(seconds):
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "MODERATO_DATA_DIR": str(settings.data_dir),
            "MODERATO_DATABASE_URL": settings.database_url,
            "MODERATO_WORKER_BATCH": "8",
            "MODERATO_SCORING_LEASE_SECONDS": "2",
            "MODERATO_POLL_SECONDS": "0.1",
        }
        made = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(seconds)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        started.append(made)
        return made

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_processes_share_the_work_and_give_back_on_sigterm(sessions, start_process):
    make_live(sessions)
    add_comments(sessions, [f"text{i}" for i in range(80)])
    processes = [start_process(0.02) for _ in range(2)]
    wait_until(lambda: count(sessions, PendingRow) == 0, 40)
    wait_until(lambda: count(sessions, WorkerRow) == 2, 40)  # the later one may have come to find nothing left
    for process in processes:
        process.send_signal(signal.SIGTERM)
    seen = [process.communicate(timeout=20)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(seen[0] + seen[1]) == sorted(f"text{i}" for i in range(80))
    assert count(sessions, WorkerRow) == 0


@pytest.mark.slow
def test_what_a_killed_worker_held_is_scored_by_another(sessions, start_process, build):
    make_live(sessions)
    ids = add_comments(sessions, [f"text{i}" for i in range(12)])
    doomed = start_process(60)
    assert doomed.stdout.readline().startswith("text")
    doomed.kill()
    assert count(sessions, PendingRow, PendingRow.lease_until > 0) == 8
    worker = build(FakeScorer())
    wait_until(lambda: worker.score_waiting() or count(sessions, PendingRow) == 0)
    wait_until(lambda: not (worker.score_waiting() or count(sessions, PendingRow)))
    assert sorted(routings(sessions)) == ids
    with sessions.read() as session:
        assert session.scalar(select(func.sum(StratumRow.count))) == len(ids)


def test_open_items_follow_a_new_policy(services, sessions, build, set_policy):
    set_policy(0.5)
    make_live(sessions)
    ids = add_comments(sessions, ["0.9", "0.6", "0.3", "0.6", "0.6"])
    worker = build(FakeScorer())
    worker.score_waiting()
    with sessions.begin() as session:
        for id_, values in {ids[3]: {"state": RoutingState.SETTLED}, ids[4]: {"lane": Lane.ESCALATED}}.items():
            session.execute(update(RoutingRow).where(RoutingRow.comment_id == id_).values(**values))
    new = set_policy(0.8)
    assert services.policies.reroute_open() is None
    rows = routings(sessions)
    assert [(rows[i].state, rows[i].lane) for i in ids] == [
        (RoutingState.OPEN, Lane.FLAGGED),
        (RoutingState.ALLOWED, None),
        (RoutingState.ALLOWED, None),
        (RoutingState.SETTLED, Lane.FLAGGED),
        (RoutingState.OPEN, Lane.ESCALATED),
    ]
    assert [rows[i].policy_id == new.id for i in ids] == [True, True, False, False, False]
    (expected,) = queue_order(np.full((1, 6), 0.9, np.float32))
    assert rows[ids[0]].priority == pytest.approx(expected, rel=1e-6)


def test_the_worker_lets_open_items_follow_in_small_steps(services, sessions, build, set_policy, monkeypatch):
    set_policy(0.5)
    make_live(sessions)
    add_comments(sessions, ["0.6"] * 25)
    worker = build(FakeScorer())
    drain(worker)
    set_policy(0.8)
    steps = []
    reroute = services.policies.reroute_open
    worker._policies.reroute_open = lambda *, after: steps.append(after) or reroute(after=after, limit=10)
    worker._try_once()
    worker._try_once()
    assert len(steps) == 3
    assert count(sessions, RoutingRow, RoutingRow.state == RoutingState.ALLOWED) == 25


def test_the_first_policy_is_made_once_by_whoever_comes_first(services):
    found = []
    threads = [threading.Thread(target=lambda: found.append(services.policies.active().id)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(services.policies.list_policies()) == 1


def test_a_cascade_asks_both_about_what_the_audit_may_draw(services, build, set_policy):
    """Members' scores of audited comments are kept under their own names; the cascade answers by its rule."""
    quick, careful = FakeScorer("quick"), FakeScorer("careful", default=0.6)
    for name in ("quick", "careful"):
        make_live(services.sessions, name)
    members = [Member(name, "onnx", "nowhere", "") for name in ("quick", "careful")]
    live = make_live(services.sessions, "both")
    set_policy(0.5, AUDIT_ALL)
    ids = add_comments(services.sessions, [f"{0.001 if i % 2 else 0.3} text {i}" for i in range(200)])
    cascade = CascadeScorer("both", Cascade(members, 0.05), [quick, careful])
    assert build(cascade).score_waiting() == 32
    with services.sessions.read() as session:
        store, registry = ScoreStore(session), RegistryStore(session)
        done = sorted(store.get(ids, live))
        both = [set(store.get(ids, registry.get(name).id)) for name in ("quick", "careful")]
        audited = {row.comment_id for row in session.scalars(select(RoutingRow)) if row.audit}
    assert both[0] == both[1] == set(done), "at rates of 1 every comment may be audited"
    assert audited <= both[0]
    assert len(careful.seen) == 32


def test_a_cascade_asks_little_where_little_is_audited(services, build, set_policy):
    quick, careful = FakeScorer("quick"), FakeScorer("careful")
    make_live(services.sessions, "both")
    set_policy(0.5, AUDIT_LITTLE)
    add_comments(services.sessions, [f"{0.3 if i == 5 else 0.001} text {i}" for i in range(32)])
    cascade = CascadeScorer(
        "both", Cascade([Member("a", "onnx", "", ""), Member("b", "onnx", "", "")], 0.05), [quick, careful]
    )
    assert build(cascade).score_waiting() == 32
    assert careful.seen == ["0.3 text 5"]
