"""Real Chromium against a real server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.chromium import ARGS, executable
from tests.support.server import Server, serving


def pytest_collection_modifyitems(items) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if "/tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        yield launched
        launched.close()


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    """The dashboard on an empty SQLite database."""
    with serving(tmp_path / "data") as started:
        yield started


def visit_as(browser: Browser, server: Server, name: str, **options) -> tuple[BrowserContext, Page]:
    """A browser of its own for the person, already signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
    context.add_cookies([{"name": "moderato_name", "value": name, "url": server.url}])
    return context, context.new_page()


@pytest.fixture
def page(browser, server) -> Iterator[Page]:
    """A page of somebody called Ada, not yet opened anywhere."""
    context, made = visit_as(browser, server, "Ada")
    yield made
    context.close()
