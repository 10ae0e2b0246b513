"""The Webhooks page: made, secret shown once, tested, changed, disabled; failures sent again."""

import pytest

import pages.shared.resources
from core.services import Services
from core.webhooks.desk import Desk
from core.webhooks.outcomes import Attempt
from core.webhooks.sender import Answer
from tests.support.receiver import in_turn, receiving
from tests.support.webhooks import ADMIN, decide, make, standing


@pytest.fixture
def app_services(monkeypatch, app) -> Services:
    """Those of the app, which may reach this machine."""
    monkeypatch.setenv("MODERATO_WEBHOOK_PRIVATE", "127.0.0.0/8")
    return pages.shared.resources.services()


@pytest.fixture
def page(app, app_services):
    app.run()
    app.switch_page("webhooks.py").run()
    assert not app.exception
    return app


def reopened(app):
    app.run()
    app.switch_page("webhooks.py").run()
    assert not app.exception
    return app


def texts(page):
    shown = [element.value for kind in (page.info, page.success, page.caption, page.text) for element in kind]
    return " ".join([*shown, *(str(html.proto.body) for html in page.get("html"))])


def test_a_webhook_is_made_and_its_secret_shown_once(page, app_services):
    assert "no webhook yet" in texts(page)
    page.text_input(key="hook_name").set_value("forum")
    page.text_input(key="hook_url").set_value("http://127.0.0.1:9/hook")
    page.text_area(key="hook_sources").set_value("wiki\n\n news ")
    page.button(key="make_hook").click().run()
    (hook,) = [hook for hook, _ in app_services.webhooks.list_webhooks(by=ADMIN)]
    assert (hook.name, hook.sources, hook.with_person, hook.created_by) == ("forum", ("wiki", "news"), False, "Ada")
    secret = page.code[0].value
    assert secret.startswith("whsec_")
    page.button(key="put_away").click().run()
    assert secret not in [code.value for code in page.code]
    assert not page.exception


def test_an_address_that_must_not_be_reached_is_told_and_nothing_is_made(page, app_services):
    page.text_input(key="hook_name").set_value("forum")
    page.text_input(key="hook_url").set_value("http://169.254.169.254/latest")
    page.button(key="make_hook").click().run()
    assert "not a public address" in texts(page)
    assert app_services.webhooks.list_webhooks(by=ADMIN) == []


def test_it_is_tested_changed_disabled_and_deleted(app, app_services):
    with receiving(reply=in_turn(200, 500)) as receiver:
        make(app_services, receiver.url)
        page = reopened(app)
        page.button(key="test_1").click().run()
        assert "It works: the receiver answered 200" in texts(page)
        page.button(key="test_1").click().run()
        assert "It answered 500." in texts(page)
        assert [got.message["type"] for got in receiver.got] == ["webhook.test"] * 2
    page.checkbox(key="change_1_person").check()
    page.button(key="save_1").click().run()
    assert standing(app_services)[0].with_person
    page.button(key="disable_1").click().run()
    assert "Disabled by Ada" in texts(page)
    page.button(key="rotate_1").click().run()
    assert page.code[0].value.startswith("whsec_")
    page.button(key="enable_1").click().run()
    assert standing(app_services)[0].enabled
    page.button(key="delete_1").click().run()
    assert not page.exception
    assert app_services.webhooks.list_webhooks(by=ADMIN) == []


def test_failures_are_listed_and_sent_again(app, app_services):
    make(app_services, "http://127.0.0.1:9/hook")
    decide(app_services, external_id="**post**")
    desk = Desk(app_services.sessions, "t")
    (leased,) = desk.step([]).leased
    desk.step([Attempt(leased.message, Answer(410, "It answered 410."), leased.webhook.created_at)])
    page = reopened(app)
    assert "410 Gone" in texts(page)
    (table,) = page.dataframe
    assert table.value["Why"].tolist() == ["It answered 410."]
    page.button(key="resend_1").click().run()
    assert not page.exception
    assert standing(app_services)[1].waiting == 1
