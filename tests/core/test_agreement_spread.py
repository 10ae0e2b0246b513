"""How far pairs of people lie apart: the numbers of pairs, nobody's name, and nothing of too few."""

from dataclasses import replace

import numpy as np
import pytest

from core.agreement import LEAST_COUPLES, Spreads, spreads
from core.metrics.agreement import cohen_kappa
from core.metrics.pairs import Drawn
from tests.core.metrics.test_second_opinions import make


def opinions(couples: list[tuple[int, int]], each: int = 200) -> Drawn:
    """So many second opinions between any two of these people, either of them first."""
    rng = np.random.default_rng(5)
    pairs = make(rng, each * len(couples), prevalence=0.3)
    who = np.repeat(np.array(couples), each, axis=0)
    who = np.where(rng.random(len(who))[:, None] < 0.5, who, who[:, ::-1])
    pairs = replace(pairs, first_person=who[:, 0], second_person=who[:, 1])
    return Drawn(pairs, ("Ada", "Bob", "Carl", "Dora"), len(pairs), 0)


def kappa(drawn: Drawn, one: int, other: int, label: int) -> float:
    pairs = drawn.pairs
    forth = (pairs.first_person == one) & (pairs.second_person == other)
    back = (pairs.first_person == other) & (pairs.second_person == one)
    first = np.concatenate([pairs.first[forth, label], pairs.second[back, label]])
    second = np.concatenate([pairs.second[forth, label], pairs.first[back, label]])
    weights = np.concatenate([pairs.weight[forth], pairs.weight[back]])
    return cohen_kappa(first, second, weights).value


def test_lowest_middle_and_highest_are_those_of_pairs():
    couples = [(0, 1), (0, 2), (1, 2), (2, 3)]
    drawn = opinions(couples)
    found = spreads(drawn)
    for label, spread in enumerate(found.labels):
        in_order = sorted(kappa(drawn, *couple, label) for couple in couples)
        assert [spread.low.value, spread.middle.value, spread.high.value] == pytest.approx(
            [in_order[0], in_order[1], in_order[3]]
        )
        assert spread.couples == len(couples)
    assert found.same.low.value <= found.same.middle.value <= found.same.high.value
    assert not any(name in repr(found) for name in drawn.people)


def test_of_too_few_pairs_or_comments_nothing_is_told():
    nothing = Spreads(None, [None] * 6)
    assert spreads(opinions([(0, 1), (0, 2), (1, 2)][: LEAST_COUPLES - 1])) == nothing
    assert spreads(opinions([(0, 1), (0, 2), (1, 2)], each=29)) == nothing


def test_those_with_the_most_comments_in_common_are_told():
    assert spreads(opinions([(0, 1), (0, 2), (1, 2), (2, 3)]), most=3).same.couples == 3
