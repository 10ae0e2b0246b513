"""Texts one after another in one long row, without padding: what a GPU may score quicker than sorted batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

    from core.scoring.forward import Runner

_TRIES = ([5, 6, 7], [8, 9], [7, 5, 5, 6])
_APART = 0.25
"""Logits that differ by more are of texts that see one another; bf16 rounds by about 0.03."""


def plan_packed(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Row numbers in groups of at most `budget` tokens, longest rows first; a longer row goes alone."""
    groups: list[list[int]] = []
    held = 0
    for row in np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist():
        if groups and held + lengths[row] <= budget:
            groups[-1].append(row)
        else:
            groups.append([row])
            held = 0
        held += int(lengths[row])
    return groups


def join_rows(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Token ids [1, tokens], the place of each in its own row [1, tokens], and where each row ends [n]."""
    lengths = np.array([len(row) for row in rows], np.int64)
    ids = np.concatenate([np.asarray(row, np.int64) for row in rows])
    places = np.concatenate([np.arange(length) for length in lengths])
    return ids[None], places[None], lengths.cumsum() - 1


def packed_states(base: Any, ids: "torch.Tensor", places: "torch.Tensor", ends: "torch.Tensor") -> "torch.Tensor":
    """Last real token's state of each row, [n, hidden]. `base` is a causal model of transformers."""
    # places that begin anew tell attention where a row ends. A mask, even one of ones, or a cache would switch that
    # off without an error
    return base(input_ids=ids, position_ids=places, use_cache=False).last_hidden_state[0, ends]


def require_apart(runner: "Runner") -> None:
    """Score three short texts packed and alone; raise ModelUnavailable if they see one another."""
    together, alone = runner.logits(_TRIES), np.vstack([runner.logits([row]) for row in _TRIES])
    if not np.abs(together - alone).max() < _APART:
        raise ModelUnavailable(
            "With the installed transformers, packed texts of this model see one another. Train it with serve.batching "
            '"sorted", or install the versions of constraints.txt.'
        )
