"""bfloat16 is used where instructions for it may be used, and nowhere else."""

import os
import subprocess
import sys

import pytest
import torch

SAYS = (
    "from cropdash.classify.cnn import precision; from cropdash.classify.cnn.settings import CnnConfig;"
    "print(precision.half(CnnConfig(dataset='d', half_precision={allowed})))"
)


def said(allowed: bool, **environment: str) -> str:
    command = [sys.executable, "-c", SAYS.format(allowed=allowed)]
    done = subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(
    not torch.backends.cpu.get_cpu_capability().startswith("AVX"), reason="no x86 processor"
)
def test_where_wide_instructions_are_forbidden_bfloat16_would_be_emulated():
    assert said(True, ATEN_CPU_CAPABILITY="avx2") == "False"


def test_the_setting_forbids_it_everywhere():
    assert said(False) == "False"


def test_a_processor_that_has_it_uses_it():
    if not torch.cpu.get_capabilities().get("avx512_bf16"):
        pytest.skip("this processor has no bfloat16")
    assert said(True, ATEN_CPU_CAPABILITY="") == "True"
