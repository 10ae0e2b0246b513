"""The practice without a browser: what the card is told, and that nothing of it reaches anything real."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from core.errors import DatabaseTrouble
from core.practice import FIRST_ID, PREFERENCE, Progress
from core.practice_comments import EXAMPLES
from db.models import Base, ClaimRow, CommentRow, DecisionRow
from db.people_models import AuditEventRow
from pages.shared.review_card import log
from tests.pages.test_metrics import words
from tests.pages.test_queue import told
from tests.support.queue import fill_queue, flagged


@pytest.fixture
def practice(app):
    app.run()
    app.switch_page("practice.py").run()
    assert not app.exception
    return app


def step(number=0, **more) -> dict:
    made = {"id": str(uuid4()), "by": "Ada", "desk": "practice", "kind": "decide", "comment": FIRST_ID + number}
    return made | {"outcome": "remove", "labels": [4], "seconds": 2.0, "note": None} | more


def report(app, *steps, of=0) -> dict:
    app.session_state[f"practice_{of}"] = {"log": list(steps)}
    app.run()
    assert not app.exception
    return told(app)


def test_the_card_gets_the_examples_with_hints(practice):
    data = told(practice)
    assert [item["text"] for item in data["items"]] == [example.text for example in EXAMPLES]
    assert all(item["hints"] and item["shown"] for item in data["items"])
    blind = next(item for item in data["items"] if item["blind"])
    assert (blind["scores"], blind["preset"], data["spans"][str(blind["id"])]) == (None, [], [])
    assert data["elsewhere"] is None
    assert sum(item["masked"] for item in data["items"]) == 3


def test_an_answer_is_compared_with_the_examples(practice):
    data = report(practice, step(1, labels=[0, 4]))
    assert data["answers"][0]["ok"]
    assert data["coach"]["last"].startswith("You said “Remove: Toxic, Insult”, and so does our example.")
    data = report(practice, step(0, outcome="escalate", labels=[]))
    assert data["coach"]["last"].startswith("You said “Escalate”; our example answer is “Approve: no label”.")
    assert (data["counts"]["done"], data["counts"]["median"]) == (2, 2.0)


def test_nothing_real_is_touched_but_how_far_one_is(practice, app_services):
    fill_queue(app_services.sessions, flagged(2))

    def counted():
        with app_services.sessions.read() as session:
            tables = {table.name: table for table in Base.metadata.sorted_tables if table.name != "preference"}
            return {name: session.scalar(select(func.count()).select_from(one)) for name, one in tables.items()}

    before = counted()
    report(
        practice, *[step(k) for k in range(3)], step(3, kind="hold"), step(4, kind="skip"), step(9, kind="identical"),
        {"id": str(uuid4()), "by": "Ada", "desk": "practice", "kind": "undo", "target": None},
        {"kind": "beat", "id": "b", "have": [1, 2, FIRST_ID], "revealed": [FIRST_ID + 4], "awake": True},
    )  # fmt: skip
    app_services.reveals.flush()
    assert counted() == before
    with app_services.sessions.read() as session:
        assert not any(
            session.scalar(select(func.count()).select_from(row)) for row in (DecisionRow, ClaimRow, AuditEventRow)
        )
        assert session.scalar(select(func.count()).select_from(CommentRow)) == 2


def test_a_step_of_the_queue_is_left_to_the_queue(practice, app_services, ada):
    (real,) = fill_queue(app_services.sessions, flagged(1))
    queued = {"id": str(uuid4()), "by": "Ada", "kind": "decide", "comment": real, "outcome": "remove", "labels": [0]}
    data = report(practice, queued, step(0))
    assert [answer["id"] for answer in data["answers"]] != [queued["id"]]
    assert len(data["answers"]) == 1  # the queue's is not answered, so the browser keeps it
    assert not app_services.own_history.has_begun(by=ada)


def test_a_step_of_the_practice_is_no_step_of_the_queue(app, app_services, ada):
    made = fill_queue(app_services.sessions, flagged(1))
    app.run()
    app.session_state["review"] = {"log": [step(0), step(comment=made[0])]}
    app.run()
    assert [answer["ok"] for answer in told(app)["answers"]] == [False, False]
    assert "belongs to another page" in told(app)["answers"][0]["message"]
    assert not app_services.own_history.has_begun(by=ada)


@pytest.mark.parametrize("kind", ["hand", "focus", "drop"])
def test_what_would_reach_others_is_no_step_of_the_practice(practice, app_services, ada, kind):
    before = app_services.preferences.all_of(ada)
    data = report(practice, step(0, kind=kind, to="Bob", focus={"own": {"lanes": ["audit"]}, "beyond": False}))
    assert not data["answers"][0]["ok"]
    assert app_services.preferences.all_of(ada) == before


def test_both_desks_know_whose_steps_they_take(ada):
    desk = log.Desk(name="practice")
    assert desk.of(ada).name == "practice"


def test_it_is_left_and_gone_on_with(practice, app_services, ada):
    report(practice, step(0), step(1))
    assert len(Progress.parse(app_services.preferences.get(ada, PREFERENCE)).answers) == 2
    practice.session_state["practice_room"] = None  # another visit
    practice.run()
    assert len(told(practice)["items"]) == len(EXAMPLES) - 2
    practice.button(key="practice_again").click().run()
    assert told(practice)["round"] == 1
    assert len(told(practice)["items"]) == len(EXAMPLES)
    assert not Progress.parse(app_services.preferences.get(ada, PREFERENCE)).answers


def test_at_the_end_it_says_what_comes_next(practice, app_services, ada):
    data = report(practice, *[step(k) for k in range(len(EXAMPLES))])
    assert data["elsewhere"]["title"] == "That was the practice"
    practice.switch_page("queue.py").run()
    assert "no_practice" not in {button.key for button in practice.button}


def test_it_is_offered_until_somebody_has_decided_or_says_no(app, app_services, ada):
    app.run()
    assert "New here?" in words(app)
    app.button(key="no_practice").click().run()
    assert "New here?" not in words(app)
    assert Progress.parse(app_services.preferences.get(ada, PREFERENCE)).skipped
    app.switch_page("preferences.py").run()
    assert "New here?" in words(app)  # there it can be found at any time


def test_who_has_decided_is_not_offered_it(app, app_services):
    made = fill_queue(app_services.sessions, flagged(2))
    app.run()
    decided = {
        "id": str(uuid4()),
        "by": "Ada",
        "kind": "decide",
        "comment": made[0],
        "outcome": "remove",
        "labels": [0],
    }
    app.session_state["review"] = {"log": [decided]}
    app.run()
    app.run()
    assert "New here?" not in words(app)


def test_it_goes_on_while_the_database_is_away(practice, app_services, monkeypatch):
    def away():
        raise DatabaseTrouble("The database is away.")

    monkeypatch.setattr("pages.shared.language_panel.follow_choice", lambda _person: None)  # the page is open already
    for kind in ("read", "begin"):
        monkeypatch.setattr(app_services.sessions, kind, away)
    data = report(practice, step(0), step(1))
    assert [answer["ok"] for answer in data["answers"]] == [True, True]
    assert not practice.error
