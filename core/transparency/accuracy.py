"""How often the automated means were right: the audit sample of a period, decided by its end.

Each audit item speaks for N/n comments of its stratum, as in core.metrics, whose estimators and intervals these are.
What the automated means said is what they said then: the scores and thresholds of the model and policy that the item's
first decision names. What is right is the decision that held at the period's end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.labels import LABELS
from core.metrics.agreement import Agreement, agreements, share_same
from core.metrics.estimate import AtThreshold, Sample, at_thresholds
from core.metrics.intervals import Estimate
from core.transparency.acts import Acts, Bools
from db.stores.columns import Floats, Ints

FLAGGED: Final = "flagged"
"""Row: some label reached its threshold, or the policy removed the comment; against a removal by people."""
REMOVED: Final = "removed"
"""Row: the policy removed the comment alone; against a removal by people."""

_EDGE: Final = 1


@dataclass(frozen=True, slots=True)
class Marks:
    """What a version of the policy compared scores to."""

    thresholds: tuple[float, ...]
    auto_remove: tuple[float | None, ...] | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of the automated means in the period."""

    traffic: int
    """Comments that came in."""
    covered: int
    """Those whose stratum has a decided audit item: what the estimates speak for."""
    drawn: int
    """Audit items among them."""
    decided: int
    """Audit items that people had decided by the end, and whose scores are known."""
    rows: Mapping[str, AtThreshold]
    """By label, and FLAGGED and REMOVED. Numbers are None where there are too few."""
    removals_right: Estimate | None
    """Share of the policy's own removals that people would remove too; None with too few audited."""
    removals_audited: int
    """Audit items among the policy's own removals that were decided by the end."""


@dataclass(frozen=True, slots=True)
class PeopleAgreement:
    """Second opinions given in the period, against the decisions that they check."""

    pairs: int
    same: Estimate | None
    """Share of comments on which labels and outcome are the same; None with too few."""
    labels: tuple[Agreement | None, ...]
    """In LABELS order."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What the database knows of the audit sample of some days."""

    comment_id: Ints
    model_id: Ints
    scores: Floats
    """[n, 6], by every model that scored them: comment_id, then model_id, ascending."""
    strata: Floats
    """Rows (band, rate, comments)."""
    drawn: int
    """Audit items of these days, decided or not."""


def measure(acts: Acts, audited: Audited, marks: Mapping[int, Marks], days: tuple[int, int]) -> Accuracy:
    """From the period's acts, the audit sample of its days, and what each version of the policy compared to."""
    entries = acts.entries
    within = acts.decides & (entries.audit == 1) & (entries.day >= days[0]) & (entries.day <= days[1])
    held = np.flatnonzero(within & acts.last)
    then = _rows_of(entries.comment_id, np.flatnonzero(within & acts.first), entries.comment_id[held])
    held, then = held[then >= 0], then[then >= 0]
    scores, known = _scores_of(entries.comment_id[held], entries.model_id[then], audited)
    said, marked = _said(scores, entries.policy_id[then], entries.automatic[held] == 1, marks)
    some = known & marked
    held, said = held[some], said[some]
    gave = (entries.labels[held, None] >> np.arange(len(LABELS)) & 1).astype(bool)
    removes = (entries.removes[held] == 1)[:, None]
    right = np.concatenate([gave, removes, removes], 1)
    sample = _sample(said, right, (entries.band[held], entries.rate[held]), audited.strata)
    names = (*LABELS, FLAGGED, REMOVED)
    rows = dict(zip(names, at_thresholds(sample, np.full(len(names), _EDGE)), strict=True)) if len(held) else {}
    automatic = entries.automatic[held] == 1
    return Accuracy(
        traffic=int(audited.strata[:, 2].sum()),
        covered=0 if sample.population is None else int(sample.population.sum()),
        drawn=audited.drawn,
        decided=len(held),
        rows=rows,
        removals_right=rows[REMOVED].precision if rows else None,
        removals_audited=int(automatic.sum()),
    )


