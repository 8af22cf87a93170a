"""Measures against plain loops; checks against a landscape that is real, and one that is not."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.simulate.realism import land, measures, of_images, of_register
from cropdash.simulate.realism.check import Check
from cropdash.simulate.realism.measures import SIZES_HA
from cropdash.simulate.realism.tables import tables
from cropdash.workflow.realism import real_tables


def check(simulated: float, low: float | None = None, high: float | None = None):
    return Check("G", "s", "n", simulated, 1.0, low, high)


# one check ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulated", "low", "high", "passed"),
    [
        (0.95, 0.95, None, True),
        (0.9499, 0.95, None, False),
        (2.0, None, 2.0, True),
        (2.0001, None, 2.0, False),
        (1.0, 0.5, 1.5, True),
        (float("nan"), None, None, False),
        (float("inf"), 0.0, None, False),
    ],
)
def test_the_band_holds_its_ends_and_nothing_unmeasured(simulated, low, high, passed):
    assert check(simulated, low, high).passed is passed


def test_the_verdict_is_of_the_exact_number_and_what_is_written_is_plain():
    value = check(0.9499999, 0.95).as_dict()
    assert value["simulated"] == 0.95
    assert value["passed"] is False
    nothing = check(float("nan"), np.float64(1)).as_dict()
    assert nothing["simulated"] is None
    assert type(nothing["low"]) is float


# measures ----------------------------------------------------------------------


TEN = BAND_SETS["all"]
# A season from October by ten days, of which the first two lack: months of two and of three periods.
MONTHS = [10] * 2 + [m for m in (11, 12, *range(1, 8)) for _ in range(3)]


def pixels(n: int = 7, seed: int = 0) -> np.ndarray:
    """(T, B, n) reflectance with gaps; December was never seen."""
    rng = np.random.default_rng(seed)
    shape = (len(MONTHS), len(TEN), n)
    values = rng.uniform(0.01, 0.6, shape)
    values[np.broadcast_to(rng.random((len(MONTHS), 1, n)) < 0.3, shape)] = np.nan
    values[:, :, 0] = 0.2
    values[np.array(MONTHS) == 12] = np.nan
    return values


def percentiles(series: list[float]) -> list[float]:
    seen = [value for value in series if not np.isnan(value)]
    return np.percentile(seen, [10, 50, 90]).tolist() if seen else [np.nan] * 3


def test_quantiles_by_month_band_and_ndvi_are_those_of_a_plain_loop():
    values = pixels()
    values[5, :, 2] = 0  # neither red nor infrared: no index
    table = measures.quantiles(values, TEN, MONTHS)
    assert len(table) == 10 * (len(TEN) + 1)  # October to July
    for row in table.to_dict("records"):
        of = [t for t, month in enumerate(MONTHS) if month == row["month"]]
        if row["band"] == "NDVI":
            pairs = [(values[t, TEN.index("B4")], values[t, TEN.index("B8")]) for t in of]
            series = [
                (n - r) / (n + r) for p in pairs for r, n in zip(*p, strict=True) if n + r > 0
            ]
        else:
            series = [v for t in of for v in values[t, TEN.index(row["band"])]]
        found = [row["p10"], row["p50"], row["p90"]]
        np.testing.assert_allclose(found, percentiles(series), rtol=1e-5)


def test_a_crop_without_pixels_has_no_quantiles():
    table = measures.quantiles(np.empty((12, 4, 0)), BAND_SETS["10m"], range(1, 13))
    assert len(table) == 12 * 5
    assert table[["p10", "p50", "p90"]].isna().all(axis=None)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0.01, 50), st.integers(0, 5)), min_size=1, max_size=30),
    st.floats(0.001, 100),
)
def test_weights_count_like_repetitions(rows, scale):
    values, weights = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found = measures.weighted_quantiles(values, weights * scale)
    if weights.sum() == 0:
        assert np.isnan(found).all()
        assert np.isnan(measures.weighted_mean(values, weights))
        return
    many = np.repeat(values, weights)
    np.testing.assert_array_equal(
        found, np.quantile(many, measures.QUANTILES, method="inverted_cdf")
    )
    assert measures.weighted_mean(values, weights * scale) == pytest.approx(many.mean())


def test_small_zones_do_not_make_fields_look_large():
    """Strips of two widths; a window cuts large ones more often, and the weights undo that."""
    rng = np.random.default_rng(0)
    width = rng.choice([1.0, 9.0], 40_000)
    right = np.cumsum(width)
    left = right - width
    area, weight = [], []
    for start in rng.uniform(0, right[-1] - 20, 3_000):
        inside = np.clip(np.minimum(right, start + 20) - np.maximum(left, start), 0, None)
        met = inside > 0
        area.append(width[met])
        weight.append(inside[met] / width[met])
    met_area, inside_share = np.concatenate(area), np.concatenate(weight)
    assert met_area.mean() > 1.1 * width.mean()
    assert measures.weighted_mean(met_area, inside_share) == pytest.approx(width.mean(), rel=0.03)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 9))
def test_border_pixels_are_those_of_a_plain_loop(seed, height, width):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 4, (height, width))
    area = np.array([0.0, 0.1, 1.5, 40.0])
    expected = np.zeros((len(SIZES_HA) + 1, 2), dtype=int)
    for row, column in itertools.product(range(height), range(width)):
        own = ids[row, column]
        if own == 0:
            continue
        size = sum(area[own] >= limit for limit in SIZES_HA)
        near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        inside = [(r, c) for r, c in near if 0 <= r < height and 0 <= c < width]
        expected[size] += (1, any(ids[at] != own for at in inside))
    found = measures.border_counts(ids, area)
    np.testing.assert_array_equal(found[["pixels", "border"]], expected)


def test_border_shares_add_zones_and_leave_out_sizes_without_limit_or_pixels():
    counts = pd.DataFrame(
        {"size": [0, 1, 2, 6] * 2, "pixels": [9, 10, 0, 9] * 2, "border": [9, 4, 0, 9, 9, 6, 0, 9]}
    )
    shares = measures.border_share(counts)
    assert shares["low_ha"].tolist() == list(SIZES_HA[:-1])
    assert shares["share"].tolist()[0] == 0.5
    assert shares["share"].isna().tolist() == [False, True, True, True, True]


# places ------------------------------------------------------------------------


def test_evenness_is_that_of_a_plain_loop():
    """Two fields of unequal size, one of which is half unseen in one period."""
    rng = np.random.default_rng(4)
    ids = np.zeros((24, 31), int)
    ids[1:20, 2:14], ids[3:23, 15:30] = 1, 2
    ndvi = 0.5 + 0.1 * rng.standard_normal((3, *ids.shape)).cumsum(axis=1) * 0.2
    ndvi[1, 3:13, 15:30] = np.nan
    inner = {1: (slice(2, 19), slice(3, 13)), 2: (slice(4, 22), slice(16, 29))}
    off = {
        (t, k): ndvi[t][inner[k]] - ndvi[t][inner[k]].mean()
        for t, k in itertools.product(range(3), (1, 2))
        if (t, k) != (1, 2)
    }
    found = dict(zip(land.EVENNESS, land.evenness(ndvi, ids), strict=True))
    spread = np.median([np.sqrt((one**2).mean()) for one in off.values()])
    assert found["NDVI deviation within a field"] == pytest.approx(spread)
    for d in (1, 2, 3):
        pairs = [(one[d:], one[:-d]) for one in off.values()]
        pairs += [(one[:, d:], one[:, :-d]) for one in off.values()]
        product = sum((a * b).sum() for a, b in pairs)
        square = sum((a**2 + b**2).sum() / 2 for a, b in pairs)
        name = f"correlation of the deviations at {d} px"
        assert found[name] == pytest.approx(product / square)
    step = [
        (off[t, 1] * off[t + 1, 1]).sum()
        / np.sqrt((off[t, 1] ** 2).sum() * (off[t + 1, 1] ** 2).sum())
        for t in (0, 1)
    ]
    assert found[land.EVENNESS[-1]] == pytest.approx(np.mean(step))


def test_measures_of_land_are_those_of_their_months_and_crops():
    crop = np.zeros((9, 12), int)
    crop[:, :4], crop[:, 4:8], crop[:, 8:] = land.MAIZE, land.GRASS, land.CEREALS[0]
    parcel = np.where(crop > 0, crop, 0)
    seen = np.full((12, 2, 9, 12), np.nan)  # red and near infrared
    seen[:, 0], seen[:, 1] = 0.03, 0.5
    seen[3:6, 0, :, :4], seen[3:6, 1, :, :4] = 0.2, 0.25  # bare before maize
    found = land.measure(seen, ("B4", "B8"), range(1, 13), crop, parcel)
    assert found["red of bare ground, April to June"] == pytest.approx(0.2)
    assert np.isnan(found["red of bare ground, January to March"])
    assert found["red of closed cereals, April to June"] == pytest.approx(0.03)
    assert found["NDVI of maize, June"] == pytest.approx(0.05 / 0.45)
    assert found["NDVI before maize, January"] == pytest.approx(0.47 / 0.53)


# checks ------------------------------------------------------------------------

REAL = real_tables()


def all_checks(simulated: dict[str, pd.DataFrame], real: dict[str, pd.DataFrame]) -> list[Check]:
    return [*of_register.checks(simulated, real), *of_images.checks(simulated, real)]


def as_real() -> dict[str, pd.DataFrame]:
    """A landscape whose every figure is the real one."""
    zones, sizes = REAL["zones"], REAL["parcel_sizes"]
    shape = sizes[sizes["place"] == "boigneville"]["of_mean"].to_numpy()
    steps = np.interp(np.linspace(0, 1, 2_000), [0, *measures.QUANTILES, 1], [0, *shape, 7.0])
    steps /= steps.mean()
    means = dict(zip(zones["region"], zones["hectares"] / zones["parcels"], strict=True))
    share = zones["hectares"] / (zones["zones"] * 10_000)
    borders = REAL["border_share"].query("place == 'boigneville'")
    return {
        "classes": REAL["classes"].copy(),
        "parcels": pd.concat(
            [pd.DataFrame({"region": r, "area_ha": m * steps, "weight": 1.0}) for r, m in means.items()]
        ),
        "zones": pd.DataFrame({"region": zones["region"], "declared_share": share}),
        "borders": pd.DataFrame(
            {"size": range(1, 6), "pixels": 10_000, "border": borders["share"].to_numpy() * 10_000}
        ),
        "land": pd.concat([REAL["land"]] * 3),
        "bands": pd.concat([REAL["bands"].assign(scope=scope) for scope in ("all", "north")]),
        "clear_dates": weather(),
    }  # fmt: skip


def weather() -> pd.DataFrame:
    """Two zones a region: one year like Flanders', a little less and a little more."""
    year = REAL["clear_dates"].query("place == 'flanders_2018'")
    tables = [
        pd.DataFrame(
            {"region": region, "zone": f"{region}_{i}", "month": year["month"],
             "clear": year["clear"] * factor, "gap": year["gap"]}
        )
        for region in REAL["zones"]["region"] for i, factor in enumerate((0.85, 1.05))
    ]  # fmt: skip
    return pd.concat(tables)


