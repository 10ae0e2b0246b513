"""Train a transformer: LoRA on a frozen base in 4 bits, 16 or 32, with a six-logit head or answering in words; or a
small base and its head as a whole."""

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, ModelUnavailable
from core.labels import LABELS
from core.scoring.adapters import release
from core.scoring.bases import (
    base_digest,
    check_precision,
    find_base,
    load_base,
    load_language_model,
    read_config,
)
from core.scoring.files import folder_digest
from core.scoring.forward import Runner, pick_device, unwrapped
from core.scoring.fp8 import check_fp8
from core.scoring.manifest import BaseModel, Manifest, write_manifest
from core.scoring.prompt import build_prompt
from core.scoring.slots import SlotRunner
from core.scoring.tokens import TextTokenizer
from core.scoring.transformer import TransformerScorer, build_runner, check_vocabulary, load_tokenizer
from training.adapter import add_adapter, save_trained, trainable
from training.calibration import fit_platt
from training.checkpoint import Checkpoint
from training.config import TrainConfig, check
from training.data import LabelledRows
from training.distributed import Team, join, sharded
from training.evaluate import Metrics, evaluate
from training.fit import Examples, Fit, Fitted, Progress
from training.sft import WordFit
from training.splits import Splits, split_rows
from training.starter import data_hash
from training.starter_files import write_json, written_whole
from training.transformer_card import write_transformer_card
from training.warm_start import put_former, slowed

_RESAMPLES: Final = 200
_GRID: Final = np.linspace(0.01, 0.99, 99)


def main(
    rows: LabelledRows,
    config: TrainConfig,
    out: Path,
    *,
    corrections: LabelledRows | None = None,
    init: Path | None = None,
    progress: Progress | None = None,
) -> Metrics:
    """Train on all rows outside the frozen test part, write the folder `out`, return its metrics on that part.

    With `init`, a former version's folder, its weights are where the training starts, at lower rates, and they are kept
    if no validation finds better ones. Interrupted, it goes on where its last checkpoint stood when called again with
    the same arguments. Raises BadInput that lists every problem of the configuration, ModelUnavailable for a base that
    cannot be had.

    Under torchrun every process calls it, and one writes and reports (docs/models.md, Several GPUs).
    """
    team = join()
    rows, corrections, config, init = team.broadcast((rows, corrections, config, init))
    report = progress if progress and team.is_main else (lambda *_: None)
    device = team.place(pick_device())
    where = team.in_turn(lambda: check_ready(config, device))
    config = slowed(config) if init else config
    splits = split_rows(rows, corrections, config.rows, seed=config.seed)
    with written_whole(out) if team.is_main else _scratch() as draft:
        report("Loading the base", 0.01)
        pad = save_tokenizer(where, draft)
        model = build_model(where, config, device, team, init)
        manifest = describe(where, config, draft, model, pad)
        autocast = config.base.bf16 or config.base.precision != "fp32"
        runner = build_runner(model, manifest, device, draft, autocast=autocast)
        runner.together = config.base.sharded and team.world > 1
        checkpoint = Checkpoint.beside(out, fingerprint(config, splits.train, manifest, init))
        fitted = fit(runner, splits, config, draft, manifest, checkpoint, report, known=init is not None)
        report("Writing", 0.81)
        metrics = None
        if team.is_main:
            save_trained(model, draft, base=manifest.base.name)
        kept = runner if runner.together else None
        del model, runner
        gc.collect()
        if team.is_main or kept:
            metrics = finish(draft, manifest, splits, config, fitted, device, report, kept)
        metrics = team.broadcast(metrics)
    if team.is_main:
        checkpoint.remove()
    report("done", 1.0)
    return cast("Metrics", metrics)


def assist() -> None:
    """What a process of torchrun other than the main one does: train with it, on what it says."""
    main(cast("LabelledRows", None), cast("TrainConfig", None), Path("assisting"))


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for what only the main process's is kept of."""
    with tempfile.TemporaryDirectory(prefix="moderato-") as folder:
        yield Path(folder)


