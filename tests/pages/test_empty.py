"""Every page of a moderator where there is nothing: it says what it is, why, and the next step."""

import re

import pytest
from sqlalchemy import text

from tests.pages.test_metrics import words
from tests.pages.test_queue import told
from tests.support.queue import fill_queue, flagged

PAGES = ("queue", "raids", "score", "browse", "my_work", "preferences", "practice", "metrics")
BARE = re.compile(r"\b(no data|n/a|none|nan|null|undefined|empty)\b", re.IGNORECASE)


def links(app) -> set[str]:
    return {link.proto.page for link in app.get("page_link")}


def said(app) -> str:
    titles = [one.value for kind in ("title", "subheader", "header") for one in app.get(kind)]
    html = [one.proto.body for one in app.get("html")]
    return "\n".join([*titles, words(app), *html])


def opened(app, page: str):
    app.run()
    return app if page == "queue" else app.switch_page(f"{page}.py").run()


NEXT = {
    "queue": {"data", "practice"},
    "raids": {"data", "practice"},
    "browse": {"data", "practice"},
    "my_work": {"", "practice"},
    "preferences": {"practice"},
    "practice": {""},
    "metrics": {"data", "practice"},
}
"""Paths that an empty page leads to; "" is the queue. Score needs none: one writes into it."""


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_database_is_told_with_the_next_step(app, app_services, page):
    if page == "raids":  # its look takes place aside
        app_services.raids.look(by=app_services_person())
        app_services.raids._looking and app_services.raids._looking.join(5) if hasattr(app_services.raids, "_looking") else None
    opened(app, page)
    assert not app.exception
    assert not app.error
    assert not BARE.search(re.sub(r"<style>.*?</style>", "", said(app), flags=re.DOTALL))
