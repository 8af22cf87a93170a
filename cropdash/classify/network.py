"""The hybrid: a convolution over time at each pixel, then a simplified U-Net over the grid.

Beside it networks of single pixels, which answer from the series alone.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cropdash.train_config import CnnConfig

# Up to here one matrix over the year costs less than the memory traffic of small convolutions.
_FEW_CHANNELS = 16
# Pixels whose months are in memory at once: as many as fit into the caches.
_STRIP = 4_096

_LAST_CROP = 8  # values that a last crop becomes
OWN_SHARE = 0.3  # of a pixel's own series in the answer, where it gives one
PIXEL_SHARE = 0.6  # of the pixel networks in the answer, where there are any


class TemporalEncoder(nn.Module):
    """Conv1d over time, shared by all pixels: (B, T, C, H, W) -> (B, D, H, W).

    The same numbers as Conv1d on [B*H*W, C, T], in a form that is faster on a CPU: memory stays
    in the order (B, H, W, T, C), in which each step is a channels-last Conv2d without a copy.
    """

    def __init__(self, channels: int, n_periods: int, config: CnnConfig) -> None:
        super().__init__()
        width, k = config.temporal_channels, config.temporal_kernel
        sizes = [channels, *[width] * config.temporal_layers]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(a, b, k, padding=k // 2) for a, b in pairwise(sizes)
        )
        self.dropout = nn.Dropout(config.dropout)
        dense = config.temporal_pooling == "dense"
        self.mix = _learned_mix(width * n_periods, config) if dense else None
        self.width = config.embedding if dense else width

    def forward(self, x: Tensor) -> Tensor:
        kernels = [
            _as_conv2d(x.shape[1], *convolution.parameters()) for convolution in self.convolutions
        ]
        patches = max(1, _STRIP // (x.shape[-2] * x.shape[-1]))
        hidden = torch.cat([self._hidden(part, kernels) for part in torch.split(x, patches)])
        embedding = hidden if self.mix is None else self.mix[1:](hidden)
        dropped: Tensor = self.dropout(embedding)
        return dropped

    def _hidden(self, x: Tensor, kernels: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """(B, T, C, H, W) -> (B, D, H, W): as far as no pixel needs to know of another."""
        b, _, _, h, w = x.shape
        x = x.permute(0, 3, 4, 1, 2).contiguous()  # (B, H, W, T, C)
        for kernel, bias in kernels:
            x = _convolved(x, kernel, bias)  # (B, H, W, T, D)
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


def _as_conv2d(t: int, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of a Conv2d with the same numbers, in whichever of two forms is faster."""
    if weight.shape[1] <= _FEW_CHANNELS:
        return _over_the_year(weight, t), bias.repeat(t)
    return weight[:, :, None], bias  # (D, C, 1, k)


