"""From goals to thresholds: "recall of threat >= 0.9", "precision >= 0.8", "at most 12 reviewer hours a day".

Recall and precision of a label depend on its own threshold alone, so each label is settled by itself: with a goal for
recall the highest threshold that meets its goals (least work), with one for precision alone the lowest (fewest misses).

Hours couple the labels, since a comment that several labels flag is one item. While the hours are too many, a threshold
is raised where that loses the fewest true positives for each item saved, by as much as makes this ratio least (marginal
analysis, Fox: Operations Research 14, 1966; a heuristic here, as items are not additive over labels): first of labels
without a goal for recall, since those give way; only then of the others, to say what is feasible in that time.
Labels with too few decided audit items are never moved: nobody can say what that would lose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from core.audit_items import Flags, Floats
from core.automatic import automatic
from core.capacity import Amount, LabelCost, Site, cost, enough, found_a_day, label_costs, work
from core.domain import Policy
from core.labels import LABEL_TITLES, LABELS
from core.metrics.estimate import FEW
from core.metrics.intervals import Estimate
from core.routing import audit_rates

GRID: Final[Floats] = np.round(np.arange(0.02, 0.991, 0.01), 2)
"""Thresholds that are tried: those that the page's sliders offer."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of one label; None: nothing."""

    recall: float | None = None
    precision: float | None = None


@dataclass(frozen=True, slots=True)
class Goals:
    """What is wanted in all."""

    labels: Mapping[str, Goal] = field(default_factory=dict)
    hours: float | None = None
    """Reviewer hours a day at most."""
    sure: bool = False
    """Whether the limit of the 95 % interval has to meet the goal, rather than the estimate."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Thresholds, and what could not be met."""

    thresholds: tuple[float, ...]
    feasible: bool
    """Whether every goal is met."""
    words: tuple[str, ...]
    """What was done, and for each goal that cannot be met what can."""


def solve(site: Site, draft: Policy, goals: Goals) -> Answer:
    """Thresholds for the goals; labels without a goal keep the draft's as long as the hours allow."""
    thresholds, words, feasible = list(draft.thresholds), [], True
    movable: list[int] = []
    kept: list[int] = []
    for at, label in enumerate(LABELS):
        goal = goals.labels.get(label, Goal())
        if not enough(site.items, at):
            if goal != Goal():
                words.append(_too_few(site, at))
                feasible = False
            continue
        if goal == Goal():
            movable.append(at)
            continue
        chosen, problem = _settle(site, at, goal, _ceiling(draft, at), sure=goals.sure)
        thresholds[at] = chosen
        (kept if goal.recall is not None else movable).append(at)
        if problem:
            words.append(problem)
            feasible = False
    draft = replace(draft, thresholds=tuple(thresholds))
    if goals.hours is not None:
        draft, more, within = _fit_hours(site, draft, goals, (movable, kept))
        words += more
        feasible &= within
    return Answer(draft.thresholds, feasible, tuple(words))


def _ceiling(draft: Policy, label: int) -> float:
    """The highest threshold that removal without review leaves to a label."""
    mark = draft.auto_remove[label] if draft.auto_remove else None
    return 1.0 if mark is None else mark


def _settle(site: Site, label: int, goal: Goal, ceiling: float, *, sure: bool) -> tuple[float, str]:
    """The label's threshold, and what is wrong with its goals, or ""."""
    costs = label_costs(site, label, GRID[ceiling >= GRID])
    recall, precision = (_values([getattr(c, what) for c in costs], sure=sure) for what in ("recall", "precision"))
    found = recall >= (goal.recall or 0.0)
    exact: Flags = np.asarray(precision >= (goal.precision or 0.0)) | (goal.precision is None)
    met = np.flatnonzero(found & exact)
    if len(met):
        return costs[met[-1] if goal.recall is not None else met[0]].threshold, ""
    return _nearest(LABEL_TITLES[LABELS[label]].lower(), goal, costs, (recall, precision, exact))


