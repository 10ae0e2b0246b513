"""Filter, own keys, handing over and going on elsewhere, by keyboard in real Chromium."""

import pytest
from sqlalchemy import update

from core.desk import DESK
from core.domain import Lane
from core.preferences import Preferences
from db.models import ClaimRow
from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.queue import CLEAN, Waiting, fill_queue, flagged
from tests.support.server import serving

THREAT = (0.3, 0.1, 0.1, 0.8, 0.2, 0.1)


@pytest.fixture
def books(tmp_path):
    with serving(tmp_path / "data", embedded_worker="false") as server:
        made = Books(server)
        made.server = server
        yield made
        made.close()


@pytest.fixture
def cards(browser, books):
    """Opens a card for somebody, each in a browser of its own."""
    opened, problems = [], []

    def make(name: str) -> Card:
        context, page = visit_as(browser, books.server, name)
        page.on("pageerror", lambda error: problems.append(str(error)))
        opened.append(context)
        return Card(page, books.server)

    yield make
    for context in opened:
        context.close()
    assert problems == []


def test_work_on_less_by_own_keys_and_hand_over(cards, books, ada):
    rude = books.fill(flagged(3))
    threats = fill_queue(books.sessions, [Waiting(f"threat {k}", scores=THREAT, priority=k) for k in range(2)])
    (blind,) = fill_queue(books.sessions, [Waiting("blind", lane=Lane.AUDIT, scores=CLEAN)])
    card = cards("Ada").open()
    assert card.id() == blind
    assert card.text(".focusline").startswith("Working on Everything")

    # a filter by keyboard: the blind one stays, whatever its scores
    card.press("f")
    dialog = card.page.locator(".card dialog.focus")
    dialog.locator("input[name=sources]").first.wait_for()
    card.press("a")  # no act while a dialog is open
    dialog.get_by_label("Threat", exact=True).check()
    dialog.get_by_role("button", name="Work on these").click()
    card.saved().wait(lambda: "3 here, 3 outside" in card.text(".focusline"))
    card.press("Enter")
    assert card.id() == threats[0]
    card.press("Enter", "Enter").saved()
    card.page.locator(".card .empty h2", has_text="Nothing waits in what you work on").wait_for()
    assert "3 comments wait outside of it" in card.text(".empty .reason")
    card.page.locator(".card [data-act=widen]").click()
    card.ready()
    assert card.id() in rude
    assert [row.comment_id for row in books.ledger()] == [blind, *threats]

    # own keys: a refused one, a taken one, the left hand's layout; a Cyrillic layout by the key's place
    page = card.page
    page.goto(card.server.url + "/preferences")
    page.locator(".bind[data-act=skip]").click()
    page.keyboard.press("F5")
    assert "needs F5" in page.locator(".said").inner_text()
    page.keyboard.press("h")
    assert "H is “Hold for a day” already" in page.locator(".said").inner_text()
    page.keyboard.press("k")
    page.get_by_text("K is “Skip: back to the queue” now.").wait_for()
    card.wait(lambda: (Preferences(books.sessions).get(ada, "keys") or {}).get("own") == {"skip": "k"})
    page.goto(card.server.url)
    card.ready()
    before = card.id()
    assert "Skip K" in card.text(".acts").replace("\n", " ")
    card.press("s")
    assert card.id() == before
    card.press("k")
    assert card.id() != before
    card.page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'ч', code: 'KeyX', bubbles: true}))")
    card.wait(lambda: card.shown()["outcome"] == "approve")

    # to Bob, with a note: he has it first, and nothing is decided
    bob = cards("Bob").open()
    bob.wait(lambda: bob.id() is not None)
    given = card.id()
    card.press("r")
    dialog = card.page.locator(".card dialog.hand")
    dialog.locator("option", has_text="Bob").wait_for(state="attached")
    dialog.locator("textarea").fill("is this irony?")
    dialog.locator("[data-act=give]").click()
    card.saved()
    assert card.id() != given
    again = cards("Bob").open()
    again.wait(lambda: "Ada handed this over to you: “is this irony?”" in again.text(".why"))
    assert again.id() == given
    assert len(books.ledger()) == 3


def test_another_device_goes_on_where_the_first_stopped(cards, books, ada):
    made = books.fill(flagged(5))
    first = cards("Ada").open()
    first.press("Enter", "s", "2").saved()
    assert (first.id(), first.shown()["labels"]) == (made[2], [0, 1, 2, 4])
    first.wait(lambda: (Preferences(books.sessions).get(ada, DESK) or {}).get("labels") == [0, 1, 2, 4], 25)
    second = cards("Ada").open()
    second.wait(lambda: second.id() == made[2])
    assert second.shown()["labels"] == [0, 1, 2, 4]
    second.press("Enter").saved()
    first.page.bring_to_front()
    first.page.mouse.move(5, 5)
    first.wait(lambda: first.id() != made[2], 25)
    first.press("Enter").saved()
    assert sorted(comment for comment, *_ in books.standing()) == sorted({made[0], made[2], first_decided(books)})


def test_what_is_open_or_typed_belongs_to_its_comment(cards, books):
    made = books.fill(flagged(5))
    card = cards("Ada").open()
    page = card.page
    held_list = page.locator(".card .acts [data-act=held]")
    card.press("h").saved()

    # handing over a held one: R closes the dialog, it does not turn it to the comment on the screen
    held_list.click()
    page.locator(".card dialog.held [data-act=handheld]").click()
    dialog = page.locator(".card dialog.hand")
    note = dialog.locator("textarea")
    assert f"Comment {made[0]} " in dialog.inner_text()
    note.fill("whose is it?")
    dialog.locator("[data-act=giveback]").focus()
    card.press("r")
    assert not dialog.is_visible()
    card.press("r")
    assert f"Comment {made[1]} " in dialog.inner_text()
    assert note.input_value() == "", "the words were for the other one"
    card.press("Escape")

    # what stands in an open field: a note goes with the decision, a question waits for its comment
    card.press("n")
    page.keyboard.type("quoted")
    page.locator(".card .primary").click()
    card.saved()
    assert [(row.comment_id, row.note) for row in books.ledger()] == [(made[1], "quoted")]
    card.press("q")
    page.keyboard.type("Irony?")
    page.locator(".card .label").first.click()
    card.press("q")
    assert page.locator(".card .askinput").input_value() == "Irony?"
    card.press("Escape")

    # the list is open while somebody else gets a held one
    held_list.click()
    with books.sessions.begin() as session:
        session.execute(update(ClaimRow).where(ClaimRow.comment_id == made[0]).values(person="Bob"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    card.wait(lambda: card.text(".heldcount") == "Held")
    page.locator(".card dialog.held [data-act=take]").click()
    assert "You do not hold that one any more." in card.text(".live")
    assert page.locator(".card dialog.held li").count() == 0
    assert card.id() == made[2]
    card.press("Escape", "m")
    kept = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('moderato.mask-all'))")
    assert kept == ["moderato.mask-all.Ada"], "for nobody else at this browser"


def first_decided(books) -> int:
    return books.ledger()[-1].comment_id
