"""The seed project's network, layer by layer: what ours is compared with, and no more than that."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cropdash.classify.cnn.settings import CnnConfig

_WIDTH, _DROPOUT = 64, 0.3
_LEVELS = (64, 128, 256, 512, 512)


def _double(before: int, after: int) -> nn.Sequential:
    """Twice 3x3 convolution with bias, batch normalisation, ReLU; both of the output's width."""
    layers: list[nn.Module] = []
    for width in (before, after):
        convolution = nn.Conv2d(width, after, 3, padding=1)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class SeedSeries(nn.Module):
    """Twice convolution over time, normalisation, ReLU, dropout; then the strongest month.

    (B, T, C, H, W) -> (B, 64, H, W). A convolution of k x 1 over (T, H*W) has the numbers of Conv1d.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (channels, _WIDTH):
            convolution = nn.Conv2d(width, _WIDTH, (kernel, 1), padding=(kernel // 2, 0))
            layers += [convolution, nn.BatchNorm2d(_WIDTH), nn.ReLU(), nn.Dropout(_DROPOUT)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        year = self.layers(x.transpose(1, 2).flatten(3))  # (B, 64, T, H*W)
        strongest: Tensor = year.amax(dim=2).unflatten(2, x.shape[-2:])
        return strongest


class SeedNetwork(nn.Module):
    """Pixel series to class logits, (B, T, C, H, W) -> (B, K, H, W), of 16 pixels a side or more."""

    def __init__(self, channels: int, n_classes: int, config: CnnConfig) -> None:
        super().__init__()
        self.series = SeedSeries(channels, config.temporal_kernel)
        widths = list(zip((_WIDTH, *_LEVELS), _LEVELS, strict=False))
        self.down = nn.ModuleList(_double(before, after) for before, after in widths)
        ups = ((1024, 256), (512, 128), (256, 64), (128, 64))
        self.up = nn.ModuleList(_double(joined, after) for joined, after in ups)
        self.head = nn.Conv2d(_WIDTH, n_classes, 1)
        self.n_classes = n_classes
        self.reach = 2 ** (len(_LEVELS) + 2)  # [px] margin that a tile's edge needs

    def forward(self, x: Tensor) -> Tensor:
        x, skips = self.series(x), []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            rows, columns = (a - b for a, b in zip(skip.shape[-2:], x.shape[-2:], strict=True))
            sides = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
            x = block(torch.cat([skip, F.pad(x, sides)], dim=1))
        logits: Tensor = self.head(x)
        return logits
