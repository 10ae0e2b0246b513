"""The Raids page, without a browser."""

import json
import random
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.accounts import Person, Role
from core.domain import Lane, Outcome
from core.raid_clusters import LEAST_BURST
from core.raids import BulkVerdict
from db.models import DecisionRow
from tests.support.databases import on_both
from tests.support.queue import SEVERE, Waiting, fill_queue

ATTACK = "![x](http://evil.test/x.png) :red[hello] **bold** the harbour was sold, ask {name} about all of it"
NAMES = ("Anna", "Bert", "Carl", "Dora", "Emil", "Frida", "Gustav", "Hanna")


def raid(many: int, **options) -> list[Waiting]:
    return [Waiting(ATTACK.format(name=NAMES[k % 8]), author=f"<b>a{k}</b>", **options) for k in range(many)]


@pytest.fixture
def fill(app_services):
    def put(waiting):
        made = fill_queue(app_services.sessions, waiting)
        app_services.raids.find()
        return made

    return put


@pytest.fixture
def ledger(app_services):
    def read():
        with app_services.sessions.read() as session:
            return session.scalars(select(DecisionRow).order_by(DecisionRow.id)).all()

    return read


def open_page(app):
    app.run()
    app.switch_page("raids.py").run()
    assert not app.exception
    return app


def html(app) -> str:
    return "".join(e.proto.body for e in app.get("html"))


def words(app) -> str:
    found = [str(e.value) for kind in ("markdown", "caption", "subheader", "info", "text") for e in app.get(kind)]
    return " ".join([*found, html(app)])


def rows(app) -> list[dict]:
    cards = (found.proto for found in app.get("bidi_component"))
    return json.loads(next(card.json for card in cards if card.component_name == "comment_list"))["rows"]


def test_where_nothing_waits_in_clusters_it_says_so(app, fill):
    fill([Waiting("only one comment")])
    assert "Nothing waits in clusters" in words(open_page(app))


def test_texts_and_names_are_shown_as_they_are(app, fill):
    fill([*raid(8), *raid(2, lane=Lane.AUDIT)])
    shown = words(open_page(app))
    assert "![x](http://evil.test/x.png)" in html(app)
    assert not any("evil.test" in str(e.value) for kind in ("markdown", "caption") for e in app.get(kind))
    assert "2 more comments of it are decided one by one" in shown
    assert rows(app)[0]["facts"][0] == "8 comments"
    before = {box.key for box in app.checkbox}
    app.button(key="turn").click().run()
    assert {box.key for box in app.checkbox} != before


def test_severe_texts_are_masked_in_the_list_and_below(app, fill):
    made = fill(raid(8, scores=SEVERE))
    open_page(app)
    assert "evil.test" not in json.dumps(rows(app)) + html(app)
    app.button(key=f"reveal_{made[0]}").click().run()
    assert html(app).count("evil.test") == 1


@on_both
def test_all_are_settled_in_one_click_and_undone_in_one(app, app_services, fill, ledger):
    made = fill(raid(9))
    open_page(app)
    assert app.button(key="raid_remove").label == "Remove 9"
    app.button(key="raid_remove").click().run()
    assert not app.exception
    assert "Removed 9 comments." in html(app)
    assert {row.comment_id for row in ledger()} == set(made)
    assert {row.labels for row in ledger()} == {0b10101}  # preset: over the thresholds of the first comment
    undo = next(button for button in app.button if button.key.startswith("undo_"))
    undo.click().run()
    assert "Took it back: 9 comments wait again." in html(app)
    assert len(ledger()) == 18
    assert not [button for button in app.button if button.key.startswith("undo_")]
    app_services.raids.find()  # the page has begun this in the background
    app.run()
    app.button(key="raid_approve").click().run()
    assert "Approved 9 comments." in html(app)


@pytest.mark.parametrize(("part", "tick", "left"), [("exact", [], 7), ("ticked", [0], 8), ("rest", [0], 1)])
def test_some_are_settled(app, fill, ledger, part, tick, left):
    made = fill(raid(9))
    open_page(app)
    for at in tick:
        app.checkbox(key=f"raid_tick_{made[at]}").check()
    app.segmented_control(key="raid_part").set_value(part).run()
    app.button(key="raid_remove").click().run()
    assert len(ledger()) == 9 - left
    assert (made[0] in {row.comment_id for row in ledger()}) == (part != "rest")


def test_a_burst_begins_with_what_was_ticked(app, fill, ledger):
    texts = ["".join(random.Random(k).choices("abcdefgh ", k=80)) for k in range(LEAST_BURST)]
    made = fill([Waiting(text, thread="t") for text in texts])
    open_page(app)
    assert app.button(key="raid_remove").disabled
    app.checkbox(key=f"raid_tick_{made[0]}").check().run()
    app.button(key="raid_remove").click().run()
    assert [row.comment_id for row in ledger()] == made[:1]


def test_the_cluster_that_is_open_stays_when_a_newer_look_has_it_no_more(app, app_services, fill, ada):
    made = fill([*raid(8), *(Waiting(f"quite another text than the first, {name}") for name in NAMES[:6])])
    open_page(app)
    assert [(row["id"], row["number"]) for row in rows(app)] == [(0, made[0]), (1, made[8])]
    app.session_state["raid_open"] = app_services.raids.find().clusters[1]
    app.run()
    assert app.button(key="raid_remove").label == "Remove 6"
    app_services.raids.settle(BulkVerdict(uuid4(), made[8:10], Outcome.REMOVE), by=ada)
    app_services.raids.find()
    app.run()
    assert app.button(key="raid_remove").label == "Remove 4"


def test_what_others_have_is_left_alone(app, app_services, fill, ledger, bob):
    fill(raid(8))
    app_services.review.take(bob, 2)
    assert "Others have 2 more comments of it" in words(open_page(app))
    app.button(key="raid_remove").click().run()
    assert len(ledger()) == 6


def test_without_the_role_nothing_can_be_settled(app, fill, monkeypatch):
    fill(raid(8))
    open_page(app)
    monkeypatch.setattr("pages.shared.access.local_person", lambda name: Person(name, frozenset({Role.ANALYST})))
    app.button(key="raid_remove").click().run()
    assert any("moderator or lead" in error.value for error in app.error)
