"""What the network is trained to make small."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def pixel_losses(logits: Tensor, classes: Tensor, focus: float = 0.0) -> Tensor:
    """(B, K, H, W) logits and (B, H, W) classes to (B, H, W) losses.

    Cross-entropy; with `focus` (gamma) above 0 pixels that are already clear count less: focal
    loss, Lin et al. 2017.
    """
    rows = logits.movedim(1, -1).flatten(0, -2)  # (N, K): no copy of channels-last, and faster
    losses = F.cross_entropy(rows, classes.flatten(), reduction="none").view(classes.shape)
    return losses if focus == 0 else (1 - torch.exp(-losses)) ** focus * losses


def group_losses(logits: Tensor, classes: Tensor, group_of: Tensor) -> Tensor:
    """(B, H, W) cross-entropy of the class's group, of (K,) groups.

    A group's probability is the sum over its classes, so a confusion within it costs nothing.
    """
    n_groups = int(group_of.max()) + 1
    log_probabilities = logits.log_softmax(1)
    groups = torch.stack(
        [log_probabilities[:, group_of == g].logsumexp(1) for g in range(n_groups)], dim=1
    )  # (B, G, H, W)
    return F.nll_loss(groups, group_of[classes], reduction="none")


def weighted_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """Mean of (B, H, W) losses by weight; 0 where nothing weighs."""
    return (losses * weights).sum() / weights.sum().clamp(min=1e-6)
