"""The queue page without a browser: what the card is told, and what becomes of what it reports."""

import json
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from core.accounts import Person, Role, local_person
from core.domain import Lane, now
from core.keys import Scope
from core.review import Review
from core.scoring.protocol import Span
from db.models import ClaimRow, DecisionRow
from db.program_models import SuggestionRow
from pages.shared.review_card import log, payload
from tests.support.databases import on_both
from tests.support.programs import send
from tests.support.queue import SEVERE, Waiting, fill_queue, flagged


def told(app) -> dict:
    """What the card was given in the latest run."""
    cards = (found.proto for found in app.get("bidi_component"))
    return json.loads(next(card.json for card in cards if card.component_name == "review_card"))


def report(app, *steps) -> dict:
    app.session_state["review"] = {"log": list(steps)}
    app.run()
    assert not app.exception
    return told(app)


def decide(comment_id, **more) -> dict:
    step = {
        "id": str(uuid4()),
        "by": "Ada",
        "kind": "decide",
        "comment": comment_id,
        "outcome": "remove",
        "labels": [0, 4],
    }
    return {**step, "seconds": 2.5, "note": None, **more}


@pytest.fixture
def ledger(app_services):
    def read():
        with app_services.sessions.read() as session:
            return session.scalars(select(DecisionRow).order_by(DecisionRow.id)).all()

    return read


@pytest.fixture
def fill(app_services):
    return lambda waiting: fill_queue(app_services.sessions, waiting)


@on_both
def test_the_card_gets_what_waits(app, fill):
    made = fill([Waiting("hello", Lane.AUDIT, SEVERE), *flagged(3)])
    app.run()
    data = told(app)
    assert [item["id"] for item in data["items"]] == made
    assert {lane: many for lane, many in data["counts"]["waiting"].items() if many} == {"audit": 1, "flagged": 3}
    assert data["items"][1]["preset"] == [0, 2, 4]
    assert data["elsewhere"] is None


def test_blind_items_reach_the_browser_without_anything_that_could_sway(app, fill):
    fill([Waiting("you all", Lane.AUDIT, SEVERE)])
    app.run()
    (item,) = told(app)["items"]
    assert item["blind"]
    assert (item["scores"], item["thresholds"], item["preset"], item["masked"]) == (None, None, [], False)
    assert (item["identical"], item["history"], told(app)["spans"]) == (1, [], {})


def test_a_report_is_recorded_once_and_answered_each_time(app, fill, ledger):
    made = fill(flagged(3))
    app.run()
    step = decide(made[0], note="spam")
    beat = {"kind": "beat", "id": "b1", "have": made[1:], "awake": True}
    for _ in range(3):
        data = report(app, step, beat)
        assert data["answers"] == [{"id": step["id"], "ok": True}]
    assert [entry[0] for entry in data["order"]] == made[1:]
    assert data["items"] == []
    (row,) = ledger()
    assert (row.person, row.labels, row.seconds, row.note) == ("Ada", 0b10001, 2.5, "spam")


@on_both
def test_steps_are_done_in_order(app, fill, ledger):
    made = fill(flagged(4))
    app.run()
    first = decide(made[0])
    undo = {"id": str(uuid4()), "by": "Ada", "kind": "undo", "target": first["id"], "comment": made[0], "of": "decide"}
    again = decide(made[0], outcome="approve", labels=[])
    skip = {"id": str(uuid4()), "by": "Ada", "kind": "skip", "comment": made[1]}
    back = {"id": str(uuid4()), "by": "Ada", "kind": "undo", "of": "skip", "comment": made[1]}
    hold = {"id": str(uuid4()), "by": "Ada", "kind": "hold", "comment": made[2]}
    data = report(app, first, undo, again, skip, back, hold)
    assert [answer["ok"] for answer in data["answers"]] == [True] * 6
    assert [(row.outcome, row.revokes) for row in ledger()] == [("remove", None), ("remove", 1), ("approve", None)]
    assert [(entry[0], entry[2]) for entry in data["order"]] == [(made[1], False), (made[3], False), (made[2], True)]
    resume = {"id": str(uuid4()), "by": "Ada", "kind": "resume", "comment": made[2]}
    assert all(not held for _, _, held in report(app, resume)["order"])


def test_identical_comments(app, fill, ledger):
    made = fill([Waiting("same") for _ in range(5)])
    app.run()
    assert told(app)["items"][0]["identical"] == 5
    data = report(app, decide(made[0], kind="identical"))
    assert data["answers"][0]["settled"] == 5
    assert len({row.batch for row in ledger()}) == 1


