"""The pages around signing in, in the language that the browser asks for."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from api.sign_in import HANDLERS, SignInRoutes
from api.words import Reader, _


@pytest.fixture
def client(services):
    app = Starlette(
        routes=SignInRoutes(lambda: services).routes, middleware=[Middleware(Reader)], exception_handlers=HANDLERS
    )
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


@pytest.mark.parametrize(
    ("accepts", "code", "title", "button"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Abmelden", "Abmelden"),
        ("fr, en;q=0.5", "en", "Sign out", "Sign out"),
        ("", "en", "Sign out", "Sign out"),
    ],
)
def test_the_form_follows_the_browser(client, accepts, code, title, button):
    page = client.get("/sign-out", headers={"accept-language": accepts}).text
    assert f'<html lang="{code}">' in page
    assert f"<h1>{title}</h1>" in page
    assert f'<button type="submit">{button}</button>' in page


def test_what_went_wrong_follows_it_too(client, services):
    services.people.create_first("Ada", "four or five words do well")
    form = {"name": "Ada", "password": "something else entirely"}
    headers = {"accept-language": "de", "origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    answer = client.post("/sign-in", data=form, headers=headers)
    assert answer.status_code == 403
    assert "gehören nicht zusammen" in answer.text


def test_a_link_that_does_not_work_says_so_in_the_readers_language(client):
    answer = client.get("/welcome?link=none", headers={"accept-language": "de"})
    assert "<h1>Dieser Link gilt nicht</h1>" in answer.text


def test_outside_of_a_request_it_is_english():
    assert _("Sign in") == "Sign in"
