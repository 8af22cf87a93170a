import pytest

from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.xgboost.settings import XgbConfig
from cropdash.domain.errors import ConfigError
from cropdash.settings import classifiers

BASE = {"dataset": "demo"}


@pytest.mark.parametrize(("kind", "cls"), [("cnn", CnnConfig), ("xgboost", XgbConfig)])
def test_settings_survive_json_and_have_help(kind, cls):
    config = classifiers.parse({**BASE, "classifier": kind})
    assert isinstance(config, cls)
    assert classifiers.parse(config.model_dump(mode="json")) == config
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
        "half_precision": "false",
    }
    config = classifiers.parse(values)
    assert (config.epochs, config.learning_rate, config.temporal_kernel) == (3, 1e-3, 5)
    assert config.unet_channels == (8, 16)
    assert config.half_precision is False


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"classifier": "orchard"}, "'orchard' is unknown"),
        ({"classifier": "cnn", "epochs": 0}, "'epochs' is 0"),
        ({"classifier": "cnn", "colour": "red"}, "no setting 'colour'"),
        ({"classifier": "xgboost", "trees": "many"}, "'trees' is 'many'"),
        ({"classifier": "cnn", "temporal_kernel": 4}, "'temporal_kernel' is 4"),
        ({"classifier": "cnn", "dataset": "../up"}, "not a valid name"),
    ],
)
def test_bad_settings_are_named(values, words):
    with pytest.raises(ConfigError, match=words):
        classifiers.parse({**BASE, **values})


def test_a_missing_dataset_is_named():
    with pytest.raises(ConfigError, match="'dataset' is missing"):
        classifiers.parse({"classifier": "cnn"})


@pytest.mark.parametrize("kind", ["cnn", "xgboost"])
def test_presets_are_valid_and_unknown_ones_named(kind):
    for preset in classifiers.kind(kind).presets:
        classifiers.parse({**BASE, "classifier": kind, **classifiers.preset_values(kind, preset)})
    with pytest.raises(ConfigError, match="no preset 'big'"):
        classifiers.preset_values(kind, "big")