def failed(simulated: dict[str, pd.DataFrame]) -> set[str]:
    return {c.name for c in all_checks(simulated, REAL) if not c.passed}


def test_real_figures_pass_and_every_check_tells_its_band_and_why():
    found = all_checks(as_real(), REAL)
    assert not [c.name for c in found if not c.passed]
    assert len({c.name for c in found}) == len(found)
    for one in found:
        assert one.reason
        assert one.source
        assert one.low is not None or one.high is not None
    assert sum(c.name.startswith("mean parcel") for c in found) == 8


def _swap_classes(t):
    order = t["classes"]["pixels"].to_numpy().copy()
    order[1:] = np.roll(order[1:], 9)
    t["classes"]["pixels"] = order


def _lose_a_class(t):
    t["classes"] = t["classes"][t["classes"]["class_id"] != 23]


def _flatten_classes(t):
    t["classes"]["pixels"] = (t["classes"]["pixels"] ** 0.3).astype(int)


def _one_field_size(t):
    t["parcels"]["area_ha"] = t["parcels"].groupby("region")["area_ha"].transform("mean")


def _twice_the_fields(t):
    rows = t["parcels"]["region"] == "alsace"
    t["parcels"].loc[rows, "area_ha"] *= 2


def _no_villages(t):
    t["zones"].loc[t["zones"]["region"] == "mediterranean", "declared_share"] = 0.95


