"""Do the 95 % intervals cover the truth? 1,000 made-up sites a design, each with a known truth (coverage_world.py).

    python -m benchmarks.coverage [--runs 1000] [--quick]

Two truths: **said**, what reviewers would say of all 10,000 comments, which the page's intervals are about; and
**real**, the right labels, which the intervals with people's error (core.metrics.human_error) are about, their error
being known from 300 positives and 3,000 negatives a label. Numbers count only where the page shows one.

The value is the lowest coverage, in percent, of prevalence, precision, recall and AUC over the designs that are judged,
at every prevalence at which a number is shown in at least a fifth of the runs: below, having twenty
positives is luck, and so is the number. Design `slips` is reported, not judged: see docs/metrics.md.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks.common import report
from benchmarks.coverage_world import (
    ERR,
    PREVALENCE,
    THRESHOLDS,
    Design,
    Errors,
    audited,
    draw_world,
    reviewed,
    specificity,
    whole,
)
from core.metrics.bins import Floats
from core.metrics.estimate import Sample, at_thresholds, edges_of, rankings
from core.metrics.human_error import HumanError, corrected, human_error
from core.metrics.intervals import Estimate

AROUND_300 = (0.05, 0.1, 0.2, 0.3, 0.3), (0.1, 0.2, 0.3, 0.4, 0.4)
AS_SHIPPED = (0.01, 0.03, 0.05, 0.05, 0.03), (0.02, 0.05, 0.08, 0.08, 0.05)
DESIGNS = (
    Design("answers", *AROUND_300, Errors.ANSWERS),
    Design("borderline", *AROUND_300, Errors.BORDERLINE),
    Design("few_audits", *AS_SHIPPED, Errors.BORDERLINE),
    Design("slips", *AROUND_300, Errors.SLIPS),
)
JUDGED = ("prevalence", "precision", "recall", "auc")
NUMBERS = (*JUDGED, "average_precision", "f1", "false_positive_rate", "accuracy")
CORRECTED = ("prevalence", "precision", "recall", "false_positive_rate")
NOT_JUDGED = "slips"
KNOWN_POSITIVES, KNOWN_NEGATIVES = 300, 3_000
LEAST_SHOWN = 0.2

_EDGES = edges_of(THRESHOLDS)
_NONE = (np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Runs:
    """What the runs of a design gave. Estimates are [runs, 6, numbers, value / low / high]; NaN: not shown."""

    audited: Floats
    reviewed: Floats
    corrected: Floats
    said: Floats
    """[runs, 6, numbers]."""
    real: Floats


def main() -> None:
    """Simulate, print a table for people and a line for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--quick", action="store_true", help="20 runs")
    options = parser.parse_args()
    runs = 20 if options.quick else options.runs
    found = {design.name: simulate(design, runs) for design in DESIGNS}
    made = {name: summary(one) for name, one in found.items()}
    print_tables(made)
    worst = [cover for name, one in made.items() if name != NOT_JUDGED for cover in judged(one)]
    report(
        "coverage", min(worst), "% covered at worst", floor=93, target=95,
        most=max(worst), within_93_97=round(float(np.mean([93 <= cover <= 97 for cover in worst])), 3),
        runs=runs, prevalence=PREVALENCE.tolist(), designs=made,
    )  # fmt: skip


def simulate(design: Design, runs: int) -> Runs:
    """All runs of a design."""
    rng = np.random.default_rng(2026)
    rows = [_run(rng, design) for _ in range(runs)]
    return Runs(*(np.stack(column) for column in zip(*rows, strict=True)))


def _run(rng: np.random.Generator, design: Design) -> tuple[Floats, ...]:
    world = draw_world(rng, design)
    sample = audited(world)
    said, real = (_numbers(whole(world, labels))[..., 0] for labels in (world.said, world.real))
    errors = _measured(rng, design)
    fixed = [
        [_ends(getattr(one, name) if one else None) for name in CORRECTED] for one in corrected(sample, _EDGES, errors)
    ]
    return _numbers(sample), _numbers(reviewed(world)), np.array(fixed), said, real


