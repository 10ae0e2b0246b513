"""Leases: each comment with one worker, none lost."""

import threading
from datetime import timedelta

import pytest

from core.domain import now
from db.stores.pending import PendingStore
from tests.support.scoring import add_comments

MINUTE = timedelta(minutes=1)


@pytest.fixture
def sessions(services):
    return services.sessions


def lease(sessions, worker, limit, at=None):
    at = at or now()
    with sessions.begin() as session:
        return PendingStore(session).lease(worker, limit, now=at, until=at + MINUTE)


def texts(sessions, held):
    with sessions.read() as session:
        return PendingStore(session).texts(held)


def test_the_longest_waiting_come_first_and_once(sessions):
    ids = add_comments(sessions, ["a", "b", "c"])
    one, two, three = (lease(sessions, "w", 2), lease(sessions, "w", 2), lease(sessions, "w", 2))
    assert texts(sessions, one) == [(ids[0], "a"), (ids[1], "b")]
    assert texts(sessions, two) == [(ids[2], "c")]
    assert three.size == 0


def test_a_lapsed_lease_is_free_again_and_its_former_holder_finishes_nothing(sessions):
    add_comments(sessions, ["a", "b"])
    dead = lease(sessions, "dead", 2, at=now() - 2 * MINUTE)
    taken = [lease(sessions, "alive", 2) for _ in range(3)]
    assert [held.size for held in taken] == [1, 1, 0]
    with sessions.begin() as session:
        assert PendingStore(session).finish(dead) == set()
        assert [len(PendingStore(session).finish(held)) for held in taken] == [1, 1, 0]
        assert PendingStore(session).count() == 0


def test_a_text_that_kills_whoever_scores_it_is_alone_in_the_end_and_set_aside(sessions):
    ids = add_comments(sessions, [str(i) for i in range(100)])
    poison, scored, deaths, at = ids[37], set(), 0, now()
    while True:
        held = lease(sessions, f"w{deaths}", 64, at=at)
        if not held.size:
            break
        if poison in dict(texts(sessions, held)):
            deaths, at = deaths + 1, at + 2 * MINUTE
            continue
        with sessions.begin() as session:
            scored |= PendingStore(session).finish(held)
    with sessions.read() as session:
        assert (PendingStore(session).count(), PendingStore(session).count_set_aside()) == (1, 1)
    assert scored == set(ids) - {poison}
    assert deaths <= 8
    assert lease(sessions, "w", 64, at=at + 61 * MINUTE).size == 1  # tried again


def test_the_end_of_a_worker_frees_what_it_held_alone(sessions):
    add_comments(sessions, ["a"])
    lease(sessions, "dead", 1, at=now() - 2 * MINUTE)
    assert lease(sessions, "w", 1).size == 1
    with sessions.begin() as session:
        PendingStore(session).release_all("w")
    assert lease(sessions, "v", 1).size == 1


def test_lapsed_ones_go_before_those_that_nobody_held(sessions):
    ids = add_comments(sessions, ["a", "b"])
    first = lease(sessions, "w", 1)
    lease(sessions, "dead", 1, at=now() - 2 * MINUTE)
    with sessions.begin() as session:
        PendingStore(session).release(first)
    assert texts(sessions, lease(sessions, "alive", 1)) == [(ids[1], "b")]


def test_released_comments_wait_again(sessions):
    add_comments(sessions, ["a", "b"])
    held = lease(sessions, "w", 2)
    with sessions.begin() as session:
        PendingStore(session).release(held)
    assert lease(sessions, "v", 2).size == 2
    with sessions.begin() as session:
        PendingStore(session).release_all("v")
    assert lease(sessions, "w", 2).size == 2


def test_set_aside_comments_wait_until_the_time_or_another_model(sessions):
    ids = add_comments(sessions, ["a", "b"])
    held = lease(sessions, "w", 2)
    with sessions.begin() as session:
        store = PendingStore(session)
        store.set_aside(held, ids[:1], until=now() + MINUTE)
        assert store.finish(held) == {ids[1]}
        assert (store.count(), store.count_set_aside()) == (1, 1)
    assert lease(sessions, "w", 2).size == 0
    assert lease(sessions, "w", 2, at=now() + 2 * MINUTE).size == 1


def test_a_new_model_tries_set_aside_comments_at_once(sessions):
    ids = add_comments(sessions, ["a"])
    held = lease(sessions, "w", 2)
    with sessions.begin() as session:
        PendingStore(session).set_aside(held, ids, until=now() + MINUTE)
        PendingStore(session).retry_set_aside()
        assert PendingStore(session).count_set_aside() == 0
    assert lease(sessions, "w", 2).size == 1


def test_adding_what_waits_already_changes_nothing(sessions):
    ids = add_comments(sessions, ["a", "b"])
    held = lease(sessions, "w", 1)
    with sessions.begin() as session:
        PendingStore(session).add(ids)
    assert len(texts(sessions, held)) == 1
    assert lease(sessions, "w", 2).size == 1


def test_many_workers_share_without_overlap(sessions):
    ids = add_comments(sessions, [str(i) for i in range(600)])
    got: list[int] = []

    def work(name: str) -> None:
        while (held := lease(sessions, name, 17)).size:
            got.extend(id_ for id_, _ in texts(sessions, held))

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ids