def check_ready(config: TrainConfig, device: str) -> Path:
    """The base's folder; raises BadInput that lists every problem, before anything is loaded."""
    problems, where = [], None
    if config.base.name:
        try:
            where = find_base(config.base.name)
            check_precision(read_config(where), config.base.precision, where, device)
            if config.serve.mode == "fp8":
                check_fp8(device)
            if config.in_words and join().world > 1:
                raise BadInput("head.kind yes_no is trained by one process. Leave torchrun away, or use logits.")
        except (BadInput, ModelUnavailable) as error:
            problems.append(f"base: {error}")
    check(config, problems)
    if where is None:
        raise BadInput("base.name must be a hub id or a folder (--base FOLDER).")
    return where


def save_tokenizer(base: Path, folder: Path) -> int:
    """Copy the base's tokenizer into the folder as tokenizer.json; returns the id that fills rows up.

    The base's own pad token; else the unknown one, which stands in no text; else the end. Raises ModelUnavailable if
    the base has no tokenizer.
    """
    from transformers import AutoTokenizer

    try:
        # a folder on this machine, no download
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)  # nosec B615
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
        tokenizer.save_pretrained(folder)
    except Exception as error:  # the library raises whatever its many readers do
        raise ModelUnavailable(
            f"The base in {base} has no tokenizer that can be read ({type(error).__name__}). Put its tokenizer.json "
            "(or tokenizer.model, with `pip install sentencepiece`) beside its weights."
        ) from error
    if tokenizer.pad_token_id is None:
        raise ModelUnavailable(
            f"The tokenizer in {base} has no token to fill rows up with: neither pad, unk nor eos. Add a pad_token to "
            "its tokenizer_config.json."
        )
    return int(tokenizer.pad_token_id)


def build_model(base: Path, config: TrainConfig, device: str, team: Team, init: Path | None = None) -> Any:
    """The base with a fresh adapter and head, if it gets one, the same ones for the same seed, in every process; with
    `init` those of a former version."""
    if config.base.sharded and team.world > 1:
        held = device if config.base.precision == "nf4" else "cpu"  # bitsandbytes quantises on the device
        model = sharded(lambda: _build(base, config, held, init), team, device)
    else:
        model = _build(base, config, device, init)
    team.share(trainable(model).values())
    return model


def _build(base: Path, config: TrainConfig, device: str, init: Path | None) -> Any:
    import torch

    torch.manual_seed(config.seed)
    load = load_language_model if config.in_words else load_base
    model = load(base, precision=config.base.precision, device=device)
    model = add_adapter(model, config.adapter, checkpointing=config.base.checkpointing)
    if init:
        put_former(model, init)
    return model.to(device) if config.base.precision != "nf4" else model


def describe(where: Path, config: TrainConfig, folder: Path, model: Any, pad: int) -> Manifest:
    """The manifest so far; raises ModelUnavailable if tokenizer and base do not belong together."""
    causal = config.in_words or hasattr(unwrapped(model), "score")
    tokenizer = TextTokenizer.load(folder, max_tokens=config.rows.max_tokens, causal=causal)
    name = str(where.resolve()) if Path(config.base.name).expanduser().is_dir() else config.base.name
    manifest = Manifest(
        base=BaseModel(name, base_digest(where), read_config(where).get("model_type", "")),
        precision=config.base.precision,
        tokenizer=tokenizer.digest,
        pooling="slots" if config.in_words else "last" if causal else "first",
        prompt=build_prompt(tokenizer, folder).to_json() if config.in_words else {},
        max_tokens=config.rows.max_tokens,
        pad_token_id=pad,
        weights="adapter" if config.adapter.rank else "whole",
        serving=config.serve.mode,
        batching=config.serve.batching,
        batch_tokens=config.serve.batch_tokens,
    )
    if manifest.batching == "packed" and not causal:
        raise BadInput(f"serve.batching packed is for causal models, not for {manifest.base.architecture}. Use sorted.")
    check_vocabulary(model, tokenizer, manifest, folder)
    return manifest


