"""Whole zones through the network, tile by tile, without a seam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from cropdash.classify.cnn.network import for_inference
from cropdash.domain import Float

SIDE = 256  # [px] of a tile's core: bounds memory to a few hundred megabytes


def predict(
    network: nn.Module,
    inputs: Float,
    classes: Sequence[int],
    side: int = SIDE,
    half: bool = False,
) -> Float:
    """(T, C, H, W) inputs to (len(classes), H, W) probabilities.

    Each tile is read with a margin as wide as the network can see from its edge, and only its
    core is kept; so tiles meet without a seam. `half` computes in bfloat16.
    """
    reach = int(network.reach)  # type: ignore[arg-type]
    height, width = inputs.shape[-2:]
    result = np.empty((len(classes), height, width), dtype=np.float32)
    fast = for_inference(network)
    device = next(network.parameters()).device
    chosen = torch.as_tensor(list(classes), device=device)
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        for rows in _spans(height, side, reach):
            for columns in _spans(width, side, reach):
                tile = torch.from_numpy(np.ascontiguousarray(inputs[..., rows[0], columns[0]]))
                logits = fast(tile[None].to(device))[0].float().index_select(0, chosen)
                core = logits.softmax(0)[:, rows[1], columns[1]]
                result[:, rows[2], columns[2]] = core.cpu().numpy()
    return result


def _spans(length: int, side: int, margin: int) -> Iterator[tuple[slice, slice, slice]]:
    """(what is read, the core inside it, the core inside the whole) along one axis."""
    for start in range(0, length, side):
        stop = min(start + side, length)
        first = max(start - margin, 0) // margin * margin  # so that pooling cells line up
        last = min(stop + margin, length)
        yield slice(first, last), slice(start - first, stop - first), slice(start, stop)
