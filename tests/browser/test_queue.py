"""The queue in real Chromium: every key does what it says, for the comment on the screen, exactly once."""

import random

import pytest

from core.domain import Lane
from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.queue import SEVERE, Waiting, flagged
from tests.support.server import serving


@pytest.fixture
def queue_server(tmp_path):
    """A dashboard without a worker."""
    with serving(tmp_path / "data", embedded_worker="false") as started:
        yield started


@pytest.fixture
def books(queue_server):
    made = Books(queue_server)
    yield made
    made.close()


@pytest.fixture
def card(browser, queue_server):
    context, page = visit_as(browser, queue_server, "Ada")
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield Card(page, queue_server)
    context.close()
    assert page.problems == []


def test_every_key_does_what_it_says(card, books):
    made = books.fill(flagged(12))
    card.open()
    assert card.shown() == {"id": made[0], "labels": [0, 2, 4], "outcome": "remove"}
    card.press("1", "4")
    assert card.shown()["labels"] == [2, 3, 4]
    card.press("Enter")  # 0: removed with changed labels
    card.press("a")  # 1: none of them
    card.press("x")
    assert (card.shown()["outcome"], card.text(".outcome")) == ("approve", "Approve")
    card.press("Enter")  # 2: kept though labelled
    card.press("e")  # 3: escalated
    card.press("s")  # 4: skipped
    card.press("h")  # 5: held
    card.press("1", "3", "5")
    assert card.shown()["outcome"] == "approve"
    card.press("Enter")  # 6: no label
    card.press("n")
    card.page.keyboard.type("as 1 said: 2a?")
    card.page.keyboard.press("Enter")
    assert card.text(".note") == "Note: as 1 said: 2a?"
    card.press("Enter").saved()  # 7: with a note
    assert card.id() == made[8]
    assert books.standing() == [
        (made[0], "remove", [2, 3, 4]),
        (made[1], "approve", []),
        (made[2], "approve", [0, 2, 4]),
        (made[3], "escalate", [0, 2, 4]),
        (made[6], "approve", []),
        (made[7], "remove", [0, 2, 4]),
    ]
    assert books.ledger()[-1].note == "as 1 said: 2a?"
    assert all(0 < row.seconds < 30 for row in books.ledger())
    assert "Done today 6" in card.text(".today").replace("\n", " ")
    card.press("g")
    assert card.id() == made[5]
    card.press("Enter").saved()
    assert books.standing()[-1][0] == made[5]
    card.press("?")
    assert card.page.locator("dialog.help").is_visible()
    card.press("a", "Escape")
    assert not card.page.locator("dialog.help").is_visible()
    assert len(books.standing()) == 7


def test_a_note_can_be_left_without_saving(card, books):
    made = books.fill(flagged(2))
    card.open().press("n")
    card.page.keyboard.type("never")
    card.press("Escape")
    assert card.text(".note") == ""
    card.press("Enter").saved()
    assert (books.ledger()[0].comment_id, books.ledger()[0].note) == (made[0], None)


def test_undo_any_number_of_steps_also_unconfirmed_ones(card, books):
    made = books.fill(flagged(8))
    card.open().press("Enter", "a", "s", "h", "e", "Enter")
    card.press("z", "z")
    assert card.id() == made[4]
    card.press("z")
    assert card.id() == made[3]
    card.press("z", "z", "z")
    assert card.id() == made[0]
    card.saved()
    assert books.standing() == []
    card.press("1", "Enter").saved()
    assert books.standing() == [(made[0], "remove", [2, 4])]
    assert card.id() == made[1]


def test_undo_reaches_back_before_a_reload(card, books):
    made = books.fill(flagged(6))
    card.open().press("Enter", "Enter", "Enter").saved()
    card.page.reload()
    card.ready()
    card.press("z").wait(lambda: card.id() == made[2])
    card.press("z").wait(lambda: card.id() == made[1])
    card.saved()
    assert [entry[0] for entry in books.standing()] == [made[0]]
    card.press("z").wait(lambda: card.id() == made[0])
    card.press("z").wait(lambda: "no step of yours" in card.text(".notices"))


TYPE = """async ([keys, least, most]) => {
  const accepted = []
  for (const key of keys) {
    const before = window.shown()
    document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }))
    const after = window.shown()
    if (["Enter", "a"].includes(key) && before && (!after || after.id !== before.id)) {
      accepted.push(key === "a" ? [before.id, "approve", []] : [before.id, before.outcome, before.labels])
    }
    await new Promise((done) => setTimeout(done, least + Math.random() * (most - least)))
  }
  return accepted
}"""


