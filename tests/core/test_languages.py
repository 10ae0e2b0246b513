"""How each language writes numbers and days, which one is spoken to whom, and the one that nobody speaks."""

import re
from datetime import UTC, date, datetime

import numpy as np
import pytest

from core.languages import language, preferred
from core.pseudo import PSEUDO, accented

GERMAN = language("de")
MOMENT = datetime(2026, 3, 5, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "spec", "written"),
    [
        (1_234_567, ",", "1.234.567"),
        (1234.5, ",.1f", "1.234,5"),
        (0.1234, ".1%", "12,3\u00a0%"),
        (np.float32(0.25), ".2f", "0,25"),
        (0.5, "", "0,5"),
        (True, "", "True"),
        ("1,234.5", "", "1,234.5"),
        (MOMENT, "%Y-%m-%d %H:%M", "2026-03-05 14:03"),
        (MOMENT, "%d %b %Y, %H:%M", "5. März 2026, 14:03"),
        (date(2026, 11, 25), "%d %b", "25. Nov."),
    ],
)
def test_german_writes_numbers_and_days_its_own_way(value, spec, written):
    assert GERMAN.write(value, spec) == written


def test_what_is_filled_in_is_written_by_the_language_of_the_words():
    assert GERMAN.say("{many:,} waiting, {share:.1%} of {name!r}").format(many=1_200, share=0.5, name="a,b") == (
        "1.200 waiting, 50,0\u00a0% of 'a,b'"
    )
    assert language("en").say("{many:,} wait").format(many=1_200) == "1,200 wait"


def test_german_has_a_form_for_one_and_one_for_more():
    one, more = "{many:,} comment", "{many:,} comments"
    assert [GERMAN.say_so_many(one, more, n).format(many=n) for n in (0, 1, 2_000)] == [
        "0 Kommentare", "1 Kommentar", "2.000 Kommentare",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (None, "en"), ("", "en"), ("de-AT", "de"), ("DE", "de"), ("de_DE", "de"), ("fr", "en"), ("en-XA", PSEUDO),
        ("../x", "en"),
    ],
)  # fmt: skip
def test_a_browsers_code_finds_its_language(asked, code):
    assert language(asked).code == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"), ("de", "de"), ("fr;q=0.9, de-CH;q=0.8, en;q=0.7", "de"), ("en;q=0.1,de;q=0.2", "de"),
        ("de;q=0", "en"), ("*;q=x,;;,", "en"), ("fr," * 10_000, "en"),
    ],
)  # fmt: skip
def test_a_browser_is_answered_in_the_first_language_that_is_known(header, code):
    assert preferred(header).code == code


def test_the_pseudo_locale_keeps_what_is_no_word_and_is_longer():
    words = "Open **{many:,}** [here](/setup) `moderato run` :material/undo: now."
    made = accented(words)
    assert all(kept in made for kept in ("{many:,}", "](/setup)", "`moderato run`", ":material/undo:"))
    assert len(made) > len(words) * 1.2
    assert not re.search("[a-z]{2}", re.sub(r"\{.*?\}|\(.*?\)|`.*?`|:[\w/]+:", "", made))


def test_a_head_of_the_catalogue_is_never_said():
    assert GERMAN.say("") == ""
