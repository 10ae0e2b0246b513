"""Raids: what is found, and what one decision on many comments does and leaves alone."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4, uuid5

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from sqlalchemy import func, select, update

from core.domain import Lane, Outcome, RoutingState
from core.errors import BadInput, Conflict
from core.metrics.service import Days, Metrics, View
from core.raid_clusters import BURST_WITHIN, LEAST_BURST, Kind, find_clusters
from core.raid_likeness import BANDS, PERMUTATIONS, SIMILAR_FROM, Likeness, _Index, shingles, sketches_of
from core.raids import MOST_SETTLED, BulkVerdict
from core.text import text_hash
from core.verdict import Verdict
from db.models import CommentRow, DecisionRow, ImportRow, RoutingRow
from db.stores.imports import ImportStore
from db.stores.raids import RaidStore
from db.stores.raids import Waiting as Open
from tests.support.queue import Waiting, fill_queue, flagged

SPAM = "Everybody in this town knows that the mayor sold the harbour to his friends, ask {name} about it"
NAMES = ("Anna", "Bert", "Carl", "Dora", "Emil", "Frida", "Gustav", "Hanna")
START = datetime(2026, 11, 2, 12, tzinfo=UTC)
TOXIC = (True, False, False, False, False, False)


def raid(many: int, **options) -> list[Waiting]:
    """Comments that are nearly the same, by as many authors."""
    return [Waiting(SPAM.format(name=NAMES[k % 8]), author=f"a{k}", **options) for k in range(many)]


def remove(ids, batch=None) -> BulkVerdict:
    return BulkVerdict(batch or uuid4(), ids, Outcome.REMOVE, TOXIC)


@pytest.fixture
def fill(services):
    return lambda waiting: fill_queue(services.sessions, waiting)


@pytest.fixture
def ledger(services):
    def read():
        with services.sessions.read() as session:
            return session.scalars(select(DecisionRow).order_by(DecisionRow.id)).all()

    return read


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("core.raids._CHUNK", 4)


def test_near_identical_comments_are_a_cluster_and_others_are_not(services, fill):
    made = fill([*raid(9), *flagged(3), Waiting("Nothing like the rest of them at all")])
    look = services.raids.find()
    (cluster,) = look.clusters
    assert (cluster.kind, cluster.ids) == (Kind.TEXT, tuple(made[:9]))
    assert (cluster.texts, cluster.authors, cluster.left_out, look.looked) == (8, 9, 0, 13)
    assert cluster.identical == (made[0], made[8])
    assert len(cluster.samples()) == 5
    assert set(cluster.samples()) < set(made[1:8])


def test_a_later_look_finds_what_came_since_and_forgets_what_went(services, fill, ada):
    made = fill(raid(6))
    services.raids.find()
    more = fill([*raid(2), Waiting("Something else altogether, by somebody else")])
    services.raids.settle(remove(made[:3]), by=ada)
    (cluster,) = services.raids.find().clusters
    assert cluster.ids == (*made[3:], *more[:2])


def test_the_page_is_not_kept_waiting(sqlite_services, ada):
    fill_queue(sqlite_services.sessions, raid(6))
    assert sqlite_services.raids.look(by=ada) is None
    sqlite_services.raids._thread.join(30)
    assert len(sqlite_services.raids.look(by=ada).clusters) == 1
    assert not sqlite_services.raids.is_looking()  # nothing has changed


def test_a_look_that_failed_is_told_once_and_tried_again(sqlite_services, ada, monkeypatch):
    fill_queue(sqlite_services.sessions, raid(6))
    with monkeypatch.context() as broken:
        broken.setattr("core.raids.find_clusters", lambda *_: 1 / 0)
        sqlite_services.raids.look(by=ada)
        sqlite_services.raids._thread.join(30)
    with pytest.raises(Conflict, match="log says why"):
        sqlite_services.raids.look(by=ada)
    sqlite_services.raids.look(by=ada)
    sqlite_services.raids._thread.join(30)
    assert sqlite_services.raids.look(by=ada).clusters


BLIND = [Lane.AUDIT, Lane.SECOND, Lane.ADJUDICATION, Lane.DISAGREEMENT, Lane.RECHECK]


def test_blind_escalated_and_golden_ones_are_counted_never_shown_nor_settled(services, fill, ada, ledger):
    special = [w for lane in (*BLIND, Lane.ESCALATED) for w in raid(1, lane=lane)]
    made = fill([*raid(5), *special, *raid(1, golden=True)])
    (cluster,) = services.raids.find().clusters
    assert cluster.ids == tuple(made[:5])
    assert cluster.left_out == len(special) + 1
    done = services.raids.settle(remove(made), by=ada)  # even where somebody asks for them
    assert (done.recorded, done.passed) == (5, len(special) + 1)
    assert {row.comment_id for row in ledger()} == set(made[:5])
    assert not any(row.blind for row in ledger())
    assert {row.lane for row in ledger()} == {"flagged"}


def test_what_turned_blind_since_the_look_is_not_shown(services, fill, ada):
    made = fill(raid(8))
    (cluster,) = services.raids.find().clusters
    with services.sessions.begin() as session:
        session.execute(update(RoutingRow).where(RoutingRow.comment_id.in_(made[:2])).values(lane=Lane.RECHECK.value))
    shown = services.raids.show(cluster, by=ada)
    assert shown.free == tuple(made[2:])
    assert shown.representative.comment_id == made[2]
    assert not {sample.comment_id for sample in shown.samples} & set(made[:2])


def test_what_others_have_is_left_alone_and_counted(services, fill, ada, bob, ledger):
    made = fill(raid(8))
    held = [claim.comment_id for claim in services.review.take(bob, 3)]
    services.review.take(ada, 2)
    (cluster,) = services.raids.find().clusters
    shown = services.raids.show(cluster, by=ada)
    assert (len(shown.free), shown.held) == (5, 3)
    done = services.raids.settle(remove(made), by=ada)
    assert (done.recorded, done.held) == (5, 3)
    assert {row.comment_id for row in ledger()} == set(made) - set(held)
    assert [claim.comment_id for claim in services.review.take(bob, 1)] == held


def test_each_comment_is_listed_and_sent_twice_it_counts_once(services, fill, ada, bob, ledger, small_chunks):
    made = fill(raid(10))
    verdict = remove(made)
    assert services.raids.settle(verdict, by=ada).recorded == 10
    again = services.raids.settle(verdict, by=ada)
    assert (again.recorded, again.already, again.passed) == (0, 10, 0)
    rows = ledger()
    assert [row.comment_id for row in rows] == made
    assert {(row.batch, row.person, row.outcome, row.labels) for row in rows} == {(verdict.batch, "Ada", "remove", 1)}
    assert [row.client_id for row in rows] == [verdict.batch, *(uuid5(verdict.batch, str(i)) for i in made[1:])]
    with pytest.raises(Conflict):
        services.raids.settle(verdict, by=bob)


def test_cut_off_in_the_middle_the_rest_can_be_sent_again(services, fill, ada, ledger, small_chunks, monkeypatch):
    made = fill(raid(10))
    verdict, real, calls = remove(made), services.raids._settle, []

    def dies(*arguments):
        calls.append(1)
        done = real(*arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(services.raids, "_settle", dies)
    with pytest.raises(KeyboardInterrupt):
        services.raids.settle(verdict, by=ada)
    assert len(ledger()) == 4  # the first chunk whole, nothing of the second
    done = services.raids.settle(verdict, by=ada)
    assert (done.recorded, done.already) == (6, 4)
    assert len({row.comment_id for row in ledger()}) == len(ledger()) == 10


def test_one_step_undoes_the_whole_batch(services, fill, ada, ledger, small_chunks):
    made = fill([*raid(10), *flagged(1)])
    services.review.decide(Verdict(uuid4(), made[10], Outcome.APPROVE), by=ada)
    verdict = remove(made[:10])
    services.raids.settle(verdict, by=ada)
    last = services.raids.last_batch(by=ada)
    assert (last.client_id, last.comments, last.outcome) == (verdict.batch, 10, Outcome.REMOVE)
    assert sorted(services.review.undo(ada, uuid4())) == made[:10]
    with services.sessions.read() as session:
        states = session.execute(select(RoutingRow.state, func.count()).group_by(RoutingRow.state)).all()
    assert dict(states) == {RoutingState.OPEN.value: 10, RoutingState.SETTLED.value: 1}
    assert len(ledger()) == 21
    assert services.raids.last_batch(by=ada) is None
    with pytest.raises(Conflict, match="taken back"):
        services.raids.settle(verdict, by=ada)
    assert services.raids.settle(remove(made[:10]), by=ada).recorded == 10


def test_undone_in_the_middle_it_goes_no_further(sqlite_services, ada):
    made, batch = fill_queue(sqlite_services.sessions, raid(10)), uuid4()
    sqlite_services.raids.settle(remove(made[:4], batch), by=ada)
    sqlite_services.review.undo(ada, uuid4())
    with pytest.raises(Conflict, match="taken back"):
        sqlite_services.raids.settle(remove(made, batch), by=ada)
    with sqlite_services.sessions.read() as session:
        assert session.scalar(select(func.count(DecisionRow.id))) == 8


def test_metrics_kept_live_equal_those_from_scratch(services, fill, ada, small_chunks):
    made = fill(raid(10))
    live = Metrics(services.sessions)
    model = live.models()[0].id
    live.refresh(model)
    services.raids.settle(remove(made[:6]), by=ada)
    live.refresh(model)
    services.review.undo(ada, uuid4())
    services.raids.settle(BulkVerdict(uuid4(), made, Outcome.APPROVE), by=ada)
    kept, anew = (one.overview(model, Days(0, 60_000), View.REVIEWED) for one in (live, Metrics(services.sessions)))
    assert (kept.labels, kept.decided, kept.covered) == (anew.labels, anew.decided, anew.covered)
    assert kept.decided == 10


def test_bad_orders_are_refused(sqlite_services, ada):
    with pytest.raises(BadInput, match="one by one"):
        sqlite_services.raids.settle(BulkVerdict(uuid4(), [1], Outcome.ESCALATE), by=ada)
    with pytest.raises(BadInput, match="Nothing is chosen"):
        sqlite_services.raids.settle(remove([]), by=ada)
    with pytest.raises(BadInput, match="10,000"):
        sqlite_services.raids.settle(remove(range(MOST_SETTLED + 1)), by=ada)


def test_texts_equal_to_an_audit_item_stay_out_of_training(services, fill, ada):
    same = Waiting("exactly the words that one audited comment has as well")
    made = fill([*([same] * 6), replace(same, lane=Lane.AUDIT), *raid(5)])
    assert [cluster.left_out for cluster in services.raids.find().clusters] == [1, 0]
    services.raids.settle(remove(made), by=ada)
    assert services.datasets.preview("training").rows == 5


def opened(number: int, seconds: float, **more) -> Open:
    values = {"author": None, "thread": None, "bulk": True} | more
    return Open(number, f"text {number}", "site", at=START + timedelta(seconds=seconds), **values)


def found(waiting):
    return find_clusters(waiting, {one.digest: one.digest for one in waiting})


@pytest.mark.parametrize(("name", "kind"), [("author", Kind.AUTHOR), ("thread", Kind.THREAD)])
def test_many_within_minutes_are_a_burst(name, kind):
    burst = [opened(k, 20 * k, **{name: "x"}) for k in range(LEAST_BURST + 5)]
    slow = [opened(100 + k, 40 * k, **{name: "y"}) for k in range(LEAST_BURST)]
    later = [opened(200, 7200, **{name: "x"})]
    (cluster,) = found([*burst, *slow, *later])
    assert (cluster.kind, cluster.shared, len(cluster.ids)) == (kind, "x", LEAST_BURST + 5)
    assert cluster.last_at - cluster.first_at < BURST_WITHIN
    assert cluster.representative == 0


def test_a_file_without_times_is_no_burst(services, fill):
    texts = ["".join(random.Random(k).choices("abcdefgh ", k=80)) for k in range(LEAST_BURST)]
    made = fill([Waiting(text, thread="t") for text in texts])
    assert [one.kind for one in services.raids.find().clusters] == [Kind.THREAD]
    with services.sessions.begin() as session:
        added = session.scalars(select(CommentRow.added_at).where(CommentRow.id.in_(made))).all()
        source = session.scalar(select(CommentRow.source).where(CommentRow.id == made[0]))
        run = ImportStore(session).start(file="old.csv", source=source, person="ada")
        session.execute(update(CommentRow).values(created_at=None))
        times = {"started_at": min(added), "seen_at": max(added)}
        session.execute(update(ImportRow).where(ImportRow.id == run).values(times))
    with services.sessions.read() as session:
        waiting = RaidStore(session).waiting(100)
    assert {one.timed for one in waiting} == {False}
    assert found(waiting) == []


def test_two_bursts_of_one_author_are_two_and_names_are_of_a_source():
    one = [opened(k, k, author="x") for k in range(LEAST_BURST)]
    two = [opened(100 + k, 9000 + k, author="x") for k in range(LEAST_BURST)]
    assert [len(c.ids) for c in found([*one, *two])] == [LEAST_BURST, LEAST_BURST]
    half = LEAST_BURST // 2
    elsewhere = [Open(500 + k, f"t{k}", "other", "x", None, START, True) for k in range(half)]
    assert found([*one[:half], *elsewhere]) == []


def test_texts_join_a_leader_and_never_a_chain():
    words = [chr(97 + k) * 4 + chr(122 - k) * 3 for k in range(26)]
    drifting = [" ".join(words[k : k + 12]) for k in range(10)]  # each like the next, the first unlike the last
    likeness = Likeness()
    likeness.learn([(text_hash(text), text) for text in drifting])
    leaders = likeness.leaders([text_hash(text) for text in drifting])
    assert leaders[text_hash(drifting[1])] == leaders[text_hash(drifting[0])] == text_hash(drifting[0])
    assert leaders[text_hash(drifting[9])] != text_hash(drifting[0])


@pytest.mark.parametrize("text", ["", " ", "a", "\u202eevil", "🙂" * 10_000, "\0", "7"])
def test_odd_texts_are_like_themselves_alone(text):
    likeness = Likeness()
    likeness.learn([("odd", text), ("plain", SPAM)])
    assert likeness.leaders(["odd", "plain"]) == {"odd": "odd", "plain": "plain"}


def test_not_makes_a_difference():
    likeness = Likeness()
    likeness.learn([("1", "You are an idiot"), ("2", "You are not an idiot")])
    assert likeness.leaders(["1", "2"]) == {"1": "1", "2": "2"}


def test_sketches_made_for_many_texts_at_once_are_those_of_the_library():
    texts = ["", "7", "\u202eevil", "🙂" * 2_000, "Ｗｉｄｅ  and\nnarrow 12345", SPAM, SPAM.upper(), "x" * 5_000]
    for text, sketch in zip(texts, sketches_of(texts), strict=True):
        expected = MinHash(num_perm=PERMUTATIONS, scheme="affine32", hashfunc=int)
        expected.update_batch(set(shingles(text).tolist()))
        assert (sketch == expected.hashvalues).all()


def test_the_index_finds_the_candidates_that_the_library_finds():
    draw = random.Random(3)
    words = ["".join(draw.choices("abcdefghij", k=5)) for _ in range(200)]
    base = [" ".join(draw.choices(words, k=20)) for _ in range(30)]
    texts = [" ".join(draw.choice(words) if draw.random() < 0.1 else w for w in b.split()) for b in base * 8]
    made = sketches_of(texts)
    index, expected = _Index(made), MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
    for row, sketch in enumerate(made):
        hashed = MinHash(num_perm=PERMUTATIONS, scheme="affine32", hashvalues=sketch)
        near = {other: np.mean(made[other] == sketch) for other in expected.query(hashed)}
        best = max(near.values(), default=0.0)
        found = index.most_like(row)
        assert (found is None) == (best < SIMILAR_FROM)
        assert found is None or near[found] == best
        expected.insert(row, hashed)
        index.add(row)


def test_the_queue_is_told_of_which_raid_a_comment_is_one(services, fill, ada):
    made = fill([*raid(12), *flagged(3), *raid(1, lane=Lane.AUDIT)])
    assert services.raids.around(made, by=ada) == {}
    services.raids.find()
    found = services.raids.around(made, by=ada)
    assert set(found) == set(made[:12])
    (cluster,) = set(found.values())
    assert services.raids.get(cluster.key, by=ada) is cluster
    assert services.raids.get("text-gone", by=ada) is None


def test_fewer_than_ten_are_not_worth_telling(services, fill, ada):
    made = fill(raid(9))
    services.raids.find()
    assert services.raids.around(made, by=ada) == {}


def test_beside_the_queue_a_look_begins_now_and_then_and_only_for_something_new(sqlite_services, ada, monkeypatch):
    raids, looks = sqlite_services.raids, []
    monkeypatch.setattr(raids, "find", lambda real=raids.find: looks.append(real()))
    fill_queue(sqlite_services.sessions, raid(12))
    raids.look_beside(by=ada)
    assert raids._thread is None  # a server that has just begun
    for new, expected in ((0, 1), (0, 1), (2, 2)):
        fill_queue(sqlite_services.sessions, raid(new)) if new else None
        raids._beside_from = 0.0
        raids.look_beside(by=ada)
        raids.look_beside(by=ada)
        raids._thread.join(30)
        assert len(looks) == expected
    assert raids._beside_from > time.monotonic() + 100
