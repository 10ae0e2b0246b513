"""The Raids page in Chromium: by keyboard alone, and on a phone."""

import re

import pytest

from core.domain import Lane
from core.services import build_services
from core.settings import Settings
from tests.browser.conftest import visit_as
from tests.browser.test_accessibility import AXE_SCRIPT, LOOK, SETTLED, STREAMLITS_OWN, TAGS
from tests.support.card import Books
from tests.support.queue import Waiting, fill_queue
from tests.support.server import serving

SPAM = "Everybody in this town knows that the mayor sold the harbour to his friends, ask {name} about it"
NAMES = ("Anna", "Bert", "Carl", "Dora", "Emil", "Frida", "Gustav", "Hanna")
WATCHES = "Buy cheap watches at the best shop of the whole country, {name} says so and so does everybody"
FOCUSED = """() => {
  let at = document.activeElement
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement
  if (["MAIN", "BODY"].includes(at.tagName)) return ""
  return (at.getAttribute("aria-label") || at.innerText || at.labels?.[0]?.innerText || "").trim()
}"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server on two raids; a part of the larger is blind."""
    folder = tmp_path_factory.mktemp("raids")
    services = build_services(Settings(data_dir=folder))
    raid = [Waiting(SPAM.format(name=NAMES[k % 8]), author=f"a{k}") for k in range(12)]
    blind = [Waiting(SPAM.format(name="Ida"), lane) for lane in (Lane.AUDIT, Lane.SECOND, Lane.ESCALATED)]
    fill_queue(services.sessions, [*raid, *blind, *(Waiting(WATCHES.format(name=name)) for name in NAMES[:6])])
    services.close()
    with serving(folder, embedded_worker="false") as server:
        yield server


@pytest.fixture
def books(world):
    made = Books(world)
    yield made
    made.close()


def settled(page) -> None:
    """Wait until the page has run: what is pressed before may be drawn away."""
    page.wait_for_timeout(150)
    page.wait_for_function(SETTLED)


def open_raids(browser, server, **options):
    context, page = visit_as(browser, server, "Ada", **options)
    page.goto(f"{server.url}/raids")
    page.get_by_role("button", name="Remove").wait_for(timeout=60_000)
    settled(page)
    return context, page


def tab_to(page, words: str, most: int = 60) -> list[str]:
    """Press Tab until what has the focus says this; what had it on the way."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(FOCUSED))
        if passed[-1].endswith(words):
            return passed
    raise AssertionError(f"{words} is not reached by Tab: {passed}")


def standing(books) -> dict[int, str]:
    return {comment_id: outcome for comment_id, outcome, _ in books.standing()}


def test_samples_are_seen_and_settled_and_undone_by_keyboard_alone(browser, world, books):
    context, page = open_raids(browser, world)
    assert page.get_by_text("You can settle 12 · 8 texts").is_visible()
    assert page.get_by_text("3 more comments of it are decided one by one").is_visible()
    assert page.locator(".m-text mark").first.inner_text() in NAMES  # what sets a sample apart
    passed = tab_to(page, "Approve 12")
    places = [next(at for at, one in enumerate(passed) if words in one) for words in
              ("#1", "Tick #1", "Other samples", "Toxic", "All of it", "Remove 12")]  # fmt: skip
    assert places == sorted(places)  # the list, samples, labels, which of them, what to do
    page.evaluate("() => document.activeElement.blur()")
    tab_to(page, "Tick #2")
    page.keyboard.press("Space")
    settled(page)
    tab_to(page, "All of it")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_role("button", name=re.compile("Remove 1$")).wait_for()
    settled(page)
    tab_to(page, "Remove 1")
    page.keyboard.press("Enter")
    page.get_by_text("Removed 1 comment.").wait_for()
    settled(page)
    assert standing(books) == {2: "remove"}
    page.keyboard.press("z")
    page.get_by_text("Took it back: 1 comment wait").wait_for()
    settled(page)
    assert standing(books) == {}
    page.evaluate(AXE_SCRIPT)
    own = [list(key) for key in STREAMLITS_OWN]
    assert page.evaluate(LOOK, {"tags": TAGS, "own": own}) == []
    context.close()


def test_all_of_a_raid_goes_in_one_step_and_comes_back_in_one_but_never_what_is_blind(browser, world, books):
    context, page = open_raids(browser, world)
    page.get_by_role("button", name="Remove 12").click()
    page.get_by_text("Removed 12 comments.").wait_for()
    assert standing(books) == dict.fromkeys(range(1, 13), "remove")
    page.get_by_text("Nothing of this cluster waits").or_(page.get_by_text("You can settle 6")).first.wait_for()
    page.get_by_text("You can settle 6").wait_for(timeout=20_000)  # the next cluster is on the screen by itself
    page.keyboard.press("z")
    page.get_by_text("Took it back: 12 comments wait").wait_for()
    assert standing(books) == {}
    context.close()


def test_on_a_phone_nothing_is_cut_and_what_settles_stays_in_view(browser, world):
    context, page = open_raids(browser, world)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    for scroll in (0, 400):
        page.locator(".stMain").evaluate("(main, top) => main.scrollTo(0, top)", scroll)
        page.wait_for_timeout(200)
        if page.locator(".st-key-raid").bounding_box()["y"] < 600:
            box = page.get_by_role("button", name="Remove").bounding_box()
            assert 0 < box["y"] < 844 - box["height"]
    context.close()
