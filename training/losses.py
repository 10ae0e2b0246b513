"""What training minimises: cross-entropy of six labels, weighted, or its asymmetric kin."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.config import LossConfig

if TYPE_CHECKING:
    import torch


def positive_weights(labels: NDArray[np.float32], mass: NDArray[np.float64], config: LossConfig) -> NDArray[np.float32]:
    """[6], 1 to the cap: the root of each label's mass of negatives over that of positives, as rows are drawn."""
    positive = (mass[:, None] * labels).sum(axis=0)
    ratio = (mass.sum() - positive) / np.maximum(positive, 1e-9)
    return np.clip(np.sqrt(ratio), 1, config.positive_cap).astype(np.float32)


def row_weights(weights: NDArray[np.float32], config: LossConfig) -> NDArray[np.float32]:
    """[n], mean about 1: each row's weight relative to the mean, capped so that no row rules a step."""
    return np.minimum(weights / max(float(weights.mean()), 1e-9), config.weight_cap).astype(np.float32)


def six_losses(
    logits: "torch.Tensor", labels: "torch.Tensor", positive: "torch.Tensor", config: LossConfig
) -> "torch.Tensor":
    """[n], mean over the labels of each row's loss; logits and labels [n, 6], positive weights [6]."""
    import torch

    if config.kind == "bce":
        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        return entropy(logits, labels, pos_weight=positive, reduction="none").mean(1)
    # Ridnik et al., "Asymmetric Loss for Multi-Label Classification", ICCV 2021, equations 4 to 7, gamma+ = 0
    shifted = (torch.sigmoid(logits) - config.margin).clamp(min=0)
    negative = -torch.log1p(-shifted.clamp(max=1 - 1e-6)) * shifted**config.focus
    return torch.where(labels > 0, -torch.nn.functional.logsigmoid(logits) * positive, negative).mean(1)
