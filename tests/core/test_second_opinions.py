"""Second opinions: who is asked, what is shown, what holds, and that every act leaves them consistent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.accounts import Person, Role, local_person
from core.domain import NO_LABELS, Lane, Outcome, RoutingState, now
from core.errors import Conflict, ModeratoError, NotAllowed
from core.review import Review
from core.routing import audit_numbers
from core.second_opinions import SHARES, TYPICAL, SecondOpinions, rates, second_numbers
from core.verdict import Verdict
from db.models import ClaimRow, DecisionRow, PolicyRow, RoutingRow
from db.quality_models import SecondOpinionRow
from db.stores.decisions import DecisionStore
from db.stores.second_opinions import COLUMNS, SecondOpinionStore
from tests.support.ledger import unlock
from tests.support.queue import Waiting, fill_queue, flagged

TOXIC = (True, False, False, False, False, False)
INSULT = (False, False, False, False, True, False)


class Clock:
    """Time that passes by itself, a second a look."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    return Review(services.sessions, services.settings, clock)


@pytest.fixture
def cleo():
    return local_person("Cleo")


@pytest.fixture
def queue(services, review, ada, bob, cleo):
    """Fill the queue where everybody has decided something lately and every settled comment is drawn."""

    def fill(waiting, people=(ada, bob, cleo)):
        warm = fill_queue(services.sessions, [Waiting(f"warm {p.name}") for p in people], second_rate=0.0)
        for person, comment_id in zip(people, warm, strict=True):
            review.decide(verdict(comment_id), by=person)
        with services.sessions.begin() as session:
            session.scalars(select(PolicyRow)).one().second_rate = 1.0
        return fill_queue(services.sessions, waiting)

    return fill


@pytest.fixture
def place(services):
    def read(comment_id):
        with services.sessions.read() as session:
            row = session.get(RoutingRow, comment_id)
            return RoutingState(row.state), row.lane and Lane(row.lane)

    return read


def verdict(comment_id, labels=TOXIC, outcome=Outcome.REMOVE, **options) -> Verdict:
    return Verdict(uuid4(), comment_id, outcome, labels, **options)


def decide(review, person, comment_id, *said, **options):
    """Take the comment from the queue and decide it."""
    assert comment_id in [item.comment.id for item in review.claim(person)]
    return review.decide(verdict(comment_id, *said, **options), by=person)


def ids(review, person, **options):
    return [item.comment.id for item in review.claim(person, **options)]


def pairs(services):
    with services.sessions.read() as session:
        return [dict(zip(COLUMNS, row, strict=True)) for row in SecondOpinionStore(session).drawn(None)]


def test_a_settled_comment_goes_blind_to_somebody_else(review, queue, place, ada, bob):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    assert place(comment_id) == (RoutingState.OPEN, Lane.SECOND)
    assert ids(review, ada) == []
    (item,) = review.claim(bob)
    assert (item.comment.id, item.lane, item.blind, item.evidence, item.escalation, item.opinions) == (
        comment_id, Lane.SECOND, True, None, None, ()
    )  # fmt: skip


def test_agreement_settles(services, review, queue, place, ada, bob):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    made = decide(review, bob, comment_id)
    assert (made.lane, made.blind) == (Lane.SECOND, True)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.SECOND)
    (pair,) = pairs(services)
    assert (pair["first_person"], pair["second_person"], pair["judge"]) == ("Ada", "Bob", None)
    assert (pair["first_blind"], pair["rate"]) == (False, 1.0)
    drawn = services.agreement.drawn()
    assert (drawn.drawn, len(drawn.pairs), drawn.missing, drawn.people) == (1, 1, 0, ("Ada", "Bob"))
    assert drawn.pairs.same.all()
    assert drawn.pairs.preset.tolist() == drawn.pairs.model.tolist() == [[True, False, True, False, True, False]]


