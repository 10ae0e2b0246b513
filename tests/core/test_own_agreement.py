"""One's own agreement, for one's own eyes; the team's, which is about nobody."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import insert, update

from core.accounts import Person, Role
from core.domain import Lane, Outcome
from core.metrics.intervals import wilson
from core.own_agreement import FEW, OwnAgreement, tellable
from core.review import Review
from core.verdict import Verdict
from db.models import GoldenRow, PolicyRow
from db.question_models import GoldenAnswerRow
from db.stores.golden_mix import Answered
from db.stores.policies import PolicyStore
from db.stores.scores import ScoreStore
from tests.core.test_review import TOXIC
from tests.support.queue import Waiting, fill_queue, flagged

ADA = Person("Ada", frozenset({Role.MODERATOR}))
BOB = Person("Bob", frozenset({Role.MODERATOR}))
CLEO = Person("Cleo", frozenset({Role.MODERATOR}))
LENA = Person("Lena", frozenset({Role.LEAD}))
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


def answer(services, who: dict[str, int], *, wrong: int = 0, at: datetime = MONDAY, known: int = 1) -> list[int]:
    """Golden items, each answered by everybody who is still to answer; the first `wrong` of each person wrongly."""
    most = max(who.values())
    ids = fill_queue(services.sessions, flagged(most))
    with services.sessions.begin() as session:
        session.execute(insert(GoldenRow), [{"comment_id": number, "labels": known} for number in ids])
        rows = [
            {"comment_id": number, "person": name, "drawn_at": at, "model_id": 1, "policy_id": 1, "priority": 0.0,
             "held": False, "closed_at": at, "client_id": uuid4(), "labels": 0 if k < wrong else known,
             "outcome": "remove"}
            for name, many in who.items() for k, number in enumerate(ids[:many])
        ]  # fmt: skip
        for row in rows:
            session.add(GoldenAnswerRow(**row | {"model_id": model_of(session), "policy_id": policy_of(session)}))
    return ids


def model_of(session) -> int:
    return ScoreStore(session).live_model_id()


def policy_of(session) -> int:
    return PolicyStore(session).active().id


def test_own_agreement_with_known_answers(services):
    ids = answer(services, {"Ada": 40, "Bob": 5}, wrong=4)
    own = OwnAgreement(services.sessions).mine(ADA)
    toxic, severe = own.golden.labels[:2]
    assert own.golden.items == 40
    assert (toxic.given, toxic.missed, toxic.extra) == (40, 4, 0)
    assert toxic.same.value == pytest.approx(0.9)
    assert toxic.same.low < 0.9 < toxic.same.high
    low = wilson(np.ones(1), np.array([40.0]))[0][0]
    assert (severe.same.value, severe.same.low) == (1.0, pytest.approx(low))
    assert {one.comment_id for one in own.golden_differences} == set(ids[:4])
    assert own.golden_differences[0].other == TOXIC


def test_too_few_is_no_number(services):
    answer(services, {"Ada": FEW - 1})
    own = OwnAgreement(services.sessions).mine(ADA)
    assert own.golden.items == FEW - 1
    assert all(one.same is None for one in own.golden.labels)
    assert OwnAgreement(services.sessions).mine(BOB).golden.items == 0


def test_own_agreement_with_second_opinions_tells_when_nobody_is_to_decide_any_more(services):
    review, own = Review(services.sessions, services.settings), OwnAgreement(services.sessions)
    for person, number in zip((ADA, BOB, CLEO), fill_queue(services.sessions, flagged(3)), strict=True):
        review.decide(Verdict(uuid4(), number, Outcome.APPROVE), by=person)
    with services.sessions.begin() as session:
        session.execute(update(PolicyRow).values(second_rate=1.0))
    (number,) = fill_queue(services.sessions, [Waiting("You fool")])
    review.decide(Verdict(uuid4(), number, Outcome.REMOVE, TOXIC), by=ADA)
    assert own.mine(ADA).second.items == 0
    assert number in [item.comment.id for item in review.claim(BOB)]
    review.decide(Verdict(uuid4(), number, Outcome.APPROVE), by=BOB)
    for person in (ADA, BOB):
        found = own.mine(person)
        assert (found.second.items, found.second.labels[0].missed + found.second.labels[0].extra) == (1, 1)
        assert found.second_differences == [], "a third has still to decide, and must not read of it"
    assert number in [item.comment.id for item in review.claim(CLEO, lanes=[Lane.ADJUDICATION])]
    review.decide(Verdict(uuid4(), number, Outcome.REMOVE, TOXIC), by=CLEO)
    (told,) = own.mine(BOB).second_differences
    assert (told.mine, told.other, told.judged) == ((False,) * 6, TOXIC, TOXIC)
    assert own.mine(CLEO).second_differences == []


def team(services, at: datetime):
    return OwnAgreement(services.sessions, lambda: at).team(LENA)


def test_the_team_is_at_least_three_people(services):
    later = MONDAY + timedelta(days=8)
    answer(services, {"Ada": 20, "Bob": 20})
    assert team(services, later).golden is None
    answer(services, {"Cleo": 20}, wrong=5)
    found = team(services, later).golden
    assert found.items == 60
    assert found.labels[0].same.value == pytest.approx(55 / 60)
    assert team(services, MONDAY + timedelta(days=6)).golden is None, "this week is not over"
    assert team(services, later + timedelta(weeks=40)).golden is None, "long ago"


def test_one_who_answers_most_would_show_through(services):
    answer(services, {"Ada": 50, "Bob": 10, "Cleo": 10})
    assert team(services, MONDAY + timedelta(days=8)).golden is None


def test_weeks_are_put_together_until_nobody_shows_through():
    def made(person, week, many=1):
        return [Answered(k, person, MONDAY + timedelta(weeks=week), 1, 1) for k in range(many)]

    early = [*made("Ada", 0, 3), *made("Bob", 0, 3), *made("Ada", 1, 2), *made("Cleo", 1, 4)]
    late = [*made("Ada", 2, 5), *made("Bob", 3, 4)]
    assert tellable([*early, *late], MONDAY) == early, "the last two weeks are about two people"
    more = [*early, *late, *made("Cleo", 4, 3)]
    assert tellable(more, MONDAY) == more
    assert tellable(more, MONDAY + timedelta(weeks=1)) == more[len(early) :], "spans leave as they came: whole"


def test_each_comment_is_a_unit(services):
    answer(services, {"Ada": 20, "Bob": 20, "Cleo": 20}, wrong=4)
    found = team(services, MONDAY + timedelta(days=8)).golden.labels[0].same
    alone = OwnAgreement(services.sessions).mine(ADA).golden.labels[0].same
    assert found.value == pytest.approx(alone.value)
    assert found.high - found.low == pytest.approx(alone.high - alone.low), "three who err alike know no more than one"
