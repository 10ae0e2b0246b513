"""Two people: one asks with Q, the other answers; the answer comes back with the comment, which is then decided."""

from core.domain import Lane
from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.queue import Waiting
from tests.support.server import serving


def type_in(card: Card, words: str, *keys: str) -> Card:
    """Q, words, then keys."""
    card.press("q")
    card.page.keyboard.type(words)
    return card.press(*keys)


def test_ask_answer_decide(browser, tmp_path):
    with serving(tmp_path / "data", embedded_worker="false") as server:
        books = Books(server)
        (first,) = books.fill([Waiting("You <b>absolute</b> genius", priority=0.1)])
        visits = [visit_as(browser, server, name) for name in ("Ada", "Lena")]
        ada, lena = (Card(page, server) for _, page in visits)

        ada.open()
        assert ada.id() == first
        type_in(ada, "Is <i>this</i> irony?", "Escape")
        assert not ada.page.locator(".card .askform").is_visible()
        ada.press("q")
        assert ada.page.locator(".card .askinput").input_value() == "Is <i>this</i> irony?", "leaving loses nothing"
        ada.press("Enter").saved()
        ada.page.get_by_text("Waiting for an answer").wait_for(timeout=15_000)
        ada.press("z").saved()
        ada.ready()
        assert ada.id() == first, "taken back"
        type_in(ada, "", "Control+a")
        ada.page.keyboard.type("Is this irony?")
        ada.press("Enter").saved()

        lena.open()
        assert lena.text(".lane") == "Question"
        assert "Ada asks" in lena.text(".asked")
        assert "Is this irony?" in lena.text(".asked")
        type_in(lena, "Yes: let it stand.", "Enter").saved()
        lena.page.get_by_text("All done").or_(lena.page.get_by_text("Others have the rest")).first.wait_for()

        ada.page.wait_for_selector("[data-cid]", timeout=20_000)
        assert ada.id() == first
        assert ada.text(".lane") == "Answered"
        assert "Yes: let it stand." in ada.text(".asked")
        assert not ada.page.locator(".card [data-act=ask]").is_enabled()
        ada.press("a").saved()
        assert books.standing() == [(first, "approve", [])]

        lena.page.goto("about:blank")  # so that it is Ada's
        (blind,) = books.fill([Waiting("Blind one", Lane.AUDIT)])
        ada.page.wait_for_selector("[data-cid]", timeout=20_000)
        assert ada.id() == blind
        type_in(ada, "A slur?", "Enter").saved()
        lena.open()
        assert lena.text(".lane") == "Question · blind"
        assert lena.text(".legend") == "Scores hidden"
        lena.press("q")
        assert not lena.page.locator(".card [data-act=send]").is_visible(), "words would sway"
        lena.page.keyboard.type("An old one.")
        lena.press("Enter")
        assert "An old one." in lena.text(".asked")
        lena.press("6", "Enter").saved()
        ada.page.locator(".news .notice").wait_for(timeout=20_000)
        told = ada.text(".news .notice")
        assert all(words in told for words in ("A slur?", "An old one.", "Lena removed it: Identity hate."))
        ada.page.locator(".news [data-act=told]").click()
        ada.saved()
        assert ada.page.locator(".news .notice").count() == 0
        assert [entry.blind for entry in books.ledger()] == [False, True]

        ada.page.goto(f"{server.url}/my_work")
        ada.page.get_by_text("Removed: Identity hate").wait_for(timeout=20_000)
        books.close()
