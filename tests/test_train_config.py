import pytest

from cropdash import train_config
from cropdash.errors import ConfigError
from cropdash.train_config import CnnConfig, XgbConfig

BASE = {"dataset": "demo"}


@pytest.mark.parametrize(("kind", "cls"), [("cnn", CnnConfig), ("xgboost", XgbConfig)])
def test_settings_survive_json_and_have_help(kind, cls):
    config = train_config.parse({**BASE, "classifier": kind})
    assert isinstance(config, cls)
    assert train_config.parse(config.model_dump(mode="json")) == config
    for name, field in cls.model_fields.items():
        assert field.title, name
        assert field.description or name == "classifier", name


def test_text_of_the_command_line_is_converted():
    values = {
        **BASE,
        "classifier": "cnn",
        "epochs": "3",
        "learning_rate": "1e-3",
        "temporal_kernel": "5",
        "unet_channels": "8, 16",
        "skip_embedding": "false",
    }
    config = train_config.parse(values)
    assert (config.epochs, config.learning_rate, config.temporal_kernel) == (3, 1e-3, 5)
    assert config.unet_channels == (8, 16)
    assert config.skip_embedding is False


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"classifier": "forest"}, "'forest' is unknown"),
        ({"classifier": "cnn", "epochs": 0}, "'epochs' is 0"),
        ({"classifier": "cnn", "colour": "red"}, "no setting 'colour'"),
        ({"classifier": "xgboost", "trees": "many"}, "'trees' is 'many'"),
        ({"classifier": "cnn", "temporal_kernel": 4}, "'temporal_kernel' is 4"),
        ({"classifier": "cnn", "dataset": "../up"}, "not a valid name"),
    ],
)
def test_bad_settings_are_named(values, words):
    with pytest.raises(ConfigError, match=words):
        train_config.parse({**BASE, **values})


def test_a_missing_dataset_is_named():
    with pytest.raises(ConfigError, match="'dataset' is missing"):
        train_config.parse({"classifier": "cnn"})


@pytest.mark.parametrize("kind", ["cnn", "xgboost"])
def test_presets_are_valid_and_unknown_ones_named(kind):
    for preset in train_config.PRESETS[kind]:
        train_config.parse({**BASE, "classifier": kind, **train_config.preset_values(kind, preset)})
    with pytest.raises(ConfigError, match="no preset 'big'"):
        train_config.preset_values(kind, "big")