def _square_fields(t):
    t["borders"]["border"] *= 0.5


def _dark_red(t):
    bands = t["bands"].reset_index(drop=True)
    rows = (bands["band"] == "B4") & (bands["month"] > 6)
    bands.loc[rows, ["p10", "p50", "p90"]] *= 0.2
    t["bands"] = bands


def _all_alike(t):
    bands = t["bands"].reset_index(drop=True)
    rows = bands["band"] == "NDVI"
    bands.loc[rows, "p10"], bands.loc[rows, "p90"] = bands["p50"] - 0.01, bands["p50"] + 0.01
    t["bands"] = bands


def _one_place(t):
    zones = t["land"].reset_index(drop=True)
    zones.loc[zones["measure"] == "NDVI before maize, January", "value"] = 0.5
    t["land"] = zones


def _blue_sky(t):
    t["clear_dates"]["clear"], t["clear_dates"]["gap"] = 8.0, 0.0


@pytest.mark.parametrize(
    ("spoil", "caught"),
    [
        (_swap_classes, "rank correlation of pixels per class"),
        (_lose_a_class, "crop classes that occur"),
        (_flatten_classes, "share of crop pixels that would have to change class"),
        (_one_field_size, "quantiles of parcels over their mean, brittany"),
        (_twice_the_fields, "mean parcel, alsace"),
        (_no_villages, "declared land, mediterranean"),
        (_square_fields, "border pixels of parcels of 1 to 2 ha"),
        (_dark_red, "B4: months of all crops, real medians inside the simulated 10-90 % range"),
        (_all_alike, "Maize: width of the 10-90 % band of NDVI over the real one"),
        (_one_place, "real places within the zones' range: NDVI before maize, January"),
        (_blue_sky, "months without any observation in a zone, north"),
        (_blue_sky, "clear dates per month, winter over summer, north"),
    ],
)
def test_each_departure_is_caught_by_its_check(spoil, caught):
    simulated = as_real()
    before = failed(simulated)
    assert caught not in before
    spoil(simulated)
    after = failed(simulated)
    assert caught in after
    assert len(after) < 35  # and not by everything