def _convolved(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """(B, H, W, T, C) -> (B, H, W, T, D) with ReLU.

    ReLU is taken in place before the result is seen as another shape: of a view, its gradient
    would be copied.
    """
    b, h, w, t, c = x.shape
    if kernel.shape[1] == c:
        seen = x.reshape(b, h * w, t, c).permute(0, 3, 1, 2)  # (B, C, H*W, T)
    else:
        seen = x.reshape(b, h, w, t * c).permute(0, 3, 1, 2)  # (B, T*C, H, W)
    y = F.relu_(F.conv2d(seen, kernel, bias, padding=(0, kernel.shape[-1] // 2)))
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

    def forward(self, x: Tensor) -> Tensor:
        rows = max(1, _STRIP // x.shape[-1])
        return torch.cat([self.encoder(strip) for strip in torch.split(x, rows, dim=3)], dim=2)


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


class SeriesEmbedding(nn.Module):
    """What a pixel's series says and, if it is the first channel, what its last crop does."""

    def __init__(self, channels: int, n_periods: int, n_classes: int, config: CnnConfig) -> None:
        super().__init__()
        self.temporal = TemporalEncoder(channels - config.last_crop, n_periods, config)
        self.before = nn.Embedding(n_classes, _LAST_CROP) if config.last_crop else None
        self.width = self.temporal.width + (_LAST_CROP if config.last_crop else 0)

    def embedded(self, x: Tensor) -> Tensor:
        """(B, T, C, H, W) -> (B, width, H, W)."""
        if self.before is None:
            series: Tensor = self.temporal(x)
            return series
        crop = self.before(x[:, 0, 0].long()).permute(0, 3, 1, 2)  # (B, 8, H, W)
        return torch.cat([self.temporal(x[:, :, 1:]), crop], dim=1)


class PixelNetwork(SeriesEmbedding):
    """A pixel's own series to class logits, blind to what lies around it.

    (B, T, C, H, W) -> (B, K, H, W)
    """

    def __init__(self, channels: int, n_periods: int, n_classes: int, config: CnnConfig) -> None:
        super().__init__(channels, n_periods, n_classes, config)
        self.head = nn.Conv2d(self.width, n_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.embedded(x))
        return logits


class HybridNetwork(SeriesEmbedding):
    """Pixel series to class logits: (B, T, C, H, W) -> (B, K, H, W).

    The U-Net reads a map of embeddings. Beside it there may be pixel networks, which learn from
    other pixels than it does, a few of every parcel, and share no weight with it.
    """

    def __init__(self, channels: int, n_periods: int, n_classes: int, config: CnnConfig) -> None:
        super().__init__(channels, n_periods, n_classes, config)
        self.spatial = UNet(self.width, config.unet_channels)
        self.dropout = nn.Dropout2d(config.dropout)
        seen = config.unet_channels[0] + (self.width if config.skip_embedding else 0)
        self.head = nn.Conv2d(seen, n_classes, 1)
        self.pixel_head = nn.Conv2d(self.width, n_classes, 1) if config.own_loss else None
        self.pixel = nn.ModuleList(
            PixelNetwork(channels, n_periods, n_classes, config)
            for _ in range(config.pixel_networks)
        )
        self.skip_embedding, self.n_classes = config.skip_embedding, n_classes
        self.reach = 2 ** (len(config.unet_channels) + 2)  # [px] margin that a tile's edge needs

    def forward(self, x: Tensor) -> Tensor:
        """The logits of all answers as one.

        Where there is one, the pixel's own answer counts `OWN_SHARE` beside the U-Net's; of both
        together, and the pixel networks where there are any, these count `PIXEL_SHARE`.
        """
        logits, own = self.answers(x)
        if own is not None:
            logits = torch.lerp(logits, own, OWN_SHARE)
        if not len(self.pixel):
            return logits
        alone = sum(network(x) for network in self.pixel) / len(self.pixel)
        return torch.lerp(logits, alone, PIXEL_SHARE)

    def answers(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits from a pixel and what lies around it, and from its own embedding alone."""
        embedding = self.embedded(x)  # (B, D, H, W)
        context = self.dropout(self.spatial(embedding))
        if self.skip_embedding:
            context = torch.cat([context, embedding], dim=1)
        return self.head(context), None if self.pixel_head is None else self.pixel_head(embedding)

    def alone(self, x: Tensor) -> Tensor:
        """Logits of the pixel networks, each for its share of the (B, T, C, H, W), in their order."""
        parts = x.chunk(len(self.pixel))
        return torch.cat([network(part) for network, part in zip(self.pixel, parts, strict=True)])


def for_inference(network: HybridNetwork) -> HybridNetwork:
    """A copy that gives the same logits faster: normalisation folded into the convolutions."""
    copied = copy.deepcopy(network).eval()
    for block in list(copied.modules()):
        if isinstance(block, nn.Sequential):
            _fold(block)
        if isinstance(block, SeriesEmbedding):
            block.temporal = StripByStrip(block.temporal)  # type: ignore[assignment]
    return copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _fold(block: nn.Sequential) -> None:
    for (name, before), (following, after) in pairwise(list(block.named_children())):
        if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            setattr(block, name, fuse_conv_bn_eval(before, after))
            setattr(block, following, nn.Identity())


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
