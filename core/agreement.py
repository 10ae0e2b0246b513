"""Agreement between people, and what follows from it, for the page and for whoever corrects the model's numbers."""

import threading
from dataclasses import dataclass

import numpy as np

from core.metrics.agreement import FEW_PAIRS, Agreement, agreements, krippendorff_alpha, share_same
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


@dataclass(frozen=True, slots=True)
class Couple:
    """Two people who gave opinions on the same comments, whoever was first."""

    one: str
    other: str
    pairs: int
    same: Estimate | None
    """Share of comments on which all six labels and the outcome were the same."""
    labels: list[Agreement | None]


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


def couples(drawn: Drawn, *, most: int = MOST_COUPLES) -> list[Couple]:
    """Agreement of two people each, those with the most comments in common first; none with too few."""
    pairs, many = drawn.pairs, max(len(drawn.people), 1)
    swap = pairs.first_person > pairs.second_person
    one = np.where(swap, pairs.second_person, pairs.first_person)
    other = np.where(swap, pairs.first_person, pairs.second_person)
    keys, counts = np.unique(one * many + other, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    key = one * many + other
    return [
        _couple(drawn, pairs.take(np.flatnonzero(key == keys[k])), divmod(int(keys[k]), many))
        for k in order
        if counts[k] >= FEW_PAIRS
    ]


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


def _couple(drawn: Drawn, pairs: Pairs, who: tuple[int, int]) -> Couple:
    # kappa asks who is who: the same person must be the first of the two throughout
    turned = (pairs.first_person != who[0])[:, None]
    one, other = np.where(turned, pairs.second, pairs.first), np.where(turned, pairs.first, pairs.second)
    return Couple(
        drawn.people[who[0]],
        drawn.people[who[1]],
        len(pairs),
        share_same(pairs.same, pairs.weight),
        agreements(one, other, pairs.weight),
    )
