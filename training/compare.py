"""Score a challenger and the live model on the same comments: what the gate and the registry's figures rest on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import ModelVersion
from core.evaluation import labels_of
from core.gate import Evidence, GateReport, compare, first_model
from core.scoring.load import load_scorer, probe
from core.scoring.protocol import Scorer, Scores
from core.services import Services
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


def examine(
    services: Services, name: str, *, data: Path | None = None, progress: Progress | None = None
) -> tuple[GateReport, list[ScoredSet]]:
    """What the promotion gate says about a version against the live one, and the scores that it rests on.

    Compared on decided audit items, golden items, and the frozen part of `data` (or of the settings' base data).
    Raises ModelUnavailable if either version cannot be loaded, BadInput if the data cannot be read.
    """
    report = progress or (lambda *_: None)
    challenger, live = services.registry.require(name), services.registry.live()
    models = [challenger] if live is None or live.id == challenger.id else [challenger, live]
    report("Loading the models", 0.0)
    scorers = {model.name: load_scorer(model, threads=services.settings.worker_threads) for model in models}
    probe(scorers[name])
    rows, notes = _frozen_rows(services, data)
    report("Scoring what both are compared on", 0.2)
    sets = score_sets(services, models, scorers, rows)
    report("Comparing", 0.8)
    if live is None:
        return first_model(name), sets
    evidence = [Evidence(s.name, s.labels, s.weights, s.scores[name], s.scores[live.name]) for s in sets]
    return compare(evidence, challenger=name, live=live.name, notes=notes), sets


def score_sets(
    services: Services, models: list[ModelVersion], scorers: dict[str, Scorer], rows: LabelledRows | None
) -> list[ScoredSet]:
    """Audit items, golden items and labelled rows, scored by each model; empty sets are left out."""
    evaluation, sets = services.evaluation, []
    for kind, items in (("audit", evaluation.audit_items()), ("golden", evaluation.golden_items())):
        scores = {model.name: evaluation.score(items, model, scorers[model.name]) for model in models}
        sets.append(ScoredSet(kind, labels_of(items), np.array([item.weight for item in items], np.float64), scores))
    if rows is not None:
        scores = {name: scorer.score(rows.texts) for name, scorer in scorers.items()}
        sets.append(ScoredSet("test", rows.labels > 0, rows.weights.astype(np.float64), scores))
    return [one for one in sets if len(one.labels)]


def _frozen_rows(services: Services, data: Path | None) -> tuple[LabelledRows | None, list[str]]:
    path = data or services.settings.base_data
    if path is None:
        return None, [
            "No labelled data was given (--data FILE, or MODERATO_BASE_DATA): no frozen test part to compare on."
        ]
    rows = read_rows(path)
    return rows.take(rows.frozen_test()), []
