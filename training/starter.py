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
from core.scoring.normalize import normalize
from core.scoring.starter import StarterScorer
from core.scoring.starter_files import CONFIG, FORMAT, NET, VERSION
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
    every = rows.plus(corrections, factor=config.correction_factor) if corrections else rows
    frozen = every.frozen_test()
    seen, test = every.take(~frozen), rows.take(rows.frozen_test())
    _check(seen, init)
    with written_whole(out) as draft:
        fit_folder(seen, len(rows), config, draft, init=init, progress=report)
        metrics = _measure(draft, test, config.resamples)
        report("write", 0.9)
        write_json(draft / "metrics.json", metrics.to_json())
        write_card(draft, metrics)
    report("done", 1.0)
    return metrics


def _check(seen: LabelledRows, init: Path | None) -> None:
    if not len(seen):
        raise BadInput("There are no rows to train on outside the frozen test part. Give more rows or corrections.")
    single = [name for name, column in zip(LABELS, seen.labels.T, strict=True) if column.min() == column.max()]
    if single and init is None:
        raise BadInput(f"All rows agree on {', '.join(single)}. Add rows of both kinds, or start from a trained model.")


def fit_folder(
    seen: LabelledRows, base_rows: int, config: StarterConfig, folder: Path, *, init: Path | None, progress: Progress
) -> None:
    """Fit both halves on all rows but those for calibration, calibrate on those, and write the folder but for its card.

    Takes no rows away: `train_starter` keeps the frozen test part out, cross-validation its own fold.
    """
    held_back = np.array([fold_of(digest, _CALIBRATION_FOLDS) == 0 for digest in seen.hashes], np.bool_)
    old = StarterScorer.load(init, name="init") if init else None
    anchored = old is not None and base_rows < config.enough_rows
    few = held_back.sum() < _FEWEST_CALIBRATION_ROWS
    train = seen if anchored or few else seen.take(~held_back)
    texts = [normalize(text) for text in train.texts]
    net = config.net
    with ThreadPoolExecutor(1) as beside:
        # One core each: both halves take about as long.
        net_job = beside.submit(_fit_net, texts, train, net, progress) if net and not anchored else None
        prior = old.folder.linear if old and anchored else None
        linear = fit_linear(texts, train.labels, train.weights, config.linear, prior=prior, progress=progress)
        trained_net = net_job.result() if net_job else None
    write_linear(folder, linear)
    if trained_net:
        write_net(folder, trained_net)
    elif init and anchored:
        copy_net(folder, init)
    has_net = (folder / NET).is_file()
    _write_config(folder, seen, config, has_net)
    if old and (anchored or few):
        _write_config(folder, seen, config, has_net, old.folder.calibration)
    else:
        _write_config(folder, seen, config, has_net, _calibrate(folder, seen if few else seen.take(held_back)))


def _fit_net(texts: list[str], train: LabelledRows, config: NetConfig, progress: Progress) -> TrainedNet:
    return fit_net(texts, train.labels, train.weights, config, progress=progress)


def _write_config(
    folder: Path,
    seen: LabelledRows,
    config: StarterConfig,
    has_net: bool,
    calibration: NDArray[np.float32] | None = None,
) -> None:
    neutral = np.vstack([np.ones(len(LABELS)), np.zeros(len(LABELS))])
    values: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "labels": list(LABELS),
        "buckets": asdict(config.linear.buckets),
        "net": {"share": list(config.net_share)} if has_net else None,
        "calibration": (neutral if calibration is None else calibration).tolist(),
        "rows": len(seen),
        "data_hash": data_hash(seen),
        "seed": config.seed,
    }
    write_json(folder / CONFIG, values)


def _calibrate(folder: Path, rows: LabelledRows) -> NDArray[np.float32]:
    scores = StarterScorer.load(folder, name="draft").score(rows.texts).astype(np.float64)
    scores = np.clip(scores, 1e-9, 1 - 1e-9)
    return fit_platt(np.log(scores / (1 - scores)).astype(np.float32), rows.labels, rows.weights)


def _measure(folder: Path, test: LabelledRows, resamples: int) -> Metrics:
    if not len(test):
        test = make_rows([], np.zeros((0, len(LABELS)), np.float32))
    scores = StarterScorer.load(folder, name="draft").score(test.texts)
    return evaluate(scores, test.labels, test.weights, resamples=resamples)


def data_hash(rows: LabelledRows) -> str:
    """BLAKE2b, 32 hex digits, of contents and labels in the order of contents."""
    lines = sorted(f"{h} {''.join(str(int(v)) for v in y)}" for h, y in zip(rows.hashes, rows.labels, strict=True))
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
