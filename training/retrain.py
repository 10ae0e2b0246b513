"""Teach a model what moderators decided: corrections and base data in, a challenger in the registry out."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.accounts import Person
from core.domain import ModelVersion, TrainingRun, now
from core.errors import BadInput
from core.readings import Reading
from core.runs import Following, Say
from core.scoring.files import resolve
from core.services import Services
from training.compare import run_gate
from training.config import TrainConfig
from training.corrections import FEWEST_CORRECTIONS, read_base, take_corrections
from training.data import LabelledRows
from training.evaluate import Metrics
from training.starter import StarterConfig, train_starter
from training.warm_start import find_former


@dataclass(frozen=True, slots=True)
class RetrainConfig:
    """How a challenger is made."""

    data: Path | None = None
    """Base data that the corrections are mixed with; None takes the settings' base data. Without either the live
    model's own weights take its place: the new ones are held close to them."""
    name: str = ""
    """The challenger's name; empty makes one from the preset and the time."""
    starter: StarterConfig = field(default_factory=StarterConfig)
    """How the starter is trained."""
    transformer: TrainConfig | None = None
    """With it a transformer is trained so, in the starter's place."""
    fewest: int = FEWEST_CORRECTIONS
    """Corrections that are needed at least."""
    anew: bool = False
    """A transformer begins with fresh weights although a former version of the preset is there to go on from."""
    snapshot_id: int | None = None
    """A training snapshot that was recorded before; None freezes a new one of what is decided now."""

    @property
    def preset(self) -> str:
        """What is trained."""
        return self.transformer.preset if self.transformer else "starter"


def retrain(
    services: Services,
    *,
    by: Person,
    config: RetrainConfig | None = None,
    run: TrainingRun | None = None,
    say: Say | None = None,
) -> ModelVersion:
    """Train a challenger on what moderators decided, register it, and measure it beside the live model.

    The live model does not change. A given `run` is continued, else one is begun; `say` hears each step. Raises
    BadInput for too few corrections or unreadable data, Conflict while another training runs.
    """
    config = config or RetrainConfig()
    started = time.monotonic()
    with services.runs.following(run or services.runs.begin(config.preset, by=by), say=say) as following:
        snapshot, corrections = take_corrections(
            services, config.snapshot_id, by=by, fewest=config.fewest, following=following
        )
        base, left_out = read_base(services, config.data)
        if config.transformer:
            _require_base_rows(base)
            init = _go_on_from(services, config, following)
        else:
            init = _start_from(services, base)
        name = config.name or new_name(services, config.preset)
        folder = services.settings.models_dir / name
        announce(corrections, base, left_out, following)
        train_into(
            folder,
            base,
            config.transformer or config.starter,
            corrections=corrections,
            init=resolve(init.path) if init else None,
            say=_telling(following),
        )
        version = services.registry.register(
            name,
            folder,
            by=by,
            kind="transformer" if config.transformer else "starter",
            base=config.transformer.base.name if config.transformer else init.name if init else None,
            snapshot_id=snapshot.id,
            metrics={
                "training": _describe(corrections, base, left_out, config, services)
                | {"snapshot": snapshot.id, "went_on_from": init.name if init else None}
            },
        )
        following.note(model_id=version.id)
        return measure(services, version, by=by, data=config.data, following=following, started=started)


def train_into(
    folder: Path,
    rows: LabelledRows,
    config: StarterConfig | TrainConfig,
    *,
    corrections: LabelledRows | None = None,
    init: Path | None = None,
    say: Say | None = None,
) -> Metrics:
    """Train what the configuration is of into a folder; `init` is a version's folder to start from."""
    if isinstance(config, TrainConfig):
        from training.lora import main

        return main(rows, config, folder, corrections=corrections, init=init, progress=say)
    return train_starter(rows, config, folder, corrections=corrections, init=init, progress=say)


def measure(
    services: Services,
    version: ModelVersion,
    *,
    by: Person,
    data: Path | None,
    following: Following,
    started: float,
) -> ModelVersion:
    """Write the version's figures, and the live model's on the same comments, into the registry."""
    report, sets = run_gate(
        services, version.name, by=by, data=data, progress=lambda step, share: following.step(step, 0.8 + 0.19 * share)
    )
    metrics: dict[str, Any] = {one.name: one.metrics(version.name) for one in sets}
    live = services.registry.get(report.live) if report.live else None
    if live and all(live.name in one.scores for one in sets):
        figures = {one.name: one.metrics(live.name) for one in sets}
        metrics["live"] = {"name": live.name, **figures}
        services.registry.set_metrics(live, {**live.metrics, **figures}, by=by)
    training = {**_known_training(version), "seconds": round(time.monotonic() - started, 1)}
    metrics |= {"training": training, "comparison": report.to_json()}
    services.registry.set_metrics(version, metrics, by=by)
    return services.registry.require(version.name)


def _known_training(version: ModelVersion) -> dict[str, Any]:
    known = version.metrics.get("training")
    return dict(known) if isinstance(known, dict) else {}


def _start_from(services: Services, base: LabelledRows) -> ModelVersion | None:
    """The starter whose weights the new one starts from: the live one, else the newest."""
    starters = [v for v in services.registry.list_models() if v.kind == "starter"]
    starters.sort(key=lambda v: v.stage != "live")
    if not starters and not len(base):
        raise BadInput(
            "There is neither a starter to start from nor base data. Give labelled data (--data FILE or "
            "MODERATO_BASE_DATA), or put the shipped model back into models/starter."
        )
    return starters[0] if starters else None


def _go_on_from(services: Services, config: RetrainConfig, following: Following) -> ModelVersion | None:
    """The former version that a transformer goes on from, said aloud; None for fresh weights."""
    if config.transformer is None or config.anew:
        return None
    former, why = find_former(services, config.transformer)
    if former:
        following.step(f"Going on from {former.name}", 0.07)
    elif why:
        following.step(why, 0.07)
    return former


def _require_base_rows(base: LabelledRows) -> None:
    if not len(base):
        raise BadInput(
            "A transformer learns corrections together with base data, or it would forget the rest. Give labelled "
            "data: --data FILE, or MODERATO_BASE_DATA."
        )


def new_name(services: Services, preset: str) -> str:
    """A free name for a version: the preset and the time."""
    stem = f"{preset}-{now():%Y%m%d-%H%M}"
    taken = {version.name for version in services.registry.list_models()}
    return next(name for name in (stem, *(f"{stem}-{i}" for i in range(2, 1000))) if name not in taken)


def announce(corrections: LabelledRows, base: LabelledRows, left_out: int, following: Following) -> None:
    """Say what it is trained on."""
    following.step(f"Training on {len(corrections):,} corrections and {len(base):,} base rows", 0.08)
    if left_out:
        following.step(f"Left {left_out:,} base rows out: audit or golden items have the same content", 0.09)


def _telling(following: Following) -> Say:
    def tell(what: str | Reading, share: float) -> None:
        following.step(what if isinstance(what, Reading) else f"Training: {what}", 0.1 + 0.7 * share)

    return tell


def _describe(
    corrections: LabelledRows, base: LabelledRows, left_out: int, config: RetrainConfig, services: Services
) -> dict[str, Any]:
    path = config.data or services.settings.base_data
    return {
        "corrections": len(corrections),
        "base_rows": len(base),
        "base_left_out": left_out,
        "base_file": path.name if path else None,
        "correction_factor": (config.transformer.rows if config.transformer else config.starter).correction_factor,
        "preset": config.preset,
    }
