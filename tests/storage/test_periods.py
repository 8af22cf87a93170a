import numpy as np
import pytest

from cropdash.domain.errors import ConfigError
from cropdash.storage.periods import PeriodFolder


def of_period(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "reflectance": rng.random((4, 7, 5), dtype=np.float32),
        "clear_dates": rng.integers(0, 9, (7, 5)).astype(np.uint8),
    }


def test_a_period_comes_back_as_it_was_put(tmp_path):
    periods, put = PeriodFolder(tmp_path), of_period()
    put["reflectance"][0, 0, 0] = np.nan
    assert periods.get("a", "2023-05") is None
    periods.put("a", "2023-05", put)
    got = periods.get("a", "2023-05")
    assert set(got) == set(put)
    for name, array in put.items():
        assert got[name].dtype == array.dtype
        np.testing.assert_array_equal(got[name], array)
    assert periods.get("a", "2023-06") is None
    assert periods.get("b", "2023-05") is None


def test_any_changed_byte_and_any_cut_reads_as_missing_or_as_it_was(tmp_path):
    """The archive's own bytes that carry no meaning may change; what is read is never wrong."""
    periods, put = PeriodFolder(tmp_path), of_period()
    periods.put("a", "2023-05", put)
    path = next(tmp_path.rglob("*.npz"))
    content, rng, missing = path.read_bytes(), np.random.default_rng(1), 0
    for place in rng.integers(0, len(content), 150):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        got = periods.get("a", "2023-05")
        missing += got is None
        if got is not None:
            for name, array in put.items():
                np.testing.assert_array_equal(got[name], array)
    assert missing > 50
    for end in (0, 1, 100, len(content) - 1):
        path.write_bytes(content[:end])
        assert periods.get("a", "2023-05") is None


def test_an_archive_of_objects_or_without_checksum_reads_as_missing(tmp_path):
    periods = PeriodFolder(tmp_path)
    periods.put("a", "2023-05", of_period())
    path = next(tmp_path.rglob("*.npz"))
    np.savez(path, values=np.arange(3))
    assert periods.get("a", "2023-05") is None
    np.savez(path, sha256=np.array(["x", 1], dtype=object), allow_pickle=True)
    assert periods.get("a", "2023-05") is None


def test_periods_of_a_zone_are_forgotten_alone(tmp_path):
    periods = PeriodFolder(tmp_path)
    for zone in ("a", "b"):
        periods.put(zone, "2023-05", of_period())
    periods.clear("a")
    assert periods.get("a", "2023-05") is None
    assert periods.get("b", "2023-05") is not None
    periods.clear("b")
    periods.clear("b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("zone", "period"), [("../up", "2023-05"), ("a", "../up")])
def test_names_are_no_paths(tmp_path, zone, period):
    with pytest.raises(ConfigError):
        PeriodFolder(tmp_path).put(zone, period, of_period())
