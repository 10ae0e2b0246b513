"""Reveals of masked texts: gathered without a write, told in one event a person, kept when the database is away."""

from sqlalchemy import text

from core.trail import EVERYTHING
from pages.shared.review_card.log import Desk, newly_revealed


def told(services, ada):
    return [(e.person, e.what, e.subject, e.details) for e in services.trail.search(EVERYTHING, by=ada)][::-1]


def test_they_are_one_event_a_person_and_page(services, ada, bob):
    services.reveals.note(ada, [3, 5], "queue")
    services.reveals.note(ada, [5, 9], "queue")
    services.reveals.note(bob, [3], "page")
    assert told(services, ada) == []
    services.reveals.flush()
    assert told(services, ada) == [
        ("Ada", "text.revealed", "3 comments", {"comments": [3, 5, 9], "where": "queue"}),
        ("Bob", "text.revealed", "comment 3", {"comments": [3], "where": "page"}),
    ]
    services.reveals.flush()
    assert len(told(services, ada)) == 2


def test_what_cannot_be_written_is_kept_for_the_next_time(sqlite_services, ada):
    services = sqlite_services
    with services.sessions.begin() as session:
        session.execute(text("ALTER TABLE audit_event RENAME TO away"))
    services.reveals.note(ada, [1], "queue")
    services.reveals.flush()
    with services.sessions.begin() as session:
        session.execute(text("ALTER TABLE away RENAME TO audit_event"))
    services.reveals.close()
    assert [event[2] for event in told(services, ada)] == ["comment 1"]


def test_a_sign_of_life_that_comes_twice_tells_once(ada):
    desk = Desk().of(ada)
    beat = {"kind": "beat", "revealed": [4, "x", -1, 7, 2**80]}
    assert newly_revealed(beat, desk) == {4, 7}
    assert newly_revealed(beat, desk) == set()
    assert newly_revealed({"revealed": "no list"}, desk) == set()
