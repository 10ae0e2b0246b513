"""Where an interrupted training goes on: everything that its next step depends on."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from core.errors import BadInput

_STATE: Final = "state.safetensors"
_FINGERPRINT: Final = "fingerprint.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder beside the model's own, gone when the model is done."""

    folder: Path
    fingerprint: dict[str, Any]
    """Configuration, data and base: a checkpoint of others is refused."""

    @classmethod
    def beside(cls, out: Path, fingerprint: dict[str, Any]) -> "Checkpoint":
        """The checkpoint of the model that is to be `out`."""
        return cls(out.with_name(f".{out.name}.checkpoint"), fingerprint)

    def load(self) -> dict[str, Any] | None:
        """The state, or None where there is none. Raises BadInput if it is of another training or damaged."""
        if not (self.folder / _STATE).is_file():
            return None
        self._require_same()
        try:
            return read_state(self.folder / _STATE)
        except (OSError, ValueError, LookupError, SafetensorError) as error:
            raise BadInput(f"The checkpoint in {self.folder} is damaged. Remove that folder and start anew.") from error

    def save(self, state: dict[str, Any]) -> None:
        """Write the state, whole or not at all. Raises BadInput if there is no room."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f"{_STATE}.part"
            write_state(part, state)
            (self.folder / _FINGERPRINT).write_text(json.dumps(self.fingerprint, indent=1), encoding="utf-8")
            os.replace(part, self.folder / _STATE)
        except (OSError, SafetensorError) as error:
            raise BadInput(f"The checkpoint {self.folder} cannot be written ({error}). Make room there.") from error

    def remove(self) -> None:
        """Forget it: the training is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _require_same(self) -> None:
        try:
            known = json.loads((self.folder / _FINGERPRINT).read_bytes())
        except (OSError, ValueError):
            known = {}
        wanted = json.loads(json.dumps(self.fingerprint))
        if odd := [name for name in wanted if known.get(name) != wanted[name]]:
            raise BadInput(
                f"The checkpoint in {self.folder} is of a training with other {', '.join(odd)}. Give those again to "
                "resume it, remove that folder to start anew, or choose another name."
            )


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Nested dicts, lists, numbers, strings and tensors as one safetensors file: tensors, and how they nest as JSON."""
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    shape = _take_apart(state, tensors)
    save_file(tensors, path, metadata={"state": json.dumps(shape)})


def read_state(path: Path) -> dict[str, Any]:
    """What `write_state` wrote, on the CPU."""
    with safe_open(path, framework="pt", device="cpu") as file:
        shape = json.loads((file.metadata() or {})["state"])
        return dict(_put_together(shape, file.get_tensor))


def _take_apart(value: Any, tensors: dict[str, Any]) -> Any:
    # JSON knows no integer keys, no tuples and no tensors: each kind is a pair of its name and its content
    if hasattr(value, "detach"):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return ["tensor", name]
    if isinstance(value, dict):
        return ["dict", [[key, _take_apart(part, tensors)] for key, part in value.items()]]
    if isinstance(value, list | tuple):
        return [type(value).__name__, [_take_apart(part, tensors) for part in value]]
    return ["plain", value]


def _put_together(shape: Any, tensor: Callable[[str], Any]) -> Any:
    kind, content = shape
    if kind == "tensor":
        return tensor(content)
    if kind == "dict":
        return {key: _put_together(part, tensor) for key, part in content}
    if kind in ("list", "tuple"):
        parts = [_put_together(part, tensor) for part in content]
        return tuple(parts) if kind == "tuple" else parts
    return content
