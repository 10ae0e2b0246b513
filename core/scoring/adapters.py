"""LoRA adapters on a base: checked before they are attached, merged where memory allows, else side by side."""

import json
import threading
import weakref
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from core.errors import ModelUnavailable
from core.scoring.bases import base_digest, find_base, head, load_base, load_language_model, load_whole
from core.scoring.forward import free_bytes
from core.scoring.fp8 import check_fp8, to_fp8
from core.scoring.manifest import BaseModel, Manifest, unusable
from core.scoring.quantization import Precision, bf16_bytes, dequantise

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
_MARGIN: Final = 1.2
"""Memory to have over what the merged weights take: batches need some too."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class SharedBase:
    """A base on its device, and the adapters of the versions that use it."""

    model: Any
    """The classifier; within PEFT from the first adapter on."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: Any = field(default_factory=count)

    def add(self, folder: Path) -> str:
        """Attach a folder's adapter and return its name here. Raises ModelUnavailable."""
        name = f"v{next(self._numbers)}"
        with self.lock:
            self.model = attach(self.model, folder, name)
        return name

    def drop(self, name: str) -> None:
        """Forget an adapter, unless it is the only one: PEFT wants one to stay."""
        with self.lock:
            if len(self.model.peft_config) > 1:
                self.model.delete_adapter(name)


@dataclass(slots=True)
class Served:
    """A version's model, ready."""

    model: Any
    adapter: str | None
    """None when merged."""
    shared: SharedBase | None


def serve(folder: Path, manifest: Manifest, *, device: str) -> Served:
    """Load the base, unless it is still here, and put the folder's adapter on it. Raises ModelUnavailable."""
    if manifest.weights == "whole":
        return Served(load_whole(folder, precision=manifest.precision, device=device), None, None)
    check_adapter(folder)
    where = find_known_base(manifest.base)
    key = (manifest.base.digest, manifest.precision, device, manifest.in_words)
    if manifest.serving in ("auto", "adapter") and (shared := _SHARED.get(key)):
        return _beside(shared, folder)
    if manifest.serving == "fp8":
        check_fp8(device)
    _KEPT.clear()  # before another base comes: both may not fit
    load = load_language_model if manifest.in_words else load_base
    model = load(where, precision=manifest.precision, device=device)
    if _is_merged(model, manifest, device):
        merged = merge(model, folder)
        if not manifest.in_words:
            head(merged).float()
        return Served(to_fp8(merged) if manifest.serving == "fp8" else merged, None, None)
    shared = SharedBase(model)
    _SHARED[key] = shared
    _KEPT.append(shared)
    return _beside(shared, folder)


def release() -> None:
    """Let go of a base that no version uses any more."""
    _KEPT.clear()


def find_known_base(base: BaseModel) -> Path:
    """The base's folder; raises ModelUnavailable if it is another base than the adapter was trained on."""
    where = find_base(base.name)
    if base_digest(where) != base.digest:
        raise ModelUnavailable(
            f"The base in {where} is not the one that this model was trained on ({base.name}, {base.architecture}). "
            "Put that one back, or train again."
        )
    return where


def check_adapter(folder: Path) -> None:
    """Raise ModelUnavailable if a folder's adapter is missing, damaged or no LoRA."""
    from safetensors import SafetensorError, safe_open

    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise unusable(folder / name, "is missing")
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except (ValueError, RecursionError) as error:
        raise unusable(folder / CONFIG, "is not JSON") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise unusable(folder / CONFIG, "does not describe a LoRA adapter")
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as tensors:
            tensors.keys()
    except (SafetensorError, OSError) as error:
        raise unusable(folder / WEIGHTS, "is damaged") from error


def attach(model: Any, folder: Path, name: str) -> Any:
    """The model within PEFT, with the folder's adapter under that name. Raises ModelUnavailable if they do not fit."""
    from peft import PeftModel

    try:
        if isinstance(model, PeftModel):
            model.load_adapter(str(folder), name)
        else:
            model = PeftModel.from_pretrained(model, str(folder), adapter_name=name)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        if "memory" in str(error).lower():
            raise
        raise unusable(
            folder / WEIGHTS, "does not fit the base: tensors are missing, or it was trained on another one"
        ) from error
    _check_complete(model, folder, name)
    return model.eval().requires_grad_(False)


def _check_complete(model: Any, folder: Path, name: str) -> None:
    """PEFT takes missing and unknown tensors without an error, and the head would stay random."""
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    wanted = {key: tuple(value.shape) for key, value in get_peft_model_state_dict(model, adapter_name=name).items()}
    with safe_open(folder / WEIGHTS, framework="pt") as tensors:
        found = {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118 - no mapping
        finite = all(bool(tensors.get_tensor(key).isfinite().all()) for key in found)
    if odd := sorted(wanted.items() ^ found.items()):
        raise unusable(folder / WEIGHTS, f"does not hold what its configuration says, as in {odd[0][0]}")
    if not finite:
        raise unusable(folder / WEIGHTS, "has values that are not finite")


def merge(model: Any, folder: Path) -> Any:
    """The base in 16 or 32 bits with the folder's adapter added into its weights."""
    dequantise(model)
    merged = attach(model, folder, "default").merge_and_unload().to(model.dtype)
    return merged.eval().requires_grad_(False)


def _is_merged(model: Any, manifest: Manifest, device: str) -> bool:
    if manifest.serving != "auto" or manifest.precision != "nf4":
        return manifest.serving != "adapter"
    free = free_bytes(device)
    return free is None or free > _MARGIN * bf16_bytes(model)


def _beside(shared: SharedBase, folder: Path) -> Served:
    name = shared.add(folder)
    return Served(shared.model, name, shared)


_SHARED: "weakref.WeakValueDictionary[tuple[str, Precision, str, bool], SharedBase]" = weakref.WeakValueDictionary()
"""Bases that some version uses, or that were used last."""
_KEPT: list[SharedBase] = []
"""The base used last: a worker lets go of the old version before it loads the new one, which may be of this base."""
