"""Comment text is shown verbatim and never interpreted."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.scoring.protocol import Span
from pages.shared.comment import comment_html, plain

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '<img src=x onerror="alert(1)">',
    "style": "<style>body{display:none}</style>",
    "close": "</div></div><h1>admin</h1>",
    "markdown": "![x](http://evil.test/a.png) [y](javascript:1) $\\LaTeX$ :red[z] :material/bolt:",
    "entities": "&lt;b&gt; &amp; &#x41;",
}


class Text(HTMLParser):
    """What a browser would show: text without tags, chips turned back into their characters."""

    def __init__(self) -> None:
        super().__init__()
        self.shown, self.tags, self._chip = "", [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._chip = ("class", "m-chip") in attrs

    def handle_endtag(self, tag):
        self._chip = False

    def handle_data(self, data):
        chip = re.fullmatch(r"U\+([0-9A-F]+)(?: ×(\d+))?", data) if self._chip else None
        self.shown += chr(int(chip[1], 16)) * int(chip[2] or 1) if chip else data


def parse(markup: str) -> Text:
    parser = Text()
    parser.feed(markup)
    return parser


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text(text):
    parsed = parse(comment_html(1, text))
    assert parsed.shown == text
    assert set(parsed.tags) == {"div"}


@given(st.text(), st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40))))
def test_any_text_under_any_spans_is_shown_whole(text, spans):
    parsed = parse(comment_html(7, text, spans))
    expected = text.replace("\r\n", "\n")
    cut_crlf = parsed.shown.replace("\r\n", "\n")  # a span may end between the two
    assert cut_crlf == expected
    assert set(parsed.tags) <= {"div", "mark", "span", "details", "summary"}


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\x07", "\ufeff", "\u2028", "\xad", "\u3164", "\ue000"]
)
def test_what_cannot_be_seen_becomes_a_chip(character):
    made = comment_html(1, f"a{character}b")
    assert f"U+{ord(character):04X}</span>" in made
    assert character not in made


def test_an_emoji_family_stays_one_emoji():
    family = "👩\u200d👩\u200d👧 ❤️"
    assert family in comment_html(1, family)


def test_a_run_of_one_invisible_character_is_one_chip():
    made = comment_html(1, "\u200b" * 60_000)
    assert "U+200B ×60000" in made
    assert len(made) < 500


def test_highlights_carry_what_they_raise():
    span = Span(0, 5, (2.0, 0, 0, 0, 3.0, 0))
    made = comment_html(1, "idiot, you", [span])
    assert '<mark title="Insult +3.0, Toxic +2.0">idiot</mark>, you' in made


def test_overlapping_highlights_are_cut():
    assert '<mark title="">ab</mark><mark title="">cd</mark>e' in comment_html(1, "abcde", [(0, 2), (1, 4)])


def test_masked_text_is_not_in_the_page():
    made = comment_html(3, "horrible words here", [(0, 8)], masked=True)
    assert "horrible" not in made
    assert "words" not in made
    assert "▇▇▇▇▇▇▇▇ ▇▇▇▇▇ ▇▇▇▇" in made


def test_long_text_can_be_unfolded():
    assert "<details>" in comment_html(1, "x" * 60_000)
    assert "<details>" in comment_html(1, "\n" * 30)
    assert "<details>" not in comment_html(1, "short")


@given(st.text())
def test_a_cell_is_one_short_line(text):
    cell = plain(text, 20)
    assert "\n" not in cell
    assert "\u202e" not in cell
    assert html.escape(cell) is not None


def _page() -> None:
    from pages.shared.comment import draw_comment

    draw_comment(5, "secret <b>text</b>", masked=True)


def test_revealing_draws_the_text(stranger):
    at = AppTest.from_function(_page).run()
    assert "secret" not in at.get("html")[0].proto.body
    at.button(key="reveal_5").click().run()
    assert "secret &lt;b&gt;text&lt;/b&gt;" in at.get("html")[0].proto.body
