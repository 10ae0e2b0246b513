"""Three people, one comment: settled, seen blind by a second who differs, decided by a third who is told no names."""

from uuid import uuid4

from sqlalchemy import update

from core.accounts import local_person
from core.domain import Outcome
from core.review import Review
from core.settings import Settings
from core.verdict import Verdict
from db.models import PolicyRow
from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.queue import Waiting
from tests.support.server import serving


def everybody_has_decided(books: Books, names, data_dir) -> None:
    """Somebody is asked for second opinions only while they decide at all; from now on everything is drawn."""
    review = Review(books.sessions, Settings(data_dir=data_dir))
    for name, comment_id in zip(names, books.fill([Waiting(f"warm {name}") for name in names]), strict=True):
        review.decide(Verdict(uuid4(), comment_id, Outcome.APPROVE), by=local_person(name))
    with books.sessions.begin() as session:
        session.execute(update(PolicyRow).values(second_rate=1.0))


def test_first_second_and_third(browser, tmp_path):
    names = ("Ada", "Bob", "Cleo")
    with serving(tmp_path / "data", embedded_worker="false") as server:
        books = Books(server)
        everybody_has_decided(books, names, server.data_dir)
        (comment_id,) = books.fill([Waiting("You are a total fool, Sir")])
        visits = [visit_as(browser, server, name) for name in names]
        ada, bob, cleo = (Card(page, server) for _, page in visits)

        ada.open()
        assert ada.shown()["labels"] == [0, 2, 4], "flagged: the model's labels are pre-set"
        ada.page.keyboard.press("n")
        ada.page.keyboard.type("an insult, no more")
        ada.page.keyboard.press("Enter")
        ada.press("1", "3", "Enter").saved()
        ada.page.get_by_text("Nothing left for you").wait_for(timeout=15_000)
        assert "1 waits for the opinion of somebody else" in ada.text(".empty .reason")

        bob.open()
        assert bob.shown() == {"id": comment_id, "labels": [], "outcome": "approve"}
        assert bob.text(".lane") == "Second opinion"
        card = bob.page.locator(".card").inner_text()
        assert not any(hint in card for hint in ("Ada", "0.91", "an insult", "Identical text"))
        bob.press("4", "Enter").saved()
        bob.page.get_by_text("Nothing left for you").wait_for(timeout=15_000)

        cleo.open()
        assert cleo.text(".lane") == "Two disagree"
        said = sorted(cleo.page.locator(".card .opinions li").all_inner_texts())
        assert [" ".join(one.split()) for one in said] == ["Remove Insult an insult, no more", "Remove Threat"]
        card = cleo.page.locator(".card").inner_text()
        assert not any(hint in card for hint in ("Ada", "Bob", "0.91"))
        cleo.press("5", "Enter").saved()
        cleo.page.get_by_text("All done").wait_for(timeout=15_000)

        found = [(row.person, row.lane, row.labels, row.blind) for row in books.ledger()[3:]]
        assert found == [
            ("Ada", "flagged", 16, False), ("Bob", "second", 8, True), ("Cleo", "adjudication", 16, True)
        ]  # fmt: skip
        cleo.page.goto(server.url + "/agreement")
        cleo.page.get_by_role("heading", name="Do two people give the same labels?").wait_for(timeout=20_000)
        for context, _ in visits:
            context.close()
        books.close()


def test_undoing_takes_the_second_opinion_back(browser, tmp_path):
    with serving(tmp_path / "data", embedded_worker="false") as server:
        books = Books(server)
        everybody_has_decided(books, ("Ada", "Bob"), server.data_dir)
        (comment_id,) = books.fill([Waiting("You are a total fool, Sir")])
        visits = [visit_as(browser, server, name) for name in ("Ada", "Bob")]
        ada, bob = (Card(page, server) for _, page in visits)
        ada.open().press("Enter").saved()
        bob.open()
        assert bob.id() == comment_id
        ada.press("z").saved()
        assert ada.shown()["id"] == comment_id
        bob.page.get_by_text("Others have the rest").wait_for(timeout=20_000)
        ada.press("Enter").saved()
        bob.page.wait_for_selector("[data-cid]", timeout=20_000)
        assert bob.text(".lane") == "Second opinion"
        for context, _ in visits:
            context.close()
        books.close()
