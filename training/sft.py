"""SFT: the base learns to answer the six fixed questions, on the head's rows, draws, rates and validations."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BadInput
from core.scoring.forward import is_out_of_memory
from core.scoring.slots import SlotRunner
from training.adapter import put_state
from training.checkpoint import Checkpoint
from training.config import TrainConfig
from training.fit import Examples, Fit, Fitted, Progress, rate_at
from training.sampling import plan_training


@dataclass(slots=True)
class _Way:
    """Where a training is going, and whom it tells."""

    batches: list[list[int]]
    """Row numbers of each, of all updates."""
    epoch_ends: set[int]
    """After which updates an epoch ends."""
    updates: int
    """How many there are."""
    checkpoint: Checkpoint
    progress: Progress
    random: dict[str, Any] = field(default_factory=dict)
    """A checkpoint, which holds the state of the random numbers."""


class WordFit(Fit):
    """One SFT training. The updates are TRL's; what surrounds them is `Fit`'s, so that the two can be compared."""

    def __init__(
        self, runner: SlotRunner, config: TrainConfig, train: Examples, held: Examples, *, tokenizer: Path
    ) -> None:
        super().__init__(runner, config, train, held)
        self.prompted = runner
        self._tokenizer = tokenizer
        opening = len(runner.prompt.opening) if runner.cached else 0
        self._lengths = [length + opening for length in self._lengths]  # in training nothing is cached
        self._began = 0.0

    @property
    def parts(self) -> int:
        """Batches of one update."""
        return math.ceil(self._config.steps.step_tokens / self._config.steps.batch_tokens)

    def run(self, checkpoint: Checkpoint, progress: Progress, *, known: bool = False) -> Fitted:
        """Train as `Fit.run` does. With 0 epochs the adapter stays as it was made, which is without any effect.

        Raises BadInput where a batch does not fit into memory: here it is not halved.
        """
        way = self._plan_way(checkpoint, progress)
        if resumed := checkpoint.load():
            self._restore(resumed)
            way.random = resumed
        elif known:
            self._is_stale(math.nan)
        if self._fitted.step < way.updates:
            self._learn(way)
        put_state(self._runner.model, self._best)
        self.prompted.forget()
        return self._fitted

    def _plan_way(self, checkpoint: Checkpoint, progress: Progress) -> _Way:
        config, rows = self._config, self._train.rows
        plan = plan_training(
            rows.labels,
            self._lengths,
            balance=config.rows.balance,
            epochs=config.steps.epochs,
            tokens=config.steps.batch_tokens,
            seed=config.seed,
        )
        batches = [batch for epoch in plan for batch in epoch]
        ends = {math.ceil(int(end) / self.parts) for end in np.cumsum([len(epoch) for epoch in plan])}
        return _Way(batches, ends, math.ceil(len(batches) / self.parts), checkpoint, progress)

    def _learn(self, way: _Way) -> None:
        import torch

        from training.sft_trainer import AnswerRows, Plan, train_answers

        prompt, pad = self.prompted.prompt, self._runner.pad
        rows = AnswerRows.build(self._train, self._mass, self._positive, prompt, pad)
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"]  # a checkpoint holds the one that it stood at
            group.pop("initial_lr", None)
        start, warmup = self._fitted.step, self._config.steps.warmup
        schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda done: rate_at((start + done) / way.updates, warmup)
        )
        plan = Plan(
            way.batches[start * self.parts :],
            self.parts,
            begin=lambda: self._begin(way),
            after=lambda loss: self._after(loss, way),
        )
        try:
            train_answers(self.prompted, rows, plan, self._config, (self._optimizer, schedule), self._tokenizer)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise BadInput(
                f"A batch of {self._config.steps.batch_tokens} tokens does not fit into the memory of "
                f"{self._runner.device} in training. Lower steps.batch_tokens, or set base.checkpointing = true."
            ) from error

    def _begin(self, way: _Way) -> None:
        """Before the first update: the trainer has seeded the random numbers anew by now."""
        if way.random:
            self.put_random(way.random)
        self._began = time.monotonic()

    def _after(self, loss: float, way: _Way) -> bool:
        """After an update: tell, validate, keep; whether to stop."""
        fitted, every, stale = self._fitted, self._config.steps, False
        taken = way.batches[fitted.step * self.parts : (fitted.step + 1) * self.parts]
        fitted.step += 1
        fitted.tokens += sum(self._lengths[row] for batch in taken for row in batch)
        fitted.seconds += time.monotonic() - self._began
        if fitted.step in way.epoch_ends or fitted.step % every.evaluate_every == 0:
            self.prompted.forget()  # its weights have changed
            stale = self._is_stale(loss)
        way.progress(self._read_off(loss, way.updates), fitted.step / way.updates)
        if not stale and fitted.step % every.checkpoint_every == 0:
            way.checkpoint.save(self._state())
        self._began = time.monotonic()
        return stale
