"""Datasets of a season that is not over: what is there, what is not, and what is added later."""

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest

from cropdash.domain import Season, Zone
from cropdash.domain.errors import ConfigError, InvalidRaster
from cropdash.domain.source import Warn, ignore
from cropdash.ingest.local.source import LocalSource
from cropdash.ingest.table.source import TableSource
from cropdash.prepare import as_of
from cropdash.settings import sources
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.periods import PeriodFolder
from cropdash.workflow import build, images
from docs.inputs import world
from tests.factory import SomeZones
from tests.worlds import FLANDERS, needs

JUNE, AUGUST = dt.date(2023, 6, 30), dt.date(2023, 8, 20)


@dataclass(frozen=True)
class Watched(SomeZones):
    """Simulated zones that note the dates on which they were asked for a scene."""

    seen: list[dt.date] = field(default_factory=list)

    def scenes(self, zone: Zone, warn: Warn = ignore):
        for scene in self.whole.scenes(zone, warn):
            self.seen.append(scene.date)
            yield scene

    def part(self, days: Season):
        return replace(self, whole=self.whole.part(days))


def source(season: str = "2023", every: str = "month") -> Watched:
    days = Season.of(season, every)
    return Watched(SimulatedSource(2, 32, days, zones_per_region=2), 1)


def built(data, name: str, of: Watched, day: dt.date | None = None) -> DatasetFolder:
    folder = DatasetFolder(data, name)
    described = build.describe(of, "d", "D", {}, as_of=day)
    done = build.build(of, folder, replace(described, name=name), progress=lambda stage, done: None)
    assert not done.failed, done.failed
    return folder


def files(folder: DatasetFolder, zone_id: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.zone_folder(zone_id).iterdir() if p.is_file()}


@pytest.mark.parametrize(
    ("season", "every", "days"),
    [
        ("2023", "month", (JUNE, AUGUST)),
        ("2022-10..2023-09", "dekad", (dt.date(2022, 12, 31), dt.date(2023, 4, 15))),
        ("2023-01-05..2023-10-31", "16d", (JUNE, AUGUST)),
    ],
)
def test_a_build_that_is_taken_up_asks_for_new_days_alone_and_ends_as_one_that_waited(
    tmp_path, season, every, days
):
    whole = built(tmp_path, "whole", source(season, every))
    grown, known = DatasetFolder(tmp_path, "grown"), None
    for day in (*days, None):
        asked = source(season, every)
        before = {z.zone_id: files(grown, z.zone_id) for z in asked.zones()} if known else {}
        built(tmp_path, "grown", asked, day)
        until = grown.description().known.end
        assert all(until >= date > (known or dt.date.min) for date in asked.seen)
        assert asked.seen
        for zone in asked.zones():
            cube = grown.cube(zone.zone_id)
            expected = whole.cube(zone.zone_id)
            expected = as_of.known_by(expected, day) if day else expected
            np.testing.assert_array_equal(cube.reflectance, expected.reflectance)
            np.testing.assert_array_equal(cube.clear_dates, expected.clear_dates)
            assert grown.series(zone.zone_id)["period"].nunique() == len(
                grown.description().periods
            )
            for name in ("labels.tif", "parcels.parquet"):  # nothing else is touched
                assert not before or before[zone.zone_id][name] == files(grown, zone.zone_id)[name]
        known = until
    for zone in whole.built_zones():
        one, other = (folder.series(zone.zone_id) for folder in (whole, grown))
        pd.testing.assert_frame_equal(one, other)


def test_what_comes_after_the_day_changes_no_byte_of_the_dataset(tmp_path):
    @dataclass(frozen=True)
    class Noisy(Watched):
        def scenes(self, zone, warn=ignore):
            for scene in super().scenes(zone, warn):
                late = np.float32(scene.date > JUNE)
                yield replace(scene, reflectance=scene.reflectance * (1 - late) + late * 0.5)

        def part(self, days):
            return self  # as if it gave all that it had: none of it may be looked at

    plain = built(tmp_path, "plain", source(), JUNE)
    noisy = source()
    noisy = built(tmp_path, "noisy", Noisy(noisy.whole, noisy.n), JUNE)
    for zone in plain.built_zones():
        one, other = files(plain, zone.zone_id), files(noisy, zone.zone_id)
        assert one == other


