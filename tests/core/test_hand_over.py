"""Handing a comment over: who has it then, for how long, and that nothing is decided by it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.accounts import Person, Role
from core.desk import DESK, Screen
from core.domain import Lane, Outcome, now
from core.errors import BadInput, Conflict, NotAllowed
from core.hand_over import HandOver
from core.review import Review
from core.trail import EVERYTHING
from core.verdict import Verdict
from db.models import ClaimRow
from db.stores.queue import QueueStore
from tests.support.queue import Waiting, fill_queue, flagged


class Clock:
    def __init__(self):
        self.at = now()

    def __call__(self):
        return self.at

    def pass_(self, **time):
        self.at += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    return Review(services.sessions, services.settings, clock)


@pytest.fixture
def hand_over(services, clock):
    return HandOver(services.sessions, services.settings, clock)


@pytest.fixture
def both(services, review, ada, bob):
    """Both have a comment, so that each knows the other; the rest waits."""
    ids = fill_queue(services.sessions, flagged(6))
    review.take(ada, 2)
    review.take(bob, 1)
    return ids


def test_the_receiver_gets_it_first_and_sees_by_whom_and_why(hand_over, review, ada, bob, both):
    hand_over.give(both[1], "Bob", " is this\na threat? ", by=ada)
    assert [one.comment_id for one in review.take(ada, 1)] == [both[0]]
    first, second = review.claim(bob, 2)[:2]
    assert (first.comment.id, first.handed_by, first.handed_note) == (both[1], "Ada", "is this a threat?")
    assert second.comment.id == both[2]
    with pytest.raises(Conflict, match="Bob has comment"):
        review.decide(Verdict(uuid4(), both[1], Outcome.REMOVE), by=ada)
    review.decide(Verdict(uuid4(), both[1], Outcome.REMOVE), by=bob)


def test_signs_of_life_keep_it_and_it_comes_back_after_the_hold(hand_over, review, services, ada, bob, both, clock):
    hand_over.give(both[0], "Bob", by=ada)
    review.heartbeat(bob, [both[0]])
    clock.pass_(hours=services.settings.hold_hours, minutes=-1)
    assert both[0] not in [one.comment_id for one in review.take(ada, 40)]
    clock.pass_(minutes=2)
    assert both[0] in [one.comment_id for one in review.take(ada, 40)]


def test_held_ones_can_be_handed_over_and_strangers_get_nothing(hand_over, review, ada, bob, both):
    review.hold(ada, both[0])
    hand_over.give(both[0], "Bob", by=ada)
    with pytest.raises(Conflict, match="do not have"):
        hand_over.give(both[0], "Bob", by=ada)
    with pytest.raises(BadInput, match="may not review"):
        hand_over.give(both[1], "Zoe", by=ada)
    with pytest.raises(BadInput, match="has that comment"):
        hand_over.give(both[1], "Ada", by=ada)
    with pytest.raises(BadInput, match="500"):
        hand_over.give(both[1], "Bob", "x" * 501, by=ada)
    assert hand_over.colleagues(by=ada) == ["Bob"]


def test_blind_ones_go_without_a_note_and_not_to_who_has_given_an_opinion(services, hand_over, review, ada, bob, both):
    (blind,) = fill_queue(services.sessions, [Waiting("blind", lane=Lane.AUDIT)])
    review.take(ada, 3)
    with pytest.raises(BadInput, match="without a note"):
        hand_over.give(blind, "Bob", "looks toxic", by=ada)
    hand_over.give(blind, "Bob", by=ada)
    review.decide(Verdict(uuid4(), both[2], Outcome.REMOVE), by=bob)
    with services.sessions.begin() as session:
        QueueStore(session).reopen([both[2]], Lane.SECOND)
    review.take(ada, 40)
    with pytest.raises(Conflict, match="has given an opinion"):
        hand_over.give(both[2], "Bob", by=ada)


def test_a_lead_gives_what_somebody_holds_to_somebody(services, hand_over, review, ada, bob, both):
    review.hold(bob, both[2])
    (kept,) = hand_over.kept(by=ada)
    assert (kept.comment_id, kept.person, kept.held) == (both[2], "Bob", True)
    hand_over.reassign(both[2], "Ada", by=ada)
    assert review.take(ada, 1)[0].handed_by == "Ada"
    event = services.trail.search(EVERYTHING, by=ada)[0]
    assert (event.what, event.details) == ("claim.given", {"taken_from": "Bob", "given_to": "Ada"})
    with pytest.raises(NotAllowed):
        hand_over.kept(by=Person("M", frozenset({Role.MODERATOR})))


def test_an_erasure_takes_the_note_and_the_desk_along(services, hand_over, review, ada, bob, both):
    hand_over.give(both[0], "Bob", "quotes the text", by=ada)
    quoting = Screen(both[0], (1,), None, "quotes it")
    services.desks.keep(quoting, by=bob)
    assert services.preferences.get(bob, DESK) == quoting.as_json() | {"labels": [1]}
    services.privacy.erase_comment(both[0], by=ada)
    while services.privacy.eraser.work():
        pass
    with services.sessions.read() as session:
        assert {row.handed_note for row in session.query(ClaimRow)} == {None}
    assert services.preferences.get(bob, DESK) is None
    services.desks.keep(quoting, by=bob)  # the card still shows it
    assert services.preferences.get(bob, DESK) is None


def test_a_break_leaves_what_was_handed_over_with_its_receiver(hand_over, review, ada, bob, both):
    hand_over.give(both[1], "Bob", "yours", by=ada)
    review.give_back(bob)
    (claim,) = review.take(bob, 1, least=0)
    assert (claim.comment_id, claim.handed_note) == (both[1], "yours")