@pytest.mark.parametrize(("least", "most"), [(0, 0), (0, 5), (20, 60)])
def test_fast_typing_records_what_was_on_the_screen(card, books, least, most):
    made = books.fill(flagged(120))
    card.open()
    keys = random.Random(least + most).choices(["1", "3", "4", "6", "Enter", "a"], k=50)
    accepted = card.page.evaluate(TYPE, [keys, least, most])
    card.saved()
    assert books.standing() == [tuple(entry) for entry in accepted]
    assert [entry[0] for entry in accepted] == made[: len(accepted)]
    assert accepted
    assert card.id() == made[len(accepted)]


def test_a_real_keyboard_at_full_speed(card, books):
    made = books.fill(flagged(120))
    card.open()
    for _ in range(50):
        card.page.keyboard.press("Enter")
    card.saved()
    decided = [entry[0] for entry in books.standing()]
    presses = card.page.evaluate("window.presses")
    assert decided == made[: len(decided)]
    assert set(decided) <= {press.get("id") for press in presses}  # none where the next ones were on their way
    assert card.id() == made[len(decided)]


def test_a_key_held_down_decides_once(card, books):
    made = books.fill(flagged(10))
    card.open()
    for _ in range(20):
        card.page.keyboard.down("Enter")  # the second and later ones repeat
    card.page.keyboard.up("Enter")
    card.saved()
    assert [entry[0] for entry in books.standing()] == made[:1]


def test_the_server_dies_and_comes_back(card, books, queue_server):
    made = books.fill(flagged(40))
    card.open().press("Enter", "a")
    queue_server.kill()
    card.press("Enter", "a", "s", "Enter", "z", "a")
    assert card.text(".save") != "All saved"
    queue_server.start()
    card.wait(lambda: card.text(".save") == "All saved", 40)
    card.press("Enter").saved()
    decided = [made[k] for k in (0, 1, 2, 3, 5, 6)]
    assert [entry[0] for entry in books.standing()] == decided
    assert [entry[1] for entry in books.standing()] == ["remove", "approve", "remove", "approve", "approve", "remove"]


def test_a_reload_loses_no_unsent_step(card, books, queue_server):
    made = books.fill(flagged(10))
    card.open().press("Enter").saved()
    queue_server.kill()
    card.press("a", "4", "Enter")
    queue_server.start()
    card.page.goto(queue_server.url)
    card.ready().saved()
    card.wait(lambda: len(books.standing()) == 3)
    assert books.standing() == [
        (made[0], "remove", [0, 2, 4]),
        (made[1], "approve", []),
        (made[2], "remove", [0, 2, 3, 4]),
    ]
    assert card.id() == made[3]
    assert card.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('moderato.step')).length") == 0


def test_severe_text_is_not_in_the_page_until_revealed(card, books):
    made = books.fill([Waiting("unspeakable words", scores=SEVERE, priority=0), *flagged(2)])
    card.open()
    everything = "document.documentElement.outerHTML + window.card().innerHTML"
    assert "unspeakable" not in card.page.evaluate(everything)
    assert card.text(".text").startswith("▇▇▇")
    card.wait(lambda: card.press("v").text(".text") == "unspeakable words")  # words, then all
    card.press("v")
    assert "unspeakable" not in card.page.evaluate(everything)
    card.press("Enter").saved()
    assert books.standing()[0][0] == made[0]
    card.press("m")
    assert card.text(".text").startswith("▇")
    card.press("Enter", "m").saved()
    assert not card.text(".text").startswith("▇")


def test_blind_items_show_nothing_that_could_sway(card, books):
    books.fill([Waiting("you fool", Lane.AUDIT, SEVERE)])
    card.open()
    assert card.text(".lane") == "Blind audit"
    assert "Drawn at random" in card.text(".why")
    assert card.shown()["labels"] == []
    assert card.page.locator(".card .score:visible").count() == 0
    assert card.page.locator(".card mark").count() == 0
    assert card.page.locator("[data-act=identical]").is_disabled()
    card.press("d", "1", "Enter").saved()
    (row,) = books.ledger()
    assert (row.blind, row.lane, row.labels) == (True, "audit", 1)


def test_identical_comments_are_settled_by_one_key(card, books):
    made = books.fill([*(Waiting("same raid text", priority=-1) for _ in range(30)), *flagged(2)])
    card.open()
    assert card.text("[data-act=identical]").startswith("All 30 identical")
    card.press("d")
    assert card.id() in (None, made[30])  # no copy comes up to be decided again, and none is missed
    card.saved()
    assert card.page.locator(".problems .notice").count() == 0
    assert len(books.standing()) == 30
    card.wait(lambda: card.id() == made[30])
    card.press("z").saved()
    assert card.id() == made[0]
    assert books.standing() == []


def test_that_nothing_was_left_to_undo_is_told_until_the_next_step(card, books):
    books.fill(flagged(2))
    card.open()
    card.press("z").saved()
    card.wait(lambda: "no step of yours" in card.text(".problems"))
    card.press("Enter").saved()
    assert card.text(".problems") == ""


