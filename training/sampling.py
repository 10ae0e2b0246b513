"""Which rows a step sees: rare labels more often, rows of like length together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.scoring.batching import plan_batches
from training.data import LabelledRows

_GROUP: int = 50
"""Steps' worth of rows that are sorted by length together."""


def importance(labels: NDArray[np.float32], balance: float) -> NDArray[np.float64]:
    """[n], mean 1: how often to draw each row. Its rarest label counts, as (1 / share of rows) ** balance; a row
    without a label belongs to the clean ones."""
    if not len(labels):
        return np.ones(0)
    classes = np.column_stack([labels, labels.max(axis=1) == 0]).astype(np.float64)
    share = np.maximum(classes.mean(axis=0), 1 / len(labels))
    drawn = (classes * share**-balance).max(axis=1)
    return np.asarray(drawn / drawn.mean())


def keep_some(rows: LabelledRows, count: int, *, balance: float, seed: int) -> LabelledRows:
    """At most `count` rows, rare labels first; the weights of those kept make up for those left out."""
    if not count or count >= len(rows):
        return rows
    wanted = _capped(importance(rows.labels, balance), count)
    # systematic sampling: exactly `count` rows, each with its probability
    random = np.random.default_rng(seed)
    order = random.permutation(len(rows))
    marks = np.floor(np.cumsum(wanted[order]) + random.random())  # nosec B311 # a draw of rows
    mask = np.zeros(len(rows), np.bool_)
    mask[order[np.diff(marks, prepend=0) > 0]] = True
    weights = (rows.weights / wanted).astype(np.float32)
    return LabelledRows(rows.texts, rows.labels, weights, rows.hashes).take(mask)


def _capped(share: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Probabilities in proportion to `share`, none above 1, that sum to `count`."""
    sure = np.zeros(len(share), np.bool_)
    while True:
        rest = (count - sure.sum()) / share[~sure].sum()
        above = ~sure & (share * rest > 1)
        if not above.any():
            return np.where(sure, 1.0, share * rest)
        sure |= above


def draw_epoch(share: NDArray[np.float64], random: np.random.Generator, *, part: float = 1.0) -> NDArray[np.int64]:
    """Row numbers of one pass, in random order: each row `share` times on average, and as evenly as whole numbers can.

    `part` below 1 is a shorter pass.
    """
    wanted = share * part
    times = np.floor(wanted).astype(np.int64)
    times += random.random(len(wanted)) < wanted - times  # nosec B311 # a draw of rows
    return random.permutation(np.repeat(np.arange(len(share)), times))


def plan_steps(
    order: NDArray[np.int64], lengths: Sequence[int], tokens: int, random: np.random.Generator
) -> list[list[int]]:
    """The rows of each step, at most `tokens` with padding, in random order of steps."""
    mean = max(1.0, float(np.mean([lengths[i] for i in order]))) if len(order) else 1.0
    size = max(1, int(_GROUP * tokens / mean))
    steps = []
    for first in range(0, len(order), size):
        group = order[first : first + size].tolist()
        steps += [[group[i] for i in batch] for batch in plan_batches([lengths[i] for i in group], tokens)]
    return [steps[i] for i in random.permutation(len(steps))]


def plan_training(
    labels: NDArray[np.float32], lengths: Sequence[int], *, balance: float, epochs: float, tokens: int, seed: int
) -> list[list[list[int]]]:
    """epochs x steps x rows. The same arguments give the same plan."""
    share = importance(labels, balance)
    plan = []
    for epoch in range(int(np.ceil(epochs))):
        random = np.random.default_rng([seed, epoch])
        order = draw_epoch(share, random, part=min(1.0, epochs - epoch))
        plan.append(plan_steps(order, lengths, tokens, random))
    return plan