@pytest.mark.parametrize("said", [(INSULT,), (NO_LABELS, Outcome.APPROVE), (TOXIC, Outcome.APPROVE)])
def test_a_disagreement_is_adjudicated_by_a_third(services, review, queue, place, ada, bob, cleo, said):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id, note="plain abuse")
    decide(review, bob, comment_id, *said)
    assert place(comment_id) == (RoutingState.OPEN, Lane.ADJUDICATION)
    with services.sessions.read() as session:
        assert DecisionStore(session).get_effective(comment_id).person == "Ada"
    assert ids(review, ada) == ids(review, bob) == []
    (item,) = review.claim(cleo)
    assert (item.lane, item.blind, item.evidence) == (Lane.ADJUDICATION, True, None)
    assert {(one.labels, one.note) for one in item.opinions} == {(TOXIC, "plain abuse"), (said[0], None)}
    assert not any(name in repr(item.opinions) for name in ("Ada", "Bob"))
    review.decide(verdict(comment_id, INSULT), by=cleo)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.ADJUDICATION)
    with services.sessions.read() as session:
        assert DecisionStore(session).get_effective(comment_id).person == "Cleo"
    assert pairs(services)[0]["judge"] == "Cleo"


def test_of_two_people_a_lead_adjudicates(review, queue, place, ada):
    moderator = Person("Bob", frozenset({Role.MODERATOR}))
    (comment_id,) = queue(flagged(1), people=(ada, moderator))
    decide(review, ada, comment_id)
    decide(review, moderator, comment_id, INSULT)
    assert ids(review, moderator) == []
    assert ids(review, ada) == [comment_id]
    review.decide(verdict(comment_id), by=ada)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.ADJUDICATION)


def test_one_person_alone_gets_no_second_opinions(services, review, queue, ada, place):
    (comment_id,) = queue(flagged(1), people=(ada,))
    decide(review, ada, comment_id)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.FLAGGED)
    assert pairs(services) == []


def test_nothing_is_drawn_for_somebody_who_left(services, review, queue, ada, clock, place):
    (comment_id,) = queue(flagged(1))
    clock.at += timedelta(days=31)
    decide(review, ada, comment_id)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.FLAGGED)


def test_the_first_may_still_be_undone_while_the_second_waits(services, review, queue, place, ada, bob):
    (comment_id,) = queue([Waiting("x", priority=-0.4)])
    decide(review, ada, comment_id)
    assert ids(review, bob) == [comment_id]
    assert review.undo(ada, uuid4()) == [comment_id]
    assert place(comment_id) == (RoutingState.OPEN, Lane.FLAGGED)
    with services.sessions.read() as session:
        assert session.get(RoutingRow, comment_id).priority == pytest.approx(-0.4)
    assert pairs(services) == []
    assert review.heartbeat(bob, [comment_id]) == [comment_id]
    with pytest.raises(Conflict, match="Ada has"):
        review.decide(verdict(comment_id), by=bob)
    decide(review, ada, comment_id, INSULT)
    decide(review, bob, comment_id, INSULT)
    (pair,) = pairs(services)
    assert pair["first_labels"] == pair["second_labels"] == 16


def test_the_first_stands_once_the_second_is_given(review, queue, ada, bob):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    decide(review, bob, comment_id)
    with pytest.raises(Conflict, match="moved on"):
        review.undo(ada, uuid4())


@pytest.mark.parametrize("said", [TOXIC, INSULT], ids=["agreed", "disagreed"])
def test_a_second_opinion_is_undone(services, review, queue, place, ada, bob, cleo, said):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    decide(review, bob, comment_id, said)
    review.claim(cleo)
    assert review.undo(bob, uuid4()) == [comment_id]
    assert place(comment_id) == (RoutingState.OPEN, Lane.SECOND)
    assert [item.opinions for item in review.claim(bob)] == [()]
    assert pairs(services)[0]["second_person"] is None
    review.skip(bob, comment_id)
    assert ids(review, bob) == [comment_id], "his undone opinion was blind: he may give it again"
    review.decide(verdict(comment_id), by=bob)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.SECOND)


