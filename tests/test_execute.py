import os
import signal

import pytest

from cropdash import execute
from cropdash.errors import CropdashError


def double(x):
    if x == 3:
        raise CropdashError("three is not liked")
    return 2 * x


def die(x):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_does_not_hold_up_the_others(workers):
    outcomes = list(execute.run(double, [1, 2, 3, 4], workers=workers, should_stop=lambda: False))
    assert {o.task: o.result for o in outcomes} == {1: 2, 2: 4, 3: None, 4: 8}
    assert [o.error for o in outcomes if o.task == 3] == ["three is not liked"]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_task_begins_after_a_stop(workers):
    seen = []
    for outcome in execute.run(
        double, range(10, 30), workers=workers, should_stop=lambda: len(seen) >= 2
    ):
        seen.append(outcome.task)  # noqa: PERF401 (should_stop looks at it meanwhile)
    assert 2 <= len(seen) <= 2 + workers


def test_a_killed_worker_is_told_as_a_sentence():
    with pytest.raises(CropdashError, match="killed"):
        list(execute.run(die, [1, 2, 3], workers=2, should_stop=lambda: False))
