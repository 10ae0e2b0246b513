"""What a person would rather be given: never of blind lanes, never at anybody's cost."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.domain import Lane, Outcome
from core.verdict import Verdict
from core.wish import Wish
from db.models import ClaimRow, RoutingRow
from tests.support.queue import SEVERE, TOXIC, Waiting, fill_queue, flagged

NO_THREATS = Wish(frozenset({"threat"}))


def taken(services, person, wish, want=10, **more):
    return [claim.comment_id for claim in services.review.take(person, want, wish=wish, **more)]


def test_what_is_not_for_today_goes_to_others(services, ada, bob):
    threat, rude, other = fill_queue(services.sessions, [Waiting("a", scores=SEVERE), Waiting("b"), Waiting("c")])
    assert taken(services, ada, NO_THREATS) == [rude, other]
    assert taken(services, bob, Wish()) == [threat]


def test_blind_comments_come_whatever_their_scores(services, ada):
    made = fill_queue(
        services.sessions,
        [*(Waiting(lane.value, lane, SEVERE) for lane in (Lane.AUDIT, Lane.DISAGREEMENT, Lane.RECHECK)), *flagged(1)],
    )
    everything = Wish(frozenset({"toxic", "threat", "severe_toxic", "insult", "obscene", "identity_hate"}))
    assert taken(services, ada, everything) == made[:3]
    services.review.give_back(ada, wish=everything)
    assert taken(services, ada, everything) == made[:3]


def test_an_audit_item_that_was_escalated_stays_blind_to_it(services, ada, bob):
    (made,) = fill_queue(services.sessions, [Waiting("x", Lane.AUDIT, SEVERE)])
    services.review.take(bob, 1)
    services.review.decide(Verdict(uuid4(), made, Outcome.ESCALATE, (False,) * 6, seconds=1.0), by=bob)
    assert taken(services, ada, NO_THREATS) == [made]


def test_claims_that_are_not_wanted_any_more_go_back_at_once(services, ada, bob):
    threat, rude = fill_queue(services.sessions, [Waiting("a", scores=SEVERE), Waiting("b")])
    services.review.take(ada, 10)
    services.review.give_back(ada, wish=NO_THREATS)
    assert taken(services, ada, NO_THREATS) == [rude]
    assert taken(services, bob, Wish()) == [threat]
    assert taken(services, ada, Wish()) == [rude]


def test_what_was_given_back_was_not_passed_over(services, ada):
    made = fill_queue(services.sessions, flagged(3))
    services.review.take(ada, 2)
    services.review.hold(ada, made[1])
    services.review.give_back(ada)
    assert [(c.comment_id, c.held) for c in services.review.take(ada, 2)] == [
        (made[0], False),
        (made[2], False),
        (made[1], True),
    ]


def test_when_only_that_is_left_it_is_said(services, ada):
    fill_queue(services.sessions, [Waiting("a", scores=SEVERE)])
    assert taken(services, ada, NO_THREATS) == []
    assert services.review.elsewhere(ada, NO_THREATS).unwished
    assert not services.review.elsewhere(ada).unwished
    assert not services.review.elsewhere(ada, Wish(frozenset({"identity_hate"}))).unwished


@pytest.mark.parametrize("wish", [Wish(mild_after=3), Wish(frozenset({"insult"}), mild_after=3)], ids=str)
def test_a_share_of_mild_ones_is_taken_from_the_far_end(services, ada, wish):
    hard = [Waiting(f"s{k}", scores=(*SEVERE[:4], 0.1, 0.1), priority=k / 100) for k in range(20)]
    mild = [Waiting(f"m{k}", scores=(0.6, *(0.1,) * 5), priority=0.5 + k / 100) for k in range(5)]
    rude = [Waiting("rude", scores=TOXIC, priority=0.9)]
    made = fill_queue(services.sessions, [*hard, *mild, *rude])
    last = made[25:] if not wish.without else []
    got = taken(services, ada, wish, want=8)
    assert got == [*made[:6], *(made[23:25] if not last else [made[24], *last])]


def test_mild_ones_change_neither_lanes_nor_draws(services, ada):
    fill_queue(services.sessions, [Waiting("blind", Lane.AUDIT, (0.1,) * 6), *flagged(4)])

    def drawn():
        with services.sessions.read() as session:
            return session.execute(
                select(RoutingRow.comment_id, RoutingRow.audit, RoutingRow.rate, RoutingRow.lane, RoutingRow.priority)
            ).all()

    before = drawn()
    got = taken(services, ada, Wish(mild_after=1), want=4)
    assert drawn() == before
    assert got[0] == 1  # the audit item, first as ever


def test_where_no_mild_one_waits_the_severe_ones_come(services, ada):
    made = fill_queue(services.sessions, [Waiting(f"s{k}", scores=SEVERE) for k in range(3)])
    assert taken(services, ada, Wish(mild_after=1), want=4) == made[:2]
    with services.sessions.read() as session:
        assert {row.person for row in session.scalars(select(ClaimRow))} == {"Ada"}
    assert taken(services, ada, Wish(mild_after=1), want=8) == made