def _measured(rng: np.random.Generator, design: Design) -> list[HumanError]:
    """People's error as second opinions on comments of known label would show it."""
    yes = rng.binomial(KNOWN_POSITIVES, 1 - ERR, len(PREVALENCE))
    no = rng.binomial(KNOWN_NEGATIVES, specificity(design.errors))
    return [human_error(int(a), KNOWN_POSITIVES, int(b), KNOWN_NEGATIVES) for a, b in zip(yes, no, strict=True)]


def _numbers(sample: Sample) -> Floats:
    """What the page shows, [6, numbers, 3]."""
    both = zip(rankings(sample), at_thresholds(sample, _EDGES), strict=True)
    return np.array([
        [_ends(getattr(ranking if hasattr(ranking, name) else at, name)) for name in NUMBERS] for ranking, at in both
    ])  # fmt: skip


def _ends(estimate: Estimate | None) -> tuple[float, float, float]:
    return (estimate.value, estimate.low, estimate.high) if estimate else _NONE


def summary(runs: Runs) -> dict[str, dict[str, list[float | None]]]:
    """By number, lists over the six prevalences."""
    made: dict[str, dict[str, list[float | None]]] = {}
    for at, name in enumerate(NUMBERS):
        estimate, plain, truth = runs.audited[:, :, at], runs.reviewed[:, :, at], runs.said[:, :, at]
        made[name] = _coverage(estimate, truth) | {
            "bias": _mean(estimate[..., 0] - truth),
            "as_reviewed_bias": _mean(plain[..., 0] - truth),
            "as_reviewed_covered": _coverage(plain, truth)["covered"],
        }
    for at, name in enumerate(CORRECTED):
        truth = runs.real[:, :, NUMBERS.index(name)]
        made[f"real_{name}"] = _coverage(runs.corrected[:, :, at], truth) | {
            "uncorrected_covered": _coverage(runs.audited[:, :, NUMBERS.index(name)], truth)["covered"]
        }
    return made


def _coverage(estimate: Floats, truth: Floats) -> dict[str, list[float | None]]:
    known = ~np.isnan(estimate[..., 0]) & ~np.isnan(truth)
    inside = known & (estimate[..., 1] <= truth) & (truth <= estimate[..., 2])
    share = np.divide(100 * inside.sum(0), known.sum(0), out=np.full(truth.shape[1], np.nan), where=known.any(0))
    width = _mean(estimate[..., 2] - estimate[..., 1])
    return {"covered": _rounded(share, 1), "shown": _rounded(100 * known.mean(0), 1), "width": width}


def _mean(values: Floats) -> list[float | None]:
    some = ~np.isnan(values)
    return _rounded(np.where(some, values, 0).sum(0) / np.where(some.any(0), some.sum(0), np.nan), 4)


def _rounded(values: Floats, digits: int) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), digits) for value in values]


def judged(made: dict[str, dict[str, list[float | None]]]) -> list[float]:
    """Coverages that count."""
    return [
        covered
        for name in JUDGED
        for covered, shown in zip(made[name]["covered"], made[name]["shown"], strict=True)
        if covered is not None and shown is not None and shown >= 100 * LEAST_SHOWN
    ]


def print_tables(made: dict[str, dict[str, dict[str, list[float | None]]]]) -> None:
    """For people: percent covered (percent shown), and the bias of the as-reviewed number."""
    for design, numbers in made.items():
        print(f"\n{design:28}" + "".join(f"{share:>16.1%}" for share in PREVALENCE))
        for name, one in numbers.items():
            cells = [f"{c} ({s})" for c, s in zip(one["covered"], one["shown"], strict=True)]
            print(f"{name:28}" + "".join(f"{cell:>16}" for cell in cells))
        for name in JUDGED:
            bias = [f"{bias:+.3f}" if bias is not None else "" for bias in numbers[name]["as_reviewed_bias"]]
            print(f"{'as reviewed, ' + name:28}" + "".join(f"{cell:>16}" for cell in bias))


if __name__ == "__main__":
    main()
