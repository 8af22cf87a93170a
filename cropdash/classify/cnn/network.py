"""The hybrid: a convolution over time at each pixel, then a U-Net over the grid.

The series of each pixel gives an answer, and what lies around it a correction that is added. In
training the correction is missing from many patches, so that it helps where fields look as they
did there and the series alone must do elsewhere.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cropdash.classify.cnn.settings import CnnConfig

_LAST_CROP = 8  # values that a last crop becomes
# Pixels whose months are in memory at once: as many as fit into the caches.
_STRIP = 4_096


class SeriesEncoder(nn.Module):
    """Conv1d over time and a mix of all periods, at each pixel: (B, T, C, H, W) -> (B, D, H, W).

    The convolution is one matrix over the year, which costs less than the memory traffic of Conv1d
    on [B*H*W, C, T] and gives the same numbers.
    """

    def __init__(self, channels: int, n_periods: int, config: CnnConfig) -> None:
        super().__init__()
        k, year = config.temporal_kernel, config.temporal_channels * n_periods
        self.convolution = nn.Conv1d(channels, config.temporal_channels, k, padding=k // 2)
        self.mix = nn.Sequential(
            nn.Conv2d(year, config.temporal_hidden, 1, bias=False),
            nn.BatchNorm2d(config.temporal_hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(config.temporal_hidden, config.embedding, 1),
            nn.ReLU(inplace=True),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = over_the_year(self.convolution, x.shape[1])
        patches = max(1, _STRIP // (x.shape[-2] * x.shape[-1]))
        parts = torch.split(x.flatten(1, 2), patches)  # (b, T*C, H, W)
        hidden = [self.mix[0](F.relu_(F.conv2d(_last(part), weight, bias))) for part in parts]
        embedding: Tensor = self.dropout(self.mix[1:](torch.cat(hidden)))
        return embedding


class StripByStrip(nn.Module):
    """An encoder over a few rows at a time: it treats each pixel for itself, so nothing changes.

    The months of a strip stay in the processor's caches (1.5 times as fast as the whole tile).
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        strips = torch.split(x, max(1, _STRIP // x.shape[-1]), dim=3)
        return torch.cat([self.encoder(strip) for strip in strips], dim=2)


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
    """Pixel series to class logits: (B, T, C, H, W) -> (B, K, H, W).

    With a last crop it is the last channel, a class id that is learned as an embedding.
    """

    def __init__(self, channels: int, n_periods: int, n_classes: int, config: CnnConfig) -> None:
        super().__init__()
        self.series = SeriesEncoder(channels - config.last_crop, n_periods, config)
        self.before = nn.Embedding(n_classes, _LAST_CROP) if config.last_crop else None
        width = config.embedding + (_LAST_CROP if config.last_crop else 0)
        self.own = nn.Conv2d(width, n_classes, 1)
        self._sees_around = config.context
        if config.context:
            self.spatial = UNet(width, config.unet_channels)
            self.dropout = nn.Dropout2d(config.dropout)
            self.correction = nn.Conv2d(config.unet_channels[0], n_classes, 1)
        self.n_classes, self._hidden = n_classes, config.context_dropout
        self.reach = 2 ** (len(config.unet_channels) + 2)  # [px] margin that a tile's edge needs

    def forward(self, x: Tensor) -> Tensor:
        """The pixel's own answer and the correction; in training that of some patches is missing."""
        own, correction = self.answers(x)
        if self.training and self._hidden:
            correction = correction * (torch.rand(len(x), 1, 1, 1) >= self._hidden).to(correction)
        return own + correction

    def answers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of each pixel by its own series, and what its surroundings add."""
        if self.before is None:
            embedding: Tensor = self.series(x)  # (B, D, H, W)
        else:
            crop = self.before(x[:, 0, -1].long()).permute(0, 3, 1, 2)  # (B, 8, H, W)
            embedding = torch.cat([self.series(x[:, :, :-1]), crop], dim=1)
        own = self.own(embedding)
        if not self._sees_around:
            return own, torch.zeros_like(own)
        return own, self.correction(self.dropout(self.spatial(embedding)))


def over_the_year(convolution: nn.Conv1d, t: int) -> tuple[Tensor, Tensor]:
    """Weight (T*D, T*C, 1, 1) and bias (T*D,) of the convolution over all periods of a pixel."""
    weight, bias = convolution.parameters()
    d, c, k = weight.shape
    matrix = weight.new_zeros(t, d, t, c)
    for j in range(k):
        shift = j - k // 2  # from the month that is written to the month that is read
        months = torch.arange(max(0, -shift), min(t, t - shift), device=weight.device)
        matrix[months, :, months + shift] = weight[:, :, j]
    return matrix.reshape(t * d, t * c, 1, 1), bias.repeat(t)


def _last(x: Tensor) -> Tensor:
    """In the memory order in which convolutions run fastest on a CPU."""
    return x.contiguous(memory_format=torch.channels_last)


def for_inference(network: nn.Module) -> nn.Module:
    """A copy that gives the same logits faster: normalisation folded into the convolutions."""
    copied = copy.deepcopy(network).eval()
    for block in list(copied.modules()):
        if isinstance(block, nn.Sequential):
            _fold(block)
    copied.series = StripByStrip(copied.series)  # type: ignore[arg-type]
    return copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _fold(block: nn.Sequential) -> None:
    for (name, before), (following, after) in pairwise(list(block.named_children())):
        if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            setattr(block, name, fuse_conv_bn_eval(before, after))
            setattr(block, following, nn.Identity())


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
