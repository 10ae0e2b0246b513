"""The Admin page: a key is made, shown once, and revoked."""

import pytest

from core.accounts import local_person
from core.keys import Scope
from tests.support.databases import on_both


@pytest.fixture
def page(app, app_services):
    app.run()
    app.switch_page("admin.py").run()
    assert not app.exception
    return app


def texts(page):
    return " ".join(element.value for kind in (page.info, page.success, page.caption, page.text) for element in kind)


def test_without_keys_it_says_what_works_already(page):
    assert "programs on this machine need none" in texts(page)


@on_both
def test_a_key_is_made_shown_once_and_kept_as_a_hash(page, app_services):
    page.text_input(key="key_name").set_value("forum")
    page.multiselect(key="key_scopes").set_value([Scope.TRUSTED])
    page.button(key="make_key").click().run()
    (secret,) = [code.value for code in page.code]
    found = app_services.keys.known().find(secret)
    assert found.scopes == {Scope.TRUSTED, Scope.SUGGEST}
    assert found.created_by == "Ada"
    page.button(key="put_away").click().run()
    assert not page.code
    assert secret not in texts(page)


def test_a_bad_name_is_told_and_nothing_is_made(page, app_services):
    page.text_input(key="key_name").set_value("two words")
    page.button(key="make_key").click().run()
    assert "letters, digits" in "".join(str(html.proto.body) for html in page.get("html"))
    assert app_services.keys.list_keys() == []


def test_a_key_is_revoked(app, app_services):
    _, secret = app_services.keys.create("forum", [Scope.ANALYZE], by=local_person("Ada"))
    app.run()
    app.switch_page("admin.py").run()
    app.button(key="revoke_1").click().run()
    assert app_services.keys.known().find(secret) is None
    assert not [button for button in app.button if button.key == "revoke_1"]
