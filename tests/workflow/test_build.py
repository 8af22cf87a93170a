import datetime as dt
from dataclasses import dataclass

import numpy as np
import pytest
import rasterio

from cropdash import legend
from cropdash.domain import Season, Zone
from cropdash.domain.errors import ConfigError, DatasetNotFound, InvalidScene
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.domain.source import Warn, ignore
from cropdash.ingest.local.source import LocalSource
from cropdash.prepare import parcels
from cropdash.settings import sources
from cropdash.storage import catalogue, datasets, status, zone_states
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build
from tests import worlds
from tests.worlds import FLANDERS, needs

GRID = worlds.grid((9, 14))
SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 6, 30))


@dataclass(frozen=True)
class SmallSource:
    """Two zones of a few parcels; May has no scene, and zones named in `broken` fail."""

    broken: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    name: str = "small"
    season: Season = SEASON
    bands: tuple[str, ...] = BAND_SETS["10m"]

    def zones(self) -> tuple[Zone, ...]:
        east = worlds.grid((9, 14), left=GRID.bounds[2])
        return (worlds.zone("west", "train", GRID), worlds.zone("east", "test", east))

    def parcels(self, zone):
        left, bottom, _, _ = zone.grid.bounds
        rows = [
            ("1", "BTH", (left + 10, bottom + 10, left + 60, bottom + 70)),
            ("2", "MIS", (left + 70, bottom + 10, left + 120, bottom + 70)),
        ]
        frame = worlds.register(rows)
        return frame.iloc[:0] if zone.zone_id in self.empty else frame

    def scenes(self, zone: Zone, warn: Warn = ignore):
        if zone.zone_id in self.broken:
            raise InvalidScene(f"{zone.zone_id} has no scene.")
        warn("one.tif is truncated")
        for month in (4, 6):
            yield worlds.scene(dt.date(2023, month, 3), month, zone.grid, cloudy=0.0)


def run(tmp_path, source, workers=1, **kwargs):
    folder = DatasetFolder(tmp_path, "d")
    told = []
    description = build.describe(source, "d", "D", {})
    result = build.build(
        source,
        folder,
        description,
        workers=workers,
        progress=lambda stage, done: told.append((stage, done)),
        **kwargs,
    )
    return folder, result, told


def test_a_dataset_of_which_nothing_was_built_is_begun_anew_under_its_name(tmp_path):
    folder, result, _ = run(tmp_path, SmallSource(broken=("west", "east")))
    assert len(result.failed) == 2
    left = folder.zone_folder("west") / "fetched_for_the_former_settings"
    left.touch()
    other = Season(dt.date(2023, 4, 1), dt.date(2023, 7, 31))
    folder, result, _ = run(tmp_path, SmallSource(broken=("east",), season=other))
    assert result.built == ("west",)
    assert folder.description().season == other
    assert not left.exists()
    with pytest.raises(DatasetNotFound, match="exists with other"):  # a zone is there: it stays
        run(tmp_path, SmallSource())
    assert folder.description().season == other


def test_settings_are_begun_anew_until_a_zone_is_built_or_a_worker_is_at_it(tmp_path):
    folder = DatasetFolder(tmp_path, "d")
    one, other = (sources.demo(dataset="d", size=32, seed=seed, workers=1) for seed in (1, 2))
    folder.configure(one)
    folder.configure(other)
    with status.lock(folder.path), pytest.raises(ConfigError, match="begun with other settings"):
        folder.configure(one)
    folder.configure(one)
    run(tmp_path, SmallSource(broken=("east",)))
    with pytest.raises(ConfigError, match="begun with other settings"):
        folder.configure(other)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_dataset_is_built_zone_by_zone(tmp_path, workers):
    folder, result, told = run(tmp_path, SmallSource(), workers)
    assert set(result.built) == {"west", "east"}
    assert told[-1][1] == 1.0
    cube = folder.cube("west")
    assert (cube.clear_dates[1] == 0).all()
    np.testing.assert_allclose(
        cube.reflectance[1], (cube.reflectance[0] + cube.reflectance[2]) / 2, atol=1.01e-4
    )
    table = folder.parcels("west")
    assert table["n_pixels"].tolist() == [30, 30]
    assert set(folder.series("west")["period"]) == {p.id for p in SEASON.periods}
    report = folder.report("west")
    assert report["periods_without_observation"] == ["2023-05"]
    assert report["warnings"] == ["one.tif is truncated"]


