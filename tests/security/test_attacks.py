"""The list of attacks names tests and guards that there are."""

from __future__ import annotations

import ast

import pytest

from bench.attacks import ATTACKS
from cropdash.settings.folders import PROJECT


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.attack)
def test_each_attack_has_its_test_and_its_guard(attack):
    file, _, name = attack.test.partition("::")
    tests = (PROJECT / "tests" / file).read_text(encoding="utf-8")
    assert not name or f"def {name}(" in tests
    if attack.guard:
        whole = (PROJECT / "cropdash" / attack.file).read_text(encoding="utf-8")
        assert attack.guard in whole
        ast.parse(whole.replace(attack.guard, attack.without))  # which still can be loaded
