"""Fit a blend of two models on rows that neither was trained on."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.labels import LABELS
from core.scoring.blend import Blend, Mode, rank_knots, to_ranks
from core.scoring.logits import NEUTRAL, logit
from core.scoring.members import Member
from core.scoring.protocol import Scores
from core.text import fold_of
from training.calibration import fit_platt
from training.data import LabelledRows
from training.splits import FOLDS

_SHARES: Final = np.linspace(0, 1, 21)
_SPREAD: Final = 0.15
"""Standard deviation of a label's share around one half before the rows are seen: few positives move it little."""
FEWEST_ROWS: Final = 100


def held_back(rows: LabelledRows) -> LabelledRows:
    """The rows by which every training here calibrates: outside the frozen part, and trained on by nobody.

    Raises BadInput if they are too few.
    """
    mask = np.array([fold_of(digest, FOLDS) == 0 for digest in rows.hashes], np.bool_) & ~rows.frozen_test()
    if mask.sum() < FEWEST_ROWS:
        raise BadInput(
            f"Of {len(rows):,} rows {int(mask.sum()):,} belong to the part that no training learns from, and at least "
            f"{FEWEST_ROWS} are needed. Give the whole file that the models were trained on, or more rows."
        )
    return rows.take(mask)


def fit_blend(members: Sequence[Member], scores: Sequence[Scores], rows: LabelledRows, *, mode: Mode) -> Blend:
    """The blend of two members whose probabilities on the rows are `scores`, each [n, 6].

    Per label the share is the most probable one (weighted log-loss after calibration, Gaussian prior around one half).
    """
    ranks = [rank_table(logit(part), rows.weights) for part in scores] if mode == "rank" else []
    parts = [logit(part) for part in scores]
    if ranks:
        parts = [to_ranks(part, table) for part, table in zip(parts, ranks, strict=True)]
    shares = [_best_share(parts[0][:, j], parts[1][:, j], rows, j) for j in range(len(LABELS))]
    mixed = np.array(shares, np.float32) * parts[0] + (1 - np.array(shares, np.float32)) * parts[1]
    return Blend(
        list(members),
        mode,
        shares,
        fit_platt(mixed, rows.labels, rows.weights).tolist(),
        [table.tolist() for table in ranks],
        {"rows": len(rows)},
    )


def rank_table(logits: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """[6, KNOTS]: the logits at which the weighted share of lower ones reaches each knot."""
    wanted = 1 / (1 + np.exp(-rank_knots()))
    return np.stack([_quantiles(logits[:, j].astype(np.float64), weights, wanted) for j in range(logits.shape[1])])


def _quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float32], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    order = np.argsort(values, kind="stable")
    mass = weights[order].astype(np.float64)
    reached = (np.cumsum(mass) - mass / 2) / mass.sum()
    at = np.interp(wanted, reached, values[order])
    return np.asarray(np.maximum.accumulate(np.round(at + np.arange(len(at)) * 1e-6, 6)))  # rising, without plateaus


def _best_share(first: NDArray[np.float32], second: NDArray[np.float32], rows: LabelledRows, label: int) -> float:
    losses = [
        _loss(share * first + (1 - share) * second, rows, label) + (share - 0.5) ** 2 / (2 * _SPREAD**2)
        for share in _SHARES.astype(np.float32)
    ]
    return float(np.round(_SHARES[int(np.argmin(losses))], 2))


def _loss(logits: NDArray[np.float32], rows: LabelledRows, label: int) -> float:
    """Weighted log-loss of one label after its own calibration, in nats, each row counting as one on average."""
    truth, mass = rows.labels[:, [label]], rows.weights / rows.weights.mean()
    slope, intercept = fit_platt(logits[:, None], truth, mass, start=NEUTRAL[:, [label]])
    margins = (2 * truth[:, 0] - 1) * (slope[0] * logits + intercept[0])
    return float(mass @ np.logaddexp(0, -margins))