def test_an_adjudication_is_undone(services, review, queue, place, ada, bob, cleo):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    decide(review, bob, comment_id, INSULT)
    decide(review, cleo, comment_id, INSULT)
    review.undo(cleo, uuid4())
    assert place(comment_id) == (RoutingState.OPEN, Lane.ADJUDICATION)
    with services.sessions.read() as session:
        assert DecisionStore(session).get_effective(comment_id).person == "Ada"
    assert ids(review, cleo) == [comment_id]


def test_passing_a_second_opinion_on_asks_a_third(services, review, queue, place, ada, bob, cleo):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    decide(review, bob, comment_id, NO_LABELS, Outcome.ESCALATE, note="is that a quote?")
    assert place(comment_id) == (RoutingState.OPEN, Lane.ADJUDICATION)
    (item,) = review.claim(cleo)
    assert {(one.outcome, one.note) for one in item.opinions} == {
        (Outcome.REMOVE, None), (Outcome.ESCALATE, "is that a quote?")
    }  # fmt: skip
    review.decide(verdict(comment_id, NO_LABELS, Outcome.ESCALATE), by=cleo)
    assert place(comment_id) == (RoutingState.OPEN, Lane.ADJUDICATION)
    assert ids(review, cleo, want=5) == [comment_id], "everybody has spoken, so a lead may decide"
    review.decide(verdict(comment_id), by=cleo)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.ADJUDICATION)


def test_a_card_from_before_is_no_second_opinion(review, queue, clock, ada, bob):
    """Bob's claim lapsed, Ada settled the comment: his card shows the scores, so its decision is not blind."""
    (comment_id,) = queue(flagged(1))
    assert ids(review, bob) == [comment_id]
    clock.at += timedelta(seconds=200)
    decide(review, ada, comment_id)
    with pytest.raises(Conflict, match="somebody else"):
        review.decide(verdict(comment_id), by=bob)
    with pytest.raises(Conflict):
        review.resume(bob, comment_id)
    with pytest.raises(Conflict):
        review.decide(verdict(comment_id), by=ada)
    decide(review, bob, comment_id)


def test_a_second_opinion_sent_twice_is_one(services, review, queue, ada, bob):
    (comment_id,) = queue(flagged(1))
    decide(review, ada, comment_id)
    review.claim(bob)
    step = verdict(comment_id, INSULT)
    assert review.decide(step, by=bob).client_id == review.decide(step, by=bob).client_id
    assert len(pairs(services)) == 1


def test_three_people_at_once_leave_nothing_and_nobody_judges_themselves(services, queue, place, ada, bob, cleo):
    made, review = queue(flagged(15)), Review(services.sessions, services.settings)

    def work(person) -> None:
        while items := review.claim(person, 3):
            for item in items:
                labels = INSULT if person is bob and item.comment.id % 2 else TOXIC
                review.decide(verdict(item.comment.id, labels), by=person)

    for _ in range(3):  # one who is quick finds nothing while others still hold what they will pass on
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(work, [ada, bob, cleo]))
    assert {place(i)[0] for i in made} == {RoutingState.SETTLED}
    with services.sessions.read() as session:
        people = [[d.person for d in DecisionStore(session).list_of(i)] for i in made]
    assert all(2 <= len(some) <= 3 and len(set(some)) == len(some) for some in people)
    assert len(pairs(services)) == len(made)


def test_of_identical_comments_only_the_shown_one_is_drawn(services, review, queue, place, ada):
    made = queue([Waiting("same", priority=k) for k in range(3)])
    review.claim(ada, 1)
    review.settle_identical(verdict(made[0]), by=ada)
    assert [place(i) for i in made] == [
        (RoutingState.OPEN, Lane.SECOND), *[(RoutingState.SETTLED, Lane.FLAGGED)] * 2
    ]  # fmt: skip
    assert len(review.undo(ada, uuid4())) == 3
    assert [place(i) for i in made] == [(RoutingState.OPEN, Lane.FLAGGED)] * 3


def test_golden_comments_are_never_drawn(services, review, queue, place, ada):
    (comment_id,) = queue([Waiting("x", golden=True)])
    decide(review, ada, comment_id)
    assert place(comment_id) == (RoutingState.SETTLED, Lane.FLAGGED)