FILES = {
    "composites": world.composites,
    "one file": world.stacked,
    "scenes": world.scenes,
    "table": lambda folder: world.table(folder / "t.csv"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_that_change_after_the_day_change_no_bit_of_what_is_built_of_them(
    kind, tmp_path, monkeypatch
):
    truth, rng = world.reflectance, np.random.default_rng(0)

    def noisy(day, *rest):
        values = truth(day, *rest)
        return values if day <= JUNE else rng.uniform(0.01, 0.9, values.shape)

    found = []
    for name, seen in (("plain", truth), ("noisy", noisy)):
        with monkeypatch.context() as now:
            now.setattr(world, "reflectance", seen)
            given = FILES[kind](tmp_path / name / "mine")
        values = {"source": "table", "table_path": given}
        if kind != "table":
            values = {"source": "local", "folder": world.zones(given)}
            world.register(given / "register.gpkg")
        config = sources.parse({"dataset": "d", **values})
        opened = sources.of(config).open(config)
        folder = DatasetFolder(tmp_path / name, "d")
        described = build.describe(opened, "d", "D", {}, as_of=JUNE)
        done = build.build(opened, folder, described, progress=lambda stage, done: None)
        assert not done.failed
        found.append({z.zone_id: files(folder, z.zone_id) for z in folder.built_zones()})
    plain, noisy_one = found
    assert len(plain) > 1
    kept = {"composite.tif", "labels.tif", "parcels.parquet"}
    for zone, one in plain.items():
        assert kept <= one.keys()
        for name in one:
            if name not in ("manifest.json", "scenes.json"):  # they tell of the files themselves
                assert one[name] == noisy_one[zone][name], (zone, name)


def test_a_build_that_is_whole_by_the_day_does_nothing_and_no_earlier_day_is_taken(tmp_path):
    folder = built(tmp_path, "d", source(), JUNE)
    again = source()
    built(tmp_path, "d", again, dt.date(2023, 7, 30))  # July is still going on
    assert not again.seen
    with pytest.raises(ConfigError, match="known until 2023-06-30 already"):
        built(tmp_path, "d", source(), dt.date(2023, 5, 31))
    config = sources.parse({"source": "simulated", "dataset": "d", "as_of": "2023-05-31"})
    folder.configure(config.model_copy(update={"as_of": "2023-06-30"}))
    with pytest.raises(ConfigError, match="known until 2023-06-30 already"):
        folder.configure(config)
    assert folder.config().as_of == "2023-06-30"


def test_a_month_without_any_scene_is_a_month_under_cloud(tmp_path):
    @dataclass(frozen=True)
    class Blind(Watched):
        def scenes(self, zone, warn=ignore):
            return (s for s in super().scenes(zone, warn) if s.date.month != 7)

    made = source()
    blind = Blind(made.whole, made.n)
    folder = built(tmp_path, "d", blind, JUNE)
    built(tmp_path, "d", blind, dt.date(2023, 7, 31))
    zone = folder.built_zones()[0].zone_id
    cube, report = folder.cube(zone), folder.report(zone)
    assert not cube.clear_dates[6].any()
    assert np.isfinite(cube.reflectance[6]).any()  # filled from June
    assert report["periods_without_observation"][-1] == "2023-07"
    assert any("2023-07" in warning for warning in report["warnings"])


@pytest.mark.parametrize("day", ["2023-02-30", "june", "2023-6-1"])
def test_a_day_that_is_none_is_refused(day):
    with pytest.raises(ConfigError, match="as 2023-06-30"):
        sources.parse({"source": "simulated", "dataset": "d", "as_of": day})


def test_days_that_nobody_has_seen_are_refused_and_a_season_that_is_over_needs_none():
    today, running = dt.date(2023, 7, 15), Season.of("2023")
    for day in (None, today, dt.date(2023, 12, 1)):
        with pytest.raises(ConfigError, match="--as-of 2023-07-14"):
            build._check_over(running, day, today)
    build._check_over(running, dt.date(2023, 7, 14), today)
    build._check_over(Season.of("2022"), dt.date(2024, 1, 1), today)


def test_a_cube_of_other_periods_is_not_lengthened(tmp_path):
    folder = built(tmp_path, "d", source(), JUNE)
    cube = folder.known_cube(folder.built_zones()[0].zone_id)
    assert cube.over(cube.periods) is cube
    with pytest.raises(InvalidRaster, match="not the first of a season"):
        cube.over(Season.of("2022").periods)


@pytest.mark.parametrize("kind", ["table", pytest.param("local", marks=needs(FLANDERS))])
def test_a_part_of_files_is_what_the_whole_says_of_those_days(kind, tmp_path):
    if kind == "local":
        opened, year = LocalSource(FLANDERS), 2018
    else:
        opened = TableSource(world.table(tmp_path / "t.csv"), wanted=Season.of(2023))
        year = 2023
    zone, days = opened.zones()[0], Season.of(f"{year}-04..{year}-07")
    folder = DatasetFolder(tmp_path, "d")

    def of(how, *rest):
        kept = PeriodFolder(folder.path)
        return how(opened, zone, *rest, lambda said: None, folder, kept)[0]

    whole, part = of(images.composites), of(images.of_part, days)
    assert part.periods == days.periods
    np.testing.assert_array_equal(part.reflectance, whole.reflectance[3:7])
    np.testing.assert_array_equal(part.clear_dates, whole.clear_dates[3:7])
    assert part.clear_dates.any()
