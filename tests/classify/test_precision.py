"""bfloat16 is used where instructions for it may be used, and what only answers loads no trainer."""

import os
import subprocess
import sys

import pytest
import torch

from cropdash.classify.cnn import precision
from cropdash.classify.cnn.settings import CnnConfig

SAYS = (
    "import sys; from cropdash.classify.cnn import model, precision;"
    "from cropdash.classify.cnn.settings import CnnConfig;"
    "assert 'lightning' not in sys.modules;"  # it takes seconds
    "print(precision.half(CnnConfig(dataset='d')))"
)


def said(**environment: str) -> str:
    command = [sys.executable, "-c", SAYS]
    done = subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(
    not torch.backends.cpu.get_cpu_capability().startswith("AVX"), reason="no x86 processor"
)
def test_where_wide_instructions_are_forbidden_bfloat16_would_be_emulated():
    assert said(ATEN_CPU_CAPABILITY="avx2") == "False"


def test_the_setting_forbids_it_everywhere():
    assert not precision.half(CnnConfig(dataset="d", half_precision=False))


def test_a_processor_that_has_it_uses_it():
    if not torch.cpu.get_capabilities().get("avx512_bf16"):
        pytest.skip("this processor has no bfloat16")
    assert said(ATEN_CPU_CAPABILITY="") == "True"
