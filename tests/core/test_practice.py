"""The practice: the queue's steps on written comments, answered without any database."""

from uuid import uuid4

import pytest

from core.accounts import Person, Role, local_person
from core.domain import NO_LABELS, Outcome
from core.errors import Conflict, NotAllowed, NotFound
from core.labels import LABELS
from core.practice import BY_ID, FIRST_ID, PracticeReview, Progress
from core.practice_comments import EXAMPLES
from core.verdict import Verdict

ADA = local_person("Ada")


def removed(number: int, client_id=None) -> Verdict:
    return Verdict(client_id or uuid4(), number, Outcome.REMOVE, seconds=2.0)


def numbers(review: PracticeReview) -> list[int]:
    return [number - FIRST_ID for number, _held in review.order]


def test_steps_do_what_they_do_in_the_queue():
    review, step = PracticeReview(), removed(FIRST_ID)
    for _ in range(2):  # sent twice
        review.decide(step, by=ADA)
    assert (numbers(review)[:2], review.last, review.median_seconds) == ([1, 2], FIRST_ID, 2.0)
    review.skip(ADA, FIRST_ID + 1)
    review.hold(ADA, FIRST_ID + 2)
    assert (numbers(review)[0], numbers(review)[-2:]) == (3, [1, 2])
    review.resume(ADA, FIRST_ID + 2)
    assert numbers(review)[0] == 2
    with pytest.raises(Conflict, match="decided that one already"):
        review.decide(removed(FIRST_ID), by=ADA)
    with pytest.raises(NotFound, match="no comment of the practice"):
        review.decide(removed(7), by=ADA)


def test_undo_goes_back_step_by_step_and_sent_twice_is_one():
    review, steps = PracticeReview(), [removed(FIRST_ID), removed(FIRST_ID + 1)]
    for step in steps:
        review.decide(step, by=ADA)
    undo = uuid4()
    for _ in range(2):
        assert review.undo(ADA, undo, steps[1].client_id) == [FIRST_ID + 1]
    assert (numbers(review)[0], list(review.answers)) == (1, [EXAMPLES[0].key])
    assert review.undo(ADA, uuid4()) == [FIRST_ID]
    with pytest.raises(NotFound, match="no step of this practice"):
        review.undo(ADA, uuid4())


def test_copies_are_settled_with_it():
    (number,) = [number for number, example in BY_ID.items() if example.identical > 1]
    assert len(PracticeReview().settle_identical(removed(number), by=ADA)) == 4


def test_it_goes_on_where_it_was_left():
    review = PracticeReview()
    review.decide(removed(FIRST_ID + 3), by=ADA)
    again = PracticeReview(Progress.parse(review.progress.to_json()))
    assert (3 in numbers(again), again.answers, again.last) == (False, review.answers, None)
    for number in BY_ID:
        if number != FIRST_ID + 3:
            again.decide(removed(number), by=ADA)
    assert again.progress.finished
    assert again.order == []


@pytest.mark.parametrize(
    "junk",
    [None, 3, [], {"answers": 4}, {"answers": {"insult": ["ban", 1]}}, {"answers": {"insult": 5, "x": ["remove", 1]}},
     {"answers": {"insult": ["remove", 99]}, "skipped": 1}, {"answers": {"insult": ["remove", "1"]}}],
    ids=str,
)  # fmt: skip
def test_any_preference_is_survived(junk):
    assert Progress.parse(junk) == Progress()


def test_only_who_reviews_practises():
    analyst = Person("Eve", frozenset({Role.ANALYST}))
    for act in ("skip", "hold", "resume"):
        with pytest.raises(NotAllowed):
            getattr(PracticeReview(), act)(analyst, FIRST_ID)
    with pytest.raises(NotAllowed):
        PracticeReview().decide(removed(FIRST_ID), by=analyst)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.key)
def test_an_example_fits_together(example):
    assert len(example.scores) == len(LABELS)
    assert all(words in example.text for words, _label, _strength in example.marks)
    assert example.hints[-1][0] == ""
    assert example.text.isascii() or "“" in example.text  # code points are characters
    assert example.outcome is not Outcome.REMOVE or example.labels != NO_LABELS
