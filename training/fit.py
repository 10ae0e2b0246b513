"""The optimiser's way through the rows: updates, validation with early stopping, checkpoints."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.readings import Reading
from core.scoring.batching import Budget, DoesNotFit, pad_right
from core.scoring.forward import Runner, empty_cache, is_out_of_memory, six_logits
from training.adapter import build_optimizer, copy_state, put_state, trainable
from training.checkpoint import Checkpoint
from training.config import TrainConfig
from training.data import LabelledRows
from training.distributed import deal, join
from training.evaluate import evaluate
from training.instruments import peak_memory
from training.losses import positive_weights, row_weights, six_losses
from training.sampling import importance, plan_training

Progress = Callable[[str | Reading, float], None]
_FLOOR: Final = 0.1
"""The learning rates end at this part of their highest."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows and their token ids."""

    tokens: list[list[int]]
    rows: LabelledRows


@dataclass(slots=True)
class Fitted:
    """What a training found."""

    step: int = 0
    """Updates made."""
    best_step: int = 0
    """After how many the kept adapter stood."""
    best_auc: float | None = None
    """Weighted mean AUC on the validation rows then; None where they lack a class."""
    stale: int = 0
    """Validations since."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One entry a validation."""
    tokens: int = 0
    """Real tokens that updates were computed from."""
    seconds: float = 0.0
    """Time that updates took."""