def _nearest(
    title: str, goal: Goal, costs: Sequence[LabelCost], seen: tuple[Floats, Floats, Flags]
) -> tuple[float, str]:
    """What comes closest to goals that no threshold meets, and that in words. Precision is kept where it can be."""
    recall, precision, exact = seen
    if goal.precision is None:
        best = costs[0]
        return best.threshold, (
            f"Recall of {title} ≥ {goal.recall:g} is out of reach: at the lowest threshold, {best.threshold:g}, it is "
            f"{tell(best.recall)}."
        )
    if not exact.any():
        best = costs[int(np.nanargmax(np.where(np.isnan(precision), -1.0, precision)))]
        return best.threshold, (
            f"Precision of {title} ≥ {goal.precision:g} is out of reach: the best is {tell(best.precision)}, at "
            f"threshold {best.threshold:g}."
        )
    best = costs[int(np.argmax(np.where(exact, recall, -1.0)))]
    reached = np.flatnonzero(recall >= (goal.recall or 0.0))
    there = costs[int(reached[-1])] if len(reached) else costs[0]
    return best.threshold, (
        f"{title.capitalize()} cannot have both: with precision ≥ {goal.precision:g} recall is at most "
        f"{tell(best.recall)} (threshold {best.threshold:g}); with recall {tell(there.recall)} precision is "
        f"{tell(there.precision)} (threshold {there.threshold:g})."
    )


def _values(estimates: Sequence[Estimate | None], *, sure: bool) -> Floats:
    """Estimates or their lower limits; NaN where there are too few."""
    return np.array([np.nan if e is None else e.low if sure else e.value for e in estimates])


def _fit_hours(
    site: Site, draft: Policy, goals: Goals, labels: tuple[list[int], list[int]]
) -> tuple[Policy, list[str], bool]:
    limit = goals.hours or 0.0
    needed = _hours(site, draft)
    if needed is None:
        return draft, ["No hours can be told: fewer than ten decisions have a time. Decide some in the queue."], False
    if _of(needed, sure=goals.sure) <= limit:
        return draft, [], True
    movable, kept = labels
    draft = _raise(site, draft, movable, goals)
    least = _hours(site, draft)
    if least is None or _of(least, sure=goals.sure) <= limit:
        return draft, [], True
    fitted = _raise(site, draft, kept, goals)
    left = _hours(site, fitted)
    if left and _of(left, sure=goals.sure) > limit:
        words = (
            f"{limit:g} hours a day are out of reach: with thresholds so high that more would save nothing it is still "
            f"{hours_words(left)}. Audit less, or ask for fewer second opinions. Labels with too few audits stay as "
            "they are."
        )
        return fitted, [words], False
    return fitted, [_feasible(site, goals, fitted, least)], False


def _feasible(site: Site, goals: Goals, fitted: Policy, needed: Amount) -> str:
    """What the goals for recall need, and what the limit leaves of them."""
    wanted = {LABELS.index(label): goal for label, goal in goals.labels.items() if goal.recall is not None}
    wanted = {at: goal for at, goal in wanted.items() if enough(site.items, at)}
    asked = " and ".join(
        f"recall of {LABEL_TITLES[LABELS[at]].lower()} ≥ {goal.recall:g}" for at, goal in wanted.items()
    )
    now = cost(site, fitted)
    left = " and ".join(
        f"{tell(now.labels[at].recall)}{f' of {LABEL_TITLES[LABELS[at]].lower()}' if len(wanted) > 1 else ''}"
        f" (threshold {fitted.thresholds[at]:g})"
        for at in wanted
    )
    verb = "needs" if len(wanted) == 1 else "need"
    return (
        f"{asked[0].upper()}{asked[1:]} {verb} {hours_words(needed)}; within {goals.hours:g} hours {left} is feasible."
    )