def test_a_second_build_touches_only_what_is_missing_or_changed(tmp_path):
    folder, _, _ = run(tmp_path, SmallSource())
    marks = {
        z: (folder.zone_folder(z) / "manifest.json").stat().st_mtime_ns for z in ("west", "east")
    }
    labels = folder.zone_folder("east") / "labels.tif"
    labels.write_bytes(labels.read_bytes() + b" ")
    _, result, _ = run(tmp_path, SmallSource())
    assert (result.built, result.kept) == (("east",), ("west",))
    after = (folder.zone_folder("west") / "manifest.json").stat().st_mtime_ns
    assert after == marks["west"]


def test_a_zone_that_fails_does_not_hold_up_the_others(tmp_path):
    folder, result, _ = run(tmp_path, SmallSource(broken=("west",)))
    assert result.built == ("east",)
    assert result.failed == {"west": "west has no scene."}
    assert [z.zone_id for z in folder.built_zones()] == ["east"]
    _, again, _ = run(tmp_path, SmallSource())
    assert (again.built, again.kept) == (("west",), ("east",))


def test_a_zone_without_parcels_says_so(tmp_path):
    _, result, _ = run(tmp_path, SmallSource(empty=("west",)))
    assert "no parcel" in result.failed["west"]


def test_a_stop_leaves_a_whole_part(tmp_path):
    folder, result, _ = run(tmp_path, SmallSource(), should_stop=lambda: True)
    assert result.stopped
    assert result.built == ()
    assert folder.built_zones() == ()


def test_another_source_under_the_same_name_is_refused(tmp_path):
    run(tmp_path, SmallSource())
    with pytest.raises(DatasetNotFound, match="another name"):
        run(tmp_path, SmallSource(season=Season.of("2023-04..2023-05")))


@needs(FLANDERS)
def test_flanders_on_disk_agrees_with_the_independent_composite(tmp_path):
    source = LocalSource(FLANDERS)
    folder, result, _ = run(tmp_path, source)
    assert set(result.built) == {"flanders_west", "flanders_east"}
    reference = np.load(FLANDERS / "reference_monthly_median.npy")  # (12, 4, 64, 64)
    for zone_id, columns in (("flanders_west", slice(0, 32)), ("flanders_east", slice(32, 64))):
        with rasterio.open(folder.zone_folder(zone_id) / "composite.tif") as raster:
            values = raster.read().reshape(12, 4, 64, 32).astype(float)
            assert raster.descriptions[0] == "2018-01 B2"
        expected = reference[..., columns]
        finite = np.isfinite(expected)
        assert np.abs(values - expected)[finite].max() <= 1
        cube = folder.cube(zone_id)
        np.testing.assert_array_equal(cube.reflectance[11], cube.reflectance[10])  # from November
        assert (cube.clear_dates[11] == 0).all()
        assert (cube.clear_dates[10] > 0).mean() > 0.99
        assert folder.report(zone_id)["periods_without_observation"] == ["2018-12"]


@needs(FLANDERS)
def test_no_parcel_and_no_pixel_is_on_two_sides(tmp_path):
    source = LocalSource(FLANDERS)
    folder, _, _ = run(tmp_path, source)
    west, east = (folder.parcels(z) for z in ("flanders_west", "flanders_east"))
    assert not set(west["register_id"]) & set(east["register_id"])
    whole = source.zones()
    for zone, foreign in zip(whole, (east, west), strict=True):
        theirs = parcels.rasterize(foreign, zone.grid).parcel_id > 0
        labels = folder.labels(zone.zone_id)
        assert theirs.any()
        assert (labels.crop[theirs] == 255).all()
    assert len(west) + len(east) == 18
    assert set(west["crop"]) | set(east["crop"]) <= set(range(legend.load().n_classes))


