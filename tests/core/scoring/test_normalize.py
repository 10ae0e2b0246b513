"""Spelling tricks are undone, numbers stay, and every character can be traced back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scoring.confusables import CONFUSABLES
from core.scoring.normalize import normalize, normalize_with_offsets
from core.scoring.normalize_batch import normalize_all

any_text = st.text(st.characters(exclude_categories=()), max_size=200)
leet_text = st.text(st.sampled_from("aAbsS013457@$!| .-_\u200b\u0430\uff46"), max_size=80)


@pytest.mark.parametrize(
    ("tricky", "plain"),
    [
        ("FUCK You", "fuck you"),
        ("f\u200bu\u00adc\u2060k", "fuck"),
        ("fu\u0441k \u0443\u043eu", "fuck you"),
        ("f u c k   y o u", "fuck you"),
        ("f u c k y o u", "fuck you"),
        ("y o u a r e a n i d i o t", "you are an idiot"),
        ("f.u.c.k you", "fuck you"),
        ("f-u-c-k, yes", "fuck, yes"),
        ("n1c3 1d10t", "nice idiot"),
        ("a$$h0le sh!t b!tch", "asshole shit bitch"),
        ("\uff46\uff55\uff43\uff4b", "fuck"),
        ("f\u0336u\u0336c\u0336k\u0336", "fuck"),
        ("\U0001d58b\U0001d59a\U0001d588\U0001d590", "fuck"),
        ("\U0001f175\U0001f184\U0001f172\U0001f17a", "fuck"),
        ("fuuuuuuck nigggger", "fuck nigger"),
        ("too   many\n\nblanks", "too many blanks"),
    ],
)
def test_tricks_are_undone(tricky, plain):
    assert normalize(tricky) == plain


@pytest.mark.parametrize(
    "text",
    [
        "1 2 3 4 5",
        "3rd of 2nd, 1990s",
        "127.0.0.1",
        "3.14 and 1,000",
        "10km at 5pm",
        "$5 or 100%",
        "isbn 9780306406157x",
    ],
)
def test_numbers_stay(text):
    assert normalize(text) == text


def test_every_lookalike_becomes_its_letter():
    assert all(normalize(twin) == letter for twin, letter in CONFUSABLES.items())


@given(st.one_of(any_text, leet_text))
def test_offsets_agree_and_never_go_back(text):
    normal, origin = normalize_with_offsets(text)
    assert normal == normalize(text)
    assert len(origin) == len(normal)
    assert origin == sorted(origin)
    assert all(0 <= place < len(text) for place in origin)


@given(st.lists(st.one_of(any_text, leet_text), max_size=6))
def test_many_at_once_is_the_same(texts):
    assert normalize_all(texts) == [normalize(text) for text in texts]


@given(any_text)
def test_case_and_invisible_characters_change_nothing_that_counts(text):
    hidden = "\u200b".join(text)
    assert normalize(hidden) == normalize(text)


@pytest.mark.parametrize("unit", ["a", "a ", "a1", "!a", "1", "a1 9", "a.", "\u0300", "$ ", "aa1!"])
def test_time_is_linear(unit):
    began = time.process_time()  # quadratic, it would take minutes; other work on the machine does not count
    normalize(unit * 100_000)
    assert time.process_time() - began < 5
