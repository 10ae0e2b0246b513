"""The Audit trail page: the newest first, filters, older pages, nothing interpreted, and whether the chain is whole."""

import pytest

from core.audit_trail import What, record

NASTY = "<img src=x onerror=alert(1)> **m** $a$ \u202e"


@pytest.fixture
def page(app, app_services):
    with app_services.sessions.begin() as session:
        for number in range(55):
            record(session, "Bob", What.KEY_CREATED, f"key {number}", scopes=["analyze"])
        record(session, NASTY, What.KEY_REVOKED, NASTY, reason=NASTY, none=None)
    app.run()
    app.switch_page("audit_trail.py").run()
    assert not app.exception
    return app


def body(page) -> str:
    return " ".join(str(html.proto.body) for html in page.get("html"))


def test_events_come_newest_first_and_names_are_never_interpreted(page):
    shown = body(page)
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "\u202e" not in shown
    assert shown.index("key 54") < shown.index("key 53")
    assert "key 0 " not in shown


def test_older_and_newer_and_filters(page):
    page.button(key="trail_older").click().run()
    assert "key 0 " in body(page)
    assert "key 54" not in body(page)
    page.button(key="trail_newer").click().run()
    assert "key 54" in body(page)
    page.multiselect(key="trail_kinds").set_value(["key.revoked"]).run()
    assert "key 54" not in body(page)
    page.text_input(key="trail_subject").set_value("nowhere").run()
    assert "No event matches" in page.info[0].value


def test_the_chain_is_verified_and_its_end_shown(page, app_services):
    number, hashed = app_services.trail.newest()
    assert page.code[0].value == f"{number}:{hashed}"
    page.button(key="trail_verify").click().run()
    assert "Whole up to event 56" in body(page)
