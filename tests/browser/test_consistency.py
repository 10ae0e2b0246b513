"""W and I on the card in Chromium: similar decided comments, and what each label means here."""

from uuid import uuid4

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from sqlalchemy import func, select

from core.accounts import Person, Role, local_person
from core.domain import Lane, Outcome
from core.guidelines import Draft, Guidelines
from core.review import Review
from core.settings import Settings
from core.verdict import Verdict
from db.people_models import AuditEventRow
from tests.browser.conftest import visit_as
from tests.browser.test_accessibility import wrong_on
from tests.support.card import Books, Card
from tests.support.queue import SEVERE, Waiting
from tests.support.server import serving

INSULT = (False, False, False, False, True, False)
CLOWN = "Nobody cares what you think, you pathetic clown, go back to school"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("site"), embedded_worker="false", poll_seconds="0.3") as started:
        yield started


@pytest.fixture(scope="module")
def books(server):
    made = Books(server)
    review = Review(made.sessions, Settings(data_dir=server.data_dir))
    rude, severe = made.fill([Waiting(CLOWN), Waiting(CLOWN + " or I will come and get you", scores=SEVERE)])
    review.decide(Verdict(uuid4(), rude, Outcome.REMOVE, INSULT, note="<i>contempt</i>"), by=local_person("Bob"))
    review.decide(Verdict(uuid4(), severe, Outcome.REMOVE, INSULT), by=local_person("Bob"))
    made.fill([Waiting(CLOWN + "!", lane=Lane.AUDIT)])
    made.fill([Waiting(f"{CLOWN}, number {k}", priority=k / 10) for k in range(6)])
    yield made
    made.close()


@pytest.fixture
def card(browser, server, books):
    context, page = visit_as(browser, server, "Ada")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield Card(page, server)
    context.close()
    assert problems == []


def revealed(books) -> int:
    with books.sessions.read() as session:
        found = select(func.count()).where(AuditEventRow.what == "text.revealed")
        return session.scalar(found) or 0


def test_w_shows_how_similar_comments_were_decided(card, books):
    card.open()
    assert card.text(".lane") == "Blind audit"
    card.press("w")
    assert not card.page.locator(".card .panel.nearest *").count(), "nothing that could sway"
    card.press("w", "s").page.wait_for_timeout(300)
    assert card.text(".lane") == "Flagged"
    assert not card.page.locator(".card .near").count()
    card.press("w")
    rows = card.page.locator(".card .near li")
    rows.nth(1).wait_for(timeout=15_000)
    first = " ".join(rows.first.inner_text().split())
    assert first.startswith("Removed Insult Nearly the same " + CLOWN)
    assert "Note: <i>contempt</i> Bob" in first
    severe = rows.filter(has=card.page.get_by_role("button", name="Show the text"))
    assert "or I will come" not in severe.inner_text()
    severe.get_by_role("button").click()
    assert "or I will come" in rows.nth(1).inner_text()
    card.press("Enter").saved()
    card.page.locator(".card .near li", has_text="You").first.wait_for(timeout=15_000)  # the decision just made
    card.wait(lambda: revealed(books) == 1)
    card.page.reload()
    card.ready().page.locator(".card .near li").first.wait_for(timeout=15_000)  # it stays unfolded


def test_i_unfolds_the_guidelines_and_a_new_version_arrives(card, books):
    card.open()
    lines = card.page.locator(".card .labelrow .guide")
    assert lines.first.is_hidden()
    card.page.locator(".card .label").nth(3).hover()
    hint = card.page.locator(".card .guidehint")
    hint.wait_for(timeout=5_000)
    assert hint.inner_text().startswith("Threat: States an intention")
    card.page.mouse.move(200, 200)
    hint.wait_for(state="hidden", timeout=5_000)
    card.press("Tab")
    card.page.locator(".card .label").nth(4).focus()
    assert hint.inner_text().startswith("Insult: ")
    card.page.locator(".card").first.focus()
    assert hint.is_hidden()
    card.press("i")
    assert lines.count() == 6
    assert lines.nth(3).inner_text().startswith("States an intention")
    guidelines = Guidelines(books.sessions)
    lead = Person("Lea", frozenset({Role.LEAD}))
    guidelines.save(Draft("threat", "Only <b>real</b> ones", "# Counts\n- <b>real</b> ones", "shorter", 1), by=lead)
    before = card.id()
    card.press("Enter").saved()

    def arrived():
        card.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the next sign of life, now
        return "Only <b>real</b> ones" in lines.nth(3).inner_text()

    card.wait(arrived)
    shown = card.id()
    assert shown != before
    card.page.get_by_role("button", name="Guideline on Threat").click()
    dialog = card.page.locator(".card .guidetext")
    assert dialog.is_visible()
    assert "Version 2" in dialog.inner_text()
    assert dialog.locator("li").all_inner_texts() == ["<b>real</b> ones"]
    card.press("a", "1")
    assert card.id() == shown, "keys decide nothing while it is open"
    card.press("Escape")
    assert not dialog.is_visible()
    card.press("1")
    assert 0 not in card.shown()["labels"]


def test_with_both_unfolded_the_card_can_be_used_by_everybody(card):
    card.open()
    if card.text(".lane") == "Blind audit":
        card.press("s")
    card.press("i", "w")
    card.page.locator(".card .near li").first.wait_for(timeout=15_000)
    card.page.evaluate(AXE_SCRIPT)
    assert {scheme: wrong_on(card.page, scheme) for scheme in ("light", "dark")} == {"light": [], "dark": []}
