"""What stands around a comment: pages both ways, replies, outcomes as far as they may be told, none that sways."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from core.context import PAGE, Contexts, Fate, Part
from core.domain import Lane, Outcome, RoutingState
from core.errors import Conflict, NotFound
from core.golden_mix import GoldenMix, Mix
from core.raids import BulkVerdict
from core.review import Review
from core.verdict import Verdict
from db.models import CommentRow, RoutingRow
from tests.core.test_golden_mix import Always, add_golden
from tests.support.queue import SEVERE, Waiting, fill_queue, flagged

TOXIC = (True, False, False, False, False, False)
HER = {"author": "Eve", "thread": "t"}


@pytest.fixture
def fill(services):
    return lambda waiting, **options: fill_queue(services.sessions, waiting, **options)


def texts(page) -> list[str]:
    return [row.text for row in page.rows]


def fates(page) -> list[Fate | None]:
    return [row.fate for row in page.rows]


def route(services, comment_ids, **values) -> None:
    with services.sessions.begin() as session:
        session.execute(update(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids)).values(**values))


def test_a_thread_is_shown_above_and_below_page_by_page(services, fill, ada):
    made = fill([Waiting(f"number {k}", thread="t") for k in range(30)])
    fill([Waiting("of another site", thread="t")], source="other")
    services.review.take(ada, 40)
    pages = services.contexts.show(made[15], by=ada).pages
    assert texts(pages[Part.EARLIER]) == ["number 12", "number 13", "number 14"]
    assert texts(pages[Part.LATER]) == ["number 16", "number 17", "number 18"]
    earlier = services.contexts.more(made[15], Part.EARLIER, made[12], by=ada)
    assert (texts(earlier), earlier.more) == ([f"number {k}" for k in range(2, 12)], True)
    last = services.contexts.more(made[15], Part.EARLIER, made[2], by=ada)
    assert (texts(last), last.more) == (["number 0", "number 1"], False)
    later = services.contexts.more(made[15], Part.LATER, made[18], by=ada)
    assert (texts(later), later.more) == ([f"number {k}" for k in range(19, 29)], True)


def test_order_is_by_time_of_writing_and_of_coming_in_where_that_is_not_known(services, fill, ada):
    made = fill([Waiting(word, thread="t") for word in ("last", "here", "first", "unknown")])
    at = datetime(2026, 5, 1, tzinfo=UTC)
    times = {made[0]: at + timedelta(days=1), made[1]: at, made[2]: at - timedelta(days=1), made[3]: None}
    with services.sessions.begin() as session:
        for comment_id, written in times.items():
            session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(created_at=written))
    services.review.take(ada, 4)
    pages = services.contexts.show(made[1], by=ada).pages
    assert (texts(pages[Part.EARLIER]), texts(pages[Part.LATER])) == (["first"], ["last", "unknown"])


def test_what_it_answers_and_what_answers_it(services, fill, ada):
    asked = Waiting("question", author="X")
    made = fill([asked, Waiting("here", parent="c1"), *(Waiting(f"answer {k}", parent="c2") for k in range(5))])
    fill([Waiting("of another site", parent="c2")], source="other")
    services.review.take(ada, 20)
    shown = services.contexts.show(made[1], by=ada)
    assert (shown.parent.author, shown.parent.text) == ("X", "question")
    assert (texts(shown.pages[Part.REPLIES]), shown.pages[Part.REPLIES].more) == (
        [f"answer {k}" for k in range(3)],
        True,
    )
    more = services.contexts.more(made[1], Part.REPLIES, made[4], by=ada)
    assert (texts(more), more.more) == (["answer 3", "answer 4"], False)


def test_an_authors_comments_come_with_what_became_of_them(services, fill, ada, bob):
    made = fill([*flagged(6, **HER), Waiting("here", priority=-1, **HER), Waiting("z" * 5000, priority=2, **HER)])
    services.raids.settle(BulkVerdict(uuid4(), made[:2], Outcome.REMOVE, TOXIC), by=bob)
    services.raids.settle(BulkVerdict(uuid4(), made[2:3], Outcome.APPROVE), by=bob)
    route(services, made[3:4], state=RoutingState.ALLOWED.value, lane=None)
    route(services, made[4:5], state=RoutingState.REMOVED.value, lane=None, automatic=True)
    services.review.take(ada, 1)
    shown = services.contexts.show(made[6], by=ada)
    more = services.contexts.more(made[6], Part.AUTHOR, shown.pages[Part.AUTHOR].rows[-1].comment_id, by=ada)
    assert fates(shown.pages[Part.AUTHOR]) == [Fate.WAITING, Fate.WAITING, Fate.REMOVED]
    assert fates(more) == [Fate.LET_THROUGH, Fate.APPROVED, Fate.REMOVED, Fate.REMOVED]
    assert [row.labels for row in more.rows] == [None, (False,) * 6, TOXIC, TOXIC]
    assert len(shown.pages[Part.AUTHOR].rows[0].text) == 1_002
    assert shown.counts is not None


def test_an_authors_last_thirty_days_are_counted(services, fill, bob):
    made = fill(flagged(5, **HER))
    services.raids.settle(BulkVerdict(uuid4(), made[:2], Outcome.REMOVE, TOXIC), by=bob)
    services.review.undo(bob, uuid4())
    services.raids.settle(BulkVerdict(uuid4(), made[1:3], Outcome.REMOVE, TOXIC), by=bob)
    services.review.take(bob, 5)
    at = datetime(2026, 1, 1, tzinfo=UTC)  # when fill_queue has them written
    for days, expected in ((29, (5, 2)), (31, (0, 0))):
        contexts = Contexts(services.sessions, clock=lambda days=days: at + timedelta(days=days))
        counts = contexts.show(made[0], by=bob).counts
        assert (counts.comments, counts.removed) == expected


def test_around_a_blind_item_stand_texts_alone(services, fill, ada, bob):
    made = fill([Waiting("here", Lane.AUDIT, **HER), *flagged(3, scores=SEVERE, **HER)])
    services.raids.settle(BulkVerdict(uuid4(), made[1:3], Outcome.REMOVE, TOXIC), by=bob)
    services.source_links.put("test", "https://site.test/{id}", by=ada)
    (item,) = services.review.claim(ada, 1)
    assert (item.blind, item.link) == (True, None)
    shown = services.contexts.show(made[0], by=ada)
    rows = [row for page in shown.pages.values() for row in page.rows]
    assert {row.comment_id for row in rows} == set(made[1:])
    assert {(row.severe, row.fate, row.labels) for row in rows} == {(False, None, None)}
    assert (shown.counts.comments, shown.counts.removed) == (0, None)


@pytest.mark.parametrize("lane", [Lane.SECOND, Lane.AUDIT, Lane.ADJUDICATION])
def test_what_waits_for_a_blind_decision_keeps_its_outcome_to_itself(services, fill, ada, bob, lane):
    made = fill([Waiting("here", priority=-1, **HER), Waiting("again", scores=SEVERE, **HER), Waiting("again", **HER)])
    services.raids.settle(BulkVerdict(uuid4(), made[1:], Outcome.REMOVE, TOXIC), by=bob)
    route(services, made[1:2], state=RoutingState.OPEN.value, lane=lane.value, audit=lane is Lane.AUDIT)
    services.review.claim(ada, 1, [Lane.FLAGGED])
    shown = services.contexts.show(made[0], by=ada)
    found = {row.comment_id: (row.severe, row.fate, row.labels) for row in shown.pages[Part.AUTHOR].rows}
    assert found == {made[1]: (False, Fate.WAITING, None), made[2]: (False, Fate.HIDDEN, None)}


def test_severe_neighbours_are_masked_as_items_are(services, fill, ada):
    here = Waiting("here", priority=-1, **HER)
    made = fill([here, Waiting("severe", scores=SEVERE, **HER), Waiting("mild", **HER)])
    services.review.take(ada, 1)
    rows = services.contexts.show(made[0], by=ada).pages[Part.LATER].rows
    assert [(row.text, row.severe, row.fate) for row in rows] == [
        ("severe", True, Fate.WAITING), ("mild", False, Fate.WAITING)
    ]  # fmt: skip


def test_only_who_has_the_comment_is_told(services, fill, ada, bob):
    made = fill(flagged(2, **HER))
    services.review.take(bob, 2)
    with pytest.raises(Conflict, match="not yours"):
        services.contexts.show(made[0], by=ada)
    with pytest.raises(Conflict, match="not yours"):
        services.contexts.more(made[0], Part.AUTHOR, made[1], by=ada)
    with pytest.raises(NotFound):
        services.contexts.more(made[0], Part.AUTHOR, 10**9, by=bob)


def test_large_threads_and_authors_are_read_by_their_indexes(sqlite_services):
    plans = {
        "thread": "SELECT * FROM comment WHERE thread = 't' AND source = 's' AND coalesce(created_at, added_at) <= 5 "
        "ORDER BY coalesce(created_at, added_at) DESC, id DESC LIMIT 4",
        "author": "SELECT id FROM comment WHERE author = 'a' AND source = 's' AND coalesce(created_at, added_at) >= 5 "
        "ORDER BY coalesce(created_at, added_at) DESC, id DESC LIMIT 1000",
        "parent": "SELECT * FROM comment WHERE parent = 'c' AND source = 's' AND comment.parent IS NOT NULL AND id > 0 "
        "ORDER BY id LIMIT 4",
    }
    with sqlite_services.sessions.read() as session:
        for name, query in plans.items():
            plan = " ".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
            assert f"ix_comment_{name}" in plan
            assert "TEMP B-TREE" not in plan


def test_a_page_has_its_size(services, fill, ada):
    made = fill(flagged(2 + PAGE + 5, **HER))
    services.review.take(ada, 40)
    page = services.contexts.more(made[0], Part.LATER, made[1], by=ada)
    assert (len(page.rows), page.more) == (PAGE, True)


def test_a_settled_one_is_told_by_the_decision_that_holds(services, fill, ada, bob):
    made = fill([Waiting("here", priority=-1, **HER), Waiting("other", **HER)])
    services.review.take(bob, 2)
    services.review.decide(Verdict(uuid4(), made[1], Outcome.REMOVE, TOXIC), by=bob)
    services.review.undo(bob, uuid4())
    services.review.decide(Verdict(uuid4(), made[1], Outcome.APPROVE), by=bob)
    (row,) = services.contexts.show(made[0], by=bob).pages[Part.AUTHOR].rows
    assert (row.fate, row.labels) == (Fate.APPROVED, (False,) * 6)
    assert ada.name not in str(row)


def test_around_a_golden_item_that_is_mixed_in_it_looks_as_around_any_other(services, fill, ada):
    services.golden_mix.set(Mix(every=5), by=ada)
    fill(flagged(1, **HER))
    (golden,) = add_golden(services, Waiting("here", golden=True, **HER))
    review = Review(services.sessions, services.settings)
    review._serving._mix = GoldenMix(services.sessions, chance=Always(7))
    assert golden in [claim.comment_id for claim in review.take(ada, 5)]
    shown = services.contexts.show(golden, by=ada)
    assert fates(shown.pages[Part.AUTHOR]) == [Fate.WAITING]
    assert shown.counts.removed == 0