def _raise(site: Site, draft: Policy, labels: Sequence[int], goals: Goals) -> Policy:
    """Raise thresholds of these labels until the hours are met, the cheapest loss first; else as far as they go."""
    weight = _weights(site, draft)
    found = {label: found_a_day(site, label, GRID) for label in labels}
    while labels and (hours := _hours(site, draft)) and _of(hours, sure=goals.sure) > (goals.hours or 0.0):
        steps = [step for label in labels if (step := _best_step(site, draft, label, (weight, found[label])))]
        if not steps:
            break
        _, label, threshold = min(steps)
        moved = list(draft.thresholds)
        moved[label] = _least_that_fits(site, draft, (label, threshold), goals)
        draft = replace(draft, thresholds=tuple(moved))
    return draft


def _best_step(site: Site, draft: Policy, label: int, known: tuple[Floats, Floats]) -> tuple[float, int, float] | None:
    """Of one label the higher threshold that loses least for each item saved: (loss an item, label, threshold)."""
    weight, found = known
    now = draft.thresholds[label]
    higher = np.flatnonzero((now + 1e-9 < GRID) & (_ceiling(draft, label) >= GRID))
    if not len(higher):
        return None
    flags = site.traffic.latest >= np.array(draft.thresholds, np.float32)
    alone = flags[:, label] & (flags.sum(1) == 1)
    scores = np.sort(site.traffic.latest[alone, label])
    order = np.argsort(site.traffic.latest[alone, label])
    below = np.concatenate([[0.0], np.cumsum(weight[alone][order])])
    saved = below[np.searchsorted(scores, GRID[higher].astype(np.float32))]
    lost = found_a_day(site, label, np.array([now]))[0] - found[higher]
    some = saved > 0
    if not some.any():
        return None
    loss = np.where(some, lost / np.maximum(saved, 1e-12), np.inf)
    best = int(np.flatnonzero(loss <= loss.min() + 1e-12)[-1])
    return float(loss[best]), label, float(GRID[higher[best]])


def _least_that_fits(site: Site, draft: Policy, step: tuple[int, float], goals: Goals) -> float:
    """The lowest threshold on the way to the step's at which the hours are met already; the step's if none is."""
    label, goal = step
    way = GRID[(draft.thresholds[label] + 1e-9 < GRID) & (goal + 1e-9 >= GRID)]
    low, high = 0, len(way) - 1
    while low < high:  # hours fall with the threshold
        middle = (low + high) // 2
        tried = list(draft.thresholds)
        tried[label] = float(way[middle])
        hours = _hours(site, replace(draft, thresholds=tuple(tried)))
        if hours and _of(hours, sure=goals.sure) <= (goals.hours or 0.0):
            high = middle
        else:
            low = middle + 1
    return float(way[low])


def _weights(site: Site, draft: Policy) -> Floats:
    """How much of an item each of the latest comments is while it is flagged: not what is audited or removed."""
    latest = site.traffic.latest
    rates = audit_rates(latest, draft, boosts=site.boosts)
    return np.asarray((1 - rates) * ~automatic(latest, draft.auto_remove))


def _hours(site: Site, draft: Policy) -> Amount | None:
    found = work(site, draft)
    return found.hours if found else None


def _of(amount: Amount, *, sure: bool) -> float:
    return amount.high if sure else amount.value


def _too_few(site: Site, label: int) -> str:
    title, positives = LABEL_TITLES[LABELS[label]], int(site.items.labels[:, label].sum())
    return (
        f"{title} has too few decided audit items to plan with: {positives} with the label, {FEW} are needed, and as "
        "many without. Its threshold stays."
    )


def tell(estimate: Estimate | None) -> str:
    """An estimate with its interval."""
    return "unknown" if estimate is None else f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def hours_words(hours: Amount) -> str:
    """Hours a day with their interval."""
    return f"{hours.value:.3g} hours a day ({hours.low:.3g}–{hours.high:.3g})"
