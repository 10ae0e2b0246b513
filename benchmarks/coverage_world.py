"""A made-up site with a known truth, for benchmarks/coverage.py: ten days of drifting scores, an audit that changes, a
queue that is never finished, reviewers who err."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from core.domain import BAND_EDGES, BANDS
from core.metrics.bins import BINS, PLACES, Floats, Ints, place_of
from core.metrics.estimate import Sample

COMMENTS = 10_000
DAYS = 10
PREVALENCE = np.array([0.003, 0.01, 0.02, 0.03, 0.05, 0.10])
"""Real share of each of the six labels."""
THRESHOLDS = [0.08, 0.1, 0.12, 0.15, 0.2, 0.25]
"""Of the policy, one a label: a comment that reaches one of them is flagged for review."""
ERR = 0.05
DECIDED_AUDITS, DECIDED_FLAGS = 0.85, 0.7
"""Shares of the audit items and of the flagged ones that are decided by now."""

Flags = NDArray[np.bool_]
_CUTS = norm.isf(PREVALENCE)


class Errors(StrEnum):
    """What a reviewer who errs 5 % gets wrong."""

    ANSWERS = "answers"
    """Any answer, yes or no, with probability 5 %: a label of 0.3 % is then given to 5.3 % of the comments."""
    BORDERLINE = "borderline"
    """Comments close to the line between yes and no: 5 % of the true cases, and as many others that look alike."""
    SLIPS = "slips"
    """5 % of the true cases, and as many others wherever they are, mostly among comments that no model suspects."""


@dataclass(frozen=True, slots=True)
class Design:
    """Audit rates by band, and who errs how."""

    name: str
    before: tuple[float, ...]
    """Audit rates of the first five days."""
    after: tuple[float, ...]
    """Audit rates of the last five."""
    errors: Errors
    """Which answers are the wrong ones."""


@dataclass(frozen=True, slots=True)
class World:
    """One draw of everything. Arrays over n comments."""

    real: Flags
    """Real labels, shape [n, 6]."""
    said: Flags
    """What a reviewer says, or would say if asked, shape [n, 6]."""
    scores: Floats
    """Shape [n, 6]."""
    stratum: Ints
    """Band under its audit rate, 0 to 9."""
    audit_decided: Flags
    decided: Flags
    """Audit or flagged, and decided by now."""


def draw_world(rng: np.random.Generator, design: Design) -> World:
    """A world anew: comments, scores, draws, answers."""
    day = np.arange(COMMENTS) * DAYS // COMMENTS
    heat = _heat(rng)
    real = heat > _CUTS
    scores = _scores(rng, heat, day)
    said = _answers(rng, heat, real, design.errors)
    band = np.searchsorted(BAND_EDGES, scores.max(1), side="right")
    later = (day >= DAYS // 2).astype(np.int64)
    rate = np.array([design.before, design.after])[later, band]
    audit, flagged = rng.random(COMMENTS) < rate, (scores >= THRESHOLDS).any(1)
    audit_decided = audit & (rng.random(COMMENTS) < DECIDED_AUDITS)
    decided = audit_decided | (flagged & ~audit & (rng.random(COMMENTS) < DECIDED_FLAGS))
    same = np.array(design.before) == np.array(design.after)
    stratum = np.where(same[band], band, later * BANDS + band)
    return World(real, said, scores, stratum, audit_decided, decided)


def whole(world: World, labels: Flags) -> Sample:
    """All comments, each answered: what a complete review would give."""
    return _sample(world.scores, labels, np.zeros(len(labels), np.int64), None)


def audited(world: World) -> Sample:
    """The decided audit items, weighted by stratum."""
    taken = world.audit_decided
    size = np.bincount(world.stratum, minlength=2 * BANDS).astype(float)
    return _sample(world.scores[taken], world.said[taken], world.stratum[taken], size)


def reviewed(world: World) -> Sample:
    """Every decided comment, counted once."""
    taken = world.decided
    return _sample(world.scores[taken], world.said[taken], np.zeros(taken.sum(), np.int64), None)


def _heat(rng: np.random.Generator) -> Floats:
    base = rng.normal(size=(COMMENTS, 1))
    return 0.7 * base + np.sqrt(0.51) * rng.normal(size=(COMMENTS, len(PREVALENCE)))


def specificity(errors: Errors) -> Floats:
    """Probability that a reviewer says no where it is no, by label, shape [6]."""
    return np.full(len(PREVALENCE), 1 - ERR) if errors is Errors.ANSWERS else 1 - ERR * PREVALENCE / (1 - PREVALENCE)


def _answers(rng: np.random.Generator, heat: Floats, real: Flags, errors: Errors) -> Flags:
    if errors is Errors.BORDERLINE:
        # a normal error of this width makes 5 % of those above the cut fall below it
        width = ERR * np.sqrt(2 * np.pi) * PREVALENCE / norm.pdf(_CUTS)
        return np.asarray(heat + width * rng.normal(size=heat.shape) > _CUTS)
    return np.asarray(rng.random(real.shape) < np.where(real, 1 - ERR, 1 - specificity(errors)))


def _scores(rng: np.random.Generator, heat: Floats, day: Ints) -> Floats:
    """A model that grows more suspicious from day to day: the same comment climbs through the bands."""
    drift = np.linspace(-0.8, 0.8, DAYS)[day, None]
    centre = np.log(PREVALENCE / (1 - PREVALENCE)) - 2.5
    logit = centre + drift + 2.6 * (heat + 0.35 * rng.normal(size=heat.shape))
    return 1 / (1 + np.exp(-logit))


def _sample(scores: Floats, labels: Flags, stratum: Ints, population: Floats | None) -> Sample:
    """Histograms by stratum; strata without a decided comment are left out."""
    strata, at = np.unique(stratum, return_inverse=True)
    place = place_of(scores).astype(np.int64)  # [n, 6]
    label = np.arange(scores.shape[1])
    cell = (label * 2 + labels) * BINS + place // PLACES
    shape = (scores.shape[1], 2, BINS)
    cells = int(np.prod(shape))
    counts = np.bincount((at[:, None] * cells + cell).ravel(), minlength=len(strata) * cells)
    places = [np.bincount(cell.ravel(), ((place % PLACES) ** power).ravel(), cells) for power in (1, 2)]
    sampled = np.bincount(at, minlength=len(strata)).astype(float)
    stands_for = None if population is None else population[strata]
    return Sample(
        counts.reshape(len(strata), *shape).astype(float), np.stack(places).reshape(2, *shape), sampled, stands_for
    )
