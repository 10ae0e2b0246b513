"""Golden items in the queue: like any flagged comment, of no consequence, and in the person's own numbers alone."""

import random
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select

from core.accounts import Person, Role
from core.browse import Browse
from core.domain import Lane, Outcome
from core.errors import BadInput, NotFound
from core.focus import Chosen
from core.golden_mix import GoldenMix, Mix
from core.own_history import OwnHistory
from core.questions import Questions
from core.review import Review
from core.verdict import Verdict
from core.wellbeing.exposure import Exposure
from core.wish import Wish
from core.work_filter import WorkFilter
from db.models import ClaimRow, DecisionRow, RoutingRow
from db.question_models import GoldenAnswerRow
from db.stores.audit import TrailFilter
from db.stores.golden_mix import GoldenMixStore
from tests.core.test_review import TOXIC, Clock, remove
from tests.support.queue import CLEAN, Waiting, fill_queue, flagged

ADA = Person("Ada", frozenset({Role.MODERATOR}))
BOB = Person("Bob", frozenset({Role.MODERATOR}))
CARL = Person("Carl", frozenset({Role.MODERATOR}))
LENA = Person("Lena", frozenset({Role.LEAD}))


class Always(random.Random):
    """A golden item beside every flagged comment."""

    def random(self) -> float:
        return 0.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    made = Review(services.sessions, services.settings, clock)
    made._serving._mix = GoldenMix(services.sessions, clock, Always(7))
    return made


def add_golden(services, *waiting: Waiting) -> list[int]:
    """Golden comments as the worker leaves them: scored, not routed."""
    made = fill_queue(services.sessions, waiting)
    with services.sessions.begin() as session:
        session.execute(delete(RoutingRow).where(RoutingRow.comment_id.in_(made)))
    return made


@pytest.fixture
def golden(services):
    """One golden item that the model flags, whose known answer is "toxic", and one that it does not flag."""
    services.golden_mix.set(Mix(every=5), by=LENA)
    (usable, _) = add_golden(
        services,
        Waiting("A golden one", golden=True, author="somebody"),
        Waiting("Calm", golden=True, scores=CLEAN),
    )
    return usable


def counted(services, table) -> int:
    with services.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def answers(services) -> list[GoldenAnswerRow]:
    with services.sessions.read() as session:
        return list(session.scalars(select(GoldenAnswerRow).order_by(GoldenAnswerRow.id)))


def test_it_looks_like_a_flagged_comment(services, review, golden):
    ids = fill_queue(services.sessions, flagged(3))
    items = {item.comment.id: item for item in review.claim(ADA)}
    assert set(items) == {*ids, golden}
    plain, mixed = items[ids[0]], items[golden]
    assert (mixed.lane, mixed.blind, mixed.held) == (Lane.FLAGGED, False, False)
    assert mixed.evidence.scores == plain.evidence.scores
    assert mixed.evidence.preset == plain.evidence.preset
    assert mixed.evidence.identical == 1
    assert [claim.comment_id for claim in review.take(ADA, 3)] == list(items), "and keeps its place"
    assert seen(review, BOB) == [], "what is mixed in comes beside a comment, never alone"


def seen(review, person) -> list[int]:
    return [item.comment.id for item in review.claim(person)]


def test_it_is_off_until_a_lead_turns_it_on_and_off_again(services, review):
    (golden,) = add_golden(services, Waiting("A golden one", golden=True))
    fill_queue(services.sessions, flagged(2))
    assert golden not in seen(review, ADA)
    services.golden_mix.set(Mix(every=5), by=LENA)
    fill_queue(services.sessions, flagged(2))
    assert golden in seen(review, ADA)
    services.golden_mix.set(Mix(), by=LENA)
    assert golden not in seen(review, ADA)
    with services.sessions.read() as session:
        assert session.get(RoutingRow, golden) is None
    root = Person("Root", frozenset({Role.ADMIN}))
    changed = services.trail.search(TrailFilter(), by=root)
    assert [(event.person, event.subject) for event in changed] == [("Lena", "golden_mix")] * 2


