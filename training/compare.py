"""Score a challenger and the live model on the same comments: what the gate and the registry's figures rest on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.accounts import Action, Person, check_may
from core.domain import ModelVersion
from core.errors import ModelUnavailable, ModeratoError
from core.evaluation import EvaluationItem, labels_of
from core.gate import Beside, Evidence, GateReport, compare, templates, unopposed
from core.gate.bias import BiasScores
from core.gate.speed import measure_speed
from core.labels import LABELS
from core.scoring.load import load_scorer, probe
from core.scoring.protocol import Scorer, Scores
from core.services import Services
from core.text import text_hash
from training.data import LabelledRows, read_rows
from training.evaluate import evaluate

Progress = Callable[[str, float], None]
_RESAMPLES = 200


@dataclass(frozen=True, slots=True, eq=False)
class ScoredSet:
    """One set of comments with known labels, scored by some models."""

    name: str
    """audit, golden or test."""
    labels: NDArray[np.bool_]
    weights: NDArray[np.float64]
    scores: dict[str, Scores]
    """By the version's name."""

    def metrics(self, model: str) -> dict[str, Any]:
        """The model's figures with their intervals, as plain values."""
        return evaluate(self.scores[model], self.labels, self.weights, resamples=_RESAMPLES).to_json()


def run_gate(
    services: Services, name: str, *, by: Person, data: Path | None = None, progress: Progress | None = None
) -> tuple[GateReport, list[ScoredSet]]:
    """`examine`, and the report is kept with who asked for it, passed or not."""
    check_may(by, Action.MANAGE_MODELS)
    report, sets = examine(services, name, data=data, progress=progress)
    services.gate_reports.add(report, by=by)
    return report, sets


def examine(
    services: Services, name: str, *, data: Path | None = None, progress: Progress | None = None
) -> tuple[GateReport, list[ScoredSet]]:
    """What the promotion gate says about a version against the live one, and the scores that it rests on.

    Compared on decided audit items, golden items, and the frozen part of `data` (or of the settings' base data).
    Raises ModelUnavailable if the version cannot be loaded, BadInput if the data cannot be read. A live model that
    cannot be loaded does not stand in the way.
    """
    report = progress or (lambda *_: None)
    challenger, live = services.registry.require(name), services.registry.live()
    report("Loading the models", 0.0)
    models = {challenger.name: challenger}
    scorers = {challenger.name: load_scorer(challenger, threads=services.settings.worker_threads)}
    probe(scorers[name])
    verdict = _load_live(services, name, live, models, scorers)
    rows, seen, notes = _read_data(services, data)
    report("Scoring what both are compared on", 0.2)
    items, dropped = _unseen_items(services, seen)
    sets = score_sets(services, list(models.values()), scorers, items, rows)
    report("Comparing", 0.8)
    if verdict or live is None:
        return verdict or unopposed(name), sets
    evidence = [Evidence(s.name, s.labels, s.weights, s.scores[name], s.scores[live.name]) for s in sets]
    real = rows.texts if rows and len(rows) else [item.text for found in items.values() for item in found]
    beside = _look_beside(services, scorers[live.name], scorers[name], real)
    return compare(evidence, challenger=name, live=live.name, notes=[*notes, *dropped], beside=beside), sets


def _look_beside(services: Services, live: Scorer, challenger: Scorer, real: list[str]) -> Beside:
    """What is not a figure of labelled comments: the thresholds in force, bias on templates, speed."""
    made = templates.texts()
    toxic = LABELS.index("toxic")
    bias = BiasScores(live.score(made)[:, toxic], challenger.score(made)[:, toxic])
    return Beside(services.policies.active().thresholds, bias, measure_speed(live, challenger, real or made))


def _load_live(
    services: Services,
    challenger: str,
    live: ModelVersion | None,
    models: dict[str, ModelVersion],
    scorers: dict[str, Scorer],
) -> GateReport | None:
    """Add the live model to what is compared; where it cannot score, the verdict: any model that can is better."""
    if live is None or live.name in models:
        return None
    try:
        scorers[live.name] = load_scorer(live, threads=services.settings.worker_threads)
    except ModelUnavailable as error:
        return unopposed(challenger, live.name, problem=str(error))
    models[live.name] = live
    return None


def score_sets(
    services: Services,
    models: list[ModelVersion],
    scorers: dict[str, Scorer],
    items: dict[str, list[EvaluationItem]],
    rows: LabelledRows | None,
) -> list[ScoredSet]:
    """Evaluation items by set, and labelled rows, scored by each model; empty sets are left out."""
    sets = []
    for kind, found in items.items():
        scores = {model.name: services.evaluation.score(found, model, scorers[model.name]) for model in models}
        sets.append(ScoredSet(kind, labels_of(found), np.array([item.weight for item in found], np.float64), scores))
    if rows is not None:
        scores = {name: scorer.score(rows.texts) for name, scorer in scorers.items()}
        sets.append(ScoredSet("test", rows.labels > 0, rows.weights.astype(np.float64), scores))
    return [one for one in sets if len(one.labels)]


def _read_data(services: Services, data: Path | None) -> tuple[LabelledRows | None, set[str], list[str]]:
    """The frozen rows of the data, every content that some model may have been trained on, and notes for the report."""
    seen = _contents_of_snapshots(services)
    path = data or services.settings.base_data
    if path is None:
        return (
            None,
            seen,
            ["No frozen test part to compare on: no labelled data is set (MODERATO_BASE_DATA, --data)."],
        )
    rows = read_rows(path)
    frozen = rows.frozen_test()
    seen.update(digest for digest, held in zip(rows.hashes, frozen, strict=True) if not held)
    return rows.take(frozen), seen, []


def _contents_of_snapshots(services: Services) -> set[str]:
    """Contents of the corrections that registered models were trained on; those of files that are gone are unknown."""
    seen: set[str] = set()
    for snapshot_id in {v.snapshot_id for v in services.registry.list_models() if v.snapshot_id}:
        try:
            path = services.datasets.require_file(services.datasets.require_snapshot(snapshot_id))
        except ModeratoError:
            continue
        seen.update(read_rows(path).hashes)
    return seen


def _unseen_items(services: Services, seen: set[str]) -> tuple[dict[str, list[EvaluationItem]], list[str]]:
    """Audit and golden items whose content no model was trained on: who has seen the answers proves nothing by them."""
    found = {"audit": services.evaluation.audit_items(), "golden": services.evaluation.golden_items()}
    unseen = {kind: [item for item in items if text_hash(item.text) not in seen] for kind, items in found.items()}
    notes = [
        f"{len(items) - len(unseen[kind]):,} of {len(items):,} {kind} items are left out: their content is in the base "
        "data or in earlier corrections, so a model may have been trained on it."
        for kind, items in found.items()
        if len(unseen[kind]) < len(items)
    ]
    return unseen, notes
