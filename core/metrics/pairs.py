"""First and second opinions as arrays, and what they say about people and about the model."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import Outcome
from core.labels import LABELS
from core.metrics.bins import Floats, Ints
from core.metrics.cells import PPM, stratum_of
from db.stores.second_opinions import COLUMNS

_WEEK = 7 * 86_400 * 1_000_000
_MONDAY = 4 * 86_400 * 1_000_000
"""1970-01-05, the first Monday."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """n comments on which two people gave an opinion; every array has n rows, labels in LABELS order."""

    first: Bools
    """[n, 6]."""
    second: Bools
    """[n, 6], always blind."""
    same: Bools
    """[n], whether all six labels and the outcome are the same."""
    weight: Floats
    """[n], how many settled comments each stands for: 1 / inclusion probability."""
    audit: Bools
    """[n], whether the comment is of the audit sample."""
    audit_weight: Floats
    """[n], how many comments of all traffic an audited one stands for: 1 / (rate x audit rate); 0 without audits."""
    first_person: Ints
    """[n], index into `people`; like second_person and judge."""
    second_person: Ints
    judge: Ints
    """Who adjudicated; -1 for nobody."""
    judged: Bools
    """[n, 6], what the adjudication says."""
    week: Ints
    """[n], Mondays since 1970-01-05 of the second opinion."""
    blind: Bools
    """[n], whether the first decision was blind too."""
    preset: Bools
    """[n, 6], labels at or over the threshold that held at the first decision: those that the card had pre-set."""
    preset_known: Bools
    """[n]."""
    model: Bools
    """[n, 6], the same by the live model, or the one asked for, at the policy's thresholds of today."""
    model_known: Bools
    """[n]."""
    day: Ints
    """[n], days since 1970 on which the comment came in."""
    stratum: Ints
    """[n], the comment's stratum of the audit sample: core.metrics.cells.stratum_of."""

    def __len__(self) -> int:
        return len(self.weight)

    def take(self, rows: NDArray[Any]) -> "Pairs":
        """These rows, in this order."""
        return Pairs(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that was drawn and still counts."""

    pairs: Pairs
    people: tuple[str, ...]
    drawn: int
    passed_on: int
    """Second opinions that were an escalation."""

    @property
    def missing(self) -> int:
        """Drawn, and neither given nor passed on: they wait, or were withdrawn."""
        return self.drawn - len(self.pairs) - self.passed_on


def drawn_of(rows: Sequence[Any], thresholds: dict[int, list[float]]) -> Drawn:
    """From rows of db.stores.second_opinions and the thresholds of each version of the policy; 0 is the active one."""
    by_name = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {name: () for name in COLUMNS}
    answered = np.array([one is not None for one in by_name["second_outcome"]], bool)
    passed = np.array([one == Outcome.ESCALATE.value for one in by_name["second_outcome"]], bool)
    keep = np.flatnonzero(answered & ~passed)
    people = sorted({name for key in ("first_person", "second_person", "judge") for name in by_name[key] if name})
    pairs = _pairs(_Columns(by_name, keep), thresholds, {name: at for at, name in enumerate(people)})
    return Drawn(pairs, tuple(people), len(rows), int(passed.sum()))


@dataclass(frozen=True, slots=True)
class _Columns:
    values: dict[str, tuple[Any, ...]]
    keep: Ints

    def objects(self, name: str) -> list[Any]:
        column = self.values[name]
        return [column[at] for at in self.keep]

    def floats(self, name: str, missing: float = np.nan) -> Floats:
        return np.array([missing if value is None else value for value in self.objects(name)], float)

    def labels(self, name: str) -> Bools:
        masks = self.floats(name, 0).astype(np.int64)
        return (masks[:, None] >> np.arange(len(LABELS)) & 1).astype(bool)

    def scores(self, whose: str) -> NDArray[np.float32]:
        return np.stack([self.floats(f"{whose}_{label}") for label in LABELS], 1).astype(np.float32)

    def strata(self) -> Ints:
        band, rate = self.floats("band").astype(np.int64), self.floats("audit_rate")
        return stratum_of(band, np.rint(rate * PPM).astype(np.int64), np.ones(len(rate), np.int64))

    def indexes(self, name: str, index: dict[str, int]) -> Ints:
        return np.array([index.get(value, -1) for value in self.objects(name)], np.int64)


def _pairs(columns: _Columns, thresholds: dict[int, list[float]], index: dict[str, int]) -> Pairs:
    rate, first, second = columns.floats("rate"), columns.labels("first_labels"), columns.labels("second_labels")
    chance = rate * columns.floats("audit_rate")
    outcomes = [columns.objects(f"{who}_outcome") for who in ("first", "second")]
    limits = np.array([thresholds.get(one, [np.nan] * len(LABELS)) for one in columns.objects("first_policy")])
    then, asked = columns.scores("first"), columns.scores("model")
    limits = limits.reshape(-1, len(LABELS)).astype(np.float32)  # scores are kept as float32
    return Pairs(
        first=first,
        second=second,
        same=(first == second).all(1) & np.array([one == other for one, other in zip(*outcomes, strict=True)], bool),
        weight=1 / rate,
        audit=columns.floats("audit").astype(bool),
        audit_weight=np.divide(1, chance, out=np.zeros_like(chance), where=chance > 0),
        first_person=columns.indexes("first_person", index),
        second_person=columns.indexes("second_person", index),
        judge=columns.indexes("judge", index),
        judged=columns.labels("judge_labels"),
        week=((columns.floats("second_at") - _MONDAY) // _WEEK).astype(np.int64),
        blind=columns.floats("first_blind").astype(bool),
        preset=then >= limits,
        preset_known=~np.isnan(then).any(1) & ~np.isnan(limits).any(1),
        model=asked >= np.asarray(thresholds[0], np.float32),
        model_known=~np.asarray(np.isnan(asked).any(1), bool),
        day=columns.floats("day").astype(np.int64),
        stratum=columns.strata(),
    )
