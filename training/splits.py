"""Which rows train, which stop the training, which calibrate, and which nobody may train on."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.errors import BadInput
from core.labels import LABELS
from core.text import fold_of
from training.config import RowsConfig
from training.data import LabelledRows
from training.sampling import keep_some

FOLDS: Final = 12
"""Of the rows that may be trained on, one fold calibrates and one validates."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Rows by purpose. By content: no text is in two of them."""

    train: LabelledRows
    validation: LabelledRows
    calibration: LabelledRows
    test: LabelledRows
    """The frozen test part."""


def split_rows(rows: LabelledRows, corrections: LabelledRows | None, config: RowsConfig, *, seed: int) -> Splits:
    """Split by content hash; corrections weigh `correction_factor` times as much, replace a base row of the same
    content, and all train unless they belong to the frozen part. Raises BadInput that says what lacks."""
    every = rows.plus(corrections, factor=config.correction_factor) if corrections else rows
    seen = every.take(~every.frozen_test())
    corrected = set(corrections.hashes) if corrections else set()
    mine = np.array([digest in corrected for digest in seen.hashes], np.bool_)
    fold = np.array([fold_of(digest, FOLDS) for digest in seen.hashes], np.int64)
    fold[mine] = FOLDS
    room = max(1, config.max_rows - int(mine.sum())) if config.max_rows else 0
    base = keep_some(seen.take((fold > 1) & ~mine), room, balance=config.balance, seed=seed)
    train = base.plus(seen.take(mine), factor=1)
    if not len(train):
        raise BadInput("There are no rows to train on outside the frozen test part. Give more rows.")
    single = [name for name, column in zip(LABELS, train.labels.T, strict=True) if column.min() == column.max()]
    if single:
        raise BadInput(f"All training rows agree on {', '.join(single)}. Add rows of both kinds.")
    return Splits(
        train,
        _first(seen.take(fold == 1), config.held_rows),
        _first(seen.take(fold == 0), config.held_rows),
        _first(rows.take(rows.frozen_test()), config.test_rows),
    )


def _first(rows: LabelledRows, count: int) -> LabelledRows:
    """The `count` rows whose content hashes come first, all for 0: the same ones for every model and order of rows."""
    if not count or count >= len(rows):
        return rows
    mask = np.zeros(len(rows), np.bool_)
    mask[np.argsort(rows.hashes, kind="stable")[:count]] = True
    return rows.take(mask)
