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

from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.cnn.temporal import StripByStrip, TemporalEncoder

_LAST_CROP = 8  # values that a last crop becomes


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
    """What a pixel's series says and, if it is the first channel, what its last crop does.

    What all pixels of a zone share may be given apart, see `TemporalEncoder`.
    """

    def __init__(
        self, channels: int, n_periods: int, n_classes: int, config: CnnConfig, means: int = 0
    ) -> None:
        super().__init__()
        self.temporal = TemporalEncoder(channels - config.last_crop, n_periods, config, means)
        self.before = nn.Embedding(n_classes, _LAST_CROP) if config.last_crop else None
        self.width = self.temporal.width + (_LAST_CROP if config.last_crop else 0)

    def embedded(self, x: Tensor, shared: Tensor | None) -> Tensor:
        """(B, T, C, H, W) -> (B, width, H, W)."""
        if self.before is None:
            series: Tensor = self.temporal(x, shared)
            return series
        crop = self.before(x[:, 0, 0].long()).permute(0, 3, 1, 2)  # (B, 8, H, W)
        return torch.cat([self.temporal(x[:, :, 1:], shared), crop], dim=1)


class PixelNetwork(SeriesEmbedding):
    """A pixel's own series to class logits, blind to what lies around it.

    (B, T, C, H, W) -> (B, K, H, W)
    """

    def __init__(
        self, channels: int, n_periods: int, n_classes: int, config: CnnConfig, means: int = 0
    ) -> None:
        super().__init__(channels, n_periods, n_classes, config, means)
        self.head = nn.Conv2d(self.width, n_classes, 1)

    def forward(self, x: Tensor, shared: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.embedded(x, shared))
        return logits


class HybridNetwork(SeriesEmbedding):
    """Pixel series to class logits: (B, T, C, H, W) -> (B, K, H, W).

    The U-Net reads a map of embeddings. Beside it there may be pixel networks, which learn from
    other pixels than it does, a few of every parcel, and share no weight with it.
    """

    def __init__(
        self, channels: int, n_periods: int, n_classes: int, config: CnnConfig, means: int = 0
    ) -> None:
        super().__init__(channels, n_periods, n_classes, config, means)
        self.spatial = UNet(self.width, config.unet_channels)
        self.dropout = nn.Dropout2d(config.dropout)
        seen = config.unet_channels[0] + (self.width if config.skip_embedding else 0)
        self.head = nn.Conv2d(seen, n_classes, 1)
        self.pixel_head = (
            nn.Conv2d(self.width, n_classes, 1) if config.auxiliary_pixel_loss else None
        )
        self.pixel = nn.ModuleList(
            PixelNetwork(channels, n_periods, n_classes, config, means)
            for _ in range(config.pixel_networks)
        )
        self.skip_embedding, self.n_classes = config.skip_embedding, n_classes
        self.own_share, self.pixel_share = config.own_share, config.pixel_share
        self.reach = 2 ** (len(config.unet_channels) + 2)  # [px] margin that a tile's edge needs

    def forward(self, x: Tensor, shared: Tensor | None = None) -> Tensor:
        """The logits of all answers as one.

        Where there is one, the pixel's own answer counts `own_share` beside the U-Net's; of both
        together, and the pixel networks where there are any, these count `pixel_share`.
        """
        logits, own = self.answers(x, shared)
        if own is not None:
            logits = torch.lerp(logits, own, self.own_share)
        if not len(self.pixel):
            return logits
        alone = sum(network(x, shared) for network in self.pixel) / len(self.pixel)
        return torch.lerp(logits, alone, self.pixel_share)

    def answers(self, x: Tensor, shared: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits from a pixel and what lies around it, and from its own embedding alone."""
        embedding = self.embedded(x, shared)  # (B, D, H, W)
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
