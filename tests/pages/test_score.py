"""The Score page: text, many texts, files, the queue, and what it says when no model can be used."""

import csv
import io
import shutil

import numpy as np
import pytest

from core.domain import Policy, now
from core.scored import Highest, ScoredText, as_csv, split_lines
from core.settings import ROOT
from pages.shared.score_bars import bars_html
from tests.support.databases import on_both

POLICY = Policy(1, (0.5,) * 6, (0.1,) * 5, now(), "Ada", "test")


@pytest.fixture
def score(app):
    app.run()
    return app.switch_page("score.py").run()


def html(page):
    return "\n".join(element.proto.body for element in page.get("html"))


def score_text(page, text, lines=False):
    page.text_area(key="score_text").set_value(text)
    page.toggle(key="score_lines").set_value(lines)
    return page.button(key="score_go").click().run()


def test_what_one_typed_oneself_is_not_masked(score):
    page = score_text(score, "You stupid idiot, I will kill you, you worthless bastard")
    assert "▇" not in html(page)
    assert "worthless" in html(page)


def test_one_comment_shows_bars_and_its_text(score):
    page = score_text(score, "You idiot <img src=x> \u202e")
    assert html(page).count('role="listitem"') == 6
    assert "&lt;img" in html(page)
    assert "<img" not in html(page)
    assert any("Goes to review" in element.value for element in page.markdown)


def test_many_comments_make_a_table(score):
    page = score_text(score, "You idiot\n\n  Thank you  \n", lines=True)
    frame = page.dataframe[0].value
    assert frame["Comment"].tolist() == ["Masked: choose the row to look", "Thank you"]
    assert "You idiot" not in html(page)
    assert frame["Review"].tolist() == [True, False]


def test_nothing_pasted(score):
    assert "Paste a comment" in html(score_text(score, " \n "))


@on_both
def test_sending_to_the_queue_twice_adds_once(score, app_services):
    score_text(score, "You idiot\nThanks", lines=True)
    page = score.button(key="score_send").click().run()
    assert "2 sent to the queue" in html(page)
    page = page.button(key="score_send").click().run()
    assert "0 sent to the queue" in html(page)
    assert "2 had been sent before" in html(page)


def test_a_file_is_scored_in_the_background(score):
    score.file_uploader(key="score_file").upload("a.csv", b"id,text\n1,You idiot\n2,\n3,=1+1\n", "text/csv").run()
    score.button(key="score_file_go").click().run()
    job = score.session_state["score_job"]
    assert job.wait(30)
    page = score.run()
    assert "3 rows scored" in html(page)
    assert "1 of them without text" in html(page)
    rows = list(csv.DictReader(io.StringIO(job.result.target.read_text())))
    assert rows[1]["p_toxic"] == ""
    assert rows[2]["text"] == "'=1+1"
    assert job.result.highest[0].text == "You idiot"


def test_a_file_goes_to_the_queue(score, app_services):
    score.file_uploader(key="score_file").upload("a.csv", b"id,text\n1,You idiot\n2,ok\n", "text/csv").run()
    score.button(key="score_file_send").click().run()
    assert score.session_state["import_job"].wait(20)
    run = app_services.intake.list_imports()[0]
    assert (run.added, run.source) == (2, "score page")


@pytest.mark.parametrize("database", ["none"], indirect=True)
def test_without_a_live_model_it_says_what_to_do(app, monkeypatch):
    monkeypatch.setattr("core.registry.SHIPPED", "models/none")
    app.run()
    page = app.switch_page("score.py").run()
    assert "No model is live" in html(page)
    assert not page.text_area


@pytest.mark.parametrize("database", ["none"], indirect=True)
def test_an_unreadable_model_is_named(app, monkeypatch, tmp_path):
    folder = tmp_path / "shipped"
    shutil.copytree(ROOT / "models" / "starter", folder)
    monkeypatch.setattr("core.registry.SHIPPED", str(folder))
    app.run()
    (folder / "config.json").write_text("{}")
    page = app.switch_page("score.py").run()
    assert str(folder) in html(page)
    assert "Restore" in html(page)
    assert not page.exception


def test_lines_and_downloads():
    assert split_lines("a\n\n b \r\n") == ["a", "b"]
    rows = list(csv.reader(io.StringIO(as_csv([ScoredText("=1+1", (0.5,) * 6)]).decode("utf-8-sig"))))
    assert rows[1] == ["'=1+1"] + ["0.5"] * 6


def test_the_highest_are_kept():
    highest = Highest(POLICY, 2)
    for text, p in (("a", 0.1), ("b", 0.9), ("c", 0.5), ("d", 0.7)):
        highest.watch([text], np.full((1, 6), p, dtype=np.float32))
    assert [row.text for row in highest.rows()] == ["b", "d"]


def test_bars_show_what_is_over():
    made = bars_html([0.9, 0, 0, 0, 0, 0.2], [0.5] * 6)
    assert made.count("m-bar m-over") == 1
    assert "Toxic: 0.900, review from 0.50" in made