def test_a_conflict_is_told_in_words(app, fill, app_services, bob):
    (first,) = fill(flagged(1))
    app.run()
    with app_services.sessions.begin() as session:
        session.query(ClaimRow).update({"person": "Bob"})
    data = report(app, decide(first))
    assert data["answers"][0]["message"] == f"Bob has comment {first} now. Nothing was recorded."
    assert data["elsewhere"]["claimed"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": [9]}, {"labels": None}, {"outcome": "ban"}, {"comment": "1"}, {"comment": -4}, {"id": "x"},
        {"kind": "drop"}, {"by": "Bob"}, {"comment": 10**40},
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused(app, fill, ledger, wrong):
    (first,) = fill(flagged(1))
    app.run()
    data = report(app, {**decide(first), **wrong})
    assert not data["answers"][0]["ok"]
    assert ledger() == []


@pytest.mark.parametrize(
    "junk", [None, 3, "log", {"log": 5}, {"log": [None, 4, "x"]}, {"log": [{"kind": "beat", "have": 3}]}]
)
def test_junk_breaks_nothing(app, fill, junk):
    fill(flagged(1))
    app.run()
    app.session_state["review"] = junk
    app.run()
    assert not app.exception


def test_every_step_checks_the_role(app_services, fill, ledger):
    (first,) = fill(flagged(1))
    eve = Person("Eve", frozenset({Role.ANALYST}))
    answers = log.apply(app_services.review, eve, [{**decide(first), "by": "Eve"}], log.Desk("Eve"))
    assert "needs the role" in answers[0]["message"]
    assert ledger() == []


def test_what_the_database_cannot_take_is_not_confirmed(app_services, fill, ada, monkeypatch):
    first, second = fill(flagged(2))
    desk = log.Desk("Ada")
    steps = [decide(first), decide(second)]
    with monkeypatch.context() as patched:
        patched.setattr(Review, "decide", lambda *_, **__: 1 / 0)
        assert log.apply(app_services.review, ada, steps, desk) == []
    assert [answer["ok"] for answer in log.apply(app_services.review, ada, steps, desk)] == [True, True]


def test_nothing_to_do_is_explained(app, fill):
    (first,) = fill(flagged(1))
    app.run()
    report(app, decide(first))
    data = told(app)
    assert data["items"] == []
    nothing = {"claimed": 0, "held": 0, "back": None, "unscored": 0, "othersTurn": 0, "asked": 0, "askedSince": None}
    nothing["unwished"] = False
    assert data["elsewhere"] == nothing


def test_highlights_are_few_and_strong():
    spans = [Span(0, 3, (0.1, 0, 0, 0, 0, 0)), Span(4, 9, (6.0, 0, 0, 0, 1.0, 0)), Span(9, 12, (0.9, 0, 0, 0, 0, 0))]
    assert payload.spans_json(spans) == [[4, 9, 0, 1.0]]
    assert payload.spans_json([]) == []


@pytest.mark.parametrize(("waiting", "want"), [((0, 0, 10_000), 40), ((0, 0, 100), 25), ((0, 0, 3), 8)])
def test_near_the_end_some_is_left_to_others(waiting, want):
    assert payload.wanted(waiting) == want


def test_an_empty_site_is_shown_where_to_begin(app):
    app.run()
    assert told(app)["elsewhere"]["title"] == "No comments yet"
    assert app.get("page_link")


def test_a_suggested_comment_comes_with_who_suggests_what(app, app_services):
    key, _ = app_services.keys.create("forum-bot", [Scope.SUGGEST], by=local_person("Ada"))
    send(app_services, key, toxic=True, insult=False, obscene=False)
    app.run()
    (item,) = told(app)["items"]
    assert item["lane"] == "suggested"
    assert item["suggestion"] == {"by": "forum-bot", "labels": ["Toxic"]}
    assert item["preset"] == [0]


def test_a_blind_comment_comes_without_what_a_program_suggests(app, app_services, fill):
    key, _ = app_services.keys.create("forum-bot", [Scope.SUGGEST], by=local_person("Ada"))
    (id_,) = fill([Waiting("hello", Lane.AUDIT, SEVERE)])
    values = {"labels": 1, "given": 1, "scores": {}, "sent_at": now()}
    with app_services.sessions.begin() as session:
        session.execute(insert(SuggestionRow).values(comment_id=id_, key_id=key.id, **values))
    app.run()
    (item,) = told(app)["items"]
    assert (item["suggestion"], item["preset"]) == (None, [])