class Fit:
    """One training. `runner.model` is trained in place."""

    def __init__(self, runner: Runner, config: TrainConfig, train: Examples, held: Examples) -> None:
        self._runner, self._config, self._train, self._held = runner, config, train, held
        self._team = join()
        self._optimizer = build_optimizer(runner.model, config.steps)
        self._budget = Budget(config.steps.batch_tokens)
        self._fitted = Fitted()
        self._best = copy_state(runner.model)
        self._lengths = [runner.length(row) for row in train.tokens]
        self._mass = row_weights(train.rows.weights, config.loss)
        drawn = importance(train.rows.labels, config.rows.balance) * self._mass
        self._positive = positive_weights(train.rows.labels, drawn, config.loss)

    def run(self, checkpoint: Checkpoint, progress: Progress, *, known: bool = False) -> Fitted:
        """Train to the end or until validation no longer improves; the model is left with its best adapter.

        With `known` the adapter that it has stands among those, by a validation before the first update. Goes on from
        the checkpoint, if there is one, as if it had never stopped.
        """
        steps = self._plan()
        resumed = self._team.broadcast(checkpoint.load() if self._team.is_main else None)
        if resumed:
            self._restore(resumed)
        elif known:
            self._is_stale(math.nan)
        self._team.diverge(self._config.seed + self._fitted.step)
        for number in range(self._fitted.step, len(steps)):
            rows, ends_epoch = steps[number]
            loss = self._step(rows, number / len(steps))
            every = self._config.steps
            stale = (ends_epoch or self._fitted.step % every.evaluate_every == 0) and self._is_stale(loss)
            progress(self._read_off(loss, len(steps)), self._fitted.step / len(steps))
            if stale:
                break
            if self._fitted.step % every.checkpoint_every == 0 and self._team.is_main:
                checkpoint.save(self._state())
        put_state(self._runner.model, self._best)
        return self._fitted

    def _plan(self) -> list[tuple[list[int], bool]]:
        config = self._config
        plan = plan_training(
            self._train.rows.labels,
            self._lengths,
            balance=config.rows.balance,
            epochs=config.steps.epochs,
            tokens=config.steps.step_tokens,
            seed=config.seed,
        )
        return [(rows, rows is epoch[-1]) for epoch in plan for rows in epoch]

    def _step(self, rows: list[int], share: float) -> float:
        """One update; returns the loss. A part that does not fit is halved and the update computed anew."""
        import torch

        began = time.monotonic()
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * rate_at(share, self._config.steps.warmup)
        self._runner.model.train()
        loss = self._gradients(rows)
        while loss is None:
            loss = self._gradients(rows)
        if not math.isfinite(loss):
            raise BadInput(
                f"The loss is not a finite number at step {self._fitted.step + 1}. Lower steps.adapter_rate and "
                "steps.head_rate in the preset, then train again."
            )
        weights = list(trainable(self._runner.model).values())
        torch.nn.utils.clip_grad_norm_(weights, self._config.steps.clip)
        self._optimizer.step()
        self._fitted.step += 1
        self._fitted.tokens += sum(self._lengths[row] for row in rows)
        self._fitted.seconds += time.monotonic() - began
        return loss

    def _gradients(self, rows: list[int]) -> float | None:
        """Gradients of a step's mean loss, part by part; None if a part did not fit and the budget shrank."""
        self._optimizer.zero_grad(set_to_none=True)
        total, mass, tokens = 0.0, float(self._mass[rows].sum()), self._budget.tokens
        for batch, counts in deal(rows, self._lengths, tokens, self._team):
            failed = False
            try:
                total += self._backward(batch, mass, counts)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                failed = True
            if failed:  # outside the except: there the traceback still holds the batch's memory
                self._shrink(batch)
                break
        self._budget.tokens = self._team.agree(self._budget.tokens)
        if self._budget.tokens < tokens:
            return None
        self._team.sum_gradients(trainable(self._runner.model).values())
        return self._team.total(total)

    def _backward(self, batch: list[int], mass: float, counts: float) -> float:
        import torch

        runner = self._runner
        ids, lengths = pad_right([self._train.tokens[row] for row in batch], runner.pad)
        arrays: list[NDArray[Any]] = [ids, lengths, self._train.rows.labels[batch], self._mass[batch], self._positive]
        tensors = [torch.from_numpy(array).to(runner.device) for array in arrays]
        logits = six_logits(runner.model, *tensors[:2], causal=runner.causal, autocast=runner.autocast)
        losses = six_losses(logits, tensors[2], tensors[4], self._config.loss)
        loss = (losses * tensors[3]).sum() / mass * counts
        loss.backward()
        return float(loss.detach())

    def _shrink(self, batch: list[int]) -> None:
        longest = max(self._lengths[row] for row in batch)
        if self._runner.together:  # the others are in the midst of it
            raise BadInput(
                f"A batch does not fit into the memory of {self._runner.device}, and with base.sharded none can be "
                "halved. Lower steps.batch_tokens, or set base.checkpointing = true."
            )
        try:
            self._budget.shrink(len(batch), longest)
        except DoesNotFit as error:
            raise BadInput(
                f"One comment of {longest} tokens does not fit into the memory of {self._runner.device} in training. "
                "Set base.checkpointing = true, lower rows.max_tokens, or use a smaller base."
            ) from error
        empty_cache(self._runner.device)

    def _is_stale(self, loss: float) -> bool:
        """Validate, keep the adapter if it is the best so far; whether patience is at its end."""
        fitted, takes_part = self._fitted, self._team.is_main or self._runner.together
        auc = self._team.broadcast(self.validate() if takes_part else None)
        if auc is None or fitted.best_auc is None or auc > fitted.best_auc:
            self._best = copy_state(self._runner.model)
            fitted.best_auc, fitted.best_step, fitted.stale = auc, fitted.step, 0
        else:
            fitted.stale += 1
        fitted.history.append({"step": fitted.step, "loss": None if math.isnan(loss) else loss, "auc": auc})
        return fitted.stale >= self._config.steps.patience

    def validate(self) -> float | None:
        """Weighted mean AUC of the model as it is on the held-out rows; None where they lack a class."""
        if not len(self._held.rows):
            return None
        logits = self._runner.logits(self._held.tokens)
        if not np.isfinite(logits).all():
            raise BadInput("The model's logits are not finite. Lower the learning rates in the preset.")
        return evaluate(logits, self._held.rows.labels, self._held.rows.weights).mean_auc

    def _read_off(self, loss: float, steps: int) -> Reading:
        done = self._fitted
        return Reading(
            step=done.step,
            steps=steps,
            loss=loss,
            rate=self._optimizer.param_groups[0]["lr"],
            tokens_per_second=done.tokens / max(done.seconds, 1e-9),
            memory_bytes=peak_memory(self._runner.device),
            seconds_left=(steps - done.step) * done.seconds / max(done.step, 1),
            auc=done.history[-1]["auc"] if done.history else None,
        )

    def _state(self) -> dict[str, Any]:
        import torch

        fitted, device = self._fitted, self._runner.device
        return {
            "model": copy_state(self._runner.model),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "fitted": {name: getattr(fitted, name) for name in Fitted.__dataclass_fields__},
            "batch_tokens": self._budget.tokens,
            "random": torch.get_rng_state(),
            "device_random": None if device == "cpu" else torch.get_device_module(device).get_rng_state(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        put_state(self._runner.model, state["model"])
        self._best = state["best"]
        self._optimizer.load_state_dict(state["optimizer"])
        self._fitted = Fitted(**state["fitted"])
        self._budget = Budget(state["batch_tokens"])
        self.put_random(state)

    def put_random(self, state: dict[str, Any]) -> None:
        """Let random numbers go on where a checkpoint's did."""
        import torch

        torch.set_rng_state(state["random"])
        if state.get("device_random") is not None and self._runner.device != "cpu":
            torch.get_device_module(self._runner.device).set_rng_state(state["device_random"])


def rate_at(share: float, warmup: float) -> float:
    """Learning rate at a share of the steps, over its highest: a line up, then a cosine down."""
    if share < warmup:
        return max(share / warmup, 0.01)
    done = (share - warmup) / max(1 - warmup, 1e-9)
    return _FLOOR + (1 - _FLOOR) * (1 + math.cos(math.pi * done)) / 2
