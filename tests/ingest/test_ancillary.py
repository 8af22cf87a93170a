"""What the simulated landscape and files of one's own know of the land beside its images."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.domain import Season
from cropdash.domain.errors import ConfigError
from cropdash.ingest import registers
from cropdash.ingest.ancillary import Ancillary, AncillaryFiles, ancillary_of
from cropdash.prepare import parcels
from cropdash.settings import sources
from cropdash.simulate import ancillary
from cropdash.simulate.source import SimulatedSource
from tests import worlds

SEQUENCES = worlds.SHARED / "data" / "rpg" / "rpg_boigneville_1200_sequences.gpkg"


def height(source, zone):
    (layer,) = source.layers(zone, source.season)
    assert layer.name == "elevation"
    return layer.values[0]


def test_the_landscape_knows_its_heights_and_the_year_before():
    source = SimulatedSource(seed=3, size=96)
    assert isinstance(source, Ancillary)
    zones = {zone.region: zone for zone in source.zones()}
    heights = {region: height(source, zone).mean() for region, zone in zones.items()}
    assert heights["massif_central"] > heights["nord_picardie"]
    zone = zones["mediterranean"]
    again = SimulatedSource(seed=3, size=96)
    np.testing.assert_array_equal(height(source, zone), height(again, zone))
    then, now = source.parcels_before(zone), source.parcels(zone)
    assert then.equals(again.parcels_before(zone))
    assert len(then) > 0
    assert then.columns.tolist() == now.columns.tolist()
    assert not then.equals(now)


def test_files_go_before_what_the_source_knows(tmp_path):
    """A layer of the same name from a file takes the place of the source's; others stand beside."""
    config = sources.demo(size=40, zones_per_region=2)
    source = sources.of(config).open(config)
    zone = source.zones()[3]
    for name, value in (("elevation", 7), ("slope", 2)):
        worlds.geotiff(tmp_path / f"{name}.tif", zone.grid, np.full((1, 40, 40), value))
    one = ancillary_of(sources.demo(layers=str(tmp_path / "slope.tif")), source)
    assert [y.name for y in one.layers(zone, source.season)] == ["slope", "elevation"]
    both = ancillary_of(sources.demo(layers=str(tmp_path)), source)
    found = {y.name: y.values for y in both.layers(zone, source.season)}
    assert set(found) == {"elevation", "slope"}
    assert (found["elevation"] == 7).all()
    assert both.parcels_before(zone).equals(source.parcels_before(zone))


def test_a_register_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        AncillaryFiles(register=tmp_path / "missing.gpkg")
    zone = worlds.zone("a", at=worlds.grid((9, 7)))
    registers.write_parcels(
        tmp_path / "before.gpkg", worlds.register([("1", "BTH", zone.grid.bounds)])
    )
    known = AncillaryFiles(register=tmp_path / "before.gpkg")
    assert known.parcels_before(zone)["CODE_CULTU"].tolist() == ["BTH"]
    assert known.layers(worlds.zone("a"), Season.of(2023)) == ()
    assert AncillaryFiles().parcels_before(worlds.zone("a")) is None


def test_vines_stay_and_wheat_moves():
    source, codes = SimulatedSource(seed=0, size=256), legend.load()
    ids = {item.name: item.id for item in codes.classes}
    stayed: dict[str, list[bool]] = {"vineyard": [], "winter_wheat": []}
    for zone in source.zones():
        if zone.region not in ("mediterranean", "paris_basin"):
            continue
        now, then = (
            parcels.rasterize(
                parcels.clean(table, zone, codes, source.zones()).parcels, zone.grid
            ).crop
            for table in (source.parcels(zone), source.parcels_before(zone))
        )
        for name, found in stayed.items():
            known = (now == ids[name]) & (then > 0) & (then < 255)
            found += (then[known] == ids[name]).tolist()
    assert np.mean(stayed["vineyard"]) > 0.9
    assert np.mean(stayed["winter_wheat"]) < 0.3


def test_to_ask_for_them_changes_nothing_of_the_landscape():
    asked, plain = (SimulatedSource(seed=5, size=48) for _ in range(2))
    zone = asked.zones()[7]
    assert height(asked, zone).shape == zone.grid.shape
    assert len(asked.parcels_before(zone)) > 0
    assert asked.parcels(zone).equals(plain.parcels(zone))
    pairs = list(zip(asked.scenes(zone), plain.scenes(zone), strict=True))
    assert len(pairs) > 30
    for one, other in pairs:
        assert one.date == other.date
        np.testing.assert_array_equal(one.reflectance, other.reflectance)
        np.testing.assert_array_equal(one.scl, other.scl)


@worlds.needs(SEQUENCES)
@pytest.mark.parametrize(
    ("crop", "name", "most"), [("ble", "winter_wheat", 0.25), ("orge", "barley", 0.25),
                               ("colz", "rapeseed", 0.25), ("prot", "winter_pea", 0.4)],
)  # fmt: skip
def test_rotations_of_the_paris_basin_are_near_those_of_a_real_commune(crop, name, most):
    """Share of area by crop of the year before, five years of 1,200 plots: half the sum of differences."""
    ids = {item.name: item.id for item in legend.load().classes}
    groups = {"ble": ["winter_wheat", "winter_durum_wheat"], "orge": ["barley"],
              "colz": ["rapeseed"], "mais": ["maize"]}  # fmt: skip
    chances = ancillary._chances("paris_basin")[ids[name]]
    ours = np.array([chances[[ids[n] for n in names]].sum() for names in groups.values()])
    table = gpd.read_file(SEQUENCES, engine="pyogrio")
    years = [(table[f"y{n}"], table[f"y{n + 1}"]) for n in range(1, 5)]
    then = pd.concat([before[now == crop] for before, now in years])
    area = table["area_ha"].loc[then.index].to_numpy()
    real = np.array([area[then == group].sum() for group in groups]) / area.sum()
    rest = abs(ours.sum() - real.sum())
    assert (np.abs(ours - real).sum() + rest) / 2 < most