def test_details_name_what_is_off():
    simulated = as_real()
    _dark_red(simulated)
    _lose_a_class(simulated)
    said = {c.name: c.detail for c in all_checks(simulated, REAL)}
    assert "Hops" in said["crop classes that occur"]
    assert (
        "B4 Jul high"
        in said["B4: months of all crops, real medians inside the simulated 10-90 % range"]
    )


def cut(simulated: dict[str, pd.DataFrame], bands: list[str], months: list[int]):
    """The landscape with these bands and months alone."""
    for name in ("bands", "clear_dates"):
        simulated[name] = simulated[name][simulated[name]["month"].isin(months)]
    simulated["bands"] = simulated["bands"][simulated["bands"]["band"].isin([*bands, "NDVI"])]
    simulated["land"] = simulated["land"].assign(value=np.nan)
    return simulated


def test_what_the_dataset_lacks_is_left_out_and_said():
    whole = {c.name for c in all_checks(as_real(), REAL)}
    assert of_images.left_out(as_real(), REAL) == []
    short = cut(as_real(), ["B4", "B8"], [4, 5, 6, 7])
    found = all_checks(short, REAL)
    assert not {c.group for c in found} & {"Weather"}
    radiometry = [c for c in found if c.group == "Radiometry"]
    assert all(c.passed for c in radiometry)
    gone = {name for name in whole if name.startswith(("B2", "B3"))}
    assert len(gone) == 2
    assert {c.name for c in radiometry} == {
        c.name for c in all_checks(as_real(), REAL) if c.group == "Radiometry"
    } - gone
    said = of_images.left_out(short, REAL)
    assert said[0] == "Reflectance in B2, B3: the dataset lacks it."
    assert "Jan, Feb, Mar, Aug" in said[1]
    assert said[2].startswith("Clear dates by month:")


def test_bands_without_real_figures_are_said():
    simulated = as_real()
    more = simulated["bands"].query("band == 'B8'").assign(band="B8A")
    simulated["bands"] = pd.concat([simulated["bands"], more])
    assert of_images.left_out(simulated, REAL) == ["Reflectance in B8A: no real figures are known."]
    assert len(all_checks(simulated, REAL)) == len(all_checks(as_real(), REAL))


def test_a_season_of_december_alone_has_neither_radiometry_nor_weather():
    """Flanders' December was never clear."""
    found = all_checks(cut(as_real(), ["B4", "B8"], [12]), REAL)
    assert {c.group for c in found} == {"Classes", "Parcels"}


# tables ------------------------------------------------------------------------


def test_tables_put_real_figures_only_where_they_are_known():
    found = tables(as_real(), REAL)
    sizes = found["parcel_size"].set_index(["region", "quantile"])
    assert np.isnan(sizes.loc[("alsace", "0.5"), "real_ha"])
    assert sizes.loc[("alsace", "mean"), "real_ha"] == pytest.approx(42150 / 25120)
    assert sizes.loc[("all", "0.5"), "real_ha"] == pytest.approx(0.754)
    clear = found["clear_dates"].groupby("region")["real"].sum(min_count=1)
    assert clear["brittany"] == pytest.approx(48.8, abs=0.1)
    assert np.isnan(clear["mediterranean"])
    assert found["classes"].columns.tolist() == ["class_id", "real_pixels", "simulated_pixels"]
    assert found["bands"]["period"].unique().tolist() == [f"{m:02d}" for m in range(1, 12)]
    assert len(found["bands"]) == 110  # one scope only
    assert set(found["bands"]["crop"].str.split(" ").str[0]) == {"Maize", "Grassland"}
