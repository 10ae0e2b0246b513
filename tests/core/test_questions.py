"""Asking a lead: the comment waits, comes back with the answer, and is never stranded."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.accounts import Person, Role
from core.browse import Browse
from core.domain import NO_LABELS, Lane, Outcome, RoutingState
from core.errors import BadInput, Conflict, NotAllowed, NotFound
from core.questions import Questions
from core.review import Review
from core.verdict import Verdict
from db.models import DecisionRow, RoutingRow
from db.question_models import QuestionRow
from db.stores.queue import QueueStore
from tests.core.test_review import TOXIC, Clock, remove
from tests.support.queue import Waiting, fill_queue

ADA = Person("Ada", frozenset({Role.MODERATOR}))
BOB = Person("Bob", frozenset({Role.MODERATOR}))
LENA = Person("Lena", frozenset({Role.LEAD}))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(services, clock):
    return Review(services.sessions, services.settings, clock)


@pytest.fixture
def questions(services, clock):
    return Questions(services.sessions, services.settings, clock)


@pytest.fixture
def asked(services, review, questions):
    """A comment in this lane that Ada asks about; its number and the question's."""

    def ask(lane=Lane.FLAGGED, **options) -> tuple[int, object]:
        (number,) = fill_queue(services.sessions, [Waiting("Is this one an insult?", lane, **options)])
        review.claim(ADA)
        key = uuid4()
        questions.ask(number, "Irony, I think?", by=ADA, client_id=key)
        return number, key

    return ask


def seen(review, person) -> list[int]:
    return [item.comment.id for item in review.claim(person)]


def place(services, number) -> tuple[str, str]:
    with services.sessions.read() as session:
        row = session.get(RoutingRow, number)
        return row.state, row.lane


def ledger(services) -> list[DecisionRow]:
    with services.sessions.read() as session:
        return list(session.scalars(select(DecisionRow).order_by(DecisionRow.id)))


def test_a_question_goes_to_leads_and_nobody_else(services, review, questions, asked):
    number, _ = asked()
    assert ledger(services) == []
    assert place(services, number) == (RoutingState.OPEN, Lane.ASKED)
    assert seen(review, ADA) == seen(review, BOB) == []
    assert review.counts(ADA, Clock().at).waiting[Lane.ASKED] == 0
    assert review.counts(LENA, Clock().at).waiting[Lane.ASKED] == 1
    assert review.elsewhere(ADA).asked == 1
    (item,) = review.claim(LENA)
    assert (item.question.asker, item.question.text, item.question.answer) == ("Ada", "Irony, I think?", None)
    assert item.evidence is not None


