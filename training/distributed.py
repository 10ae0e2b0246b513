"""Processes that train one model together, one a device, as torchrun starts them. A process alone is a team of one."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from core.errors import BadInput
from core.scoring.batching import plan_batches
from core.scoring.forward import unwrapped

if TYPE_CHECKING:
    import torch

Value = TypeVar("Value")

_LAUNCHED: Final = "TORCHELASTIC_RUN_ID"
"""Set by torchrun alone. WORLD_SIZE is not proof: batch systems set it for other reasons."""
_PATIENCE: Final = timedelta(days=1)
"""The others wait while the main process validates and calibrates. If one dies, torchrun ends them all."""


@dataclass(frozen=True, slots=True)
class Team:
    """This process among those that train with it. Every method is a meeting: all processes must come to it."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    """Number of the process on its machine, and of its device there."""

    @property
    def is_main(self) -> bool:
        """Whether it is the one that validates, writes, registers and speaks."""
        return self.rank == 0

    def place(self, device: str) -> str:
        """This process's own device of that kind, as `cuda:1`."""
        return device if self.world == 1 or device == "cpu" else f"{device}:{self.local_rank}"

    def sum_gradients(self, weights: Iterable["torch.nn.Parameter"]) -> None:
        """Leave the sum over all processes in each weight's gradient; none counts as zero."""
        if self.world == 1:
            return
        import torch

        given = list(weights)
        parts = [torch.zeros_like(w) if w.grad is None else w.grad for w in given]
        flat = torch.cat([part.reshape(-1) for part in parts])  # one message in place of hundreds
        torch.distributed.all_reduce(flat)
        for weight, total in zip(given, flat.split([part.numel() for part in parts]), strict=True):
            weight.grad = total.view_as(weight)

    def agree(self, number: int) -> int:
        """The least of the processes' numbers: what all of them can do."""
        return min(self._gather(number))

    def total(self, number: float) -> float:
        """The sum of the processes' numbers."""
        return sum(self._gather(number))

    def broadcast(self, value: Value) -> Value:
        """The main process's value."""
        if self.world == 1:
            return value
        import torch

        box = [value]
        torch.distributed.broadcast_object_list(box, src=0)
        return box[0]

    def share(self, weights: Iterable["torch.nn.Parameter"]) -> None:
        """Give every process the main one's weights."""
        if self.world == 1:
            return
        import torch

        for weight in weights:
            torch.distributed.broadcast(weight.data, src=0)

    def in_turn(self, work: Callable[[], Value]) -> Value:
        """`work` in one process after the other: it downloads, or takes memory that all at once do not have."""
        results = [work() if turn == self.rank else None for turn in map(self._wait, range(self.world))]
        self._wait(0)
        return results[self.rank]  # type: ignore[return-value]

    def diverge(self, seed: int) -> None:
        """Let dropout differ from process to process. The main one goes on as it would alone."""
        if self.rank:
            import torch

            torch.manual_seed(seed + 1_000_003 * self.rank)

    def _gather(self, value: Any) -> list[Any]:
        if self.world == 1:
            return [value]
        import torch

        found: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(found, value)
        return found

    def _wait(self, turn: int) -> int:
        self._gather(None)
        return turn


def launched() -> bool:
    """Whether torchrun started this process as one of several."""
    return _LAUNCHED in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


@cache
def join() -> Team:
    """This process's team. Under torchrun the first call meets the others: gradients go by NCCL between NVIDIA's GPUs
    (XCCL between Intel's), all else by Gloo. Raises BadInput where there are more processes than devices."""
    if not launched():
        return Team()
    import torch

    team = Team(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
    if torch.accelerator.is_available():
        if team.local_rank >= (devices := torch.accelerator.device_count()):
            raise BadInput(f"This machine has {devices} devices. Give torchrun --nproc-per-node {devices}.")
        torch.accelerator.set_device_index(team.local_rank)
    torch.distributed.init_process_group(timeout=_PATIENCE)
    return team


def leave() -> None:
    """Part from the others, once all is done."""
    if launched():
        import torch

        torch.distributed.destroy_process_group()
        join.cache_clear()


def deal(rows: Sequence[int], lengths: Sequence[int], tokens: int, team: Team) -> list[tuple[list[int], float]]:
    """This process's batches of a step's rows, each of at most `tokens` with padding, and what they count: 1 or 0.

    Rows of like length go to every process. All get equally many batches, as sharded weights need: one that has fewer
    repeats a short row that counts nothing.
    """
    order = sorted(rows, key=lambda row: -lengths[row])
    hands = [order[rank :: team.world] for rank in range(team.world)]
    plans = [plan_batches([lengths[row] for row in hand], tokens) for hand in hands]
    mine = [([hands[team.rank][i] for i in batch], 1.0) for batch in plans[team.rank]]
    return mine + [(order[-1:], 0.0)] * (max(map(len, plans)) - len(mine))


def sharded(load: Callable[[], Any], team: Team, device: str) -> Any:
    """The model that `load` gives, spread over the processes' devices.

    One process after the other loads it, so that the machine's memory holds it whole only once.
    """
    from torch.distributed.device_mesh import init_device_mesh

    mesh = init_device_mesh(device.partition(":")[0], (team.world,))

    return team.in_turn(lambda: _shard(load(), mesh, device))


def _shard(model: Any, mesh: Any, device: str) -> Any:
    """Spread the frozen weights over the processes' devices, in place (FSDP2: Zhao et al., VLDB 2023, per parameter).

    Each layer's are gathered while it computes. What is trained stays whole on each device: it is small, and so its
    gradients, its optimiser and its files are those of a model that is not sharded.
    """
    from torch import nn
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import DTensor

    base = unwrapped(model).base_model  # training and scoring call this one, so the hooks must be on it
    kept = {weight for weight in model.parameters() if weight.requires_grad}
    stacks = [module for module in base.modules() if isinstance(module, nn.ModuleList)]
    layers = max(stacks, key=lambda stack: sum(weight.numel() for weight in stack.parameters()))
    for part in (*layers, base):
        # each time anew: left whole after scoring, by one process and not by another, the next meeting would fail
        fully_shard(part, mesh=mesh, ignored_params=kept, reshard_after_forward=True)
    for tensor in (*model.parameters(), *model.buffers()):
        if not isinstance(tensor, DTensor):
            tensor.data = tensor.data.to(device)
    return model
