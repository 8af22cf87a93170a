"""The convolution over time at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cropdash.classify.cnn.dropout import Dropout
from cropdash.classify.cnn.settings import CnnConfig

# Up to here one matrix over the year costs less than the memory traffic of small convolutions.
_FEW_CHANNELS = 16
# Pixels whose months are in memory at once: as many as fit into the caches.
_STRIP = 4_096


class TemporalEncoder(nn.Module):
    """Conv1d over time, shared by all pixels: (B, T, C, H, W) -> (B, D, H, W).

    The same numbers as Conv1d on [B*H*W, C, T], in a form that is faster on a CPU: memory stays
    in the order (B, H, W, T, C), in which each step is a channels-last Conv2d without a copy.
    The last `means` channels are means of the first ones over their zone; it is the differences
    from them that are convolved. Channels that all pixels of a zone share, the means among them,
    may be given apart, once for all pixels: (B, T, C - n, H, W) and the last n as (B, T, n).
    """

    def __init__(self, channels: int, n_periods: int, config: CnnConfig, means: int = 0) -> None:
        super().__init__()
        self.means = means
        width, k = config.temporal_channels, config.temporal_kernel
        sizes = [channels, *[width] * config.temporal_layers]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(a, b, k, padding=k // 2) for a, b in pairwise(sizes)
        )
        self.dropout = Dropout(config.dropout)
        dense = config.temporal_pooling == "dense"
        self.mix = _learned_mix(width * n_periods, config) if dense else None
        self.width = config.embedding if dense else width

    def forward(self, x: Tensor, shared: Tensor | None = None) -> Tensor:
        n, t = x.shape[2], x.shape[1]
        (weight, bias), *later = (convolution.parameters() for convolution in self.convolutions)
        first = _of_differences(weight, self.means)
        kernels = [_as_conv2d(t, w, b) for w, b in ((first[:, :n], bias), *later)]
        patches = max(1, _STRIP // (x.shape[-2] * x.shape[-1]))
        parts: Sequence[tuple[Tensor, ...]] = [(part,) for part in torch.split(x, patches)]
        if shared is not None and shared.shape[-1]:
            rest = first[:, n:]
            level = F.conv1d(shared.transpose(1, 2), rest, padding=rest.shape[-1] // 2)  # (B, D, T)
            parts = list(zip(torch.split(x, patches), torch.split(level, patches), strict=True))
        hidden = torch.cat([self._hidden(kernels, *part) for part in parts])
        embedding = hidden if self.mix is None else self.mix[1:](hidden)
        dropped: Tensor = self.dropout(embedding)
        return dropped

    def _hidden(
        self, kernels: Sequence[tuple[Tensor, Tensor]], x: Tensor, level: Tensor | None = None
    ) -> Tensor:
        """(B, T, C, H, W) -> (B, D, H, W): as far as no pixel needs to know of another.

        The first convolution is raised by the `level` (B, D, T) of the channels that are not in x.
        """
        b, _, _, h, w = x.shape
        x = x.permute(0, 3, 4, 1, 2).contiguous()  # (B, H, W, T, C)
        for i, (kernel, bias) in enumerate(kernels):
            x = _convolved(x, kernel, bias, level if i == 0 else None)  # (B, H, W, T, D)
        if self.mix is None:
            return x.amax(dim=3).permute(0, 3, 1, 2)  # (B, D, H, W)
        year = x.reshape(b, h, w, -1).permute(0, 3, 1, 2)  # (B, T*D, H, W)
        hidden: Tensor = self.mix[0](year)
        return hidden


def _learned_mix(before: int, config: CnnConfig) -> nn.Sequential:
    """All months of a pixel to its embedding, through one hidden layer.

    Without its normalisation the map of zones never seen is clearly worse (accuracy .769 against
    .788 on held-out training zones of the demo).
    """
    return nn.Sequential(
        nn.Conv2d(before, config.temporal_hidden, 1, bias=False),
        nn.BatchNorm2d(config.temporal_hidden),
        nn.ReLU(inplace=True),
        nn.Conv2d(config.temporal_hidden, config.embedding, 1),
        nn.ReLU(inplace=True),
    )


def _of_differences(weight: Tensor, means: int) -> Tensor:
    """(D, C, k) for channels whose last `means` are to be taken from the first ones.

    w x + v (x - m) = (w + v) x - v m, so that no difference is ever computed.
    """
    if not means:
        return weight
    first, between, last = weight[:, :means], weight[:, means:-means], weight[:, -means:]
    return torch.cat([first + last, between, -last], dim=1)


def _as_conv2d(t: int, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of a Conv2d with the same numbers, in whichever of two forms is faster."""
    if weight.shape[1] <= _FEW_CHANNELS:
        return _over_the_year(weight, t), bias.repeat(t)
    return weight[:, :, None], bias  # (D, C, 1, k)


def _convolved(x: Tensor, kernel: Tensor, bias: Tensor, level: Tensor | None) -> Tensor:
    """(B, H, W, T, C) -> (B, H, W, T, D) with ReLU, raised by (B, D, T) before it.

    ReLU is taken in place before the result is seen as another shape: of a view, its gradient
    would be copied.
    """
    b, h, w, t, c = x.shape
    if kernel.shape[1] == c:
        seen = x.reshape(b, h * w, t, c).permute(0, 3, 1, 2)  # (B, C, H*W, T)
    else:
        seen = x.reshape(b, h, w, t * c).permute(0, 3, 1, 2)  # (B, T*C, H, W)
    y = F.conv2d(seen, kernel, bias, padding=(0, kernel.shape[-1] // 2))
    if level is not None:
        over_time = kernel.shape[1] == c
        y += level[:, :, None] if over_time else level.transpose(1, 2).reshape(b, -1, 1, 1)
    y = F.relu_(y)
    return y.permute(0, 2, 3, 1).reshape(b, h, w, t, -1)


def _over_the_year(weight: Tensor, t: int) -> Tensor:
    """(D, C, k) -> (T*D, T*C, 1, 1): the convolution as one matrix over all months of a pixel."""
    d, c, k = weight.shape
    matrix = weight.new_zeros(t, d, t, c)
    for j in range(k):
        shift = j - k // 2  # from the month that is written to the month that is read
        months = torch.arange(max(0, -shift), min(t, t - shift), device=weight.device)
        matrix[months, :, months + shift] = weight[:, :, j]
    return matrix.reshape(t * d, t * c, 1, 1)


class StripByStrip(nn.Module):
    """An encoder over a few rows at a time: it treats each pixel for itself, so nothing changes.

    The months of a strip stay in the processor's caches (1.5 times as fast as the whole tile).
    """

    def __init__(self, encoder: TemporalEncoder) -> None:
        super().__init__()
        self.encoder, self.width = encoder, encoder.width

    def forward(self, x: Tensor, shared: Tensor | None = None) -> Tensor:
        rows = max(1, _STRIP // x.shape[-1])
        strips = torch.split(x, rows, dim=3)
        return torch.cat([self.encoder(strip, shared) for strip in strips], dim=2)
