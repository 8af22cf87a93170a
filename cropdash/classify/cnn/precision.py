"""Whether this machine computes in bfloat16."""

from __future__ import annotations

from functools import cache

import torch

from cropdash.classify.cnn.settings import CnnConfig


def half(config: CnnConfig) -> bool:
    """True if the settings allow bfloat16 and the processor has instructions for it."""
    return config.half_precision and _has_instructions()


@cache
def _has_instructions() -> bool:
    # Without them bfloat16 is emulated, which is slower than float32; the environment may also forbid
    # the processor's wider instructions (ATEN_CPU_CAPABILITY), and these with them.
    found = torch.cpu.get_capabilities()
    if found.get("avx512_bf16") or found.get("amx_bf16"):
        return torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return bool(found.get("bf16"))
