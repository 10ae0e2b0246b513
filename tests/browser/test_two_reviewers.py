"""Two people on one queue: nothing is decided twice, nothing is left."""

from collections import Counter

from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.queue import flagged
from tests.support.server import serving

WORK = """async (key) => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms))
  window.finished = false
  for (let quiet = 0; quiet < 400; ) {
    const shown = window.shown()
    if (shown) {
      quiet = 0
      document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }))
    } else quiet += 1
    await pause(20)
  }
  window.finished = true
}"""


def test_two_people_empty_a_queue_of_200(browser, tmp_path):
    with serving(tmp_path / "data", embedded_worker="false") as server:
        books = Books(server)
        made = books.fill(flagged(200))
        visits = [visit_as(browser, server, name) for name in ("Ada", "Bob")]
        cards = [Card(page, server).open() for _, page in visits]
        for card, key in zip(cards, ("Enter", "a"), strict=True):
            card.page.evaluate(f"void ({WORK})('{key}')")
        cards[0].wait(lambda: len(books.standing()) == len(made), 90)
        for card in cards:
            card.saved()
            assert card.page.locator(".notice").count() == 0
            card.page.get_by_text("All done").wait_for(timeout=15_000)
        rows = books.ledger()
        assert Counter(row.comment_id for row in rows) == Counter(made)
        assert {row.person for row in rows} == {"Ada", "Bob"}
        for context, _ in visits:
            context.close()
        books.close()


def test_one_who_waits_is_told_what_the_other_has(browser, tmp_path):
    with serving(tmp_path / "data", embedded_worker="false") as server:
        books = Books(server)
        books.fill(flagged(3))
        visits = [visit_as(browser, server, name) for name in ("Ada", "Bob")]
        ada = Card(visits[0][1], server).open()
        bob = Card(visits[1][1], server)
        bob.page.goto(server.url)
        bob.page.get_by_text("Others have the rest").wait_for()
        assert "3 still wait, all with other moderators" in bob.text(".empty .reason")
        ada.press("s").saved()
        bob.page.wait_for_selector("[data-cid]", timeout=10_000)
        for context, _ in visits:
            context.close()
        books.close()
