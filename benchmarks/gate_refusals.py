"""How often the gate refuses a model that is just as good, and lets one pass that is worse, by simulation.

Prints the share of equal models that pass; with it what would pass if every interval stood alone, and how many models
that are worse by so much mean AUC are refused.
"""

import argparse
from unittest.mock import patch

import numpy as np

from benchmarks.common import report
from core.gate import Beside, Evidence, GateReport, compare, templates
from core.gate.bias import BiasScores

RARE = np.array([0.1, 0.03, 0.05, 0.03, 0.05, 0.03])
SENTENCES = len(templates.HARMLESS) + len(templates.TOXIC)
SIZES = (("audit", 600), ("golden", 300), ("test", 3000))
"""Comments by set."""
ALONE = 1.96


def world(seed: int, *, sizes=SIZES, shift: float = 0.0, gap: float = 0.0, noise: float = 0.45) -> list[Evidence]:
    """A model of the same quality with errors of its own; by `gap` logits less apart, or its scale moved by `shift`."""
    random = np.random.default_rng(seed)
    made = []
    for name, rows in sizes:
        labels = random.random((rows, 6)) < RARE
        shared = 0.9 * random.normal(size=(rows, 6))
        live, challenger = (
            1 / (1 + np.exp(-((2.5 - lost) * labels - 2 + shared + noise * random.normal(size=(rows, 6)) + moved)))
            for moved, lost in ((0.0, 0.0), (shift, gap))
        )
        weights = random.choice([1.0, 5.0, 30.0], rows) if name == "audit" else np.ones(rows)
        made.append(Evidence(name, labels, weights, challenger.astype(np.float32), live.astype(np.float32)))
    return made


def bias_scores(seed: int, *, hurt: float = 0.0, term: str = "gay") -> BiasScores:
    """Both models rank sentences alike; the challenger takes the term itself for `hurt` logits more toxic."""
    random = np.random.default_rng(seed)
    toxic = np.repeat([0] * len(templates.HARMLESS) + [1] * len(templates.TOXIC), len(templates.TERMS))
    sentence = np.repeat(random.normal(size=SENTENCES), len(templates.TERMS))
    live, challenger = (3 * toxic + sentence + 0.3 * random.normal(size=len(toxic)) for _ in range(2))
    has_it = np.tile([one == term for one in templates.TERMS], SENTENCES)
    return BiasScores(live.astype(np.float32), (challenger + hurt * has_it).astype(np.float32))


def run_gate(seed: int, **options) -> GateReport:
    """One run of the gate on one world."""
    beside = Beside((0.5,) * 6, bias_scores(seed))
    return compare(world(seed, **options), challenger="new", live="old", beside=beside)


def share_that_passes(runs: int, **options) -> tuple[float, float]:
    """Share of the runs that pass, and the mean difference in mean AUC over all sets."""
    reports = [run_gate(seed, **options) for seed in range(runs)]
    return round(float(np.mean([one.passed for one in reports])), 3), float(
        np.mean([one.difference for one in reports])
    )


def main() -> None:
    """Simulate and print the line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    runs = 10 if options.quick else options.runs
    equal, _ = share_that_passes(runs)
    with (
        patch("core.gate.decide.joint_width", lambda _family: ALONE),
        patch("core.gate.bias.joint_width", lambda _family: ALONE),
    ):
        alone, _ = share_that_passes(runs)
    refused = {}
    for gap in (0.1, 0.2, 0.3, 0.5):
        passed, difference = share_that_passes(max(runs // 4, 5), gap=gap)
        refused[f"{difference:+.4f}"] = round(1 - passed, 3)
    report(
        "gate_refusals", equal, "of equal models pass", floor=0.9, target=0.95, runs=runs,
        passed_with_intervals_alone=alone, refused_by_difference_in_mean_auc=refused,
    )  # fmt: skip


if __name__ == "__main__":
    main()
