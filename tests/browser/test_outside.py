"""No page asks anything of anybody but its own server, and no page breaks the content security policy."""

import pytest

from core.settings import ROOT
from tests.browser.conftest import visit_as
from tests.support.card import Books
from tests.support.queue import Waiting, flagged
from tests.support.server import serving

PAGES = ["", *sorted(p.stem for p in (ROOT / "pages").glob("*.py") if p.stem not in {"__init__", "router", "queue"})]
EVIL = "![x](http://evil.test/m.png) <img src=http://evil.test/i.png> http://evil.test/link"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A server with comments that would like to be fetched."""
    with serving(tmp_path_factory.mktemp("outside") / "data", poll_seconds="0.3") as server:
        books = Books(server)
        books.fill([Waiting(EVIL, author=EVIL[:40], thread="t"), *flagged(20)])
        yield server
        books.close()


def test_no_page_asks_anybody_else(browser, filled):
    context, page = visit_as(browser, filled, "Ada")
    outside: list[str] = []
    violations: list[str] = []
    own = (filled.url, filled.url.replace("http", "ws"), "data:", "blob:")
    context.on("request", lambda one: None if one.url.startswith(own) else outside.append(one.url))
    page.on("websocket", lambda one: None if one.url.startswith(own) else outside.append(one.url))
    page.on("console", lambda m: violations.append(m.text) if "Content Security Policy" in m.text else None)
    for name in PAGES:
        page.goto(f"{filled.url}/{name}")
        page.locator("h1, .card").first.wait_for(timeout=30_000)
        page.wait_for_timeout(200)
        assert page.locator("[data-testid=stException]").count() == 0, name
    context.close()
    assert outside == []
    assert violations == []
