"""The comment store, on both databases: bulk, idempotent, also when two add at once."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from db.models import CommentRow, GoldenRow, PendingRow
from db.stores.comments import CommentStore, CommentValues


def values(numbers, text="t"):
    return [CommentValues(text, "h" * 32, "s", str(n), None, None, None, None, 1) for n in numbers]


def counts(services):
    with services.sessions.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in (CommentRow, PendingRow)]


def add(services, numbers, golden=None):
    with services.sessions.begin() as session:
        return CommentStore(session).add_many(values(numbers), golden)


def test_added_and_known_are_counted(services):
    assert add(services, range(10)) == (10, 0)
    assert add(services, range(5, 15)) == (5, 5)
    assert add(services, [99, 99, 1]) == (1, 2)
    assert add(services, []) == (0, 0)
    assert counts(services) == [16, 16]


def test_golden_labels_are_for_new_comments_alone(services):
    add(services, [1])
    add(services, [1, 2, 3], {("s", "1"): 63, ("s", "2"): 5})
    with services.sessions.read() as session:
        rows = session.execute(
            select(CommentRow.external_id, GoldenRow.labels).join(GoldenRow, GoldenRow.comment_id == CommentRow.id)
        )
        assert [tuple(row) for row in rows] == [("2", 5)]


def test_many_at_once_in_opposite_orders(services):
    numbers = list(range(300))
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: add(services, numbers if n % 2 else numbers[::-1]), range(12)))
    assert sum(added for added, _ in done) == 300
    assert counts(services) == [300, 300]


def test_details_come_back(services):
    with services.sessions.begin() as session:
        row = CommentValues("text", "h", "s", "e", "author", "thread", "parent", 1_700_000_000_000_000, 5)
        CommentStore(session).add_many([row])
        stored = CommentStore(session).get(1)
    assert (stored.author, stored.thread, stored.parent) == ("author", "thread", "parent")
    assert stored.created_at.timestamp() == 1_700_000_000
    with services.sessions.read() as session:
        assert CommentStore(session).get(2) is None
