"""The Label errors page, without a browser."""

import pytest
from sqlalchemy import text

from core.domain import Lane, now
from core.label_errors import Found, Origin, Status, Suspect
from core.text import text_hash
from tests.support.databases import on_both
from tests.support.decided import TOXIC, Made, put
from tests.support.scoring import make_live

ATTACK = "![x](http://evil.test/x.png) :red[hello] **bold**"


def texts(app) -> str:
    kinds = ("markdown", "caption", "subheader", "success", "info", "button")
    found = [getattr(e, "value", "") or getattr(e, "label", "") for kind in kinds for e in app.get(kind)]
    return " ".join([*map(str, found), *(e.proto.body for e in app.get("html"))])


def open_page(app):
    app.run()
    app.switch_page("label_errors.py").run()
    assert not app.exception
    return app


@pytest.fixture
def listed(app_services):
    make_live(app_services.sessions)
    (comment_id,) = put(app_services, [Made(ATTACK, TOXIC)])
    items = (
        Suspect(Origin.LEDGER, comment_id, "", text_hash(ATTACK), 1, 0, 0.99),
        Suspect(Origin.BASE, 0, "an old row", text_hash("an old row"), 0, 1, 0.97),
        Suspect(Origin.BASE, 0, "a severe row", text_hash("a severe row"), 0, 8, 0.96),
    )
    found = Found(1, now(), "Ada", "recipe", "0" * 32, "base.csv", 1, 2, ("identity_hate",), 3, items)
    app_services.label_errors.keep(found)
    return found


def test_without_a_list_it_says_how_to_get_one(app):
    shown = texts(open_page(app))
    assert "No list yet" in shown
    assert app.button(key="find_base").disabled


def test_texts_are_shown_as_they_are_and_severe_ones_masked(app, listed):
    shown = texts(open_page(app))
    assert "![x](http://evil.test/x.png)" in "".join(e.proto.body for e in app.get("html"))
    assert not any("evil.test" in str(e.value) for kind in ("markdown", "caption") for e in app.get(kind))
    assert "an old row" in shown
    assert "a severe row" not in shown
    assert "Too few cases to say anything about Identity hate" in shown


@on_both
def test_ticked_items_wait_in_the_queue(app, app_services, listed):
    open_page(app)
    key = listed.items[1].key
    app.checkbox(key=f"pick_{key}_False").check().run()
    app.button(key="again").click().run()
    assert not app.exception
    assert "1 comment waits in the queue" in texts(app)
    assert app_services.label_errors.statuses(listed.items)[key] is Status.WAITING


def test_all_go_back_at_once(app, app_services, listed):
    open_page(app)
    app.button(key="again_all").click().run()
    assert set(app_services.label_errors.statuses(listed.items).values()) == {Status.WAITING}
    assert app_services.metrics.backlog() == {Lane.RECHECK: 3}


@pytest.mark.parametrize("lane", [Lane.RECHECK, Lane.SECOND, Lane.ADJUDICATION])
def test_what_waits_to_be_decided_blind_shows_no_labels(app, app_services, listed, lane):
    with app_services.sessions.begin() as session:
        session.execute(
            text("UPDATE routing SET state = 'open', lane = :lane WHERE comment_id = :id"),
            {"lane": lane.value, "id": listed.items[0].comment_id},
        )
    open_page(app)
    assert "given **Toxic**" not in texts(app)
    app.toggle(key="only_listed").set_value(False).run()
    shown = texts(app)
    assert "labels are hidden until it is decided again" in shown
    assert "99.0%" not in shown
    assert "Toxic" not in shown.replace("missing: Toxic", "")  # which stands beside a row of base data


def test_a_run_is_a_process_of_its_own(app, app_services, monkeypatch):
    started = []
    monkeypatch.setattr("core.runs.spawn", lambda arguments, **_: started.append(arguments) or 1)
    open_page(app)
    app.button(key="find").click().run()
    assert started == [["label-errors", "--run", "1"]]
    assert app_services.runs.list_runs()[0].preset == "label-errors"
    assert "Starting" in " ".join(str(e.proto.text) for e in app.get("progress"))
