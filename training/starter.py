"""Train, retrain and write the starter model."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.labels import LABELS
from core.scoring.linear import Linear
from core.scoring.logits import NEUTRAL, logit
from core.scoring.ngrams import Buckets
from core.scoring.normalize import normalize
from core.scoring.starter import StarterScorer
from core.scoring.starter_files import CONFIG, FORMAT, VERSION
from core.text import fold_of
from training.calibration import fit_platt
from training.data import CORRECTION_FACTOR, LabelledRows, make_rows
from training.evaluate import Metrics, evaluate
from training.linear import LinearConfig, fit_linear
from training.net import NetConfig, TrainedNet, fit_net
from training.starter_card import write_card
from training.starter_files import copy_net, write_json, write_linear, write_net, written_whole

Progress = Callable[[str, float], None]
_CALIBRATION_FOLDS: Final = 12
_FEWEST_CALIBRATION_ROWS: Final = 300
NO_ROWS: Final = make_rows([], np.zeros((0, len(LABELS)), np.float32))
"""For a training without base rows, or without corrections."""


@dataclass(frozen=True, slots=True)
class StarterConfig:
    """How a starter is trained."""

    linear: LinearConfig = field(default_factory=LinearConfig)
    """The linear half."""
    net: NetConfig | None = field(default_factory=NetConfig)
    """The net; None for a starter that is linear only. With a warm start the old net is kept as it is."""
    net_share: tuple[float, ...] = (0.45, 0.5, 0.55, 0.12, 0.5, 0.12)
    """How much of each label's blended logit is the net's, 0 to 1: little where positives are few."""
    correction_factor: float = CORRECTION_FACTOR
    """How much more a correction counts than a base row."""
    enough_rows: int = 20_000
    """With `init`: from so many base rows on all is trained anew; with fewer the old model is moved a little."""
    resamples: int = 200
    """Bootstrap resamples for the intervals of the metrics."""
    seed: int = 0
    """Seed of everything random."""


def train_starter(
    rows: LabelledRows,
    config: StarterConfig,
    out: Path,
    *,
    corrections: LabelledRows | None = None,
    init: Path | None = None,
    progress: Progress | None = None,
) -> Metrics:
    """Train on all rows outside the frozen test part, write the folder `out`, return its metrics on that part.

    `init` is a starter folder to start from. With few or no base rows its net and calibration are kept and its weights
    are the prior mean of the new ones, so that a handful of corrections teaches without making it forget; with
    `enough_rows` all is trained anew. Raises BadInput if there is nothing to train on, ModelUnavailable if `init`
    cannot be read.
    """
    report = progress or (lambda *_: None)
    test = rows.take(rows.frozen_test())
    base, taught = (part.take(~part.frozen_test()) for part in (rows, corrections or NO_ROWS))
    _check(base, taught, init)
    with written_whole(out) as draft:
        fit_folder(draft, base, config, corrections=taught, init=init, progress=report)
        metrics = _measure(draft, test, config.resamples)
        report("write", 0.9)
        write_json(draft / "metrics.json", metrics.to_json())
        write_card(draft, metrics)
    report("done", 1.0)
    return metrics


def _check(base: LabelledRows, corrections: LabelledRows, init: Path | None) -> None:
    if not len(base) + len(corrections):
        raise BadInput("There are no rows to train on outside the frozen test part. Give more rows or corrections.")
    labels = np.concatenate([base.labels, corrections.labels]).T
    single = [name for name, column in zip(LABELS, labels, strict=True) if column.min() == column.max()]
    if single and init is None:
        raise BadInput(f"All rows agree on {', '.join(single)}. Add rows of both kinds, or start from a trained model.")


def fit_folder(
    folder: Path,
    base: LabelledRows,
    config: StarterConfig,
    *,
    corrections: LabelledRows = NO_ROWS,
    init: Path | None = None,
    progress: Progress = lambda *_: None,
) -> None:
    """Fit, calibrate and write a folder, all but its metrics and card.

    Takes no test rows away: `train_starter` keeps the frozen test part out, cross-validation its own fold.
    """
    if init and len(base) < config.enough_rows:
        _move(folder, base.plus(corrections, factor=config.correction_factor), config, init, progress)
        return
    held_back = np.array([fold_of(digest, _CALIBRATION_FOLDS) == 0 for digest in base.hashes], np.bool_)
    few = held_back.sum() < _FEWEST_CALIBRATION_ROWS
    train = base if few else base.take(~held_back)
    train = train.plus(corrections, factor=config.correction_factor)
    linear, net = _fit_halves(train, config, progress)
    write_linear(folder, linear)
    if net:
        write_net(folder, net)
    seen = base.plus(corrections, factor=config.correction_factor)
    share = list(config.net_share) if net else None
    _write_config(folder, seen, config, share=share)
    calibration = _calibrate(folder, base if few else base.take(held_back)) if len(base) else NEUTRAL
    _write_config(folder, seen, config, share=share, calibration=calibration)


def _move(folder: Path, rows: LabelledRows, config: StarterConfig, init: Path, progress: Progress) -> None:
    """The old model's net and calibration, and its linear half moved as far as the rows make it."""
    old = StarterScorer.load(init, name="init").folder
    texts = [normalize(text) for text in rows.texts]
    linear = fit_linear(texts, rows.labels, rows.weights, config.linear, prior=old.linear, progress=progress)
    write_linear(folder, linear)
    copy_net(folder, init)
    share = old.share.tolist() if old.vocabulary else None
    _write_config(folder, rows, config, share=share, calibration=old.calibration, buckets=old.linear.buckets)


def _fit_halves(rows: LabelledRows, config: StarterConfig, progress: Progress) -> tuple[Linear, TrainedNet | None]:
    """Both halves side by side, on a core each: they take about as long."""
    texts = [normalize(text) for text in rows.texts]
    with ThreadPoolExecutor(1) as beside:
        net = (
            beside.submit(fit_net, texts, rows.labels, rows.weights, config.net, progress=progress)
            if config.net
            else None
        )
        linear = fit_linear(texts, rows.labels, rows.weights, config.linear, progress=progress)
        return linear, net.result() if net else None


def _write_config(
    folder: Path,
    rows: LabelledRows,
    config: StarterConfig,
    *,
    share: list[float] | None,
    calibration: NDArray[np.float32] = NEUTRAL,
    buckets: Buckets | None = None,
) -> None:
    values: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "labels": list(LABELS),
        "buckets": asdict(buckets or config.linear.buckets),
        "net": {"share": share} if share else None,
        "calibration": calibration.tolist(),
        "rows": len(rows),
        "data_hash": data_hash(rows),
        "seed": config.seed,
    }
    write_json(folder / CONFIG, values)


def _calibrate(folder: Path, rows: LabelledRows) -> NDArray[np.float32]:
    scores = StarterScorer.load(folder, name="draft").score(rows.texts)
    return fit_platt(logit(scores), rows.labels, rows.weights)


def _measure(folder: Path, test: LabelledRows, resamples: int) -> Metrics:
    scores = StarterScorer.load(folder, name="draft").score(test.texts)
    return evaluate(scores, test.labels, test.weights, resamples=resamples)


def data_hash(rows: LabelledRows) -> str:
    """BLAKE2b, 32 hex digits, of contents and labels in the order of contents."""
    lines = sorted(f"{h} {''.join(str(int(v)) for v in y)}" for h, y in zip(rows.hashes, rows.labels, strict=True))
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
