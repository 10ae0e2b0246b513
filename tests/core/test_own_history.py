"""One's own decisions: found, told, and taken back; nobody else's among them."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from core.domain import Lane, Outcome, now
from core.errors import Conflict, NotFound
from core.own_days import local_midnights, tell_days
from core.own_history import OwnHistory
from core.review import Review
from core.search_index import SearchIndex
from core.verdict import Verdict
from db.stores.own_history import OwnCriteria, OwnHistoryStore
from tests.support.queue import Waiting, fill_queue, flagged

ALL = OwnCriteria()
INSULT = (False, False, False, False, True, False)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    return Review(services.sessions, services.settings, clock)


@pytest.fixture
def own(services, review, clock):
    return OwnHistory(services.sessions, services.browse, review, services.settings, clock)


@pytest.fixture
def decide(services, review, clock):
    """Comments of these texts, each decided by the person a minute later."""

    def made(texts, by, **how):
        waiting = [one if isinstance(one, Waiting) else Waiting(one) for one in texts]
        ids = fill_queue(services.sessions, waiting)
        review.claim(by)
        for comment_id in ids:
            clock.at += timedelta(minutes=1)
            verdict = {"outcome": Outcome.REMOVE, "labels": INSULT, "seconds": 3.0} | how
            review.decide(Verdict(uuid4(), comment_id, **verdict), by=by)
        return ids

    return made


def found(own, by, wanted=ALL, **how) -> list[int]:
    return [entry.decision.comment_id for entry in own.page(wanted, by=by, **how).entries]


def test_own_decisions_newest_first_page_by_page_and_nobody_elses(own, decide, ada, bob):
    mine = decide([f"text {k}" for k in range(5)], ada)
    theirs = decide(["theirs"], bob)
    page = own.page(ALL, by=ada, limit=3)
    assert [entry.decision.comment_id for entry in page.entries] == mine[:1:-1]
    assert found(own, ada, before=page.older, limit=3) == mine[1::-1]
    assert found(own, bob) == theirs
    with pytest.raises(NotFound, match="no decision of yours"):
        own.require(own.page(ALL, by=bob).entries[0].decision.id, by=ada)


def test_found_by_text_label_outcome_lane_day_and_number(services, own, decide, ada, clock):
    apple, pear = decide(["a green apple", Waiting("a yellow pear", Lane.AUDIT)], ada)
    (plum,) = decide(["a blue plum"], ada, outcome=Outcome.APPROVE, labels=(False,) * 6)
    while SearchIndex(services.sessions, poll_seconds=1).catch_up():
        pass
    assert found(own, ada, OwnCriteria(text="apple")) == [apple]
    assert found(own, ada, OwnCriteria(text="a -apple")) == [plum, pear]
    assert found(own, ada, OwnCriteria(text="-apple -plum")) == [pear]
    assert found(own, ada, OwnCriteria(text="((")) == found(own, ada, OwnCriteria(text="cherry")) == []
    assert found(own, ada, OwnCriteria(label=4)) == [pear, apple]
    assert found(own, ada, OwnCriteria(outcome=Outcome.APPROVE)) == [plum]
    assert found(own, ada, OwnCriteria(lane=Lane.AUDIT)) == [pear]
    assert found(own, ada, OwnCriteria(comment_id=pear)) == [pear]
    assert found(own, ada, OwnCriteria(since=clock.at - timedelta(seconds=30))) == [plum]
    assert found(own, ada, OwnCriteria(until=clock.at - timedelta(seconds=90))) == [apple]
    assert found(own, ada, OwnCriteria(since=clock.at + timedelta(days=1))) == []


def test_what_matches_seldom_is_looked_for_as_long_as_there_is_time(own, decide, ada, monkeypatch):
    mine = decide([f"text {k}" for k in range(4)], ada)
    monkeypatch.setattr("db.stores.own_history._FIRST_WINDOW", 1)
    page = own.page(OwnCriteria(outcome=Outcome.ESCALATE), by=ada, seconds=0)
    assert (page.entries, page.unfinished) == ([], True)
    assert found(own, ada, seconds=0) == mine[3:]


def test_a_decision_is_taken_back_and_says_so(own, decide, review, ada, clock):
    first, second = decide(["one", "two"], ada)
    entry = own.page(ALL, by=ada).entries[1]
    assert entry.can_undo
    step = uuid4()
    for _ in range(2):  # sent twice
        done = own.undo(entry.decision.id, step, by=ada)
        assert (done.comment_id, done.reopened, done.stayed) == (first, 1, 0)
    after = own.page(ALL, by=ada).entries
    assert [(e.decision.comment_id, e.undone_at is not None, e.can_undo) for e in after] == [
        (second, False, True),
        (first, True, False),
    ]


def test_what_is_older_than_the_window_stays(own, decide, review, services, ada, clock):
    decide(["one"], ada)
    clock.at += timedelta(hours=services.settings.undo_hours, seconds=1)
    entry = own.page(ALL, by=ada).entries[0]
    assert not entry.can_undo
    with pytest.raises(Conflict, match="more than 24 hours old"):
        own.undo(entry.decision.id, uuid4(), by=ada)
    with pytest.raises(Conflict, match="more than 24 hours old"):  # the queue's key asks the same
        review.undo(ada, uuid4())


def test_where_somebody_built_on_it_that_is_told(own, decide, review, ada, bob):
    (first,) = decide(["one"], ada, outcome=Outcome.ESCALATE, labels=(False,) * 6)
    review.claim(bob)
    review.decide(Verdict(uuid4(), first, Outcome.REMOVE, INSULT), by=bob)
    entry = own.page(ALL, by=ada).entries[0]
    with pytest.raises(Conflict, match=f"Comment {first} has moved on since"):
        own.undo(entry.decision.id, uuid4(), by=ada)


def test_a_batch_is_one_line_and_undone_as_one(services, own, review, ada):
    ids = fill_queue(services.sessions, [Waiting("the same") for _ in range(4)] + flagged(1))
    review.claim(ada)
    made = review.settle_identical(Verdict(uuid4(), ids[1], Outcome.REMOVE, INSULT), by=ada)
    (entry,) = own.page(ALL, by=ada).entries
    assert (entry.decision.comment_id, entry.together) == (ids[1], 4)
    one_of_them = own.page(OwnCriteria(comment_id=ids[3]), by=ada).entries[0]
    done = own.undo(one_of_them.decision.id, uuid4(), by=ada)
    assert (done.reopened, done.stayed) == (len(made), 0)


def test_of_a_blind_comment_only_ones_own_words_are_told(own, decide, services, ada, bob, review):
    (shown,) = decide([Waiting("whose", Lane.AUDIT)], ada, note="mine")
    fill_queue(services.sessions, [Waiting("whose", Lane.AUDIT)])  # the same text waits for somebody's blind decision
    entry = own.page(ALL, by=ada).entries[0]
    assert (entry.decision.labels, entry.decision.note) == (INSULT, "mine")
    assert entry.comment.id == shown
    assert (entry.comment.hidden, entry.comment.scores, entry.comment.labels) == (True, None, None)


def test_the_text_is_found_where_very_many_hold_the_word(services, own, decide, ada, monkeypatch):
    mine = decide(["a word", "a word and more", "none"], ada)
    while SearchIndex(services.sessions, poll_seconds=1).catch_up():
        pass
    monkeypatch.setattr("db.stores.own_history._SHORT", 0)
    assert found(own, ada, OwnCriteria(text="word")) == mine[1::-1]
    assert found(own, ada, OwnCriteria(text="word -more")) == mine[:1]


def test_days_are_the_persons_own_and_begin_at_local_midnight(services, own, decide, review, ada, bob, clock):
    clock.at = datetime(2026, 3, 29, 21, 30, tzinfo=UTC)  # 23:30 in Berlin, where this night's clocks went forward
    decide([f"early {k}" for k in range(3)], ada)
    decide(["theirs"], bob)
    clock.at = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    decide(["late", "later"], ada, outcome=Outcome.APPROVE, labels=(False,) * 6, seconds=9.0)
    review.undo(ada, uuid4())
    before, first, second = own.days(local_midnights(clock.at, ZoneInfo("Europe/Berlin"), 3), by=ada)
    assert [day.day for day in (before, first, second)] == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]
    assert (before.done, before.median_seconds, before.minutes) == (0, None, 0)
    assert (first.outcomes[Outcome.REMOVE], first.labels, first.median_seconds) == (3, (0, 0, 0, 0, 3, 0), 3.0)
    assert first.minutes == pytest.approx(2 + 3 / 60)
    assert (second.outcomes[Outcome.APPROVE], second.done, second.median_seconds) == (1, 1, 9.0)


def test_a_pause_is_no_work():
    minute = 60_000_000
    acts = [(0, "remove", 1, 30.0), (minute, "remove", 1, 50.0), (90 * minute, "approve", 0, 4_000.0)]
    midnights = local_midnights(datetime(1970, 1, 1, 12, tzinfo=UTC), UTC, 1)
    assert tell_days(midnights, acts)[0].minutes == pytest.approx(0.5 + 1 + 5)


def test_midnights_follow_the_clock():
    nights = local_midnights(datetime(2026, 10, 25, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"), 3)
    assert [start.hour for _, start in nights] == [22, 22, 23]
    assert nights[-1][0] == date(2026, 10, 26)


def test_a_revocation_is_no_entry(services, own, decide, review, ada):
    decide(["one"], ada)
    review.undo(ada, uuid4())
    with services.sessions.read() as session:
        store = OwnHistoryStore(session, ada.name)
        assert store.get(2) is None
    assert len(own.page(ALL, by=ada).entries) == 1