def test_what_is_for_others_is_not_counted_as_waiting(review, queue, clock, ada, bob):
    made = queue(flagged(3))
    for comment_id in made:
        decide(review, ada, comment_id)
    assert review.counts(ada, clock.at).waiting[Lane.SECOND] == 0
    assert review.elsewhere(ada).others_turn == 3
    assert review.counts(bob, clock.at).waiting[Lane.SECOND] == 3


def test_a_lead_withdraws_what_nobody_will_do(services, review, queue, clock, place, ada, bob):
    made = queue(flagged(3))
    for comment_id in made:
        decide(review, ada, comment_id)
    review.claim(bob, 1)
    opinions = SecondOpinions(services.sessions, clock)
    with pytest.raises(NotAllowed):
        opinions.withdraw(Lane.SECOND, by=Person("Eve", frozenset({Role.MODERATOR, Role.ANALYST})))
    assert opinions.waiting().second == 3
    assert opinions.withdraw(Lane.SECOND, by=ada) == 2
    assert [place(i)[0] for i in made].count(RoutingState.SETTLED) == 2
    assert [pair["second_person"] for pair in pairs(services)] == [None] * 3


def test_rates_have_the_mean_that_was_asked_for():
    mix = np.array(TYPICAL)
    for mean in (0.0, 0.01, 0.05, 0.3, 0.8, 1.0):
        found = rates(mix / mix.sum(), mean)
        assert found @ mix / mix.sum() == pytest.approx(mean)
        assert ((found >= 0) & (found <= 1 + 1e-9)).all()
    assert rates(mix, 0.05) / rates(mix, 0.05)[0] == pytest.approx(np.array(SHARES))


def test_the_draw_is_uniform_and_its_own():
    numbers = second_numbers(np.arange(1, 100_001))
    assert np.histogram(numbers, 20, (0, 1))[0] == pytest.approx(5_000, rel=0.06)
    assert abs(np.corrcoef(numbers, audit_numbers(np.arange(1, 100_001)))[0, 1]) < 0.01


def test_who_is_drawn_follows_from_number_and_rate(sqlite_services, ada, bob, clock):
    """Those whose number is below their stratum's rate, which is four times as high for a rare label."""
    review = Review(sqlite_services.sessions, sqlite_services.settings, clock)
    (warm,) = fill_queue(sqlite_services.sessions, [Waiting("warm")], second_rate=0.2)
    review.decide(verdict(warm), by=bob)
    made = fill_queue(sqlite_services.sessions, flagged(60))
    threat = (True, False, False, True, False, False)
    for k, comment_id in enumerate(made):
        review.decide(verdict(comment_id, threat if k % 3 == 0 else TOXIC), by=ada)
    with sqlite_services.sessions.read() as session:
        drawn = {row.comment_id: row.rate for row in session.scalars(select(SecondOpinionRow))}
    rare, plain = ({drawn[i] for k, i in enumerate(made) if i in drawn and (k % 3 == 0) is on} for on in (True, False))
    assert (len(rare), len(plain)) == (1, 1)
    (rare_rate,), (plain_rate,) = rare, plain
    assert rare_rate == pytest.approx(4 * plain_rate)
    limit = [rare_rate if k % 3 == 0 else plain_rate for k in range(60)]
    expected = [i for i, below in zip(made, second_numbers(np.array(made)) < limit, strict=True) if below]
    assert sorted(drawn) == expected


# -- any sequence of acts

KINDS = ["decide", "decide", "decide", "other", "escalate", "undo", "skip", "hold", "again", "stale", "wait"]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["Ada", "Bob", "Cleo"]),
        st.sampled_from(KINDS),
        st.integers(0, 2),
    ),
    max_size=30,
)


