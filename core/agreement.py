"""Agreement between people, and what follows from it, for the page and for whoever corrects the model's numbers."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from core.labels import LABELS
from core.metrics.agreement import FEW_PAIRS, Agreement, Coefficient, agreements, krippendorff_alpha, share_same
from core.metrics.bins import Floats, Ints
from core.metrics.estimate import edges_of
from core.metrics.human_error import Corrected, corrected, unadjudicated
from core.metrics.intervals import Estimate
from core.metrics.pairs import Drawn, Pairs, drawn_of
from core.metrics.second_opinions import LabelError, human_errors, weighted
from core.metrics.service import Days, Overview
from db.session import Sessions
from db.stores.scores import ScoreStore
from db.stores.second_opinions import SecondOpinionStore

MOST_COUPLES = 30
"""Pairs of people that are told apart, those with the most comments in common."""
LEAST_COUPLES = 3
"""Of fewer pairs of people no spread is told: everybody would know whose numbers those are."""

Number = TypeVar("Number", Estimate, Coefficient)


@dataclass(frozen=True, slots=True)
class Spread(Generic[Number]):
    """How far pairs of people lie apart in one number. It names nobody, and no row of the page is about anybody."""

    couples: int
    low: Number
    middle: Number
    """That of the pair in the middle, the lower one of two."""
    high: Number


@dataclass(frozen=True, slots=True)
class Spreads:
    """How far pairs of people lie apart; None for a number that fewer than LEAST_COUPLES have."""

    same: Spread[Estimate] | None
    """Share of comments on which all six labels and the outcome were the same."""
    labels: list[Spread[Coefficient] | None]
    """Cohen's kappa of each label."""


@dataclass(frozen=True, slots=True)
class Week:
    """Agreement on one label by week."""

    starts: Ints
    """Days since 1970 of the Mondays of those weeks that have enough."""
    alpha: Floats
    """Shape [weeks, 3]: value, low, high."""
    pairs: Ints


@dataclass(frozen=True, slots=True)
class ErrorFree:
    """A model's numbers of all traffic with people's own errors taken off. Tuples in LABELS order."""

    errors: tuple[LabelError | None, ...]
    """How often people err; None where there are too few second opinions on the label."""
    numbers: tuple[Corrected | None, ...]
    """None, too, where people would give the label as often by error alone."""


class AgreementReports:
    """Reads second opinions; keeps the last readings, one a model, until the ledger grows."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[tuple[object, ...], Drawn]] = {}

    def drawn(self, model_id: int | None = None) -> Drawn:
        """Every second opinion that counts, with what the model, or the live one, says of its comment."""
        with self._lock, self._sessions.read() as session:
            store = SecondOpinionStore(session)
            model, thresholds = model_id or ScoreStore(session).live_model_id() or 0, store.thresholds()
            version = (store.ledger_end(), tuple(thresholds[0]))
            if model not in self._kept or self._kept[model][0] != version:
                self._kept = {one: kept for one, kept in self._kept.items() if kept[0] == version}
                self._kept[model] = version, drawn_of(store.drawn(model), thresholds)
            return self._kept[model][1]

    def error_free(self, traffic: Overview, model_id: int, days: Days) -> ErrorFree:
        """What a model's overview of all traffic becomes, at the overview's thresholds, without people's errors."""
        pairs = self.drawn(model_id).pairs
        errors = human_errors(pairs, of_traffic=True)
        edges = edges_of([report.at.threshold for report in traffic.labels])
        moved = unadjudicated(traffic.sample, pairs, days.first, days.last)
        found = corrected(traffic.sample, edges, [error.error if error else None for error in errors], moved)
        return ErrorFree(errors, tuple(found))


def spreads(drawn: Drawn, *, most: int = MOST_COUPLES) -> Spreads:
    """How alike pairs of people are, of the `most` that have the most comments in common and FEW_PAIRS at least."""
    found = [_couple(pairs, first) for pairs, first in _couples(drawn, most)]
    kappas = [[one.kappa for _, labels in found if (one := labels[j]) is not None] for j in range(len(LABELS))]
    return Spreads(_spread([same for same, _ in found if same is not None]), [_spread(of) for of in kappas])


def by_week(pairs: Pairs, label: int, *, of_traffic: bool = False) -> Week:
    """Krippendorff's alpha of one label, by the week of the second opinion; weeks with too few left out."""
    pairs, weights = weighted(pairs, of_traffic=of_traffic)
    weeks, rows = np.unique(pairs.week), []
    for week in weeks:
        at = pairs.week == week
        x, y = pairs.first[at, label], pairs.second[at, label]
        if agreements(x[:, None], y[:, None], weights[at])[0] is None:
            continue
        yes = x.astype(float) + y
        found = krippendorff_alpha(np.stack([2 - yes, yes], 1), weights[at])
        rows.append((int(week), found.value, found.low, found.high, int(at.sum())))
    table = np.array(rows, float).reshape(-1, 5)
    return Week((table[:, 0] * 7 + 4).astype(np.int64), table[:, 1:4], table[:, 4].astype(np.int64))


def same_at_all(pairs: Pairs, *, of_traffic: bool = False) -> Estimate | None:
    """Share of comments on which all six labels and the outcome were the same."""
    pairs, weights = weighted(pairs, of_traffic=of_traffic)
    return share_same(pairs.same, weights)


def by_label(pairs: Pairs, *, of_traffic: bool = False) -> list[Agreement | None]:
    """Agreement of all people on each label, in LABELS order."""
    pairs, weights = weighted(pairs, of_traffic=of_traffic)
    return agreements(pairs.first, pairs.second, weights)


def _couples(drawn: Drawn, most: int) -> Iterator[tuple[Pairs, int]]:
    """The second opinions between two people each, whoever was first, and the index of one of the two."""
    pairs, many = drawn.pairs, max(len(drawn.people), 1)
    one = np.minimum(pairs.first_person, pairs.second_person)
    key = one * many + np.maximum(pairs.first_person, pairs.second_person)
    keys, counts = np.unique(key, return_counts=True)
    for k in np.argsort(-counts, kind="stable")[:most]:
        if counts[k] >= FEW_PAIRS:
            yield pairs.take(np.flatnonzero(key == keys[k])), int(keys[k]) // many


def _couple(pairs: Pairs, person: int) -> tuple[Estimate | None, list[Agreement | None]]:
    # kappa asks who is who: the same person must be the first of the two throughout
    turned = (pairs.first_person != person)[:, None]
    one, other = np.where(turned, pairs.second, pairs.first), np.where(turned, pairs.first, pairs.second)
    return share_same(pairs.same, pairs.weight), agreements(one, other, pairs.weight)


def _spread(numbers: list[Number]) -> Spread[Number] | None:
    if len(numbers) < LEAST_COUPLES:
        return None
    in_order = sorted(numbers, key=lambda one: one.value)
    return Spread(len(in_order), in_order[0], in_order[(len(in_order) - 1) // 2], in_order[-1])