def fingerprint(
    config: TrainConfig, train: LabelledRows, manifest: Manifest, init: Path | None = None
) -> dict[str, Any]:
    """What a checkpoint must agree with."""
    values = config.to_json()
    values.pop("serve")
    values["base"].pop("sharded")  # where the weights lie changes no update
    made = {"settings": values, "data": data_hash(train), "base": manifest.base.digest, "tokenizer": manifest.tokenizer}
    return made | {"init": folder_digest(init)} if init else made


def fit(
    runner: Runner,
    splits: Splits,
    config: TrainConfig,
    folder: Path,
    manifest: Manifest,
    checkpoint: Checkpoint,
    report: Progress,
    *,
    known: bool = False,
) -> Fitted:
    """Tokenise and train; the runner's model is left with its best adapter, which may be the one that it has if that is
    `known` to be good."""
    report(f"Reading {len(splits.train):,} rows", 0.03)
    tokenizer = load_tokenizer(folder, manifest)
    train, held = (Examples(tokenizer.encode(part.texts), part) for part in (splits.train, splits.validation))
    if isinstance(runner, SlotRunner):
        made: Fit = WordFit(runner, config, train, held, tokenizer=folder)
    else:
        made = Fit(runner, config, train, held)
    return made.run(checkpoint, lambda step, share: report(step, 0.05 + 0.75 * share), known=known)


def finish(
    folder: Path,
    manifest: Manifest,
    splits: Splits,
    config: TrainConfig,
    fitted: Fitted,
    device: str,
    report: Progress,
    runner: Runner | None = None,
) -> Metrics:
    """Load the folder as it will be served, calibrate, measure on the frozen test part, and write what was found.

    With a runner its model is measured as it is: one that is spread over devices may not fit on one.
    """
    facts = {
        "preset": config.preset,
        "rows": len(splits.train),
        "data_hash": data_hash(splits.train),
        "step": fitted.step,
        "best_step": fitted.best_step,
        "seconds": fitted.seconds,
        "speed": fitted.tokens / max(fitted.seconds, 1e-9),
        "device": device,
    }
    training = {**facts, "config": config.to_json(), "history": fitted.history, "at": time.strftime("%Y-%m-%d")}
    manifest = replace(manifest, training=training)
    write_manifest(folder, manifest)
    if runner:
        tokenizer = TextTokenizer.load(folder, max_tokens=manifest.max_tokens, causal=manifest.causal)
        scorer = TransformerScorer("draft", manifest, tokenizer, runner)
    else:
        scorer = TransformerScorer.load(folder, name="draft", threads=_threads(), device=device)
    report("Calibrating", 0.83)
    held, logits = splits.calibration, scorer.logits(splits.calibration.texts)
    platt = fit_platt(logits, held.labels, held.weights)
    scorer.manifest = replace(manifest, calibration=platt.tolist())
    thresholds = best_thresholds(scorer.score(held.texts), held.labels, held.weights)
    scorer.manifest = replace(scorer.manifest, thresholds=thresholds)
    write_manifest(folder, scorer.manifest)
    report("Measuring", 0.88)
    test = splits.test
    metrics = evaluate(scorer.score(test.texts), test.labels, test.weights, resamples=_RESAMPLES if len(test) else 0)
    write_json(folder / "metrics.json", metrics.to_json())
    write_transformer_card(folder, scorer.manifest, metrics, facts)
    del scorer
    release()
    return metrics


def best_thresholds(
    scores: NDArray[np.float32], labels: NDArray[np.float32], weights: NDArray[np.float32]
) -> list[float]:
    """Per label the probability, in hundredths, at which weighted F1 is highest; 0.5 for a label without positives."""
    return [_best(scores[:, j], labels[:, j], weights) for j in range(len(LABELS))]


def _best(scores: NDArray[np.float32], truth: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    flagged = scores[:, None] >= _GRID
    hits = (weights * truth) @ flagged
    f1 = 2 * hits / np.maximum(weights @ flagged + (weights * truth).sum(), 1e-12)
    return float(_GRID[int(f1.argmax())]) if hits.any() else 0.5


def _threads() -> int:
    import torch

    return torch.get_num_threads()