@given(acts=ACTS)
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_acts_leaves_everything_consistent(sqlite_services, acts):
    clock, sessions = Clock(), sqlite_services.sessions
    review = Review(sessions, sqlite_services.settings, clock)
    people = {name: local_person(name) for name in ["Ada", "Bob", "Cleo"]}
    with sessions.begin() as session:  # every example begins anew
        unlock(session)
        for table in (SecondOpinionRow, ClaimRow, DecisionRow):
            session.query(table).delete()
        session.query(RoutingRow).update({"state": "settled"})
    warm = fill_queue(sessions, [Waiting("w") for _ in people], second_rate=1.0)
    for person, comment_id in zip(people.values(), warm, strict=True):
        review.decide(verdict(comment_id, NO_LABELS, Outcome.ESCALATE), by=person)
    with sessions.begin() as session:
        session.query(RoutingRow).update({"state": "settled"})
    made = fill_queue(sessions, [Waiting("a"), Waiting("b", Lane.AUDIT), Waiting("c")])
    last = None
    for name, act, which in acts:
        person, comment_id = people[name], made[which]
        try:
            last = _do(review, clock, person, act, comment_id, last) or last
        except ModeratoError:
            continue
        finally:
            _check(sessions, made)


def _do(review, clock, person, act, comment_id, last):
    if act == "wait":
        clock.at += timedelta(seconds=200)
    elif act == "undo":
        review.undo(person, uuid4())
    elif act in ("skip", "hold"):
        getattr(review, act)(person, comment_id)
    elif act == "again" and last:
        review.decide(last[0], by=last[1])
    else:
        if act != "stale":
            review.claim(person)
        labels = INSULT if act == "other" else TOXIC
        step = verdict(comment_id, labels, Outcome.ESCALATE if act == "escalate" else Outcome.REMOVE)
        review.decide(step, by=person)
        return step, person
    return None


def _check(sessions, made) -> None:
    with sessions.read() as session:
        ledger = list(session.scalars(select(DecisionRow).order_by(DecisionRow.id)))
        undone = {row.revokes for row in ledger}
        draws = {row.first_id for row in session.scalars(select(SecondOpinionRow))}
        live = list(session.scalars(select(ClaimRow).where(ClaimRow.released_at.is_(None))))
        drawn = SecondOpinionStore(session).drawn(None)
        held = {i: DecisionStore(session).get_effective(i) for i in made}
        places = {i: session.get(RoutingRow, i) for i in made}
    seen = []
    for comment_id in made:
        acts = [d for d in ledger if d.comment_id == comment_id and d.revokes is None and d.id not in undone]
        place = places[comment_id]
        assert (place.state, place.lane) == _expected(acts, draws, audit=place.audit)
        firsts = [d for d in acts if d.id in draws]
        assert len(firsts) <= 1
        seconds = [d for d in acts if d.lane == "second" and d.outcome != "escalate"]
        assert len(seconds) <= len(firsts)
        assert all(d.person != firsts[0].person and d.blind for d in acts if d.lane == "second")
        settling = [d for d in acts if d.outcome != "escalate" and d.lane != "second"]
        assert (held[comment_id].id if held[comment_id] else None) == (settling[-1].id if settling else None)
        judges = [d for d in acts if d.lane == "adjudication" and d.outcome != "escalate"]
        seen += [(f.labels, s.labels if s else None, j.labels if j else None)
                 for f in firsts for s in seconds or [None] for j in judges or [None]]  # fmt: skip
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in drawn]
    given = [None if row["second_outcome"] == "escalate" else row["second_labels"] for row in rows]
    told = [(row["first_labels"], second, row["judge_labels"]) for row, second in zip(rows, given, strict=True)]
    assert sorted(map(repr, seen)) == sorted(map(repr, told))
    assert all(places[claim.comment_id].state == "open" for claim in live if claim.comment_id in places)
    assert len({claim.comment_id for claim in live}) == len(live)


def _expected(acts, draws, *, audit):
    """State and lane by the standing acts alone."""
    if not acts:
        return "open", "audit" if audit else "flagged"
    last = acts[-1]
    if last.lane in ("second", "adjudication"):
        first = next(d for d in acts if d.id in draws)
        agreed = last.lane == "adjudication" or (last.labels, last.outcome) == (first.labels, first.outcome)
        return ("settled", last.lane) if agreed and last.outcome != "escalate" else ("open", "adjudication")
    if last.outcome == "escalate":
        return "open", "escalated"
    return ("open", "second") if last.id in draws else ("settled", last.lane)