HOSTILE = {
    "bidi": "abc \u202egnp.exe\u202c \u2066x",
    "html": '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><b>bold</b>',
    "markdown": "![x](http://evil.test/a.png) [link](javascript:alert(1)) $\\LaTeX$ :red[x]",
    "word": "w" * 60_000,
    "zero": "i\u200bd\u200bi\u200bot" + "\u200b" * 5000,
    "emoji": "👩\u200d👩\u200d👧 ❤️ ok",
}


def test_hostile_texts_are_only_text(card, books):
    made = books.fill([Waiting(text, priority=k, author="<b>\u202eeve") for k, text in enumerate(HOSTILE.values())])
    requests = []
    card.page.on("request", lambda request: requests.append(request.url))
    card.open()
    shown = {}
    for _ in made:
        shown[card.id()] = card.text(".text")
        assert "<b>" in card.text(".from")
        assert card.page.locator(".text img, .text script, .text b, .text a").count() == 0
        assert card.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        card.press("Enter")
    card.saved()
    texts = [shown[comment_id] for comment_id in made]
    assert "U+202E" in texts[0]
    assert "\u202e" not in texts[0]
    assert texts[1] == HOSTILE["html"]
    assert texts[2] == HOSTILE["markdown"]
    assert texts[3].startswith("w" * 6000)
    assert "Show all 60,000 characters" in texts[3]
    assert "U+200B ×5000" in texts[4]
    assert texts[5] == HOSTILE["emoji"]
    assert not card.page.evaluate("window.hacked")
    assert not [url for url in requests if "evil" in url]
    assert len(books.standing()) == len(made)


def test_nothing_moves_between_comments(card, books):
    books.fill([
        Waiting("short", priority=0), Waiting("long " * 2000, priority=1), Waiting("severe", scores=SEVERE, priority=2),
        Waiting("blind", Lane.AUDIT, priority=3), Waiting("asked", Lane.ESCALATED),
    ])  # fmt: skip
    card.open()
    where = """() => [...window.card().querySelectorAll(".text, .label, .verdict button, .acts button")].map((b) => {
      const { x, y, width, height } = b.getBoundingClientRect()
      return [x, y, width, height].map(Math.round).join(" ")
    }).join("|")"""
    first = card.page.evaluate(where).split("|")
    for _ in range(4):
        card.press("Enter")
        assert card.page.evaluate(where).split("|") == first


def test_the_mouse_and_the_keyboard_together(card, books):
    made = books.fill(flagged(4))
    card.open()
    card.page.locator(".card .label").nth(3).click()
    card.press("Enter")  # submits; does not press the label again
    card.page.locator("[data-act=none]").click()
    card.page.wait_for_timeout(80)
    card.page.locator("[data-act=skip]").focus()
    card.press("Tab", "Shift+Tab")
    card.page.keyboard.press("Enter")  # the focused button's own key
    card.saved()
    assert books.standing() == [(made[0], "remove", [0, 2, 3, 4]), (made[1], "approve", [])]
    assert card.id() == made[3]


def test_a_phone(browser, queue_server, books):
    made = books.fill(flagged(3))
    context, page = visit_as(browser, queue_server, "Ada", has_touch=True, is_mobile=True)
    page.set_viewport_size({"width": 390, "height": 844})
    card = Card(page, queue_server).open()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator(".card button:visible").all():
        box = button.bounding_box()
        assert box["height"] >= 24
        assert box["width"] >= 24
    page.locator(".card .label").nth(0).tap()
    page.locator("[data-act=submit]").tap()
    card.saved()
    assert books.standing() == [(made[0], "remove", [2, 4])]
    context.close()


def test_an_idle_moderator_is_warned_and_can_keep_the_comment(browser, tmp_path):
    with serving(tmp_path / "data", embedded_worker="false", claim_seconds="4") as server:
        books = Books(server)
        made = books.fill(flagged(2))
        context, page = visit_as(browser, server, "Ada")
        card = Card(page, server).open()
        card.wait(lambda: "Any key keeps it" in card.text(".lease"), 12)
        card.press("ArrowDown")
        card.wait(lambda: card.text(".lease") == "", 3)
        card.wait(lambda: "lapsed" in card.text(".lease"), 15)
        card.press("Enter").saved()
        assert [entry[0] for entry in books.standing()] == [made[0]]
        context.close()
        books.close()


def test_an_empty_queue_says_so_and_fills_by_itself(card, books):
    card.page.goto(card.server.url)
    card.page.add_init_script("")
    card.page.get_by_text("No comments yet").wait_for()
    books.fill(flagged(1))
    card.page.wait_for_selector("[data-cid]", timeout=8000)
