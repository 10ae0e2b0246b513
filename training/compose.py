"""Versions made from others without training: int8 encoders, blends, cascades."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.accounts import Person
from core.domain import ModelVersion
from core.errors import BadInput
from core.runs import Say
from core.scoring.blend import Mode, write_blend
from core.scoring.cascade import write_cascade
from core.scoring.files import resolve
from core.scoring.load import load_scorer
from core.scoring.members import KINDS, Member
from core.scoring.protocol import Scores
from core.services import Services
from training.blend import fit_blend, held_back
from training.cascade import LOSS, asked_share, fit_cascade, saving
from training.compress import compress
from training.data import LabelledRows, read_rows
from training.evaluate import evaluate
from training.starter_files import write_json, written_whole

_RESAMPLES = 200


def compress_version(services: Services, name: str, *, new: str, data: Path, by: Person, say: Say) -> ModelVersion:
    """Register an int8 encoder made from a transformer, measured on the data's frozen part."""
    version = services.registry.require(name)
    if version.kind != "transformer":
        raise BadInput(f"{name} is of kind {version.kind}; only a transformer's encoder can be compressed.")
    rows = read_rows(data)

    def make(draft: Path) -> dict[str, Any]:
        say("Writing the int8 graph", 0.1)
        compress(resolve(version.path), draft, name=version.name)
        return {"from": version.name}

    return _register(services, new, "onnx", make, rows=rows, by=by, say=say)


def blend_versions(
    services: Services, names: tuple[str, str], *, new: str, data: Path, by: Person, say: Say, mode: Mode = "logit"
) -> ModelVersion:
    """Register a blend of two versions, fitted on rows of the data that neither was trained on."""
    versions, rows = _require_pair(services, names), read_rows(data)
    held = held_back(rows)

    def make(draft: Path) -> dict[str, Any]:
        scores = _score_both(services, versions, held.texts, say)
        blend = fit_blend([Member.of(version) for version in versions], scores, held, mode=mode)
        write_blend(draft, blend)
        return {"members": list(names), "mode": mode, "shares": blend.shares}

    return _register(services, new, "blend", make, rows=rows, by=by, say=say)


def cascade_versions(
    services: Services, names: tuple[str, str], *, new: str, data: Path, by: Person, say: Say, loss: float = LOSS
) -> ModelVersion:
    """Register a cascade: the first version answers where it is sure, the second is asked about the rest."""
    versions, rows = _require_pair(services, names), read_rows(data)
    held, test = held_back(rows), rows.take(rows.frozen_test())

    def make(draft: Path) -> dict[str, Any]:
        seconds: list[float] = []
        quick, careful = _score_both(services, versions, held.texts, say, seconds)
        cascade = fit_cascade([Member.of(version) for version in versions], quick, careful, held, loss=loss)
        write_cascade(draft, cascade)
        scorer = load_scorer(versions[0], threads=services.settings.worker_threads)
        asked = asked_share(cascade, scorer.score(test.texts), test.weights)
        return {"members": list(names), "low": cascade.low, "saving": saving(asked, *seconds)}

    return _register(services, new, "cascade", make, rows=rows, by=by, say=say)


def saving_text(version: ModelVersion) -> str:
    """What a cascade saves, in a sentence; empty for another kind."""
    training = version.metrics.get("training")
    found = training.get("saving") if isinstance(training, dict) else None
    if not isinstance(found, dict) or not isinstance(training, dict):
        return ""
    quick, careful = training["members"]
    return (
        f"{careful} is asked about {found['asked']:.1%} of all comments, those to which {quick} gives some label "
        f"{training['low']:.2%} or more: {found['times_as_quick']:.1f} times as quick as {careful} alone, measured at "
        f"{found['quick_per_second']:,.0f} and {found['careful_per_second']:,.0f} comments/s."
    )


def _require_pair(services: Services, names: tuple[str, str]) -> list[ModelVersion]:
    versions = [services.registry.require(name) for name in names]
    if names[0] == names[1]:
        raise BadInput(f"{names[0]} with itself makes nothing new. Name two versions.")
    for version in versions:
        if version.kind not in KINDS:
            raise BadInput(f"{version.name} is of kind {version.kind}, which cannot be part of another.")
    return versions


def _score_both(
    services: Services, versions: list[ModelVersion], texts: list[str], say: Say, seconds: list[float] | None = None
) -> list[Scores]:
    found = []
    for number, version in enumerate(versions):
        say(f"Scoring {len(texts):,} held-out rows by {version.name}", 0.1 + 0.3 * number)
        scorer = load_scorer(version, threads=services.settings.worker_threads)
        scorer.score(texts[:32])  # whatever is made at the first run is not counted
        began = time.monotonic()
        found.append(scorer.score(texts))
        if seconds is not None:
            seconds.append((time.monotonic() - began) / max(len(texts), 1))
    return found


def _register(
    services: Services,
    new: str,
    kind: str,
    make: Callable[[Path], dict[str, Any]],
    *,
    rows: LabelledRows,
    by: Person,
    say: Say,
) -> ModelVersion:
    """Make the folder, register it as a challenger, and measure it on the frozen rows."""
    services.registry.check_name(new)
    test = rows.take(rows.frozen_test())
    if not len(test):
        raise BadInput(
            "None of the rows belongs to the frozen test part, so nothing could be measured. Give more rows."
        )
    folder = services.settings.models_dir / new
    with written_whole(folder) as draft:
        training = make(draft)
    version = services.registry.register(new, folder, by=by, kind=kind, metrics={"training": training})
    say(f"Measuring {new}", 0.7)
    scorer = load_scorer(version, threads=services.settings.worker_threads)
    metrics = evaluate(scorer.score(test.texts), test.labels, test.weights, resamples=_RESAMPLES).to_json()
    write_json(folder / "metrics.json", metrics)
    services.registry.set_metrics(version, {**version.metrics, "test": metrics}, by=by)
    say("done", 1.0)
    return services.registry.require(new)