def test_the_answer_brings_the_comment_back_to_whoever_asked(services, review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    questions.answer(number, "Yes, irony. Let it stand.", by=LENA, client_id=uuid4())
    assert seen(review, LENA) == seen(review, BOB) == []
    (item,) = review.claim(ADA)
    assert (item.question.answer, item.question.answered_by) == ("Yes, irony. Let it stand.", "Lena")
    review.decide(Verdict(uuid4(), number, Outcome.APPROVE), by=ADA)
    assert place(services, number) == (RoutingState.SETTLED, Lane.ASKED)
    (told,) = questions.mine(ADA)
    assert (told.by, told.outcome, told.waits) == ("Ada", Outcome.APPROVE, False)
    assert questions.news(ADA) == []


def test_a_lead_who_decides_it_tells_whoever_asked(services, review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    verdict = remove(number, answer="A slur in disguise.")
    review.decide(verdict, by=LENA)
    (told,) = questions.news(ADA)
    assert (told.answer, told.answered_by, told.by) == ("A slur in disguise.", "Lena", "Lena")
    assert (told.outcome, told.labels) == (Outcome.REMOVE, TOXIC)
    assert questions.news(BOB) == questions.news(LENA) == []
    questions.seen([told.id], by=BOB)
    assert questions.news(ADA)
    questions.seen([told.id], by=ADA)
    assert questions.news(ADA) == []
    review.undo(LENA, uuid4(), verdict.client_id)
    assert place(services, number) == (RoutingState.OPEN, Lane.ASKED)
    (item,) = review.claim(LENA)
    assert item.question.answer is None
    assert questions.mine(ADA)[0].waits


def test_undoing_a_decision_after_an_answer_keeps_the_answer(services, review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    questions.answer(number, "Irony.", by=LENA, client_id=uuid4())
    verdict = remove(number)
    review.decide(verdict, by=ADA)
    review.undo(ADA, uuid4(), verdict.client_id)
    (item,) = review.claim(ADA)
    assert (item.lane, item.question.answer) == (Lane.ASKED, "Irony.")


def test_nobody_can_decide_what_waits_for_an_answer(review, questions, asked):
    number, _ = asked()
    for person in (ADA, BOB):
        with pytest.raises(Conflict, match="answer to a question"):
            review.decide(remove(number), by=person)
        with pytest.raises(Conflict):
            review.resume(person, number)


def test_a_question_is_taken_back(services, review, questions, asked):
    number, key = asked(Lane.ESCALATED)
    review.claim(LENA)
    with pytest.raises(NotFound):
        questions.take_back(key, by=BOB)
    assert questions.take_back(key, by=ADA) == questions.take_back(key, by=ADA) == number
    assert place(services, number) == (RoutingState.OPEN, Lane.ESCALATED)
    assert seen(review, ADA) == [number]
    with pytest.raises(Conflict):
        questions.answer(number, "Too late", by=LENA, client_id=uuid4())
    assert questions.mine(ADA)[0].taken_back
    questions.ask(number, "And now?", by=ADA, client_id=uuid4())
    review.claim(LENA)
    review.decide(remove(number), by=LENA)
    with pytest.raises(Conflict):
        questions.take_back(questions.mine(ADA)[0].client_id, by=ADA)


def test_an_answer_is_taken_back_until_it_was_used(review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    key = uuid4()
    questions.answer(number, "Irony", by=LENA, client_id=key)
    questions.answer(number, "Irony", by=LENA, client_id=key)  # sent twice
    assert questions.take_answer_back(key, by=LENA) == number
    assert seen(review, LENA) == [number]
    assert seen(review, ADA) == []
    questions.answer(number, "No irony", by=LENA, client_id=key)
    review.claim(ADA)
    review.decide(remove(number), by=ADA)
    with pytest.raises(Conflict):
        questions.take_answer_back(key, by=LENA)


def test_after_the_hold_time_a_comment_is_anybodys(review, questions, asked, clock):
    first, _ = asked()
    clock.forward(hours=25)
    assert seen(review, BOB) == [first]
    review.skip(BOB, first)
    assert seen(review, ADA) == [first], "whoever asked too"
    review.decide(remove(first), by=ADA)
    second, _ = asked()
    review.claim(LENA)
    questions.answer(second, "Irony", by=LENA, client_id=uuid4())
    clock.forward(hours=23)
    assert seen(review, BOB) == []
    clock.forward(hours=2)
    assert seen(review, BOB) == [second], "whoever asked is away"


@pytest.mark.parametrize("lane", [Lane.AUDIT, Lane.DISAGREEMENT, Lane.RECHECK])
def test_a_blind_comment_stays_blind_and_is_decided_by_the_lead(services, review, questions, asked, lane):
    number, _ = asked(lane)
    (item,) = review.claim(LENA)
    assert item.blind
    assert (item.evidence, item.suggestion) == (None, None)
    history = Browse(services.sessions).history(number)
    assert history.comment.hidden
    assert not any(event.note or event.scores for event in history.events)
    with pytest.raises(BadInput, match="blind"):
        questions.answer(number, "Remove it", by=LENA, client_id=uuid4())
    made = review.decide(remove(number, answer="Clear enough."), by=LENA)
    assert made.blind
    assert questions.news(ADA)[0].answer == "Clear enough."


@pytest.mark.parametrize("lane", [Lane.SECOND, Lane.ADJUDICATION])
def test_ones_own_judgement_is_not_asked_for(services, review, questions, lane):
    (number,) = fill_queue(services.sessions, [Waiting("Mine to judge", lane)])
    review.claim(ADA)
    with pytest.raises(BadInput, match="your own judgement"):
        questions.ask(number, "What do you think?", by=ADA, client_id=uuid4())


def test_a_second_opinion_goes_to_nobody_who_asked_or_answered(services, review, questions, clock):
    for k, person in enumerate((ADA, BOB, LENA)):
        (warm,) = fill_queue(services.sessions, [Waiting(f"warm {k}")], second_rate=1.0)
        review.decide(remove(warm), by=person)
    waits = {seen_by: set(seen(review, seen_by)) for seen_by in (ADA, BOB, LENA)}
    for person, numbers in waits.items():
        for number in numbers:
            review.skip(person, number)
    (number,) = fill_queue(services.sessions, [Waiting("Is it irony?")])
    review.claim(ADA, lanes=[Lane.FLAGGED])
    questions.ask(number, "Is it?", by=ADA, client_id=uuid4())
    review.take(LENA, 10, [Lane.ASKED])
    questions.answer(number, "It is.", by=LENA, client_id=uuid4())
    review.decide(Verdict(uuid4(), number, Outcome.APPROVE), by=ADA)
    assert place(services, number) == (RoutingState.OPEN, Lane.SECOND)
    clock.forward(hours=1)
    assert number not in seen(review, LENA)
    assert number not in seen(review, ADA)
    assert number in seen(review, BOB)


def test_what_is_wrong_with_a_question_is_said(services, review, questions, asked):
    number, key = asked()
    questions.ask(number, "Irony, I think?", by=ADA, client_id=key)  # sent twice
    assert len(questions.mine(ADA)) == 1
    with pytest.raises(BadInput, match="Write what"):
        questions.ask(number, "  ", by=ADA, client_id=uuid4())
    with pytest.raises(Conflict, match="already"):
        questions.ask(number, "Me too", by=BOB, client_id=uuid4())
    with pytest.raises(NotFound):
        questions.ask(number + 1, "Where is it?", by=ADA, client_id=uuid4())
    with pytest.raises(NotAllowed):
        questions.answer(number, "Let me", by=BOB, client_id=uuid4())
    lead_too = Person("Ada", frozenset({Role.MODERATOR, Role.LEAD}))
    with pytest.raises(BadInput, match="your own question"):
        questions.answer(number, "I think so", by=lead_too, client_id=uuid4())


def test_identical_comments_leave_a_question_alone(services, review, asked):
    number, _ = asked()
    (twin,) = fill_queue(services.sessions, [Waiting("Is this one an insult?")])
    review.claim(BOB)
    made = review.settle_identical(remove(twin), by=BOB)
    assert [one.comment_id for one in made] == [twin]
    assert place(services, number) == (RoutingState.OPEN, Lane.ASKED)


def test_erasing_a_comment_erases_what_was_asked_of_it(services, review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    questions.answer(number, "He writes “Is this one an insult?”", by=LENA, client_id=uuid4())
    job = services.privacy.erase_comment(number, by=Person("Root", frozenset(Role)))
    services.privacy.finish(job.id)
    with services.sessions.read() as session:
        (row,) = session.scalars(select(QuestionRow))
        assert (row.question, row.answer, row.asker) == (None, None, "Ada")
    (told,) = questions.mine(ADA)
    assert (told.question, told.text) == (None, "")
    assert seen(review, ADA) == []


def test_the_history_tells_questions_to_those_who_may_know(services, review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    questions.answer(number, "Irony.", by=LENA, client_id=uuid4())
    review.decide(remove(number), by=ADA)

    def told(person):
        events = Browse(services.sessions).seen_by(person).history(number).events
        return [(event.kind, event.person, event.note) for event in events if event.kind in ("asked", "answered")]

    whole = [("asked", "Ada", "Irony, I think?"), ("answered", "Lena", "Irony.")]
    assert told(LENA) == told(ADA) == whole
    assert told(BOB) == [("asked", "Somebody else", None), ("answered", "Somebody else", None)]


def test_a_decision_counts_in_the_lane_of_questions(services, review, asked):
    number, _ = asked()
    review.claim(LENA)
    review.decide(Verdict(uuid4(), number, Outcome.ESCALATE, NO_LABELS), by=LENA)
    (entry,) = ledger(services)
    assert (entry.lane, entry.outcome) == (Lane.ASKED, Outcome.ESCALATE)
    assert place(services, number) == (RoutingState.OPEN, Lane.ESCALATED)


def test_a_comment_that_was_asked_about_since_cannot_be_taken_back(services, review, questions):
    (number,) = fill_queue(services.sessions, [Waiting("Is this one an insult?")])
    review.claim(ADA)
    escalated = uuid4()
    review.decide(Verdict(escalated, number, Outcome.ESCALATE, NO_LABELS), by=ADA)
    review.claim(BOB)
    questions.ask(number, "And this?", by=BOB, client_id=uuid4())
    with pytest.raises(Conflict, match="moved on"):
        review.undo(ADA, uuid4(), escalated)
    assert place(services, number) == (RoutingState.OPEN, Lane.ASKED)
    assert seen(review, LENA) == [number]


def test_a_lead_who_passed_it_on_cannot_open_a_second_question(services, review, questions, asked):
    number, _ = asked()
    review.claim(LENA)
    passed_on = uuid4()
    review.decide(Verdict(passed_on, number, Outcome.ESCALATE, NO_LABELS), by=LENA)
    review.claim(BOB)
    questions.ask(number, "And this?", by=BOB, client_id=uuid4())
    with pytest.raises(Conflict, match="moved on"):
        review.undo(LENA, uuid4(), passed_on)


def test_nobody_waits_for_the_answer_about_a_comment_that_was_erased(services, review, questions, asked):
    number, _ = asked()
    job = services.privacy.erase_comment(number, by=Person("Root", frozenset(Role)))
    services.privacy.finish(job.id)
    assert review.elsewhere(ADA).asked == 0
    assert questions.told(ADA)[0] == (0, None)
    (told,) = questions.mine(ADA)
    assert not told.waits
    assert not told.taken_back


def test_what_a_colleague_did_meanwhile_is_seen_behind_the_lock(services, review, questions, asked, monkeypatch):
    """Read before the lock, a question looks open that a lead has just passed on."""
    number, key = asked()
    review.claim(LENA)
    lock, raced = QueueStore.lock, []

    def lock_late(self, ids):
        if not raced and services.settings.database_url.startswith("postgresql"):
            raced.append(1)
            review.decide(Verdict(uuid4(), number, Outcome.ESCALATE, NO_LABELS), by=LENA)
        return lock(self, ids)

    monkeypatch.setattr(QueueStore, "lock", lock_late)
    if not services.settings.database_url.startswith("postgresql"):
        pytest.skip("SQLite lets one transaction write at a time")
    with pytest.raises(Conflict, match="meanwhile"):
        questions.take_back(key, by=ADA)
    assert place(services, number) == (RoutingState.OPEN, Lane.ESCALATED)
