"""The hybrid: a convolution over time at each pixel, then a simplified U-Net over the grid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cropdash.train_config import CnnConfig


class TemporalEncoder(nn.Module):
    """Conv1d over time, shared by all pixels: (B, T, C, H, W) -> (B, D, H, W).

    Written as Conv2d with a (k, 1) kernel over (T, H*W), which gives the same numbers as Conv1d
    on [B*H*W, C, T] and is several times faster on a CPU.
    """

    def __init__(self, channels: int, n_periods: int, config: CnnConfig) -> None:
        super().__init__()
        width, k = config.temporal_channels, config.temporal_kernel
        sizes = [channels, *[width] * config.temporal_layers]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, (k, 1), padding=(k // 2, 0)) for a, b in pairwise(sizes)
        )
        self.dropout = nn.Dropout(config.dropout)
        dense = config.temporal_pooling == "dense"
        self.mix = nn.Conv2d(width * n_periods, config.embedding, 1) if dense else None
        self.width = config.embedding if dense else width

    def forward(self, x: Tensor) -> Tensor:
        b, t, c, h, w = x.shape
        x = x.permute(0, 2, 1, 3, 4).reshape(b, c, t, h * w)  # (B, C, T, H*W)
        for convolution in self.convolutions:
            x = F.relu(convolution(x))  # (B, D, T, H*W)
        if self.mix is None:
            embedding = x.amax(dim=2).reshape(b, -1, h, w)  # (B, D, H, W)
        else:
            embedding = F.relu(self.mix(x.reshape(b, -1, h, w)))  # from (B, D*T, H, W)
        dropped: Tensor = self.dropout(embedding)
        return dropped


class DoubleConvolution(nn.Sequential):
    """Twice 3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, before: int, after: int, middle: int | None = None) -> None:
        middle = middle or after
        super().__init__(
            nn.Conv2d(before, middle, 3, padding=1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """Max pooling down, bilinear upsampling up, skip connections by concatenation.

    (B, C, H, W) -> (B, channels[0], H, W) for any H and W of at least one pixel.
    """

    def __init__(self, before: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.down = nn.ModuleList()
        for width in channels:
            self.down.append(DoubleConvolution(before, width))
            before = width
        self.up = nn.ModuleList()
        for i in range(len(channels) - 1, 0, -1):
            joined = before + channels[i - 1]
            after = channels[max(i - 2, 0)]
            self.up.append(DoubleConvolution(joined, after, joined // 2))
            before = after

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2, ceil_mode=True))
            skips.append(x)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            x = block(torch.cat([skip, x], dim=1))
        return x


class HybridNetwork(nn.Module):
    """Pixel series to class logits: (B, T, C, H, W) -> (B, K, H, W)."""

    def __init__(self, channels: int, n_periods: int, n_classes: int, config: CnnConfig) -> None:
        super().__init__()
        self.temporal = TemporalEncoder(channels, n_periods, config)
        self.spatial = UNet(self.temporal.width, config.unet_channels)
        self.dropout = nn.Dropout2d(config.dropout)
        seen = config.unet_channels[0] + (self.temporal.width if config.skip_embedding else 0)
        self.head = nn.Conv2d(seen, n_classes, 1)
        self.skip_embedding = config.skip_embedding
        self.reach = 2 ** (len(config.unet_channels) + 2)  # [px] margin that a tile's edge needs

    def forward(self, x: Tensor) -> Tensor:
        embedding = self.temporal(x)  # (B, D, H, W)
        context = self.dropout(self.spatial(embedding))
        if self.skip_embedding:
            context = torch.cat([context, embedding], dim=1)
        logits: Tensor = self.head(context)
        return logits


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
