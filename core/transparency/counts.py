"""Counts, times and reversals of a period, from its acts."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.domain import Lane
from core.labels import LABELS
from core.transparency.acts import Acts, Bools, Effect
from core.transparency.period import Period, buckets
from db.models import to_micros
from db.stores.columns import Floats, Ints, Names
from db.stores.transparency import Routed

NO_LABEL: Final = "none"
"""Stands for decisions that give none of the six labels."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Decisions of some kind. The four effects add up to the total, and so do people and programs."""

    decisions: int
    took_down: int
    left_up: int
    put_back: int
    left_down: int
    people: int
    programs: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds."""

    count: int
    """How many were measured."""
    median: float | None
    """None without any."""
    p90: float | None
    """Nine in ten took no longer. Like the median by linear interpolation between neighbours."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every entry of the period, by what it is. The parts add up to `entries`."""

    entries: int
    last_id: int
    """Number of the newest entry; 0 without any."""
    decisions: int
    """Stood at the end."""
    undone_decisions: int
    """Made and taken back within the period."""
    second_opinions: int
    """Stood at the end."""
    escalations: int
    """Stood at the end."""
    other_undone: int
    """Escalations and second opinions that were made and taken back within the period."""
    undos: int
    left_out: int
    """On known answers and on rows of training data."""


@dataclass(frozen=True, slots=True)
class Reversals:
    """What was reversed in the period, whenever it had been decided."""

    undone: int
    """Decisions taken back: those of this period, and older ones."""
    undone_now: int
    """Those made in this period."""
    undone_removals: int
    """Those that had said to remove."""
    undone_by_programs: int
    changed: int
    """Decisions that another one replaced with a different answer."""
    restored: int
    """Those that turned a removal into an approval."""
    removed: int
    """Those that turned an approval into a removal."""
    relabelled: int
    """Those that changed labels alone."""
    adjudicated: int
    """Those in which a third person settled a disagreement."""
    of_programs: int
    """Those whose former decision was a program's."""
    confirmed: int
    """Decisions that were looked at again and given the same answer: no reversals."""
    automatic_back: int
    """Removals by the policy alone that the first decision on them put back."""
    automatic_back_by_people: int
    automatic_kept: int
    """Removals by the policy alone that the first decision on them left down."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Comments that came in during the period, by what had become of them at its end.

    `came_in` is automatic + decided + waiting + let_through.
    """

    came_in: int
    automatic: int
    """Removed by the policy alone, looked at afterwards or not."""
    automatic_decided: int
    """Of those, how many somebody had decided on by the end."""
    decided: int
    """Not removed by the policy, and decided by the end."""
    waiting: int
    """Flagged or drawn for the audit, and not decided by the end."""
    let_through: int
    """Neither flagged nor drawn, and not decided by the end."""


def tally(acts: Acts, some: Bools | None = None) -> Tally:
    """Of the decisions, or of some of them."""
    chosen = acts.decides if some is None else acts.decides & some
    cell = acts.effect[chosen] * 2 + acts.program[chosen]
    return _tally_of(np.bincount(cell, minlength=len(Effect) * 2).reshape(-1, 2))


def by_label(acts: Acts) -> dict[str, Tally]:
    """A tally a label, and one of the decisions that give none. A decision counts for each label that it gives."""
    labels = acts.entries.labels
    made = {label: tally(acts, (labels >> j & 1) == 1) for j, label in enumerate(LABELS)}
    return made | {NO_LABEL: tally(acts, labels == 0)}


def by_label_set(acts: Acts) -> dict[int, Tally]:
    """A tally a set of labels that was given together, as a bit mask, the most frequent first: these add up."""
    found = np.unique(acts.entries.labels[acts.decides]).tolist()
    made = {mask: tally(acts, acts.entries.labels == mask) for mask in found}
    return dict(sorted(made.items(), key=lambda pair: (-pair[1].decisions, pair[0])))


def by_lane(acts: Acts) -> dict[str, Tally]:
    """A tally a lane of the queue, in the order in which lanes are served."""
    order = [lane.value for lane in Lane]
    made = _by_name(acts, acts.entries.lane)
    return dict(sorted(made.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order)))


def by_source(acts: Acts) -> dict[str, Tally]:
    """A tally a source, those with the most decisions first."""
    made = _by_name(acts, acts.entries.source)
    return dict(sorted(made.items(), key=lambda pair: (-pair[1].decisions, pair[0])))


def by_time(acts: Acts, period: Period) -> dict[str, Tally]:
    """A tally a day, week or month."""
    at = acts.entries.decided_at
    return {
        name: tally(acts, (at >= to_micros(part.start)) & (at < to_micros(part.end))) for part, name in buckets(period)
    }


def ledger(acts: Acts) -> Ledger:
    """Every entry, accounted for once."""
    silent, kept = acts.entries.silent > 0, ~acts.left_out
    act = kept & ~acts.undoes
    return Ledger(
        entries=len(acts.entries.id),
        last_id=int(acts.entries.id.max(initial=0)),
        decisions=int(acts.decides.sum()),
        undone_decisions=int((act & acts.undone & ~silent).sum()),
        second_opinions=int(acts.second.sum()),
        escalations=int(acts.escalates.sum()),
        other_undone=int((act & acts.undone & silent).sum()),
        undos=int((kept & acts.undoes).sum()),
        left_out=int(acts.left_out.sum()),
    )


