"""The index of texts by likeness: what is near, what makes room, what nobody can break it with."""

import random

import pytest

from core.nearest_vectors import KEPT, Vectors

WORDS = ["".join(random.Random(k).choices("abcdefghijklmnoprstuvw", k=4 + k % 5)) for k in range(400)]


def made(many, seed=1):
    draw = random.Random(seed)
    return [(str(k), k, " ".join(draw.choices(WORDS, k=30))) for k in range(many)]


def test_a_text_is_nearest_to_itself_and_to_its_misspelling():
    index, texts = Vectors(1_000), made(300)
    index.add(texts)
    for key, _, text in texts[::30]:
        assert index.nearest(text, 3, 0.1)[0] == (key, pytest.approx(1, abs=1e-5))
        misspelt = " ".join(word[::-1] if at % 3 == 0 else word for at, word in enumerate(text.split()))
        assert index.nearest(misspelt, 1, 0.1)[0][0] == key


def test_likeness_falls_from_the_nearest_on():
    index = Vectors(1_000)
    index.add(made(300))
    found = index.nearest(made(1)[0][2], 20, 0.0)
    assert [like for _, like in found] == sorted((like for _, like in found), reverse=True)
    assert index.nearest("nothing of the kind", 5, 0.1) == []


def test_removed_texts_are_gone_and_their_place_is_taken():
    index, texts = Vectors(1_000), made(20)
    index.add(texts)
    index.remove("3")
    index.remove("3")
    assert "3" not in index
    assert "3" not in [key for key, _ in index.nearest(texts[3][2], 20, 0.0)]
    index.add([("new", 99, texts[3][2])])
    assert index.nearest(texts[3][2], 1, 0.5)[0][0] == "new"
    assert len(index) == 20


def test_a_full_index_keeps_the_highest_ranks():
    index, texts = Vectors(10), made(30)
    index.add(texts[10:20])
    assert index.is_full
    index.add(texts[:10])
    assert [key for key, *_ in texts if key in index] == [str(k) for k in range(10, 20)]
    index.add(texts[20:25])
    assert sorted(int(key) for key, *_ in texts if key in index) == list(range(15, 25))


def test_a_key_is_held_once():
    index = Vectors(10)
    index.add([("a", 1, "some words of a text"), ("a", 2, "some words of a text")])
    index.add([("a", 3, "some words of a text")])
    assert index.nearest("some words of a text", 5, 0.0) == [("a", pytest.approx(1, abs=1e-5))]


@pytest.mark.parametrize("text", ["", " ", "\u202e\u200b", "🙂" * 5_000, "a" * 100_000, "\x00\ud800"])
def test_odd_texts_neither_break_it_nor_fit_everything(text):
    index = Vectors(10)
    index.add([("odd", 1, text), ("plain", 2, "A plain comment about the weather")])
    assert [key for key, _ in index.nearest("A plain comment about the weather", 5, 0.3)] == ["plain"]
    assert all(0 <= like <= 1 for _, like in index.nearest(text, 5, 0.0))


def test_many_more_texts_than_one_block_and_all_are_found():
    index = Vectors(20_000)
    index.add([(str(k), k, f"entry {k} of {k % 97} kind {k * 7919}") for k in range(9_000)])
    for k in (0, 8_191, 8_192, 8_999):
        assert index.nearest(f"entry {k} of {k % 97} kind {k * 7919}", 1, 0.5)[0][0] == str(k)


def test_a_long_text_takes_no_more_room_than_its_share():
    index = Vectors(10)
    index.add([("long", 1, " ".join(WORDS * 3))])
    assert (index._blocks[0]._values[0] != 0).sum() == KEPT
