"""The whole loop, as a stranger would go through it: an empty database, real Chromium, the shipped model."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import visit_as
from tests.support.card import Books, Card
from tests.support.server import serving

INSULTS = ["idiot", "moron", "imbecile", "cretin", "loser", "clown", "jackass", "pig", "scumbag", "bastard"]
RUDE = [
    f"You are a complete {word} and everybody here hates you, shut up, number {k}" for k, word in enumerate(INSULTS * 3)
]
KIND = [f"Thanks for the careful edit to section {k}, the sources look right to me." for k in range(30)]
RAID = "go to hell you stupid fucking idiot"
COPIES = 40


@pytest.fixture
def loop_server(tmp_path):
    """A dashboard with its worker, quick to look for work."""
    with serving(tmp_path / "data", poll_seconds="0.3") as started:
        yield started


@pytest.fixture
def visitor(browser, loop_server):
    context, page = visit_as(browser, loop_server, "Ada", accept_downloads=True)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield page
    context.close()
    assert page.problems == []


@pytest.fixture
def books(loop_server):
    made = Books(loop_server)
    yield made
    made.close()


def write_file(path):
    """Comments of three kinds, one of them forty times."""
    texts = [text for pair in zip(RUDE, KIND, strict=True) for text in pair] + [RAID] * COPIES
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "comment_text", "author"])
        writer.writerows([f"c{k}", text, f"author{k % 7}"] for k, text in enumerate(texts))
    return len(texts)


def open_page(page: Page, server, path: str) -> None:
    page.goto(f"{server.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=20_000)


def test_import_review_measure_export_retrain_promote(visitor, loop_server, books, tmp_path):
    count = write_file(tmp_path / "comments.csv")
    import_the_file(visitor, loop_server, tmp_path / "comments.csv", count)
    review(visitor, loop_server, books)
    see_the_numbers(visitor, loop_server, books)
    export(visitor, loop_server, books, tmp_path)
    name = retrain_and_promote(visitor, loop_server)
    see_new_scores(visitor, loop_server, name)


def import_the_file(page, server, path, count):
    open_page(page, server, "data")
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(f"{count} added, 0 known before, 0 left out").first).to_be_visible(timeout=30_000)


def review(page, server, books):
    Card(page, server).wait(lambda: books.waiting() == 0, seconds=60)
    card = Card(page, server).open()
    for _ in range(26):  # the raid is settled at once when it comes up, the rest one by one
        if card.id() is None:
            break
        judge(card)
    before = len(books.standing())
    assert before >= 20
    card.press("z").saved()
    assert len(books.standing()) < before, "undo takes the last step back"
    card.press("Enter").saved()
    card.press("h").saved()
    card.press("e").saved()
    assert [outcome for _, outcome, _ in books.standing()].count("escalate") == 1


def judge(card):
    """Decide what is on the screen: reveal it if need be; blind items show no labels, so they are set."""
    for _ in range(2):  # whole, then words
        if card.page.locator(".card .text.masked, .card .text .cover").count():
            card.press("v")
    text = card.text(".text")
    if "Blind audit" in card.text(".lane"):
        card.press(*("15" if text not in KIND else ""), "Enter")
    else:
        card.press("d" if RAID in text else "Enter")
    card.saved()


def see_the_numbers(page, server, books):
    open_page(page, server, "metrics")
    decided = {comment for comment, outcome, _ in books.standing() if outcome != "escalate"}
    expect(page.get_by_text(re.compile(rf"counts the {len(decided)} comments that people decided"))).to_be_visible(
        timeout=20_000
    )


def export(page, server, books, folder):
    open_page(page, server, "data")
    page.get_by_role("tab", name="Export").click()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    download.value.save_as(folder / "out.csv")
    with (folder / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    decided = {comment for comment, outcome, _ in books.standing() if outcome != "escalate"}
    assert len(rows) == len(decided)
    assert {row["moderator"] for row in rows} == {"Ada"}


def retrain_and_promote(page, server) -> str:
    open_page(page, server, "models")
    page.get_by_role("button", name="Retrain").click()
    trained = page.get_by_role("heading", name=re.compile(r"starter-\d+-\d+"))
    expect(trained).to_be_visible(timeout=240_000)
    page.get_by_role("button", name="Promote…").first.click()  # the newest comes first, before the shipped careful one
    dialog = page.get_by_role("dialog")
    confirm = dialog.get_by_role("button", name="Make it live")
    expect(confirm).to_be_visible(timeout=60_000)
    if confirm.is_disabled():
        dialog.get_by_role("textbox", name="Reason").fill("the first week's corrections")
        dialog.get_by_role("textbox", name="Reason").press("Tab")
        dialog.get_by_text("Promote against the gate").click()
    expect(confirm).to_be_enabled(timeout=20_000)
    confirm.click()
    expect(page.get_by_text(re.compile("is live")).first).to_be_visible(timeout=30_000)
    name = re.search(r"starter-\d+-\d+", page.get_by_role("heading", level=3).first.inner_text())
    assert name, "the live model is the new one"
    return name[0]


def see_new_scores(page, server, name):
    open_page(page, server, "score")
    expect(page.get_by_text(re.compile(rf"Model {re.escape(name)}"))).to_be_visible(timeout=20_000)
    page.get_by_label("Comment", exact=True).fill("you are an idiot")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text(re.compile("Insult")).first).to_be_visible(timeout=20_000)
