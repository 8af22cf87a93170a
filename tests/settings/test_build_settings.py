import pytest

from cropdash.domain.errors import ConfigError
from cropdash.settings import sources
from cropdash.settings.sources import MODULES

FULL = {
    "simulated": {},
    "local": {"folder": "scenes"},
    "earthengine": {"register_path": "r.gpkg", "zones_path": "z.csv", "project": "my-project"},
    "stac": {"register_path": "r.gpkg", "zones_path": "z.csv"},
    "table": {"table_path": "t.csv"},
}


def values(source, **more):
    return {"source": source, "dataset": "d", **FULL.get(source, {}), **more}


@pytest.mark.parametrize("source", MODULES)
def test_settings_survive_json_and_have_help(source):
    config = sources.parse(values(source))
    assert isinstance(config, sources.kind(source).settings)
    assert sources.parse(config.model_dump(mode="json")) == config
    for name, field in sources.kind(source).settings.model_fields.items():
        assert field.title, name
        assert field.description or name == "source", name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": "moon"}, "'moon' is unknown"),
        ({"source": "simulated"}, "'dataset' is missing"),
        (values("simulated", dataset="../up"), "not a valid name"),
        (values("simulated", dataset="incoming"), "kept for other files"),
        (values("simulated", size=5), "'size' is 5"),
        (values("simulated", folder="x"), "no setting 'folder'"),
        (values("simulated", workers=0), "'workers' is 0"),
        (values("simulated", scheduler="cluster"), "'scheduler'"),
        (values("simulated", season="x"), "'season'"),
        (values("stac", season="2023-13..2024-02"), "'season'"),
        (values("stac", every="week"), "'every'"),
        (values("local", bands="B2,B3"), "'bands'.*lack B4"),
        (values("local", bands="B4,B8,B99"), "'bands'.*B99 is no band"),
        (values("local", layers="B11=x.tif"), "names a band or an index"),
        (values("local", layers="ndvi=x.tif"), "names a band or an index"),
        (values("local", layers="a b=x.tif"), "can't name a layer"),
        (values("local", layers="=x.tif"), "can't name a layer"),
        (values("local", layers="a=x.tif,a=y.tif"), "twice"),
        (values("local", legend_level=0), "'legend_level' is 0"),
        (values("earthengine", project="../x"), "'project'"),
        (values("stac", endpoint="ftp://host"), "https://"),
        (values("stac", endpoint="nobody"), "Name a provider"),
        (values("stac", collection="a b"), "'collection'"),
    ],
)
def test_bad_settings_are_named_in_one_sentence(given, words):
    with pytest.raises(ConfigError, match=words) as caught:
        sources.parse(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://me:hunter2@host/stac", "https://host/stac?token=hunter2"]
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(address):
    with pytest.raises(ConfigError, match="environment") as caught:
        sources.parse(values("stac", endpoint=address))
    assert "hunter2" not in str(caught.value)


def test_files_are_found_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = sources.parse(
        values("stac", layers="radar, elevation=../dem.tif ,x/a=b.tif", previous_register_path="p")
    )
    where = tmp_path.resolve()
    assert config.model_dump()["register_path"] == where / "r.gpkg"
    assert config.previous_register_path == where / "p"
    assert config.layer_files == (
        (None, where / "radar"), ("elevation", where.parent / "dem.tif"), (None, where / "x/a=b.tif"),
    )  # fmt: skip
    assert sources.parse(config.model_dump()) == config
