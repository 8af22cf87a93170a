import pytest

from cropdash.domain.errors import ConfigError
from cropdash.settings import build
from cropdash.settings.build import KINDS

FULL = {
    "simulated": {},
    "local": {"folder": "scenes"},
    "earthengine": {"register_path": "r.gpkg", "zones_path": "z.csv", "project": "my-project"},
    "stac": {"register_path": "r.gpkg", "zones_path": "z.csv"},
}


def values(source, **more):
    return {"source": source, "dataset": "d", **FULL[source], **more}


@pytest.mark.parametrize("source", KINDS)
def test_settings_survive_json_and_have_help(source):
    config = build.parse(values(source))
    assert isinstance(config, KINDS[source])
    assert build.parse(config.model_dump(mode="json")) == config
    for name, field in KINDS[source].model_fields.items():
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
        (values("simulated", scheduler="tcp://h:1;rm"), "'scheduler'"),
        (values("simulated", season="x"), "'season'"),
        (values("earthengine", project="../x"), "'project'"),
        (values("stac", endpoint="ftp://host"), "https://"),
        (values("stac", collection="a b"), "'collection'"),
    ],
)
def test_bad_settings_are_named_in_one_sentence(given, words):
    with pytest.raises(ConfigError, match=words) as caught:
        build.parse(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://me:hunter2@host/stac", "https://host/stac?token=hunter2"]
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(address):
    with pytest.raises(ConfigError, match="environment") as caught:
        build.parse(values("stac", endpoint=address))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "scheduler", ["", "cluster", "tcp://127.0.0.1:8786", "tcp://node-1.lan:80"]
)
def test_schedulers(scheduler):
    assert build.parse(values("local", scheduler=scheduler)).scheduler == scheduler
