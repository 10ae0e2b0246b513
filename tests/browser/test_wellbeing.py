"""Masks by V, breaks by B, mild ones in between and not today, as a moderator's keyboard meets them."""

import pytest

from core.accounts import local_person
from core.domain import Lane
from core.labels import LABELS
from core.services import build_services
from core.settings import Settings
from core.wellbeing.choices import NOT_TODAY, SEE, NotToday, Sight
from core.wellbeing.masking import DEFAULT_RULES, Mask, Masking, Rule
from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.queue import SEVERE, Waiting
from tests.support.server import serving

EVERYTHING = "document.documentElement.outerHTML + window.card().innerHTML"
WATCH = """() => {
  window.flashes = []
  const text = window.card().querySelector(".text")
  const look = () => { if (/moron/.test(text.textContent)) window.flashes.push(text.textContent) }
  new MutationObserver(look).observe(text, { childList: true, subtree: true, characterData: true })
}"""
ADA = local_person("Ada")
HARD = "Watch out, I will kill you, you moron"
LINK = "see https://links.example/a.png ![x](https://links.example/b.png) <img src=//links.example/c.png>"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("world") / "data", embedded_worker="false") as server:
        books, services = Books(server), build_services(Settings(data_dir=server.data_dir))
        yield server, books, services
        services.close()
        books.close()


def choose(services, **more) -> None:
    services.preferences.put(SEE, Sight(**more).to_json(), by=ADA)


def masked_words() -> Masking:
    words = Rule(Mask.WORDS)
    return Masking(tuple(words if rule.mask is Mask.WHOLE else rule for rule in DEFAULT_RULES), Mask.WHOLE)


def test_masks_breaks_and_not_today(browser, world):
    server, books, services = world
    made = books.fill(
        [
            *(Waiting(f"{HARD} {k}", scores=SEVERE, priority=k / 100) for k in range(6)),
            Waiting("you moron, all of it hidden", Lane.AUDIT, SEVERE, priority=1),
            *(Waiting(f"rather mild {k}", scores=(0.6, *(0.1,) * 5), priority=0.5 + k / 100) for k in range(3)),
        ]
    )
    severe, blind, mild = made[:6], made[6], made[7:]
    choose(services, masking=masked_words(), mild_after=2, meter=True)
    context, page = visit_as(browser, server, "Ada")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    card = Card(page, server).open()
    page.evaluate(WATCH)

    # a blind text is masked by choice, whatever its scores; its words are the list's
    assert card.id() == blind
    assert "moron" not in page.evaluate(EVERYTHING)
    assert "all of it hidden" not in page.evaluate(EVERYTHING)
    card.press("v")
    assert "all of it hidden" in card.text(".text")
    assert "moron" not in page.evaluate(EVERYTHING)
    card.press("a")  # decided without seeing all of it

    # words masked from the start: never a flash of them while highlights are on their way
    assert card.id() == severe[0]
    card.wait(lambda: "Watch out" in card.text(".text"))
    assert "moron" not in page.evaluate(EVERYTHING)
    assert page.evaluate("window.flashes") == []
    assert "some words masked" in page.locator(".card .text").get_attribute("aria-label")
    covers = page.locator(".card .text .cover")
    assert {covers.nth(k).get_attribute("aria-hidden") for k in range(covers.count())} == {"true"}
    card.press("v")
    assert card.text(".text") == f"{HARD} 0"
    card.press("v")
    assert "moron" not in page.evaluate(EVERYTHING)

    # after two severe ones a mild one comes, and the next text begins masked again
    card.press("v", "Enter")
    assert card.id() == severe[1]
    assert "moron" not in page.evaluate(EVERYTHING)
    card.press("Enter")
    assert card.id() in mild
    card.press("Enter")
    assert card.id() == severe[2]

    # a break: everything goes back, any key returns and does nothing else
    card.press("b").saved()
    assert page.locator(".card .pause").is_visible()
    assert "Watch out" not in page.evaluate(EVERYTHING)
    decided = len(books.standing())
    card.wait(lambda: services.review.take(local_person("Bob"), 1) != [])
    services.review.give_back(local_person("Bob"))
    page.wait_for_timeout(700)
    card.press("Enter")
    card.wait(lambda: card.id() == severe[2])
    assert not page.locator(".card .pause").is_visible()
    assert len(books.standing()) == decided

    # not today: what was claimed goes, and it is said kindly when nothing else is left
    everything = NotToday(frozenset(LABELS), 9e10)
    services.preferences.put(NOT_TODAY, everything.to_json(), by=ADA)
    page.locator(".card .empty h2", has_text="do not want to see today").wait_for(timeout=20_000)
    assert page.locator(".card .notices .notice").count() == 0
    services.preferences.put(NOT_TODAY, None, by=ADA)
    card.wait(lambda: card.id() == severe[2])
    card.press("v", "v", "Enter").saved()
    assert problems == []
    context.close()


def test_a_break_is_suggested_and_let_be(browser, world):
    server, books, services = world
    books.fill([Waiting(f"{HARD} {k} {LINK}", scores=SEVERE, priority=k / 100 - 1) for k in range(12)])
    value = Sight().to_json() | {"breaks": {"on": True, "minutes": 50, "severe": 5}}
    services.preferences.put(SEE, value, by=local_person("Eve"))
    before = len(books.standing())
    context, page = visit_as(browser, server, "Eve")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    card = Card(page, server).open()
    card.press(*["Enter"] * 6).saved()
    card.page.reload()  # what was seen is looked up anew
    card.ready()
    page.locator(".card .suggest", has_text="6 severe comments within the hour").wait_for()
    page.locator(".card .suggest button", has_text="Not now").click()
    assert not page.locator(".card .suggest").is_visible()
    card.wait(lambda: LINK in card.press("v").text(".text"))
    assert page.locator(".card .text :is(a, img, iframe, video)").count() == 0
    card.press("Enter").saved()
    assert [url for url in asked if "links.example" in url] == []  # no preview, nothing fetched
    assert len(books.standing()) == before + 7
    context.close()
