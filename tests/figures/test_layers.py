"""Pictures of few colours show what pictures of all colours would."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cropdash import legend
from cropdash.domain import Grid
from cropdash.figures import imagery, layers
from cropdash.figures.layers import Indexed
from cropdash.legend import colours

# At the edge of its UTM zone, so that the web map turns it.
GRID = Grid("EPSG:32630", 700_000.0, 5_300_000.0, 10.0, (61, 83))


def rgba(picture: Indexed) -> np.ndarray:
    """(H, W, 4) in full colour."""
    return picture.colours[picture.codes]


def crops(seed: int = 0, low: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(low, legend.load().n_classes, GRID.shape).astype(np.uint8)


def pictures() -> list[Indexed]:
    sure = np.random.default_rng(1).random(GRID.shape, dtype=np.float32)
    own = layers.group_colours(legend.load(), "class")
    return [
        layers.classes(crops(), own),
        layers.confidence(sure),
        layers.of_agreement((crops() % 6).astype(np.uint8)),
    ]


@pytest.mark.parametrize("i", range(3))
def test_the_file_shows_the_same_as_one_in_full_colour(i):
    picture = pictures()[i]
    small, large = layers.png(picture, GRID), imagery.png(rgba(picture), GRID)
    seen, expected = (
        np.asarray(Image.open(io.BytesIO(c)).convert("RGBA")).astype(int) for c in (small, large)
    )
    np.testing.assert_array_equal(seen[..., 3], expected[..., 3])
    visible = expected[..., 3] > 0
    np.testing.assert_array_equal(seen[visible], expected[visible])
    assert set(np.unique(seen[..., 3])) == {0, 255}


@pytest.mark.parametrize("i", range(3))
def test_what_is_not_shown_is_transparent_and_nothing_else_changes(i):
    picture = pictures()[i]
    shown = np.random.default_rng(2).random(GRID.shape) < 0.5
    narrow = rgba(layers.narrowed(picture, shown))
    np.testing.assert_array_equal(narrow[shown], rgba(picture)[shown])
    assert (narrow[~shown][:, 3] == 0).all()


def test_classes_wear_the_colours_of_the_legend_and_background_none():
    table = legend.load()
    crop = np.array([[0, 1, 2], [49, 255, 200]], np.uint8)
    picture = rgba(layers.classes(crop, layers.group_colours(table, "class")))
    assert (picture[..., 3] > 0).tolist() == [[False, True, True], [True, False, False]]
    for at, k in (((0, 1), 1), ((1, 0), 49)):
        red, green, blue = picture[at][:3]
        assert f"#{red:02x}{green:02x}{blue:02x}" == table.classes[k].colour.lower()


def test_confidence_is_lighter_where_the_model_is_surer():
    values = np.array([[0.0, 0.1, 0.5, 0.9, 1.0]], np.float32)
    picture = rgba(layers.confidence(values))
    assert (np.diff(picture[0, :, :3].sum(axis=1, dtype=int)) > 0).all()
    assert (picture[..., 3] == 255).all()
    ends = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in picture[0, [0, -1]]]
    assert tuple(ends) == layers.CONFIDENCE


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agreement_equals_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    truth, first, second = rng.choice([0, 1, 2, 3, 255], (3, 4, 7)).astype(np.uint8)
    codes = layers.agreement(truth, first, second)
    for i in range(4):
        for j in range(7):
            t, a, b = int(truth[i, j]), int(first[i, j]), int(second[i, j])
            if t in (0, 255):
                expected = 255
            elif a == t or b == t:
                expected = {(True, True): 0, (True, False): 1, (False, True): 2}[a == t, b == t]
            else:
                expected = 3 if a == b else 4
            assert codes[i, j] == expected


def test_agreement_is_told_apart_by_everyone_and_errors_are_hatched_too():
    codes = np.repeat([[0, 1, 2, 3, 4, 255]], 12, axis=0).astype(np.uint8)
    picture = rgba(layers.of_agreement(codes))
    seen = [{tuple(p) for p in picture[:, k].tolist()} for k in range(6)]
    assert [len(s) for s in seen] == [1, 1, 1, 2, 2, 1]
    assert len(set.union(*seen[:5])) == 6  # five colours and one of lines
    assert picture[0, 5, 3] == 0
    plain = [colour for _, colour, _ in layers.AGREEMENT]
    assert min(min(colours.apart(plain, sight)) for sight in colours.SIGHTS) > 30


@pytest.mark.parametrize("level", ["group", "family"])
def test_groups_have_colours_of_their_own(level):
    table = legend.load()
    made = layers.group_colours(table, level)
    assert len(made) == len(table.groups(level)) == len(set(made))
    assert made == layers.group_colours(table, level)
