"""What begins masked, for whom, and which words."""

import json
from pathlib import Path

import pytest

from core.labels import LABELS
from core.review_items import Evidence
from core.wellbeing.choices import MILD_AFTER, Breaks, NotToday, Sight
from core.wellbeing.masking import DEFAULT_RULES, Mask, Masking, Rule, is_severe, strongest
from core.wellbeing.words import MOST_CHARS, found_words, listed_words
from tests.support.queue import CLEAN, SEVERE, THRESHOLDS, TOXIC
from training.data import read_rows
from training.mask_words import marked_words, toxic_words

JUNK = [
    None, 3, "whole", [], {}, {"rules": 4}, {"rules": {"threat": "whole"}}, {"rules": {"threat": ["all", 2]}},
    {"masking": {"rules": {"toxic": [["open"], {}]}, "unscored": 7}, "mild_after": True, "breaks": {"minutes": "x"}},
    {"labels": 3, "until": "tomorrow"}, {"labels": [{}, "threat", None], "until": float("nan")}, {"until": 10**40},
    {"breaks": [], "meter": "yes", "mild_after": 10**9},
]  # fmt: skip


def with_rule(label: str, rule: Rule, **more) -> Masking:
    return Masking(tuple(rule if name == label else Rule() for name in LABELS), **more)


def test_for_everybody_severe_texts_are_masked_whole():
    chosen = Masking()
    assert [chosen.mask_of(scores, THRESHOLDS) for scores in (CLEAN, TOXIC, SEVERE)] == ["open", "open", "whole"]
    assert chosen.mask_of((0.98, *CLEAN[1:]), THRESHOLDS) is Mask.WHOLE
    assert chosen.mask_of((0.1, 0.1, 0.1, 0.1, 0.1, 0.4), (0.5,) * 5 + (0.3,)) is Mask.WHOLE
    assert chosen.mask_of(None, THRESHOLDS) is Mask.OPEN
    for scores in (CLEAN, TOXIC, SEVERE):
        assert Evidence(scores, THRESHOLDS, 1, 1, []).severe == (chosen.mask_of(scores, THRESHOLDS) is Mask.WHOLE)


def test_each_label_has_its_own_score_and_step_and_the_strongest_counts():
    words = with_rule("insult", Rule(Mask.WORDS, 0.7))
    assert words.mask_of(TOXIC, THRESHOLDS) is Mask.WORDS  # insult 0.71
    assert words.mask_of((*TOXIC[:4], 0.69, 0.0), THRESHOLDS) is Mask.OPEN
    both = Masking((Rule(Mask.WHOLE, 0.9), *words.rules[1:]))
    assert both.mask_of(TOXIC, THRESHOLDS) is Mask.WHOLE
    assert strongest([]) is Mask.OPEN


def test_what_is_noted_does_not_depend_on_what_is_masked():
    nothing = Masking(tuple(Rule() for _ in LABELS))
    assert nothing.cover(SEVERE, THRESHOLDS).severe
    assert nothing.cover(SEVERE, THRESHOLDS).mask is Mask.OPEN
    much = with_rule("toxic", Rule(Mask.WHOLE, 0.0))
    assert (much.cover(CLEAN, THRESHOLDS).mask, much.cover(CLEAN, THRESHOLDS).severe) == (Mask.WHOLE, False)


def test_texts_without_scores_are_all_treated_alike():
    chosen = with_rule("toxic", Rule(Mask.WHOLE, 0.0), unscored=Mask.WORDS)
    assert chosen.cover(None, THRESHOLDS).mask is Mask.WORDS
    assert not chosen.cover(None, THRESHOLDS).severe


def test_choices_come_back_as_they_were_kept():
    masking = Masking((Rule(Mask.WORDS, 0.25), *DEFAULT_RULES[1:]), Mask.WHOLE)
    sight = Sight(masking, 4, Breaks(on=False, minutes=90, severe=12), meter=True)
    assert Sight.parse(json.loads(json.dumps(sight.to_json()))) == sight
    chosen = NotToday(frozenset({"threat"}), 1_800_000_000.0)
    assert NotToday.parse(json.loads(json.dumps(chosen.to_json()))) == chosen


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_any_json_is_survived(junk):
    sight, chosen = Sight.parse(junk), NotToday.parse(junk)
    assert len(sight.masking.rules) == len(LABELS)
    assert sight.mild_after == 0 or MILD_AFTER[0] <= sight.mild_after <= MILD_AFTER[1]
    assert chosen.until == chosen.until  # no NaN
    assert {type(rule.mask) for rule in sight.masking.rules} == {Mask}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("You m0r0ns, f u c k off", ["m0r0ns", "f u c k"]),
        ("I will kіll you", ["kіll"]),  # a Cyrillic letter
        ("The butter is in the class, assess it", []),
        ("", []),
        ("🙂" * 50 + " idiot", ["idiot"]),
        ("gay, muslim, black, jewish, mexican", []),
    ],
)
def test_words_are_found_through_spelling_tricks(text, hidden):
    assert [text[start:end] for start, end in found_words(text)] == hidden


def test_only_the_beginning_of_a_long_text_is_looked_through():
    assert found_words("x " * MOST_CHARS + "idiot") == []


def test_the_list_is_of_words_as_the_normaliser_spells_them():
    assert all(len(found_words(word)) == 1 for word in listed_words())


def test_candidates_come_from_what_people_marked():
    posts = [("you utter nitwit", frozenset(range(10, 16)))] * 3 + [("you are good", frozenset())]
    assert marked_words(posts) == {"nitwit"}


def test_candidates_come_from_what_people_labelled(tmp_path):
    rows = ["a sillyword here,1,0,0,0,0,0"] * 5 + ["a tree here,0,0,0,0,0,0"] * 20
    path = Path(tmp_path / "rows.csv")
    path.write_text("comment_text," + ",".join(LABELS) + "\n" + "\n".join(rows) + "\n")
    assert toxic_words(read_rows(path)) == {"sillyword"}


def test_severe_is_one_rule():
    assert is_severe(SEVERE, THRESHOLDS)
    assert not is_severe(TOXIC, THRESHOLDS)