def agreement(acts: Acts, draws: tuple[Ints, Ints, Floats, Ints], gone: Ints) -> PeopleAgreement:
    """How far second opinions of the period agree with the first ones; `gone` are ids taken back before the end."""
    first_id, comment, rate, said = draws
    entries = acts.entries
    stands = ~np.isin(first_id, gone)
    first_id, comment, rate, said = first_id[stands], comment[stands], rate[stands], said[stands]
    given = np.flatnonzero(acts.second)
    second = _rows_of(entries.comment_id, given, comment)  # the newest of each comment
    ok = second >= 0
    ok[ok] &= entries.id[second[ok]] > first_id[ok]
    rate, said, second = rate[ok], said[ok], second[ok]
    bits = np.arange(len(LABELS))
    one = ((said[:, None] >> 1) >> bits & 1).astype(bool)
    other = (entries.labels[second, None] >> bits & 1).astype(bool)
    same = (one == other).all(1) & ((said & 1) == entries.removes[second])
    weights = 1 / rate
    return PeopleAgreement(len(same), share_same(same, weights), tuple(agreements(one, other, weights)))


def _rows_of(comment_id: Ints, rows: Ints, wanted: Ints) -> Ints:
    """Of each wanted comment its newest among these rows of `comment_id`; -1 where there is none."""
    order = rows[np.argsort(comment_id[rows], kind="stable")]
    ids = comment_id[order]
    at = np.searchsorted(ids, wanted, side="right") - 1
    found = np.full(len(wanted), -1, np.int64)
    if len(ids):
        hit = (at >= 0) & (ids[np.maximum(at, 0)] == wanted)
        found[hit] = order[at[hit]]
    return found


def _scores_of(comment: Ints, model: Ints, audited: Audited) -> tuple[Floats, Bools]:
    """Each comment's scores by its model, [n, 6], and whether there are any."""
    shift = int(max(audited.model_id.max(initial=0), model.max(initial=0))) + 1
    keys, wanted = audited.comment_id * shift + audited.model_id, comment * shift + model
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros((len(comment), len(LABELS))), np.zeros(len(comment), bool)
    return audited.scores[at], keys[at] == wanted


def _said(scores: Floats, policy: Ints, automatic: Bools, marks: Mapping[int, Marks]) -> tuple[Bools, Bools]:
    """What the automated means said, [n, 8], and for which items the policy is known, [n]."""
    limits = np.full((len(policy), len(LABELS)), np.nan, np.float32)
    for version in np.unique(policy).tolist():
        if version in marks:
            limits[policy == version] = marks[version].thresholds
    with np.errstate(invalid="ignore"):
        over = scores.astype(np.float32) >= limits  # as routing compares them
    flagged = over.any(1) | automatic
    return np.concatenate([over, flagged[:, None], automatic[:, None]], 1), np.asarray(~np.isnan(limits).any(1))


def _sample(said: Bools, right: Bools, stratum: tuple[Ints, Floats], strata: Floats) -> Sample:
    """The items as core.metrics wants them: two bins, below and from the threshold on. [S, 8, 2, 2] and [S]."""
    key = stratum[0] * 10_000_000 + np.rint(stratum[1] * 1e6).astype(np.int64)
    kept, at = np.unique(key, return_inverse=True)
    width = said.shape[1]
    cell = ((at[:, None] * width + np.arange(width)) * 2 + right) * 2 + said
    counts = np.bincount(cell.ravel(), minlength=len(kept) * width * 4).reshape(-1, width, 2, 2).astype(np.float64)
    sampled = np.bincount(at, minlength=len(kept)).astype(np.float64)
    sizes = {int(band) * 10_000_000 + round(rate * 1e6): count for band, rate, count in strata.tolist()}
    population = np.maximum([sizes.get(one, 0.0) for one in kept.tolist()], sampled)
    return Sample(counts, np.zeros((2, width, 2, 2)), sampled, population, kept)