def reversals(acts: Acts) -> Reversals:
    """What was reversed in the period."""
    undoes, again = acts.undoes_decision, acts.decides & ~acts.first
    differs = again & ~(acts.same_outcome & acts.same_labels)
    first_on_removed = acts.decides & acts.first & (acts.entries.automatic == 1)
    back = first_on_removed & (acts.effect == Effect.PUT_BACK)
    now = np.isin(acts.entries.revokes, acts.entries.id)
    turned = differs & ~acts.same_outcome
    return Reversals(
        undone=int(undoes.sum()),
        undone_now=int((undoes & now).sum()),
        undone_removals=int((undoes & (acts.entries.removes == 1)).sum()),
        undone_by_programs=int((undoes & acts.program).sum()),
        changed=int(differs.sum()),
        restored=int((turned & (acts.effect == Effect.PUT_BACK)).sum()),
        removed=int((turned & (acts.effect == Effect.TOOK_DOWN)).sum()),
        relabelled=int((differs & acts.same_outcome).sum()),
        adjudicated=int((differs & _in_lane(acts, Lane.ADJUDICATION)).sum()),
        of_programs=int((differs & acts.of_program).sum()),
        confirmed=int((again & ~differs).sum()),
        automatic_back=int(back.sum()),
        automatic_back_by_people=int((back & ~acts.program).sum()),
        automatic_kept=int((first_on_removed & ~back).sum()),
    )


def flow(acts: Acts, routed: list[Routed], days: tuple[int, int]) -> Flow:
    """What had become of the comments that came in on these days."""
    entries = acts.entries
    held = acts.decides & acts.last & (entries.day >= days[0]) & (entries.day <= days[1])
    reviewed = (entries.flagged | entries.audit) == 1
    automatic = sum(one.count for one in routed if one.automatic)
    plain = sum(one.count for one in routed if not one.automatic and (one.flagged or one.audit))
    rest = sum(one.count for one in routed if not (one.automatic or one.flagged or one.audit))
    decided = held & (entries.automatic == 0)
    return Flow(
        came_in=automatic + plain + rest,
        automatic=automatic,
        automatic_decided=int((held & (entries.automatic == 1)).sum()),
        decided=int(decided.sum()),
        waiting=plain - int((decided & reviewed).sum()),
        let_through=rest - int((decided & ~reviewed).sum()),
    )


def waits(acts: Acts) -> dict[str, Spread]:
    """Seconds from a comment's arrival to the first decision on it: by whom, outcome, lane and source."""
    entries = acts.entries
    waited = np.maximum(entries.decided_at - entries.added_at, 0) / 1e6
    first = acts.decides & acts.first
    people = first & ~acts.program
    made = {
        "All first decisions": spread(waited[first]),
        "By people": spread(waited[people]),
        "By programs": spread(waited[first & acts.program]),
        "People, removed": spread(waited[people & (entries.removes == 1)]),
        "People, approved": spread(waited[people & (entries.removes == 0)]),
    }
    for prefix, names in (("Lane", entries.lane), ("Source", entries.source)):
        made |= _spreads(prefix, names, people, waited)
    return made


def handling(acts: Acts) -> tuple[Spread, int]:
    """Seconds on a person's screen before a decision, and how many of people's decisions have no time of their own."""
    some = acts.decides & ~acts.program
    measured = some & ~np.isnan(acts.entries.seconds)
    return spread(acts.entries.seconds[measured]), int((some & ~measured).sum())


def actors(acts: Acts) -> tuple[int, int]:
    """How many people and programs decided, or gave second opinions, that stood at the end."""
    acted = acts.decides | acts.second | acts.escalates
    codes = acts.entries.person.codes
    return len(np.unique(codes[acted & ~acts.program])), len(np.unique(codes[acted & acts.program]))


def spread(values: Floats) -> Spread:
    """Exact quantiles of these seconds."""
    if not len(values):
        return Spread(0, None, None)
    median, p90 = np.quantile(values, [0.5, 0.9]).tolist()
    return Spread(len(values), median, p90)


def _by_name(acts: Acts, names: Names) -> dict[str, Tally]:
    some = acts.decides
    cell = (names.codes[some] * len(Effect) + acts.effect[some]) * 2 + acts.program[some]
    counts = np.bincount(cell, minlength=len(names.words) * len(Effect) * 2).reshape(-1, len(Effect), 2)
    found = zip(names.words, counts, strict=True)
    return {word: _tally_of(table) for word, table in found if table.any()}


def _tally_of(table: Ints) -> Tally:
    """From counts by effect and by whether a program decided, [4, 2]."""
    down, up, back, left = table.sum(1).tolist()
    people, programs = table.sum(0).tolist()
    return Tally(people + programs, down, up, back, left, people, programs)


def _spreads(prefix: str, names: Names, some: Bools, values: Floats) -> dict[str, Spread]:
    """The spread of the values of each word that occurs among these rows, the most frequent first."""
    codes, chosen = names.codes[some], values[some]
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    parts = [part for part in np.split(order, cuts) if len(part)]
    found = {f"{prefix}: {names.words[codes[part[0]]]}": spread(chosen[part]) for part in parts}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].count, pair[0])))


def _in_lane(acts: Acts, lane: Lane) -> Bools:
    words = np.array([word == lane.value for word in acts.entries.lane.words], bool)
    return words[acts.entries.lane.codes]
