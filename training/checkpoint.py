"""Where an interrupted training goes on: everything that its next step depends on."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput

_STATE: Final = "state.pt"
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
        import torch

        if not (self.folder / _STATE).is_file():
            return None
        self._require_same()
        try:
            state = torch.load(self.folder / _STATE, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged archive may raise anything
            raise BadInput(f"The checkpoint in {self.folder} is damaged. Remove that folder and start anew.") from error
        return dict(state)

    def save(self, state: dict[str, Any]) -> None:
        """Write the state, whole or not at all. Raises BadInput if there is no room."""
        import torch

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f"{_STATE}.part"
            torch.save(state, part)
            (self.folder / _FINGERPRINT).write_text(json.dumps(self.fingerprint, indent=1), encoding="utf-8")
            os.replace(part, self.folder / _STATE)
        except (OSError, RuntimeError) as error:
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