@pytest.mark.parametrize("mix", [Mix(every=4), Mix(every=-1), Mix(every=20_000), Mix(every=50, days=0)])
def test_a_rate_that_cannot_be_is_refused(services, mix):
    with pytest.raises(BadInput, match="Mix in one"):
        services.golden_mix.set(mix, by=LENA)


def test_a_decision_has_no_consequence(services, review, golden):
    fill_queue(services.sessions, flagged(1))
    assert golden in seen(review, ADA)
    before = counted(services, ClaimRow)
    verdict = Verdict(uuid4(), golden, Outcome.REMOVE, TOXIC, seconds=3.5)
    made = review.decide(verdict, by=ADA)
    assert (made.id, made.labels) == (0, TOXIC)
    review.decide(verdict, by=ADA)  # sent twice
    assert (counted(services, DecisionRow), counted(services, ClaimRow)) == (0, before)
    (row,) = answers(services)
    assert (row.labels, row.outcome, row.seconds, row.client_id) == (1, "remove", 3.5, verdict.client_id)
    assert golden not in seen(review, ADA)
    counts = review.counts(ADA, Clock().at - timedelta(hours=1))
    assert (counts.done, counts.median_seconds) == (1, 3.5), "else the count would tell which it was"
    with pytest.raises(NotFound):
        review.decide(remove(golden), by=BOB)


def test_undo_skip_and_hold_work_as_on_any_comment(services, review, golden, clock):
    (plain,) = fill_queue(services.sessions, flagged(1))
    seen(review, ADA)
    first, second = remove(plain), remove(golden)
    review.decide(first, by=ADA)
    clock.forward(seconds=5)
    review.decide(second, by=ADA)
    key = uuid4()
    assert review.undo(ADA, key, second.client_id) == review.undo(ADA, key, second.client_id) == [golden]
    assert answers(services)[0].outcome is None
    review.decide(remove(golden), by=ADA)
    assert review.undo(ADA, uuid4()) == [golden], "the newest step"
    review.hold(ADA, golden)
    assert [claim.held for claim in review.take(ADA, 5) if claim.comment_id == golden] == [True]
    review.resume(ADA, golden)
    review.skip(ADA, golden)
    assert golden not in seen(review, ADA)
    review.resume(ADA, golden)  # undoing a skip
    assert golden in seen(review, ADA)
    review.decide(Verdict(uuid4(), golden, Outcome.ESCALATE), by=ADA)
    assert review.undo(ADA, uuid4()) == [golden]
    review.skip(ADA, golden)
    assert review.undo(ADA, uuid4()) == [plain]


def test_nobody_is_given_one_twice_within_the_time(services, review, golden, clock):
    fill_queue(services.sessions, flagged(1))
    seen(review, ADA)
    review.decide(remove(golden), by=ADA)
    fill_queue(services.sessions, flagged(1))
    assert golden not in seen(review, ADA)
    fill_queue(services.sessions, flagged(1))
    assert golden in seen(review, BOB), "but somebody else is"
    clock.forward(days=91)
    fill_queue(services.sessions, flagged(1))
    assert golden in seen(review, ADA)


def test_asking_about_one_tells_at_once_and_bothers_nobody(services, review, golden, clock):
    fill_queue(services.sessions, flagged(1))
    seen(review, ADA)
    questions = Questions(services.sessions, services.settings, clock)
    got = questions.ask(golden, "Is it?", by=ADA, client_id=uuid4())
    assert got.golden == TOXIC
    assert questions.mine(ADA) == []
    assert golden not in seen(review, ADA)
    assert services.own_agreement.mine(ADA).golden.items == 0


def test_a_moderator_is_not_told_known_answers_by_browsing(services, golden):
    browse = Browse(services.sessions)
    told = {
        person.name: " ".join(event.what for event in browse.seen_by(person).history(golden).events)
        for person in (ADA, LENA)
    }
    assert "known answers" in told["Lena"]
    assert "known answers" not in told["Ada"]


