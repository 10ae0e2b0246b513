"""Train from labelled data, alone or with recorded corrections, and measure a version on labelled data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.accounts import Person
from core.domain import ModelVersion, Snapshot
from core.errors import BadInput
from core.runs import Say
from core.scoring.load import load_scorer
from core.services import Services
from training.config import TrainConfig, list_presets, read_preset
from training.corrections import read_base, read_snapshot
from training.data import LabelledRows, read_rows
from training.distributed import join, launched, leave
from training.evaluate import evaluate
from training.retrain import announce, new_name, train_into
from training.starter import StarterConfig

PRESETS: Final = ("starter", *list_presets())
"""What can be trained."""
_RESAMPLES: Final = 200


def check_preset(preset: str) -> str:
    """The preset; raises BadInput."""
    if preset in PRESETS:
        return preset
    raise BadInput(f"There is no preset {preset[:40]!r}. There is: {', '.join(PRESETS)}.")


def configure(
    preset: str, *, base: str = "", max_rows: int | None = None, services: Services | None = None
) -> TrainConfig | None:
    """How a transformer of that preset is trained; None for the starter. Raises BadInput that lists every problem.

    Without `base`, and given `services`, it is the base of the newest version of that preset, if there is one.
    """
    if check_preset(preset) != "starter":
        return read_preset(preset, base=base or (_last_base(services, preset) if services else ""), max_rows=max_rows)
    if base or max_rows is not None:
        raise BadInput("The starter has no base and reads all rows. Leave --base and --max-rows away.")
    return None


def _last_base(services: Services, preset: str) -> str:
    for version in services.registry.list_models():
        training = version.metrics.get("training")
        if version.base and isinstance(training, dict) and training.get("preset") == preset:
            return version.base
    return ""


@dataclass(frozen=True, slots=True)
class Taught:
    """What a version is trained on."""

    base: LabelledRows
    """Labelled data; with corrections, without contents of audit and golden items."""
    left_out: int = 0
    """How many rows such contents were."""
    snapshot: Snapshot | None = None
    """Where the corrections come from."""
    corrections: LabelledRows | None = None

    def to_json(self, factor: float) -> dict[str, Any]:
        """For the version's metrics; nothing without corrections."""
        if self.snapshot is None or self.corrections is None:
            return {}
        counts = {"corrections": len(self.corrections), "base_rows": len(self.base), "base_left_out": self.left_out}
        return {**counts, "snapshot": self.snapshot.id, "correction_factor": factor}


def read_taught(services: Services, data: Path, snapshot_id: int) -> Taught:
    """Labelled data with the corrections of a recorded training snapshot.

    Raises BadInput for data that cannot be read, and as `training.corrections.read_snapshot` does.
    """
    snapshot, corrections = read_snapshot(services, snapshot_id)
    if not len(corrections):
        raise BadInput(f"Snapshot {snapshot_id} has no rows that may be trained on. Export again, then give that one.")
    base, left_out = read_base(services, data)
    return Taught(base, left_out, snapshot, corrections)


def train_folder(
    taught: Taught, out: Path, *, config: StarterConfig | TrainConfig | None = None, say: Say | None = None
) -> dict[str, Any]:
    """Train into a folder, a starter by default, without registering it; its figures on the frozen test part."""
    made = train_into(out, taught.base, config or StarterConfig(), corrections=taught.corrections, say=say)
    return made.to_json()


@contextmanager
def together(preset: str) -> Iterator[bool]:
    """Train within it: whether this process is the main one. Any other one of torchrun's has done its part then.

    Raises BadInput for the starter, which one process trains.
    """
    if launched() and preset == "starter":
        raise BadInput("The starter is trained by one process. Leave torchrun away.")
    if not (team := join()).is_main:
        from training.lora import assist

        assist()
    yield team.is_main
    leave()


def train_new(
    services: Services,
    data: Path,
    *,
    by: Person,
    name: str = "",
    config: StarterConfig | TrainConfig | None = None,
    snapshot_id: int | None = None,
    say: Say | None = None,
) -> ModelVersion:
    """Train from labelled data, a starter by default, and register a challenger. Raises BadInput, NotFound, Conflict.

    With `snapshot_id`, the corrections of that recorded training snapshot are mixed in as a retraining does it.
    """
    transformer = config if isinstance(config, TrainConfig) else None
    preset = transformer.preset if transformer else "starter"
    with services.runs.following(services.runs.begin(preset, by=by), say=say) as following:
        taught = Taught(read_rows(data)) if snapshot_id is None else read_taught(services, data, snapshot_id)
        if taught.snapshot and taught.corrections:
            following.note(snapshot_id=taught.snapshot.id)
            announce(taught.corrections, taught.base, taught.left_out, following)
        name = name or new_name(services, preset)
        folder = services.settings.models_dir / name
        metrics = train_folder(
            taught, folder, config=config, say=lambda step, share: following.step(step, 0.1 + 0.89 * share)
        )
        facts = taught.to_json(_factor(config))
        version = services.registry.register(
            name,
            folder,
            by=by,
            kind="transformer" if transformer else "starter",
            base=transformer.base.name if transformer else None,
            snapshot_id=taught.snapshot.id if taught.snapshot else None,
            metrics={"test": metrics, "training": {"base_file": data.name, "preset": preset, **facts}},
        )
        following.note(model_id=version.id)
        return version


def _factor(config: StarterConfig | TrainConfig | None) -> float:
    return (config.rows if isinstance(config, TrainConfig) else config or StarterConfig()).correction_factor


def evaluate_version(services: Services, name: str, data: Path) -> dict[str, dict[str, Any]]:
    """Figures of a version on all rows of the data, and on the part that no training here has seen, by title."""
    scorer = load_scorer(services.registry.require(name), threads=services.settings.worker_threads)
    rows = read_rows(data)
    parts = {"All rows (the model may have been trained on them)": rows, "Frozen part": rows.take(rows.frozen_test())}
    return {
        title: evaluate(scorer.score(part.texts), part.labels, part.weights, resamples=_RESAMPLES).to_json()
        for title, part in parts.items()
    }
