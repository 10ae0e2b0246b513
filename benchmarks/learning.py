"""Does the loop learn, and which order of the queue teaches fastest? Held-out quality against decisions made.

    python -m benchmarks.learning                        # three worlds, six orders, 5,000 decisions each
    python -m benchmarks.learning --worlds 1 --rounds 2  # a quick look
    python -m benchmarks.learning --plot docs/learning.svg

A first model (the starter's linear half, so that ninety trainings fit into an hour) learns from a tenth of the Jigsaw
rows. The others, thinned to their true mix by weight, are a backlog of traffic. Each 1,000 decisions take the true
labels of what the order serves next, then the model is retrained as `moderato retrain` does: from the former version,
audit items and their contents left out. The last line is JSON.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import report
from benchmarks.labelled import jigsaw
from benchmarks.learning_plot import draw
from core.domain import Policy, now
from core.labels import LABELS
from core.routing import DEFAULT_AUDIT_RATES, DEFAULT_THRESHOLDS, Routed, audit_order, queue_order, route
from core.scoring.logits import logit
from core.scoring.starter import StarterScorer
from training.data import LabelledRows
from training.evaluate import average_precision, evaluate, roc_auc
from training.starter import StarterConfig, fit_folder

ROUND = 1_000
"""Decisions between two trainings."""
_FIRST_SHARE = 0.1
_CONFIG = StarterConfig(net=None)
_POLICY = Policy(1, DEFAULT_THRESHOLDS, DEFAULT_AUDIT_RATES, now(), "benchmark", "")
_THREAT = LABELS.index("threat")
_FLAGGED_SHARE = 0.01
"""Recall of threat is read where this share of all traffic is flagged: models of other calibration stay comparable."""

Floats = NDArray[np.float64]
Order = Callable[["State"], Floats]


@dataclass(frozen=True, slots=True)
class World:
    """One draw of first rows and traffic; the test part is the same frozen one in each."""

    first: LabelledRows
    traffic: LabelledRows
    test: LabelledRows
    ids: NDArray[np.int64]
    """Numbers of the comments: what the audit draw goes by."""


@dataclass(frozen=True, slots=True)
class State:
    """What an order may look at."""

    scores: NDArray[np.float32]
    routed: Routed
    world: World


def _urgency(state: State, value: Floats) -> Floats:
    """Audit items first, in random order, then flagged ones by `value`, lowest first; what was let through never."""
    served = np.where(state.routed.audit, -1e9 + audit_order(state.world.ids), value)
    return np.where(state.routed.audit | state.routed.flagged, served, np.inf)


def by_margin(state: State) -> Floats:
    """Flagged: furthest over its threshold first."""
    return _urgency(state, -state.routed.margin)


def near_threshold(state: State) -> Floats:
    """Flagged: least over its threshold first, on the logit scale."""
    return _urgency(state, _distance(state))


def by_rarity(state: State) -> Floats:
    """Flagged: as the product serves them, by the rare labels that each is likely to have."""
    return _urgency(state, queue_order(state.scores))


def shuffled(state: State) -> Floats:
    """Flagged: in random order."""
    return _urgency(state, audit_order(state.world.ids + 1))


def at_random(state: State) -> Floats:
    """All traffic in random order, no audit."""
    return audit_order(state.world.ids)


def uncertain(state: State) -> Floats:
    """All traffic, nearest to a threshold first, flagged or not, no audit."""
    return _distance(state)


def _distance(state: State) -> Floats:
    limits = logit(np.array(_POLICY.thresholds, np.float32))
    return np.abs(logit(state.scores) - limits).min(1).astype(np.float64)


ORDERS: dict[str, Order] = {
    "flagged by margin": by_margin,
    "flagged near threshold": near_threshold,
    "flagged by rarity": by_rarity,
    "flagged at random": shuffled,
    "random sampling": at_random,
    "uncertainty sampling": uncertain,
}


def build_world(rows: LabelledRows, seed: int) -> World:
    """A tenth to begin with; of the rest each row with a chance in proportion to its weight."""
    draw_from = np.random.default_rng(seed)
    test, free = rows.take(rows.frozen_test()), rows.take(~rows.frozen_test())
    first = draw_from.random(len(free)) < _FIRST_SHARE
    kept = ~first & (draw_from.random(len(free)) < free.weights / free.weights.max())
    begin, traffic = free.take(first), free.take(kept)
    traffic = replace(traffic, weights=np.ones(len(traffic), np.float32))
    return World(begin, traffic, test, _ids(draw_from, len(traffic)))


def _ids(draw_from: np.random.Generator, many: int) -> NDArray[np.int64]:
    return draw_from.choice(10**9, many, replace=False).astype(np.int64)


def learn(world: World, order: Order, rounds: int, folder: Path) -> Iterator[dict[str, float]]:
    """Figures on the frozen part before the first decision and after each training."""
    init, open_ = folder / "first", np.ones(len(world.traffic), np.bool_)
    drawn: NDArray[np.bool_] | None = None
    for at in range(rounds + 1):
        scorer = StarterScorer.load(init, name="model")
        yield figures(scorer, world.test)
        if at == rounds:
            return
        scores = scorer.score(world.traffic.texts)
        routed = route(scores, _POLICY, world.ids)
        drawn = routed.audit if drawn is None else drawn  # drawn once, when a comment is first routed
        state = State(scores, replace(routed, audit=drawn), world)
        value = np.where(open_, order(state), np.inf)
        served = np.argsort(value, kind="stable")[:ROUND]
        open_[served[np.isfinite(value[served])]] = False
        audited = drawn if order not in (at_random, uncertain) else np.zeros(len(drawn), np.bool_)
        init = _retrain(world, ~open_ & ~audited, {world.traffic.hashes[i] for i in np.flatnonzero(audited)}, init)


def _retrain(world: World, taught: NDArray[np.bool_], held: set[str], former: Path) -> Path:
    out = Path(tempfile.mkdtemp(dir=former.parent))
    corrections = world.traffic.take(taught & np.array([h not in held for h in world.traffic.hashes], np.bool_))
    fit_folder(out, world.first, _CONFIG, corrections=corrections, init=former)
    return out


def figures(scorer: StarterScorer, test: LabelledRows) -> dict[str, float]:
    """Mean AUC and average precision, AUC of threat, and its recall where 1 % of traffic is flagged."""
    scores = scorer.score(test.texts)
    found = evaluate(scores, test.labels, test.weights)
    precisions = [average_precision(scores[:, j], test.labels[:, j], test.weights) or 0.0 for j in range(len(LABELS))]
    threat = scores[:, _THREAT].astype(np.float64), test.labels[:, _THREAT], test.weights
    return {
        "auc": float(found.mean_auc or 0),
        "average_precision": float(np.mean(precisions)),
        "threat_auc": float(roc_auc(*threat) or 0),
        "threat_recall": recall_at_share(*threat, _FLAGGED_SHARE),
    }


def recall_at_share(scores: Floats, labels: NDArray[np.float32], weights: NDArray[np.float32], share: float) -> float:
    """Recall at the threshold that flags this share of the weighted comments."""
    order = np.argsort(-scores, kind="stable")
    flagged = np.cumsum(weights[order]) <= share * weights.sum()
    return float((weights * labels)[order][flagged].sum() / (weights * labels).sum())


def main() -> None:
    """Run every order in every world; print a table on the way and the JSON line at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path, help="Write the curves to this SVG file.")
    asked = parser.parse_args()
    rows, names = jigsaw(), list(figures_names())
    curves = {name: np.zeros((asked.worlds, asked.rounds + 1, len(names))) for name in ORDERS}
    for seed in range(asked.worlds):
        world = build_world(rows, seed)
        with tempfile.TemporaryDirectory() as folder:
            first = Path(folder) / "first"
            first.mkdir()
            fit_folder(first, world.first, _CONFIG)
            for name, order in ORDERS.items():
                found = [list(one.values()) for one in learn(world, order, asked.rounds, Path(folder))]
                curves[name][seed] = found
                print(f"world {seed}  {name:24}", *(f"{one[0]:.4f}/{one[3]:.3f}" for one in found), flush=True)
    if asked.plot:
        asked.plot.write_text(draw({name: found.mean(0) for name, found in curves.items()}, ROUND), encoding="utf-8")
    gains = {name: found[:, -1] - found[:, 0] for name, found in curves.items()}
    report(
        "learning",
        round(float(gains["flagged by rarity"][:, 0].mean()), 5),
        "mean AUC gained by the queue's own order",
        floor=0.0,
        target=0.005,
        decisions=asked.rounds * ROUND,
        figures=names,
        mean={name: found.mean(0).round(5).tolist() for name, found in curves.items()},
        gain_low={name: found.min(0).round(5).tolist() for name, found in gains.items()},
        gain_high={name: found.max(0).round(5).tolist() for name, found in gains.items()},
    )


def figures_names() -> tuple[str, ...]:
    """What `figures` measures, in its order."""
    return "auc", "average_precision", "threat_auc", "threat_recall"


if __name__ == "__main__":
    main()