def test_codes_of_a_table_are_kept_with_the_dataset_and_change_its_legend(tmp_path):
    table = tmp_path / "codes.csv"
    table.write_text("code,class\nBTH,maize\nMIS,background\n")
    folder, mine = DatasetFolder(tmp_path, "d"), legend.load(codes=[table])
    table.unlink()
    assert mine.hash != legend.load().hash
    source = SmallSource()
    description = build.describe(source, "d", "D", {}, mine)
    build.build(source, folder, description, legend=mine, progress=lambda stage, done: None)
    assert folder.description().legend_hash == folder.legend().hash
    names = {c.id: c.name for c in legend.load().classes}
    assert [names[i] for i in folder.parcels("west")["crop"]] == ["maize", "background"]


def test_a_surprise_in_one_zone_is_told_and_does_not_end_the_build(tmp_path, capsys):
    class Odd(SmallSource):
        def parcels(self, zone):
            if zone.zone_id == "west":
                raise ZeroDivisionError("a bug")
            return super().parcels(zone)

    folder, result, _ = run(tmp_path, Odd())
    assert result.built == ("east",)
    assert "Unexpected ZeroDivisionError: a bug" in result.failed["west"]
    assert "Traceback" in capsys.readouterr().err
    table = zone_states.table(folder, None).set_index("zone_id")
    assert table.loc["west", ["state", "step"]].tolist() == ["failed", "reading"]


def test_a_folder_in_the_place_of_a_zone_s_file_is_said(tmp_path):
    folder = DatasetFolder(tmp_path, "d")
    (folder.zone_folder("west") / "last_crop.tif").mkdir(parents=True)
    _, result, _ = run(tmp_path, SmallSource())
    assert result.built == ("east",)
    assert "last_crop.tif can't be used" in result.failed["west"]


def test_a_zone_that_another_process_builds_is_left_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "_LOCK_WAIT_S", 0.1)
    folder = DatasetFolder(tmp_path, "d")
    with folder.zone_lock("west"):
        _, result, _ = run(tmp_path, SmallSource())
    assert "still at work" in result.failed["west"]
    assert result.built == ("east",)
    assert "west" not in catalogue.said(folder.path)
    zone = SmallSource().zones()[1]
    before = (folder.zone_folder("east") / "manifest.json").stat().st_mtime_ns
    build.build_zone(SmallSource(broken=("east",)), folder, zone)  # whole: nothing is read again
    assert (folder.zone_folder("east") / "manifest.json").stat().st_mtime_ns == before


def test_a_zone_that_was_damaged_for_a_moment_only_stays_as_it_was(tmp_path, monkeypatch):
    folder, _, _ = run(tmp_path, SmallSource())
    manifest, zone = folder.zone_folder("east") / "manifest.json", SmallSource().zones()[1]
    before = manifest.stat().st_mtime_ns
    monkeypatch.setattr(DatasetFolder, "is_current", lambda *_, **__: False)
    told = build.build_zone(SmallSource(broken=("east",)), folder, zone)
    assert told == folder.report("east")
    assert manifest.stat().st_mtime_ns == before


@dataclass(frozen=True)
class Leaving(SmallSource):
    """Leaves scenes out; in zones that are `broken`, all of them."""

    def scenes(self, zone: Zone, warn: Warn = ignore):
        for day in (3, 9):
            warn(f"2023-04-{day:02d}.tif can't be read: fetch it again.")
        if zone.zone_id not in self.broken:
            yield worlds.scene(dt.date(2023, 5, 3), 1, zone.grid, cloudy=0.0)


def test_what_was_left_out_is_counted_and_its_first_reason_told_of_failed_zones_too(tmp_path):
    folder, result, _ = run(tmp_path, Leaving(broken=("east",)))
    assert {zone: len(told) for zone, told in result.warned.items()} == {"west": 2}
    said = result.failed["east"]
    assert said.startswith("There is no scene to composite")
    assert (
        "(2 warnings came before, the first: 2023-04-03.tif can't be read: fetch it again)." in said
    )
    assert catalogue.said(folder.path)["east"].reason == said
