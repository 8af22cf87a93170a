import threading

import numba
import numpy as np

from cropdash.domain.compiled import compiled


def doubled(values, found):
    for i in range(len(values)):
        found[i] = 2 * values[i]


def test_loops_are_compiled_once_by_whoever_comes_first(monkeypatch):
    made = []

    def njit(loops, **options):
        made.append(options)
        return loops

    monkeypatch.setattr(numba, "njit", njit)
    call, found = compiled(doubled), np.zeros((8, 3))
    threads = [threading.Thread(target=call, args=(np.arange(3.0), row)) for row in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found, [[0, 2, 4]] * 8)
    assert made == [{"nogil": True, "cache": True}]


def test_where_nothing_can_be_written_they_are_compiled_without_being_kept(monkeypatch):
    made = []

    def njit(loops, **options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        made.append(options)
        return loops

    monkeypatch.setattr(numba, "njit", njit)
    found = np.zeros(2)
    compiled(doubled)(np.ones(2), found)
    assert found.tolist() == [2, 2]
    assert made == [{"nogil": True}]


def test_a_full_disk_keeps_nothing_and_costs_nothing_else(monkeypatch):
    """As numba does it: the code is there, then keeping it fails."""
    full = [OSError(28, "No space left on device")]

    def njit(loops, **options):
        def call(*values):
            if full:
                raise full.pop()
            return loops(*values)

        return call

    monkeypatch.setattr(numba, "njit", njit)
    found = np.zeros(2)
    compiled(doubled)(np.ones(2), found)
    assert found.tolist() == [2, 2]
    assert not full
