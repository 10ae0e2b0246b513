"""The practice as a new moderator takes it: by keyboard, from the offer to the end, and never in the queue's books."""

import json

import pytest

from tests.browser.conftest import visit_as
from tests.support.card import PROBE, Books, Card
from tests.support.queue import flagged
from tests.support.server import serving

STEP = (
    "() => Object.keys(localStorage).map(key => key.split('.')[1]).filter(kind => ['step', 'practice'].includes(kind))"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One server for all of this; each test is somebody else."""
    with serving(tmp_path_factory.mktemp("practice") / "data", embedded_worker="false") as server:
        books = Books(server)
        yield server, books
        books.close()


@pytest.fixture
def visit(browser, world):
    """The card of somebody new, not yet opened anywhere."""
    opened = []

    def of(name: str, **options) -> Card:
        context, page = visit_as(browser, world[0], name, **options)
        opened.append(context)
        page.add_init_script(f"({PROBE})()")
        page.set_default_timeout(20_000)
        return Card(page, world[0])

    yield of
    for context in opened:
        context.close()


def hinted(card, words: str):
    """Wait for a hint, as a person does who reads it."""
    card.page.locator(".card .coach .hint", has_text=words).wait_for()
    return card


def answered(card, words: str):
    """The last answer was compared."""
    card.page.locator(".card .coach .last", has_text=words).wait_for()
    return card


def test_a_new_moderator_goes_through_it_by_keyboard(visit, world):
    server, books = world
    card = visit("Ada")
    page = card.page
    page.goto(server.url)
    page.get_by_role("link", name="Practise", exact=True).click()
    card.ready()
    assert page.locator(".card h1").inner_text() == "Practice"
    hinted(card, "None of them (A) clears the labels").press("a")
    answered(card, "and so does our example")
    hinted(card, "Insult (5) toggles Insult").press("5")
    hinted(card, "Remove (Enter) does what").press("Enter")
    hinted(card, "Undo (Z) takes your last step back").press("z")
    assert card.text(".from") == "Practice, 2 of 10"
    card.press("5", "Enter")
    hinted(card, "Approve instead (X)").press("1", "x")
    hinted(card, "Approve (Enter) submits").press("Enter")
    hinted(card, "Show thread and author (T)").press("t")
    page.locator(".card .panel.context", has_text="waste of skin").wait_for()
    card.press("a")
    hinted(card, "(V) shows more of it")
    assert "filth" not in card.text(".text")
    card.press("v", "v")  # all but the words, then those too
    assert "filth" in card.text(".text")
    card.press("3", "Enter")
    hinted(card, "Hold (H) sets it aside").press("h")
    hinted(card, "Held (G) brings back").press("g")
    assert card.text(".from") == "Practice, 6 of 10"
    card.press("Enter")
    hinted(card, "Note (N)").press("n")
    page.keyboard.type("Is this about the old affair?")
    card.press("Enter")
    hinted(card, "Escalate (E) passes it on").press("e")
    answered(card, "only somebody who knows the place can say")
    hinted(card, "Guidelines (I) unfolds").press("i")
    hinted(card, "If you need to look").press("Enter")
    hinted(card, "A blind one").press("1", "5", "Enter")
    hinted(card, "All 4 identical (D)").press("d")
    page.get_by_text("That was the practice").wait_for()
    answered(card, "and so does our example").saved()
    assert books.ledger() == []
    assert page.evaluate(STEP) == []
    page.get_by_role("link", name="Open the queue").click()
    page.get_by_text("No comments yet").wait_for()
    assert page.get_by_role("link", name="Practise", exact=True).count() == 0


def test_steps_of_the_queue_and_of_the_practice_never_meet(visit, world):
    """Kept steps of an earlier visit wait for the page that they belong to."""
    server, books = world
    card = visit("Bea")
    page = card.page
    (real, other) = books.fill(flagged(2))
    page.goto(f"{server.url}/practice")
    card.ready()
    made = {"by": "Bea", "at": 1, "kind": "decide", "outcome": "remove", "labels": [0], "seconds": 1, "note": None}
    for kind, more in (("step", {"comment": real}), ("practice", {"comment": other, "desk": "practice"})):
        name = f"00000000-0000-4000-8000-00000000000{len(kind)}"
        page.evaluate(
            "([key, step]) => localStorage.setItem(key, step)",
            [f"moderato.{kind}.Bea.{name}", json.dumps({"id": name, **made, **more})],
        )
    page.reload()
    card.ready().press("a").saved()
    assert page.evaluate(STEP) == ["step"]  # the practice has sent, and dropped, its own alone
    assert books.ledger() == []
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Queue", exact=True).click()
    page.locator(".card h1", has_text="Queue").wait_for()
    card.wait(lambda: len(books.ledger()) == 1)
    assert [row.comment_id for row in books.ledger()] == [real]
    card.ready().press("s")  # steps of the two desks of one visit, too
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Practice", exact=True).click()
    page.locator(".card h1", has_text="Practice").wait_for()
    card.ready()
    assert card.text(".from") == "Practice, 2 of 10"  # it goes on where it was left
    card.press("z")
    page.locator(".notice", has_text="no step of this practice").or_(
        page.locator(".from", has_text="1 of 10")
    ).first.wait_for()
    assert [row.comment_id for row in books.ledger()] == [real]


def test_on_a_phone_nothing_is_wider_than_the_screen(visit, world):
    server, _ = world
    card = visit("Cleo", reduced_motion="reduce")
    page = card.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{server.url}/practice")
    card.ready()
    page.locator(".card .acts [data-act=none]").click()
    answered(card, "and so does our example")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{server.url}/my_work")
    page.get_by_text("You have not decided anything yet").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
