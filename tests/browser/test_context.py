"""What stands around a comment, its original and its raid, in Chromium."""

import pytest

from core.accounts import local_person
from core.domain import Lane
from core.services import build_services
from core.settings import Settings
from core.trail import TrailFilter
from tests.browser.conftest import visit_as
from tests.browser.test_accessibility import AXE_SCRIPT, LOOK, STREAMLITS_OWN, TAGS
from tests.support.card import Card
from tests.support.queue import SEVERE, Waiting, fill_queue
from tests.support.server import serving

HARBOUR = {"thread": "harbour", "author": "Eve"}
WORDS = ("the plan for the harbour", "was read", "by nobody", "I will hurt you", "stop it")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server on a thread in which the eighth comment is the first in the queue; the last one is blind."""
    folder = tmp_path_factory.mktemp("context")
    services = build_services(Settings(data_dir=folder))
    before = [Waiting(f"remark {k} on <b>boats</b>", thread="harbour", priority=5) for k in range(4)]
    severe = Waiting("I will hurt you", thread="harbour", author="Jon", scores=SEVERE, priority=6)
    after = [Waiting(f"answer {k}", thread="harbour", parent="c6", priority=7) for k in range(5)]
    like = [Waiting(f"Come to my shop in the old harbour, it has all the nets {k}", priority=-0.5) for k in range(12)]
    here = Waiting("These boats are garbage", parent="c1", priority=-1, **HARBOUR)
    fill_queue(services.sessions, [*before, severe, here, *after, *like, Waiting("blind", Lane.SECOND, **HARBOUR)])
    services.source_links.put("test", "https://forum.example.org/t/{thread}/c/{id}", by=local_person("Lea"))
    services.close()
    with serving(folder, embedded_worker="false") as server:
        yield server


@pytest.fixture
def card(browser, world):
    context, page = visit_as(browser, world, "Ada")
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield Card(page, world).open()
    context.close()
    assert page.problems == []


def around(card) -> str:
    card.page.locator(".card .around li").first.wait_for()
    return card.text(".around")


def test_a_blind_item_shows_texts_alone_and_then_the_next_its_thread_outcomes_and_original(card, world):
    assert (card.id(), card.text(".lane")) == (24, "Second opinion")
    assert not card.page.locator(".card .original").is_visible()
    card.press("t")
    words = around(card)
    assert "This comment stands here" in words
    assert "Outcomes stay hidden" in words
    assert not any(word in words for word in ("waiting", "removed", "let through", "Reveal"))
    card.press("s")  # to the flagged one
    assert card.id() == 6
    card.press("t")
    words = around(card)
    assert "In reply to" in words
    assert "remark 3 on <b>boats</b>" in words
    assert "I will hurt you" not in words  # masked as it would be in the queue
    assert words.index("remark 3") < words.index("This comment stands here") < words.index("answer 0")
    assert "waiting" in words

    card.press("v")
    assert "I will hurt you" in card.text(".around")
    card.press("v")
    assert "I will hurt you" not in card.text(".around")

    more = card.page.locator(".card .around").get_by_role("button", name="Show earlier ones")
    more.focus()
    card.page.keyboard.press("Enter")
    card.page.locator(".card .around", has_text="remark 0").wait_for()
    card.page.get_by_role("button", name="Show later ones").click()
    card.page.locator(".card .around", has_text="blind").wait_for()

    card.page.evaluate(AXE_SCRIPT)
    own = [list(key) for key in STREAMLITS_OWN]
    assert card.page.evaluate(LOOK, {"tags": TAGS, "own": own}) == []

    card.page.context.route("https://forum.example.org/**", lambda route: route.fulfill(body="the original"))
    with card.page.context.expect_page() as opened:
        card.page.keyboard.press("o")
    assert opened.value.url == "https://forum.example.org/t/harbour/c/c6"
    assert opened.value.evaluate("() => [window.opener, document.referrer]") == [None, ""]
    opened.value.close()
    assert card.id() == 6
    card.press("z").saved()
    services = build_services(Settings(data_dir=world.data_dir))
    card.wait(lambda: _revealed(services) == [[5]])
    services.close()


def _revealed(services) -> list[list[int]]:
    """What the audit trail says was revealed."""
    events = services.trail.search(TrailFilter(kinds=frozenset({"text.revealed"})), by=local_person("Lea"))
    return [one.details["comments"] for one in events]


def test_one_of_many_alike_leads_to_its_raid(card, world):
    page = card.page
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Raids", exact=True).click()
    page.get_by_text("You can settle 12").wait_for(timeout=60_000)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Queue", exact=True).click()
    card.ready()
    for _ in range(4):
        if card.id() in range(12, 24):
            break
        before = card.id()
        card.press("s").wait(lambda before=before: card.id() not in (before, None))
    page.get_by_role("button", name="See the raid").click()
    page.get_by_text("You can settle 12").wait_for(timeout=20_000)
    assert page.url.endswith("/raids")


def test_browse_has_the_link_too_in_a_tab_of_its_own(card, world):
    card.page.goto(f"{world.url}/browse?q=%236")
    link = card.page.get_by_role("link", name="Open the original")
    link.wait_for()
    assert link.get_attribute("href") == "https://forum.example.org/t/harbour/c/c6"
    assert link.get_attribute("target") == "_blank"
    assert set((link.get_attribute("rel") or "").split()) == {"noopener", "noreferrer"}
