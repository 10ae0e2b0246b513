"""The queue: every decision once, for the right comment, and nothing lost between people."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from core.accounts import Person, Role
from core.domain import NO_LABELS, Lane, Outcome, RoutingState, now
from core.errors import BadInput, Conflict, NotAllowed, NotFound
from core.review import Review
from core.verdict import Verdict
from db.models import ClaimRow, DecisionRow, RoutingRow
from tests.support.queue import SEVERE, Waiting, fill_queue, flagged

TOXIC = (True, False, False, False, False, False)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self):
        return self.at

    def forward(self, **span) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    return Review(services.sessions, services.settings, clock)


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
def routing(services):
    def read(comment_id):
        with services.sessions.read() as session:
            return session.get(RoutingRow, comment_id)

    return read


def remove(comment_id, **options) -> Verdict:
    return Verdict(uuid4(), comment_id, Outcome.REMOVE, TOXIC, **options)


def ids(items) -> list[int]:
    return [item.comment.id for item in items]


def test_lanes_are_served_in_their_order_and_by_priority(review, fill, ada):
    made = fill(
        [
            Waiting("a", priority=0.5), Waiting("b", priority=-0.5), Waiting("c", Lane.AUDIT, priority=0.9),
            Waiting("d", Lane.AUDIT, priority=0.1), Waiting("e", Lane.ESCALATED, priority=7),
        ]
    )  # fmt: skip
    assert ids(review.claim(ada)) == [made[4], made[3], made[2], made[1], made[0]]


def test_a_decision_settles_and_carries_everything(review, fill, ada, ledger, routing):
    (comment_id,) = fill(flagged(1))
    item = review.claim(ada)[0]
    made = review.decide(remove(comment_id, seconds=3.5, note=" why "), by=ada)
    row = ledger()[0]
    assert (row.person, row.outcome, row.labels, row.seconds, row.note) == ("Ada", "remove", 1, 3.5, "why")
    assert (row.lane, row.blind, row.model_id) == ("flagged", False, item.evidence.model_id)
    assert made.client_id == row.client_id
    assert routing(comment_id).state == RoutingState.SETTLED
    assert review.claim(ada) == []


def test_the_same_key_press_sent_twice_is_one_decision(review, fill, ada, bob, ledger):
    (comment_id,) = fill(flagged(1))
    verdict = remove(comment_id)
    first = review.decide(verdict, by=ada)
    assert review.decide(verdict, by=ada).client_id == first.client_id
    assert len(ledger()) == 1
    with pytest.raises(Conflict):
        review.decide(verdict, by=bob)


def test_the_same_key_press_from_ten_threads_is_one_decision(review, fill, ada, ledger):
    (comment_id,) = fill(flagged(1))
    verdict = remove(comment_id)
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: review.decide(verdict, by=ada), range(10)))
    assert {decision.client_id for decision in made} == {verdict.client_id}
    assert len(ledger()) == 1


def test_what_is_settled_or_somebody_elses_is_refused(review, fill, ada, bob, ledger):
    first, second = fill(flagged(2))
    review.claim(ada, 1)
    review.claim(bob, 1)
    with pytest.raises(Conflict, match="Bob has comment"):
        review.decide(remove(second), by=ada)
    review.decide(remove(first), by=ada)
    with pytest.raises(Conflict, match=r"Ada settled comment \d+ already \(remove\)"):
        review.decide(remove(first), by=bob)
    with pytest.raises(NotFound):
        review.decide(remove(999), by=ada)
    assert len(ledger()) == 1


def test_a_lapsed_claim_counts_until_somebody_takes_over(review, fill, ada, bob, clock):
    first, second = fill(flagged(2))
    review.claim(ada)
    clock.forward(seconds=121)
    review.decide(remove(first), by=ada)
    assert ids(review.claim(bob)) == [second]
    with pytest.raises(Conflict, match="Bob has"):
        review.decide(remove(second), by=ada)


def test_a_heartbeat_keeps_what_nobody_took_and_names_the_lost(review, fill, ada, bob, clock):
    first, second = fill(flagged(2))
    review.claim(ada)
    clock.forward(seconds=100)
    assert review.heartbeat(ada, [first]) == []
    clock.forward(seconds=100)
    assert ids(review.claim(bob)) == [second]
    assert review.heartbeat(ada, [first, second]) == [second]
    clock.forward(seconds=121)
    assert review.heartbeat(ada, [first]) == []
    assert ids(review.claim(ada, 0)) == [first]


def test_a_skipped_comment_comes_back_last(review, fill, ada, bob):
    first, second, third = fill(flagged(3))
    review.claim(ada, 1)
    review.skip(ada, first)
    assert ids(review.claim(ada, 1)) == [second]
    assert ids(review.claim(bob, 1)) == [first]
    review.skip(bob, first)
    review.decide(remove(second), by=ada)
    review.decide(remove(third), by=ada)
    assert ids(review.claim(ada)) == [first]


def test_a_held_comment_waits_a_day_for_its_moderator(review, fill, ada, bob, clock):
    first, second = fill(flagged(2))
    review.claim(ada, 2)
    review.hold(ada, first)
    clock.forward(hours=23)
    assert ids(review.claim(bob)) == [second]
    assert [(item.comment.id, item.held) for item in review.claim(ada)] == [(first, True)]
    clock.forward(hours=2)
    assert ids(review.claim(bob)) == [first, second]
    with pytest.raises(Conflict):
        review.resume(ada, first)


def test_a_held_comment_can_be_taken_up_and_decided(review, fill, ada):
    first, _ = fill(flagged(2))
    review.claim(ada, 2)
    review.hold(ada, first)
    assert review.heartbeat(ada, [first]) == []
    assert [item.held for item in review.claim(ada)] == [False, True]
    review.resume(ada, first)
    assert not any(item.held for item in review.claim(ada))
    review.decide(remove(first), by=ada)


def test_undo_goes_back_any_number_of_steps(review, fill, ada, bob, ledger, routing):
    made = fill(flagged(5))
    review.claim(ada, 5)
    for comment_id in made:
        review.decide(remove(comment_id), by=ada)
    assert [review.undo(ada, uuid4()) for _ in range(3)] == [[made[4]], [made[3]], [made[2]]]
    assert ids(review.claim(ada, 0)) == made[2:]
    assert review.claim(bob) == []
    review.decide(remove(made[2]), by=ada)
    assert review.undo(ada, uuid4()) == [made[2]]
    assert review.undo(ada, uuid4()) == [made[1]]
    assert review.undo(ada, uuid4()) == [made[0]]
    with pytest.raises(NotFound):
        review.undo(ada, uuid4())
    assert sorted(row.revokes for row in ledger() if row.revokes) == [1, 2, 3, 4, 5, 9]
    assert routing(made[0]).state == RoutingState.OPEN


def test_an_undo_sent_twice_is_one(review, fill, ada, ledger):
    made = fill(flagged(2))
    for comment_id in made:
        review.decide(remove(comment_id), by=ada)
    step = uuid4()
    assert review.undo(ada, step) == review.undo(ada, step) == [made[1]]
    assert len(ledger()) == 3


def test_a_given_step_is_undone_and_nobody_elses(review, fill, ada, bob):
    first, second = fill(flagged(2))
    verdict = remove(first)
    review.decide(verdict, by=ada)
    review.decide(remove(second), by=ada)
    with pytest.raises(NotFound):
        review.undo(bob, uuid4(), verdict.client_id)
    assert review.undo(ada, uuid4(), verdict.client_id) == [first]
    with pytest.raises(Conflict):
        review.undo(ada, uuid4(), verdict.client_id)


def test_an_escalated_comment_moves_on_to_anybody(review, fill, ada, bob, routing):
    first, second, third = fill(flagged(3))
    review.claim(ada, 1)
    review.decide(Verdict(uuid4(), first, Outcome.ESCALATE, TOXIC, note="is this a quote?"), by=ada)
    assert (routing(first).lane, routing(first).state) == (Lane.ESCALATED, RoutingState.OPEN)
    assert ids(review.claim(ada, 1)) == [second]
    item = review.claim(bob, 1)[0]
    assert (item.comment.id, item.escalation.person, item.escalation.note) == (first, "Ada", "is this a quote?")
    with pytest.raises(Conflict):
        review.undo(ada, uuid4())
    review.decide(Verdict(uuid4(), first, Outcome.APPROVE), by=bob)
    review.decide(remove(second), by=ada)
    assert ids(review.claim(ada)) == [third]


def test_an_escalation_alone_comes_back_to_the_same_person_at_last(review, fill, ada):
    (first,) = fill(flagged(1))
    review.claim(ada)
    review.decide(Verdict(uuid4(), first, Outcome.ESCALATE), by=ada)
    assert [item.lane for item in review.claim(ada)] == [Lane.ESCALATED]


def test_an_escalation_can_be_undone(review, fill, ada, routing):
    (first,) = fill(flagged(1))
    review.decide(Verdict(uuid4(), first, Outcome.ESCALATE), by=ada)
    assert review.undo(ada, uuid4()) == [first]
    assert routing(first).lane == Lane.FLAGGED


def test_identical_comments_are_settled_and_undone_as_one(review, fill, ada, bob, ledger, routing):
    made = fill(
        [
            Waiting("buy   NOW", priority=0), Waiting("Buy now", priority=1), Waiting("buy now", Lane.AUDIT),
            Waiting("buy now", golden=True), Waiting("BUY NOW", priority=2), Waiting("other", priority=9),
        ]
    )  # fmt: skip
    review.claim(bob, 1)  # the audit item
    item = review.claim(ada, 1)[0]
    assert item.evidence.identical == 3
    verdict = remove(made[0], seconds=2)
    settled = review.settle_identical(verdict, by=ada)
    assert [d.comment_id for d in settled] == [made[0], made[1], made[4]]
    assert {d.batch for d in settled} == {verdict.client_id}
    assert [d.seconds for d in settled] == [2, None, None]
    again = review.settle_identical(verdict, by=ada)
    assert [d.comment_id for d in again] == [d.comment_id for d in settled]
    assert len(ledger()) == 3
    assert routing(made[2]).state == routing(made[3]).state == RoutingState.OPEN
    assert set(review.undo(ada, uuid4())) == {made[0], made[1], made[4]}
    assert len(ledger()) == 6
    assert ids(review.claim(ada, 0)) == [made[0]]
    assert routing(made[4]).state == RoutingState.OPEN


def test_identical_comments_of_somebody_else_stay_theirs(review, fill, ada, bob):
    made = fill([Waiting("same", priority=0), Waiting("same", priority=1), Waiting("same", priority=2)])
    review.claim(ada, 1)
    review.claim(bob, 1)
    assert [d.comment_id for d in review.settle_identical(remove(made[0]), by=ada)] == [made[0], made[2]]


def test_a_blind_item_is_never_settled_with_others(review, fill, ada):
    made = fill([Waiting("same", Lane.AUDIT), Waiting("same")])
    with pytest.raises(BadInput):
        review.settle_identical(remove(made[0]), by=ada)


def test_how_identical_text_was_decided_is_shown(review, fill, ada):
    made = fill([Waiting("same", priority=k) for k in range(4)])
    review.decide(remove(made[0]), by=ada)
    review.decide(remove(made[1]), by=ada)
    review.decide(Verdict(uuid4(), made[2], Outcome.APPROVE), by=ada)
    evidence = review.claim(ada)[0].evidence
    assert evidence.history == [(Outcome.REMOVE, TOXIC, 2), (Outcome.APPROVE, NO_LABELS, 1)]


def test_blind_items_carry_nothing_that_could_sway(review, fill, ada, bob):
    (first,) = fill([Waiting("text", Lane.AUDIT, scores=SEVERE)])
    item = review.claim(ada)[0]
    assert (item.blind, item.evidence) == (True, None)
    review.decide(Verdict(uuid4(), first, Outcome.ESCALATE), by=ada)
    item = review.claim(bob)[0]
    assert (item.lane, item.blind, item.evidence) == (Lane.ESCALATED, True, None)
    assert review.decide(remove(first), by=bob).blind


def test_severe_text_is_masked(review, fill, ada):
    fill([Waiting("a", scores=SEVERE, priority=0), Waiting("b", priority=1)])
    assert [item.evidence.severe for item in review.claim(ada)] == [True, False]


def test_many_people_never_get_the_same_comment(review, fill, services):
    made = fill(flagged(200))
    people = [Person(f"P{k}", frozenset({Role.MODERATOR})) for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda person: ids(review.claim(person, 25)), people * 3))
    assert sorted({comment_id for some in got for comment_id in some}) == made
    with services.sessions.read() as session:
        live = session.scalars(select(ClaimRow.comment_id).where(ClaimRow.released_at.is_(None))).all()
    assert sorted(live) == made


def test_two_who_work_through_a_queue_decide_each_comment_once(review, fill, ada, bob, services):
    made = fill(flagged(60))

    def work(person) -> int:
        done = 0
        while items := review.claim(person, 5):
            for item in items:
                review.decide(remove(item.comment.id), by=person)
                done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, [ada, bob])) == len(made)
    with services.sessions.read() as session:
        assert session.scalar(select(func.count(func.distinct(DecisionRow.comment_id)))) == len(made)


def test_what_others_have_is_said(review, fill, ada, bob, clock):
    fill(flagged(3))
    review.claim(ada)
    review.hold(ada, 1)
    assert review.claim(bob) == []
    elsewhere = review.elsewhere(bob)
    assert (elsewhere.claimed, elsewhere.held, elsewhere.unscored) == (3, 1, 0)
    assert elsewhere.first_back == clock.at + timedelta(seconds=120)


def test_counts(review, fill, ada, bob, clock):
    made = fill([*flagged(4), Waiting("x", Lane.AUDIT)])
    for seconds, comment_id in zip((1, 5, 9), made, strict=False):
        review.decide(remove(comment_id, seconds=seconds), by=ada)
    review.undo(ada, uuid4())
    counts = review.counts(ada, clock.at - timedelta(hours=1))
    assert (counts.done, counts.median_seconds) == (2, 3)
    assert {lane: many for lane, many in counts.waiting.items() if many} == {Lane.AUDIT: 1, Lane.FLAGGED: 2}
    assert review.counts(bob, clock.at).done == 0


def test_every_act_checks_the_role(review, fill):
    fill(flagged(1))
    analyst = Person("Eve", frozenset({Role.ANALYST}))
    acts = [
        lambda: review.claim(analyst),
        lambda: review.heartbeat(analyst, [1]),
        lambda: review.decide(remove(1), by=analyst),
        lambda: review.settle_identical(remove(1), by=analyst),
        lambda: review.skip(analyst, 1),
        lambda: review.hold(analyst, 1),
        lambda: review.resume(analyst, 1),
        lambda: review.undo(analyst, uuid4()),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize(("given", "kept"), [(-1, 0), (float("nan"), None), (1e9, 86400), (None, None)])
def test_odd_seconds_are_cleaned(review, fill, ada, given, kept):
    (first,) = fill(flagged(1))
    assert review.decide(remove(first, seconds=given), by=ada).seconds == kept
