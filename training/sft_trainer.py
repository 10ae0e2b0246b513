"""TRL's SFTTrainer on rows of a comment and six questions. Importing TRL takes seconds: import this where it trains."""

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch.utils.data import DataLoader
from transformers import AutoTokenizer, PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from core.errors import BadInput
from core.scoring.forward import unwrapped
from core.scoring.prompt import Prompt, lay_out
from core.scoring.slots import SlotRunner, slot_states
from training.adapter import trainable
from training.config import TrainConfig
from training.fit import Examples


@dataclass(frozen=True, slots=True)
class AnswerRows:
    """Comments as the trainer reads them, and how a batch of them is laid out: just as it is scored."""

    rows: Dataset
    """input_ids: the comment's. labels: the answer's token at each slot. weights: of each answer. mass: of the row."""
    prompt: Prompt
    pad: int

    @classmethod
    def build(
        cls,
        train: Examples,
        mass: NDArray[np.float32],
        positive: NDArray[np.float32],
        prompt: Prompt,
        pad: int,
    ) -> "AnswerRows":
        """Rows of `mass` [n], and what a yes weighs for each label, `positive` [6]."""
        yes = train.rows.labels > 0
        weights = mass[:, None] * np.where(yes, positive, np.float32(1))
        columns = {
            "input_ids": train.tokens,
            "labels": np.where(yes, prompt.yes, prompt.no).tolist(),
            "weights": weights.tolist(),
            "mass": mass.tolist(),
        }
        return cls(Dataset.from_dict(columns), prompt, pad)

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch."""
        layout = lay_out(self.prompt, [row["input_ids"] for row in rows], pad=self.pad, opened=False)
        parts = {name: torch.tensor([row[name] for row in rows]) for name in ("labels", "weights", "mass")}
        return {"input_ids": torch.from_numpy(layout.ids), "layout": layout, **parts}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rows come when, and who is asked in between."""

    batches: list[list[int]]
    parts: int
    """Batches of one update."""
    begin: Callable[[], None]
    after: Callable[[float], bool]
    """Called with each update's loss; whether to stop."""


class AnswerTrainer(SFTTrainer):
    """SFTTrainer with our order of rows, and a loss on the slots: the answer is no token of the row, so that a
    question's answer cannot be read by another."""

    loss_is_scaled_for_ga = True  # type: ignore[assignment]

    def __init__(self, runner: SlotRunner, rows: AnswerRows, plan: Plan, **options: Any) -> None:
        self.runner, self.rows, self.plan = runner, rows, plan
        self.loss_of_update = 0.0
        super().__init__(model=runner.model, train_dataset=rows.rows, data_collator=rows.collate, **options)

    def _send_telemetry(self) -> None:
        """Nothing: TRL would report each training to its makers."""

    def get_train_dataloader(self) -> "DataLoader[Any]":
        """Batches in the plan's order, without a draw from the random numbers that dropout uses."""
        return DataLoader(
            self.rows.rows,
            batch_sampler=self.plan.batches,
            collate_fn=self.rows.collate,
            generator=torch.Generator(),
        )

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """The batches of an update, and the mass of all their rows, which its loss is divided by."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        self.loss_of_update = 0.0
        return batches, sum(float(batch["mass"].sum()) for batch in batches)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: ARG002 - the trainer asks for none in training
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Cross-entropy of each answer over the whole vocabulary, weighted, the mean of six labels and of the rows."""
        runner = self.runner
        states = slot_states(model, inputs["layout"], device=runner.device, autocast=runner.autocast)
        losses = answer_losses(model, states, inputs["labels"], autocast=runner.autocast)
        loss = (losses * inputs["weights"]).mean(1).sum() / num_items_in_batch
        value = float(loss.detach())
        if not math.isfinite(value):
            raise BadInput(
                f"The loss is not a finite number at step {self.state.global_step + 1}. Lower steps.adapter_rate in "
                "the preset, then train again."
            )
        self.loss_of_update += value
        return loss


def answer_losses(model: Any, states: torch.Tensor, answers: torch.Tensor, *, autocast: bool) -> torch.Tensor:
    """[n, 6], of states [n, 6, hidden] at the slots and the answers' tokens [n, 6]."""
    with torch.autocast(states.device.type, torch.bfloat16, enabled=autocast):
        logits = unwrapped(model).get_output_embeddings()(states).float()
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), answers.flatten(), reduction="none")
    return losses.view(answers.shape)


class _Between(TrainerCallback):
    """Hands over to the plan before the first update and after each."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.trainer: AnswerTrainer | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - TRL's signature
        self.plan.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - TRL's signature
        if self.trainer and self.plan.after(self.trainer.loss_of_update):
            control.should_training_stop = True


def train_answers(
    runner: SlotRunner,
    rows: AnswerRows,
    plan: Plan,
    config: TrainConfig,
    optimizers: tuple[Any, Any],
    tokenizer: Path,
) -> None:
    """Train the runner's model through the plan. Nothing is written, sent or saved by the trainer itself."""
    between = _Between(plan)
    with tempfile.TemporaryDirectory() as unused:
        args = _arguments(config, plan, runner.device, unused)
        if hasattr(plain := unwrapped(runner.model), "hf_device_map"):
            plain.hf_device_map = {"": args.device}  # "cuda" without its number is another device to accelerate
        trainer = AnswerTrainer(
            runner,
            rows,
            plan,
            args=args,
            optimizers=optimizers,
            callbacks=[between],
            processing_class=AutoTokenizer.from_pretrained(tokenizer, local_files_only=True, trust_remote_code=False),  # nosec B615 # a folder on this machine, no download
        )
        between.trainer = trainer
        trainer.remove_callback(PrinterCallback)
        for weight in trainable(runner.model).values():
            weight.data = weight.data.float()  # TRL rounds the adapter of a base in 4 bits to bf16
        trainer.train()


def _arguments(config: TrainConfig, plan: Plan, device: str, folder: str) -> SFTConfig:
    """bf16 and checkpointing are off here, since the runner and the model see to them themselves."""
    args = SFTConfig(
        output_dir=folder,
        num_train_epochs=1,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=plan.parts,
        max_grad_norm=config.steps.clip,
        seed=config.seed,
        bf16=False,
        gradient_checkpointing=False,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        report_to="none",
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=device == "cpu",
    )
    args._n_gpu = min(args.n_gpu, 1)  # of several cards one trains, as everywhere here
    return args
