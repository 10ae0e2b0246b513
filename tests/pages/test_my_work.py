"""My work without a browser: own numbers, own decisions, taking one back."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from core.domain import Lane, Outcome
from core.verdict import Verdict
from tests.pages.test_metrics import words
from tests.support.databases import on_both
from tests.support.queue import SEVERE, Waiting, fill_queue, flagged

INSULT = (False, False, False, False, True, False)


@pytest.fixture
def decided(app_services, ada):
    """Decides comments for Ada; the ids."""

    def made(waiting, **how):
        ids = fill_queue(app_services.sessions, waiting)
        app_services.review.claim(ada)
        for comment_id in ids:
            verdict = {"outcome": Outcome.REMOVE, "labels": INSULT, "seconds": 2.0} | how
            app_services.review.decide(Verdict(uuid4(), comment_id, **verdict), by=ada)
        return ids

    return made


def opened(app):
    app.run()
    app.switch_page("my_work.py").run()
    assert not app.exception
    return app


def rows(app) -> list[dict]:
    """The list of decisions; none where it is not drawn."""
    lists = [one.proto for one in app.get("bidi_component") if one.proto.component_name == "comment_list"]
    return json.loads(lists[0].json)["rows"] if lists else []


@on_both
def test_own_numbers_and_decisions(app, decided, bob, app_services):
    made = decided([*flagged(2), Waiting("a threat", scores=SEVERE)])
    theirs = fill_queue(app_services.sessions, [Waiting("not Ada's")])
    app_services.review.claim(bob)
    app_services.review.decide(Verdict(uuid4(), theirs[0], Outcome.APPROVE), by=bob)
    opened(app)
    assert [row["number"] for row in rows(app)] == made[::-1]
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Decided"], shown["Removed"], shown["Approved"], shown["Median time"]) == ("3", "3", "0", "2.0 s")
    assert rows(app)[0]["text"] == "Masked: open it to read"
    assert "Insult 3" in words(app)


def test_the_list_is_searched(app, decided):
    (first,) = decided([Waiting("about apples")])
    (second,) = decided([Waiting("a blind one", Lane.AUDIT)], outcome=Outcome.APPROVE, labels=(False,) * 6)
    opened(app)
    app.selectbox(key="own_outcome").set_value(Outcome.APPROVE).run()
    assert [row["number"] for row in rows(app)] == [second]
    app.selectbox(key="own_outcome").set_value(None)
    app.text_input(key="own_text").set_value(f"#{first}").run()
    assert [row["number"] for row in rows(app)] == [first]
    app.selectbox(key="own_lane").set_value(Lane.AUDIT).run()
    assert rows(app) == []
    assert "None of your decisions matches" in [one.value for one in app.subheader]


def test_pages_are_turned(app, decided):
    made = decided(flagged(27))
    opened(app)
    app.button(key="own_older").click().run()
    assert [row["number"] for row in rows(app)] == made[1::-1]
    assert app.button(key="own_older").disabled
    app.button(key="own_newer").click().run()
    assert rows(app)[0]["number"] == made[-1]


def test_a_decision_is_opened_and_taken_back(app, decided, app_services, ada):
    decided([Waiting("word for word") for _ in range(3)][:1], note="a note of mine")
    opened(app)
    app.session_state["own_history_open"] = rows(app)[0]["id"]
    app.run()
    assert "a note of mine" in "".join(one.proto.body for one in app.get("html"))
    app.button(key="own_undo").click().run()
    app.run()
    assert not app.exception
    assert rows(app)[0]["state"] == "Undone"
    assert "own_undo" not in {button.key for button in app.button}


def test_a_conflict_is_told_in_words(app, decided, app_services, bob):
    (first,) = decided(flagged(1), outcome=Outcome.ESCALATE, labels=(False,) * 6)
    app_services.review.claim(bob)
    app_services.review.decide(Verdict(uuid4(), first, Outcome.APPROVE), by=bob)
    opened(app)
    app.session_state["own_history_open"] = rows(app)[0]["id"]
    app.run()
    app.button(key="own_undo").click().run()
    assert f"Comment {first} has moved on since" in "".join(one.proto.body for one in app.get("html"))


def test_what_is_too_old_says_so_instead_of_offering(app, decided, app_services, monkeypatch):
    decided(flagged(1))
    monkeypatch.setattr(app_services.own_history, "_window", timedelta(0))
    opened(app)
    app.session_state["own_history_open"] = rows(app)[0]["id"]
    app.run()
    assert "own_undo" not in {button.key for button in app.button}
    assert "more than 24 hours old" in words(app)


def test_a_batch_says_how_many(app, app_services, ada):
    ids = fill_queue(app_services.sessions, [Waiting("the same") for _ in range(3)])
    app_services.review.claim(ada)
    app_services.review.settle_identical(Verdict(uuid4(), ids[0], Outcome.REMOVE, INSULT), by=ada)
    opened(app)
    (row,) = rows(app)
    assert "3 comments together" in row["facts"]
    app.session_state["own_history_open"] = row["id"]
    app.run()
    assert app.button(key="own_undo").label == "Take all 3 back"


def test_of_a_comment_that_waits_for_others_only_ones_own_words_stand(app, decided, app_services, ada, bob):
    (first,) = decided([Waiting("whose turn", Lane.AUDIT, SEVERE)])
    fill_queue(app_services.sessions, [Waiting("whose turn", Lane.AUDIT, SEVERE)])
    opened(app)
    (row,) = rows(app)
    assert (row["number"], row["text"], row["state"]) == (first, "whose turn", "Removed")
    assert row["facts"][:2] == ["Insult", "waits for others"]
