"""Dropout whose mask is not what a training step waits for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEVELS = 2**16  # that a chance is rounded to
_LOWEST = -(2**15)  # of the drawn integers
_IN_A_DRAW = 4  # of them


class Dropout(nn.Dropout):
    """Dropout of single values, as PyTorch's but for the way chance is drawn on a CPU.

    There PyTorch draws one number after the other for each value. Here each draw of 64 bits
    decides on four values, with a chance rounded to 1/65,536.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p or x.device.type != "cpu":
            return super().forward(x)
        return x * _mask(x, self.p)


def _mask(x: Tensor, p: float) -> Tensor:
    """0 with chance p, else 1/(1-p), in the shape and the memory order of x."""
    draws = torch.empty(-(-x.numel() // _IN_A_DRAW), dtype=torch.int64).random_(-(2**63), None)
    integers = draws.view(torch.int16)[: x.numel()]
    dropped = round(p * _LEVELS)
    mask = (integers >= _LOWEST + dropped).to(x.dtype).mul_(_LEVELS / (_LEVELS - dropped))
    return mask.as_strided(x.size(), torch.empty_like(x).stride())
