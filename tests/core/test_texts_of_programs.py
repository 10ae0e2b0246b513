"""HTML as its text, sentences, and the old scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.html_text import plain, shown_text
from core.old_scale import to_ranks
from core.sentences import MOST, split_sentences


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("you <b>id</b>iot", "you idiot"),
        ("<p>One.</p><p>Two.</p>", "One.\nTwo.\n"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("&lt;b&gt; &amp; &eacute; &#33; &#x21; &nosuch; &amp x", "<b> & é ! ! &nosuch; & x"),
        ("<script>alert('idiot')</script>hello<style>p{}</style>", "hello"),
        ("<!-- idiot -->hello", "hello"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<img src=x alt='idiot'>hello", "hello"),
        ("<div", "<div"),
        ('<a href="x>idiot', '<a href="x>idiot'),
        ("I <3 </3> you", "I <3  you"),
        ("<SCRIPT>idiot</Script >hello", "hello"),
        ("", ""),
    ],
)
def test_html_is_read_as_its_text(source, text):
    assert shown_text(source).text.rstrip("\n") == text.rstrip("\n")


def test_places_lead_back_into_the_source():
    source = "<p>Hi &amp; you\n<b>id</b>iot</p>"
    shown = shown_text(source)
    at = shown.text.index("idiot")
    start, end = shown.place(at, at + 5)
    assert source[start:end] == "id</b>iot"
    amp = shown.text.index("&")
    assert source[slice(*shown.place(amp, amp + 1))] == "&amp;"


@given(st.text(alphabet="ab<>/&;!-[]\"'=# \n?é🙂", max_size=60) | st.text(max_size=60))
def test_any_html_gives_a_text_whose_places_are_within_the_source(source):
    shown = shown_text(source)
    assert len(shown.text) == len(shown.starts) == len(shown.ends)
    for at in range(len(shown.text)):
        start, end = shown.place(at, at + 1)
        assert 0 <= start <= end <= len(source)


@pytest.mark.parametrize(
    "source",
    [
        "<" * 20_000,
        "<a " * 6_000,
        "<!" * 10_000,
        "<!--" * 5_000,
        "&" * 20_000,
        "<a href='" + "b" * 20_000,
        "<a '" * 5_000,
        "<script>" * 2_500,
    ],
)
def test_hostile_html_does_not_stall(source):
    assert len(shown_text(source).text) <= len(source)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("No end", ["No end"]),
        ("Mr. Smith, e.g. you, is bad. Yes.", ["Mr. Smith, e.g. you, is bad.", "Yes."]),
        ('He said "Go!" Then he left...  Ok', ['He said "Go!"', "Then he left...", "Ok"]),
        ("Line one\nLine two\n\n  Line three  ", ["Line one", "Line two", "Line three"]),
        ("3.14 is pi. v1.2 is out.", ["3.14 is pi.", "v1.2 is out."]),
        ("馬鹿。死ね！", ["馬鹿。", "死ね！"]),
        ("So am I. You too.", ["So am I.", "You too."]),
        ("?!?! What", ["?!?!", "What"]),
        ("   ", []),
    ],
)
def test_sentences(text, parts):
    assert [text[a:b] for a, b in split_sentences(text)] == parts


@given(st.text(alphabet="ab. !?\n。I🙂", max_size=200))
def test_sentences_are_in_order_and_leave_nothing_out_but_white_space(text):
    found = split_sentences(text)
    edges = [at for stretch in found for at in stretch]
    assert edges == sorted(edges)
    assert "".join("".join(text[a:b] for a, b in found).split()) == "".join(text.split())


def test_a_very_long_text_has_a_hundred_stretches_at_most():
    text = "Ab cd. " * 3_000
    found = split_sentences(text)
    assert len(found) <= MOST
    assert (found[0][0], found[-1][1]) == (0, len(text) - 1)


def test_a_plain_text_is_its_own_source():
    assert plain("a🙂b").place(1, 3) == (1, 3)
    assert plain("").place(0, 0) == (0, 0)


def test_the_old_scale_keeps_the_order_and_the_ends():
    scores = np.repeat(np.linspace(0, 1, 5_001, dtype=np.float32)[:, None], 6, axis=1)
    ranks = to_ranks(scores)
    assert ranks.dtype == np.float32
    assert (np.diff(ranks, axis=0) >= 0).all()
    assert ranks[0].tolist() == [0] * 6
    assert ranks[-1].tolist() == [1] * 6
    tenth = np.full((1, 6), 0.377341, np.float32)
    assert to_ranks(tenth)[0, 0] == pytest.approx(0.9, abs=1e-3)  # nine in ten comments are less toxic than that
