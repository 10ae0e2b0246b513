"""Train from labelled data alone, and measure a version on labelled data."""

from pathlib import Path
from typing import Any, Final

from core.accounts import Person
from core.domain import ModelVersion
from core.errors import BadInput
from core.runs import Say
from core.scoring.load import load_scorer
from core.services import Services
from training.data import read_rows
from training.evaluate import evaluate
from training.retrain import new_name
from training.starter import StarterConfig, train_starter

PRESETS: Final = ("starter",)
"""What can be trained."""
_RESAMPLES: Final = 200


def check_preset(preset: str) -> str:
    """The preset; raises BadInput."""
    if preset in PRESETS:
        return preset
    raise BadInput(f"There is no preset {preset[:40]!r}. There is: {', '.join(PRESETS)}.")


def train_folder(
    data: Path, out: Path, *, config: StarterConfig | None = None, say: Say | None = None
) -> dict[str, Any]:
    """Train a starter into a folder, without registering it; its figures on the frozen test part."""
    return train_starter(read_rows(data), config or StarterConfig(), out, progress=say).to_json()


def train_new(
    services: Services,
    data: Path,
    *,
    by: Person,
    name: str = "",
    config: StarterConfig | None = None,
    say: Say | None = None,
) -> ModelVersion:
    """Train a starter from labelled data alone and register it as a challenger. Raises BadInput, Conflict."""
    with services.runs.following(services.runs.begin("starter", by=by), say=say) as following:
        name = name or new_name(services, "starter")
        folder = services.settings.models_dir / name
        metrics = train_folder(data, folder, config=config, say=lambda step, share: following.step(step, 0.99 * share))
        known = {"test": metrics, "training": {"base_file": data.name}}
        version = services.registry.register(name, folder, by=by, kind="starter", metrics=known)
        following.note(model_id=version.id)
        return version


def evaluate_version(services: Services, name: str, data: Path) -> dict[str, dict[str, Any]]:
    """Figures of a version on all rows of the data, and on the part that no training here has seen, by title."""
    scorer = load_scorer(services.registry.require(name), threads=services.settings.worker_threads)
    rows = read_rows(data)
    parts = {"All rows (the model may have been trained on them)": rows, "Frozen part": rows.take(rows.frozen_test())}
    return {
        title: evaluate(scorer.score(part.texts), part.labels, part.weights, resamples=_RESAMPLES).to_json()
        for title, part in parts.items()
    }
