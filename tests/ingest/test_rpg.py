import geopandas as gpd
import pytest
from shapely import box

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest import registers
from tests import worlds
from tests.worlds import SHARED, needs

SAMPLE = SHARED / "data" / "rpg" / "PARCELLES_GRAPHIQUES_RPG2022_sample100.gpkg"
GRID = worlds.grid((20, 30))
LEFT, BOTTOM, RIGHT, TOP = GRID.bounds


@needs(SAMPLE)
def test_the_real_register_with_lower_case_columns():
    frame = registers.read_parcels(SAMPLE)
    assert list(frame.columns) == ["ID_PARCEL", "CODE_CULTU", "geometry"]
    assert len(frame) == 100
    assert frame.crs.to_epsg() == 2154
    assert frame["CODE_CULTU"].str.len().eq(3).all()


def test_write_and_read_of_a_box_returns_what_touches_it(tmp_path):
    rows = [
        ("1", "BTH", (LEFT + 20, BOTTOM + 20, LEFT + 60, BOTTOM + 60)),
        ("2", "MIS", (RIGHT - 10, TOP - 10, RIGHT + 90, TOP + 90)),
        ("3", "MIS", (RIGHT + 500, TOP, RIGHT + 600, TOP + 90)),
    ]
    registers.write_parcels(tmp_path / "r.gpkg", worlds.register(rows))
    assert set(registers.read_parcels(tmp_path / "r.gpkg", GRID)["ID_PARCEL"]) == {"1", "2"}
    assert len(registers.read_parcels(tmp_path / "r.gpkg")) == 3


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(InvalidRegister, match=r"none\.gpkg"):
        registers.read_parcels(tmp_path / "none.gpkg")
    (tmp_path / "broken.gpkg").write_bytes(b"SQLite format 3\x00 and nothing more")
    with pytest.raises(InvalidRegister, match=r"broken\.gpkg"):
        registers.read_parcels(tmp_path / "broken.gpkg")
    frame = worlds.register([("1", "BTH", (LEFT, BOTTOM, RIGHT, TOP))])
    path = tmp_path / "columns.gpkg"
    frame.drop(columns="CODE_CULTU").to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")
    with pytest.raises(InvalidRegister, match="CODE_CULTU"):
        registers.read_parcels(path)


def test_a_register_without_reference_system_or_with_foreign_layers_is_refused(tmp_path):
    bare = gpd.GeoDataFrame({"ID_PARCEL": ["1"], "CODE_CULTU": ["BTH"]}, geometry=[box(0, 0, 1, 1)])
    bare.to_file(tmp_path / "bare.gpkg", layer="PARCELLES_GRAPHIQUES", driver="GPKG")
    with pytest.raises(InvalidRegister, match="EPSG:2154"):
        registers.read_parcels(tmp_path / "bare.gpkg")
    two = tmp_path / "two.gpkg"
    for layer in ("a", "b"):
        bare.set_crs(2154).to_file(two, layer=layer, driver="GPKG")
    with pytest.raises(InvalidRegister, match="a, b"):
        registers.read_parcels(two)
