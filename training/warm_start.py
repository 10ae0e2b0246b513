"""A retraining goes on from the former version's weights, where they fit: corrections then add to what it knows."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from core.domain import ModelVersion, Stage
from core.errors import ModelUnavailable
from core.scoring.adapters import WEIGHTS, check_adapter
from core.scoring.files import folder_digest, resolve
from core.scoring.manifest import Manifest, read_manifest, unusable
from core.services import Services
from training.config import TrainConfig

_WHOLE: Final = "model.safetensors"


def find_former(services: Services, config: TrainConfig) -> tuple[ModelVersion | None, str]:
    """The version that a retraining of this preset may go on from, the live one first, else the newest; and in words
    why none is, where there are versions of the preset and none fits."""
    made = [version for version in services.registry.list_models() if _preset_of(version) == config.preset]
    made.sort(key=lambda version: version.stage is not Stage.LIVE)
    why = ""
    for version in made:
        reason = _why_not(version, config)
        if not reason:
            return version, ""
        why = why or f"{version.name} is not gone on from: {reason}"
    return None, why


def _preset_of(version: ModelVersion) -> str:
    training = version.metrics.get("training")
    return str(training.get("preset", "")) if isinstance(training, dict) and version.kind == "transformer" else ""


def _why_not(version: ModelVersion, config: TrainConfig) -> str:
    try:
        folder = resolve(version.path)
        if folder_digest(folder) != version.sha256:
            return "its files are not those that were registered."
        manifest = read_manifest(folder)
        if manifest.weights == "adapter":
            check_adapter(folder)
    except ModelUnavailable as error:
        return str(error)
    differs = [name for name, (then, asked) in _compared(manifest, config).items() if then != asked]
    return f"it has another {', '.join(differs)}." if differs else ""


def _compared(manifest: Manifest, config: TrainConfig) -> dict[str, tuple[Any, Any]]:
    """What decides on the shape of the weights: as it was, and as it is asked for."""
    then = manifest.training.get("config", {})
    asked = config.to_json()
    sections = {name: (_plain(then.get(name)), _plain(asked[name])) for name in ("adapter", "head")}
    return {
        "base": (manifest.base.name, config.base.name),
        "precision": (manifest.precision, config.base.precision),
        **sections,
    }


def _plain(section: Any) -> Any:
    """As JSON has it: lists for tuples."""
    pairs = section.items() if isinstance(section, dict) else ()
    return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs}


def slowed(config: TrainConfig) -> TrainConfig:
    """The configuration with the learning rates of a training that goes on."""
    steps = config.steps
    adapter_rate, head_rate = steps.adapter_rate * steps.warm_share, steps.head_rate * steps.warm_share
    return replace(config, steps=replace(steps, adapter_rate=adapter_rate, head_rate=head_rate))


def put_former(model: Any, folder: Path) -> None:
    """Give a fresh model the weights of a former version's folder. Raises ModelUnavailable if they do not fit."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    adapted = hasattr(model, "peft_config")
    path = folder / (WEIGHTS if adapted else _WHOLE)
    try:
        found = load_file(path)
    except Exception as error:  # the library raises its own kinds
        raise unusable(path, f"cannot be read ({type(error).__name__})") from error
    wanted = get_peft_model_state_dict(model) if adapted else model.state_dict()
    if {name: tuple(value.shape) for name, value in wanted.items()} != {
        name: tuple(value.shape) for name, value in found.items()
    }:
        raise unusable(path, "does not have the shape of what is to be trained")
    if adapted:
        set_peft_model_state_dict(model, found)
    else:
        model.load_state_dict(found)