def test_erasing_one_takes_it_off_every_desk(services, review, golden):
    fill_queue(services.sessions, flagged(1))
    seen(review, ADA)
    job = services.privacy.erase_comment(golden, by=Person("Root", frozenset(Role)))
    services.privacy.finish(job.id)
    assert golden not in seen(review, ADA)
    assert services.golden_mix.stock().usable == 0


def test_the_stock_says_what_can_be_used_and_what_would_tell(services, golden):
    fill_queue(services.sessions, flagged(1), source="site")
    stock = services.golden_mix.stock()
    assert (stock.golden, stock.usable, stock.telling) == (2, 1, ("test",))
    fill_queue(services.sessions, flagged(1), source="test")
    assert services.golden_mix.stock().telling == ()


FORUM = WorkFilter(sources=("forum",))
CALM = Wish(frozenset({"toxic"}))


def test_filter_and_wish_bear_on_it_as_on_what_lies_beside_it(services, review, golden):
    """One of another source would tell what it is; a label that is not for today is not, known answers or none."""
    fill_queue(services.sessions, flagged(2), source="forum")
    focus = services.focuses.choose(Chosen(FORUM), by=ADA)
    assert len(review.take(ADA, 5, within=focus.within)) == 2
    assert golden in [claim.comment_id for claim in review.take(BOB, 5)] or answers(services) == []
    fill_queue(services.sessions, [Waiting("A threat", scores=(0.3, 0.1, 0.1, 0.8, 0.2, 0.1))])
    assert golden not in [claim.comment_id for claim in review.take(BOB, 5, wish=CALM)]


def test_what_filter_and_wish_leave_out_leaves_the_desk(services, review, golden):
    fill_queue(services.sessions, flagged(1))
    for by in (ADA, BOB, CARL):
        fill_queue(services.sessions, flagged(1))
        assert golden in seen(review, by)
    services.focuses.choose(Chosen(FORUM), by=ADA, keep=golden)
    assert [claim.comment_id for claim in review.take(ADA, 1)][:1] == [golden], "on the screen it stays"
    services.focuses.choose(Chosen(FORUM), by=ADA)
    review.give_back(BOB, wish=CALM)
    review.give_back(CARL, wish=Wish(frozenset({"threat"})))
    assert {row.person for row in answers(services) if row.closed_at is None} == {"Carl"}


def test_two_windows_that_draw_the_same_one_leave_one(services, golden):
    with services.sessions.begin() as session:
        values = {
            "comment_id": golden, "person": "Ada", "drawn_at": Clock().at, "model_id": 1, "policy_id": 1,
            "priority": 0.5, "held": False,
        }  # fmt: skip
        for _ in range(2):
            GoldenMixStore(session).add(values)
    assert len(answers(services)) == 1


def test_ones_own_day_and_meter_count_it_as_any_other(services, review, golden, clock):
    """Else the difference to the queue's own count would tell how many there were; and it was read all the same."""
    (plain,) = fill_queue(services.sessions, flagged(1))
    seen(review, ADA)
    review.decide(Verdict(uuid4(), plain, Outcome.APPROVE, seconds=2.0), by=ADA)
    clock.forward(seconds=5)
    review.decide(Verdict(uuid4(), golden, Outcome.REMOVE, TOXIC, seconds=4.0), by=ADA)
    began = clock() - timedelta(hours=1)
    own = OwnHistory(services.sessions, services.browse, review, services.settings, clock)
    (day,) = own.days([(began.date(), began)], by=ADA)
    assert day.done == review.counts(ADA, began).done == 2
    assert (day.outcomes[Outcome.REMOVE], day.labels[0], day.median_seconds) == (1, 1, 3.0)
    (met,) = Exposure(services.sessions, clock).days(by=ADA, today=began, many=1)
    assert (met.severe + met.other, met.seconds, met.labels[0]) == (2, 6.0, 1)
    clock.forward(minutes=4)
    assert Exposure(services.sessions, clock).stretch(by=ADA).minutes > 4
