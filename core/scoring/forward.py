"""From token ids to six logits, whatever the device: one way for training and for scoring."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.labels import LABELS
from core.scoring.bases import head
from core.scoring.batching import Budget, DoesNotFit, pad_right, plan_batches, run_batches
from core.scoring.packed import join_rows, packed_states, plan_packed

if TYPE_CHECKING:
    import torch

Value = TypeVar("Value")

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def pick_device() -> str:
    """cuda (NVIDIA's and AMD's), xpu (Intel's), mps (Apple's) or any other accelerator that PyTorch has; else cpu."""
    import torch

    found = torch.accelerator.current_accelerator(check_available=True)
    return found.type if found else "cpu"


def free_bytes(device: str) -> int | None:
    """Memory that can still be had on the device; None if it does not say."""
    if device != "cpu":
        return _ask(device, "get_memory_info", lambda told: int(told[0]))
    lines = Path("/proc/meminfo")
    if not lines.is_file():
        return None
    found = [line.split() for line in lines.read_text().splitlines() if line.startswith("MemAvailable")]
    return int(found[0][1]) * 1024 if found else os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def peak_bytes(device: str) -> int | None:
    """Most memory that this process has held on the device; None if it does not say."""
    return None if device == "cpu" else _ask(device, "max_memory_allocated", int)


def empty_cache(device: str) -> None:
    """Give back memory of the device that is held but not in use."""
    if device != "cpu":
        _ask(device, "empty_cache", lambda _: None)


def _ask(device: str, what: str, read: Callable[[Any], Value]) -> Value | None:
    """What torch.accelerator says of the device; None where that kind does not know (mps has no such statistics)."""
    import torch

    try:
        found = getattr(torch.accelerator, what)
        return read(found() if what == "empty_cache" else found(device))
    except (RuntimeError, NotImplementedError, AttributeError):
        return None


def six_logits(
    model: Any, ids: "torch.Tensor", lengths: "torch.Tensor", *, causal: bool, autocast: bool
) -> "torch.Tensor":
    """Logits, fp32 [n, 6], of token ids [n, longest] filled up on the right, each row with its length [n].

    A causal model gets no mask: no real token can see the filling after it, and without a mask attention takes its
    quickest path. `model` is a sequence classifier of transformers, alone or within PEFT.
    """
    import torch

    plain = unwrapped(model)
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=autocast):
        if causal:
            states = plain.base_model(input_ids=ids, use_cache=False).last_hidden_state
            pooled = states[torch.arange(len(ids), device=ids.device), lengths - 1]
        else:
            mask = torch.arange(ids.shape[1], device=ids.device)[None] < lengths[:, None]
            pooled = plain.dropout(plain.base_model(input_ids=ids, attention_mask=mask.long()).pooler_output)
    with torch.autocast(ids.device.type, enabled=False):
        return head(plain)(pooled.float())


def packed_logits(
    model: Any, ids: "torch.Tensor", places: "torch.Tensor", ends: "torch.Tensor", *, autocast: bool
) -> "torch.Tensor":
    """As `six_logits`, fp32 [n, 6], of causal rows one after another: see core.scoring.packed for the arguments."""
    import torch

    plain = unwrapped(model)
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=autocast):
        pooled = packed_states(plain.base_model, ids, places, ends)
    with torch.autocast(ids.device.type, enabled=False):
        return head(plain)(pooled.float())


def unwrapped(model: Any) -> Any:
    """The classifier of transformers, also where it is within PEFT."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch may work."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _NO_MEMORY)


@dataclass(slots=True)
class Runner:
    """A model on its device, and how many tokens it has been found to hold at once. Threads may share one."""

    model: Any
    device: str
    causal: bool
    autocast: bool
    """Whether arithmetic is bf16 where weights are fp32, as in training."""
    pad: int
    """Token id that fills rows up."""
    budget: Budget
    adapter: str | None = None
    """Name of the adapter to activate; None for a model that has its own already merged."""
    packed: bool = False
    """Rows one after another without padding, in place of sorted batches; for causal models."""
    together: bool = False
    """Whether other processes hold parts of the weights and compute each batch too: then none can be halved."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held for a batch: versions that share a base differ in which adapter is active."""

    def length(self, row: Sequence[int]) -> int:
        """Tokens that a row takes on the device."""
        return len(row)

    def logits(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Logits [n, 6] of token ids. Raises ModelUnavailable where memory does not suffice or the device is gone."""
        try:
            return run_batches(
                [self.length(row) for row in rows],
                lambda batch: self._compute([rows[i] for i in batch]),
                budget=self.budget,
                columns=len(LABELS),
                too_big=self._too_big,
                plan=plan_packed if self.packed else plan_batches,
            )
        except DoesNotFit as error:
            raise ModelUnavailable(
                f"A comment of {error.tokens} tokens does not fit into the memory of {self.device}, even alone. Free "
                "memory there, or promote a smaller model. Comments wait meanwhile."
            ) from error
        except RuntimeError as error:
            if self.device == "cpu":
                raise
            raise ModelUnavailable(
                f"The device {self.device} does not answer ({type(error).__name__}). Look at it (nvidia-smi), then "
                "restart the worker. Comments wait meanwhile."
            ) from error

    def _compute(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        # FSDP gathers weights into tensors that training uses again, which those of inference mode cannot be
        with self.lock, torch.no_grad() if self.together else torch.inference_mode():
            if self.adapter and self.model.active_adapter != self.adapter:
                self.model.set_adapter(self.adapter, inference_mode=True)
            if self.model.training:
                self.model.eval()
            return np.asarray(self._forward(rows).cpu().numpy(), np.float32)

    def _forward(self, rows: Sequence[Sequence[int]]) -> "torch.Tensor":
        import torch

        made = join_rows(rows) if self.packed else pad_right(rows, self.pad)
        tensors = [torch.from_numpy(array).to(self.device) for array in made]
        if self.packed:
            return packed_logits(self.model, *tensors, autocast=self.autocast)
        return six_logits(self.model, *tensors, causal=self.causal, autocast=self.autocast)

    def _too_big(self, error: BaseException) -> bool:
        known = is_out_of_memory(error)
        if known and self.together:
            raise ModelUnavailable(
                f"A batch does not fit into the memory of {self.device}, and with base.sharded none can be halved. "
                "Lower serve.batch_tokens."
            ) from error
        if known:
            empty_cache(self.device)
        return known
