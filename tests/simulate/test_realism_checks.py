"""Measures against plain loops; checks against a landscape that is real, and one that is not."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.simulate import realism
from cropdash.simulate.realism import phenology
from cropdash.simulate.realism.measures import SIZES_HA
from cropdash.workflow.realism import real_tables


def check(simulated: float | None, low: float | None = None, high: float | None = None):
    return realism.Check("G", "n", simulated, 1.0, low, high, "", "s", "r")


# one check ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulated", "low", "high", "passed"),
    [
        (0.95, 0.95, None, True),
        (0.9499, 0.95, None, False),
        (2.0, None, 2.0, True),
        (2.0001, None, 2.0, False),
        (1.0, 0.5, 1.5, True),
        (None, None, None, False),
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


def test_quantiles_by_month_and_band_are_those_of_a_plain_loop():
    values = pixels()
    table = realism.band_quantiles(values, TEN, MONTHS)
    assert len(table) == 10 * len(TEN)  # October to July
    for row in table.to_dict("records"):
        of = [t for t, month in enumerate(MONTHS) if month == row["month"]]
        series = [v for t in of for v in values[t, TEN.index(row["band"])]]
        np.testing.assert_allclose([row["p10"], row["p50"], row["p90"]], percentiles(series))


def test_quantiles_of_ndvi_are_those_of_a_plain_loop():
    values = pixels(seed=1)
    values[5, :, 2] = 0  # neither red nor infrared: no index
    table = realism.ndvi_quantiles(values, TEN, MONTHS)
    assert table["month"].tolist() == [*range(1, 8), 10, 11, 12]
    for row in table.to_dict("records"):
        series = [
            (n - r) / (n + r)
            for t, month in enumerate(MONTHS)
            if month == row["month"]
            for r, n in zip(values[t, TEN.index("B4")], values[t, TEN.index("B8")], strict=True)
            if n + r > 0
        ]
        found = [row["p10"], row["p50"], row["p90"]]
        np.testing.assert_allclose(found, percentiles(series), rtol=1e-5)


def test_a_crop_without_pixels_has_no_quantiles():
    table = realism.band_quantiles(np.empty((12, 4, 0)), BAND_SETS["10m"], range(1, 13))
    assert table[["p10", "p50", "p90"]].isna().all(axis=None)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0.01, 50), st.integers(0, 5)), min_size=1, max_size=30),
    st.floats(0.001, 100),
)
def test_weights_count_like_repetitions(rows, scale):
    values, weights = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found = realism.weighted_quantiles(values, weights * scale)
    if weights.sum() == 0:
        assert np.isnan(found).all()
        assert np.isnan(realism.weighted_mean(values, weights))
        return
    many = np.repeat(values, weights)
    np.testing.assert_array_equal(
        found, np.quantile(many, realism.QUANTILES, method="inverted_cdf")
    )
    assert realism.weighted_mean(values, weights * scale) == pytest.approx(many.mean())


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
    assert realism.weighted_mean(met_area, inside_share) == pytest.approx(width.mean(), rel=0.03)


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
    found = realism.border_counts(ids, area)
    np.testing.assert_array_equal(found[["pixels", "border"]], expected)


def test_border_shares_add_zones_and_leave_out_sizes_without_limit_or_pixels():
    counts = pd.DataFrame(
        {"size": [0, 1, 2, 6] * 2, "pixels": [9, 10, 0, 9] * 2, "border": [9, 4, 0, 9, 9, 6, 0, 9]}
    )
    shares = realism.border_share(counts)
    assert shares["low_ha"].tolist() == list(SIZES_HA[:-1])
    assert shares["share"].tolist()[0] == 0.5
    assert shares["share"].isna().tolist() == [False, True, True, True, True]


# checks ------------------------------------------------------------------------

REAL = real_tables()


def as_real() -> dict[str, pd.DataFrame]:
    """A landscape whose every figure is the real one."""
    zones, sizes = REAL["zones"], REAL["parcel_sizes"]
    shape = sizes[sizes["place"] == "boigneville"]["of_mean"].to_numpy()
    steps = np.interp(np.linspace(0, 1, 2_000), [0, *realism.QUANTILES, 1], [0, *shape, 7.0])
    steps /= steps.mean()
    means = dict(zip(zones["region"], zones["hectares"] / zones["parcels"], strict=True))
    share = zones["hectares"] / (zones["zones"] * 10_000)
    curves = {
        name: pd.concat([REAL[name].assign(scope=scope) for scope in ("all", "north")])
        for name in ("bands", "ndvi")
    }
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
        **curves,
        "clear_dates": weather(),
    }  # fmt: skip


def weather() -> pd.DataFrame:
    """Two zones a region: one year like Flanders', a little less and a little more."""
    year = REAL["clear_dates"].query("place == 'flanders_2018'")
    expected = REAL["sky"].groupby("region")["chance"].sum() * 365 / 12 / 5 * 1.6
    tables = []
    for region, dates in expected.items():
        scale = 1.0 if region in realism.NORTH else dates / year["clear"].sum()
        tables += [
            pd.DataFrame(
                {"region": region, "zone": f"{region}_{i}", "month": year["month"],
                 "clear": year["clear"] * scale * factor, "gap": year["gap"]}
            )
            for i, factor in enumerate((0.85, 1.05))
        ]  # fmt: skip
    return pd.concat(tables)


def failed(simulated: dict[str, pd.DataFrame]) -> set[str]:
    return {c.name for c in realism.checks(simulated, REAL) if not c.passed}


def test_real_figures_pass_and_every_check_tells_its_band_and_why():
    checks = realism.checks(as_real(), REAL)
    # Real parcels of all France are less uneven than those of the eight regions made of one place.
    assert {c.name for c in checks if not c.passed} <= {"25% quantile of parcels, all regions"}
    assert len({c.name for c in checks}) == len(checks)
    for one in checks:
        assert one.reason
        assert one.source
        assert one.low is not None or one.high is not None
    assert sum(c.name.startswith("mean parcel") for c in checks) == 8


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
    rows = (t["bands"]["band"] == "B4") & (t["bands"]["month"] > 6)
    t["bands"].loc[rows, "p50"] *= 0.2


def _all_alike(t):
    t["ndvi"]["p10"], t["ndvi"]["p90"] = t["ndvi"]["p50"] - 0.01, t["ndvi"]["p50"] + 0.01


def _blue_sky(t):
    t["clear_dates"]["clear"], t["clear_dates"]["gap"] = 8.0, 0.0


def _no_south(t):
    t["clear_dates"] = t["clear_dates"][t["clear_dates"]["region"] != "mediterranean"]


@pytest.mark.parametrize(
    ("spoil", "caught"),
    [
        (_swap_classes, "rank correlation of pixels per class"),
        (_lose_a_class, "crop classes that occur"),
        (_flatten_classes, "share of crop pixels that would have to change class"),
        (_flatten_classes, "classes within a factor of 5 of their real share"),
        (_one_field_size, "quantiles of parcels over their mean, brittany"),
        (_one_field_size, "90 % over 50 % quantile of parcels, mean of regions"),
        (_twice_the_fields, "mean parcel, alsace"),
        (_no_villages, "declared land, mediterranean"),
        (_square_fields, "border pixels of parcels of 1 to 2 ha"),
        (_dark_red, "B4: months of both crops, medians inside the real 10-90 % range"),
        (_all_alike, "Maize: width of the 10-90 % band of NDVI over the real one"),
        (_blue_sky, "months without any observation in a zone, north"),
        (_blue_sky, "clear dates per month, winter over summer, north"),
        (_blue_sky, "clear dates of a pixel in a year, nord_picardie"),
        (_blue_sky, "clear dates of a pixel over the chance of them, all regions"),
        (_no_south, "clear dates of a pixel in a year, mediterranean"),
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
    said = {c.name: c.detail for c in realism.checks(simulated, REAL)}
    assert "Hops" in said["crop classes that occur"]
    assert "B4 Jul low" in said["B4: months of both crops, medians inside the real 10-90 % range"]


def cut(simulated: dict[str, pd.DataFrame], bands: list[str], months: list[int]):
    """The landscape with these bands and months alone."""
    for name in ("bands", "ndvi", "clear_dates"):
        simulated[name] = simulated[name][simulated[name]["month"].isin(months)]
    simulated["bands"] = simulated["bands"][simulated["bands"]["band"].isin(bands)]
    return simulated


def test_what_the_dataset_lacks_is_left_out_and_said():
    whole = {c.name for c in realism.checks(as_real(), REAL)}
    assert realism.left_out(as_real(), REAL) == []
    short = cut(as_real(), ["B4", "B8"], [4, 5, 6, 7])
    found = realism.checks(short, REAL)
    assert not {c.group for c in found} & {"Weather"}
    radiometry = [c for c in found if c.group == "Radiometry"]
    assert all(c.passed for c in radiometry)
    gone = {name for name in whole if name.startswith(("B2", "B3"))}
    assert len(gone) == 2
    assert {c.name for c in radiometry} == {
        c.name for c in realism.checks(as_real(), REAL) if c.group == "Radiometry"
    } - gone
    said = realism.left_out(short, REAL)
    assert said[0] == "Reflectance in B2, B3: the dataset lacks it."
    assert "Jan, Feb, Mar, Aug" in said[1]
    assert said[2].startswith("Clear dates by month:")


def test_bands_without_real_figures_are_said():
    simulated = as_real()
    more = simulated["bands"].query("band == 'B8'").assign(band="B8A")
    simulated["bands"] = pd.concat([simulated["bands"], more])
    assert realism.left_out(simulated, REAL) == ["Reflectance in B8A: no real figures are known."]
    assert len(realism.checks(simulated, REAL)) == len(realism.checks(as_real(), REAL))


def test_a_season_of_december_alone_has_neither_radiometry_nor_weather():
    """Flanders' December was never clear."""
    found = realism.checks(cut(as_real(), ["B4", "B8"], [12]), REAL)
    assert {c.group for c in found} == {"Classes", "Parcels"}


# tables ------------------------------------------------------------------------


def test_tables_put_real_figures_only_where_they_are_known():
    tables = realism.tables(as_real(), REAL)
    sizes = tables["parcel_size"].set_index(["region", "quantile"])
    assert np.isnan(sizes.loc[("alsace", "0.5"), "real_ha"])
    assert sizes.loc[("alsace", "mean"), "real_ha"] == pytest.approx(42150 / 25120)
    assert sizes.loc[("all", "0.5"), "real_ha"] == pytest.approx(0.754)
    clear = tables["clear_dates"].groupby("region")["real"].sum(min_count=1)
    assert clear["brittany"] == pytest.approx(48.8, abs=0.1)
    assert np.isnan(clear["mediterranean"])
    assert tables["classes"].columns.tolist() == ["class_id", "simulated_pixels", "real_pixels"]
    assert tables["bands"]["period"].unique().tolist() == [f"{m:02d}" for m in range(1, 12)]
    assert len(tables["bands"]) == 88  # one scope only
    assert set(tables["ndvi"]["crop"].str.split(" ").str[0]) == {"Maize", "Grassland"}


# curves without days -----------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 4))
def test_the_alignment_is_the_best_of_all_that_never_go_back(seed, n, m):
    rng = np.random.default_rng(seed)
    one, other = rng.random((n, 3)), rng.random((m, 3))
    found = phenology.align(one, other)
    assert (np.diff(found) >= 0).all()

    def cost(at):
        return np.abs(one - other[list(at)]).sum()

    ways = itertools.combinations_with_replacement(range(m), n)
    assert cost(found) == pytest.approx(min(cost(at) for at in ways))


def season(peak: float) -> np.ndarray:
    """(12,) NDVI that is highest in month `peak`."""
    return 0.2 + 0.6 * np.exp(-(((np.arange(1, 13) - peak) / 1.7) ** 2))


PEAKS = {8: 4.0, 36: 3.5, 17: 5.0, 30: 8.0, 47: 7.0}
NAMES = {8: "ble", 36: "orge", 17: "colza", 30: "mais", 47: "tournesol"}


def simulated_curves(peaks: dict[int, float]) -> pd.DataFrame:
    tables = [
        pd.DataFrame({"crop": c, "month": range(1, 13), "p10": season(p) - 0.1, "p50": season(p),
                      "p90": season(p) + 0.1}) for c, p in peaks.items()
    ]  # fmt: skip
    return pd.concat(tables)


def real_curves() -> pd.DataFrame:
    """31 dates, crowded in summer, of another sensor."""
    day = np.sort(np.concatenate([np.linspace(1.5, 11.5, 16), np.linspace(6, 8, 15)]))
    tables = []
    for crop, peak in PEAKS.items():
        curve = 0.1 + 0.7 * np.interp(day, np.arange(1, 13), season(peak))
        tables.append(
            pd.DataFrame(
                {"dataset": "somewhere", "crop": NAMES[crop], "p10": curve, "p50": curve,
                 "p90": curve, "period": [f"i{i:02d}" for i in range(len(day))]}
            )
        )  # fmt: skip
    other = tables[0].assign(crop="water")
    return pd.concat([*tables, other])


def test_like_curves_are_found_alike_whatever_their_days():
    checks, table = realism.compare_phenology(simulated_curves(PEAKS), real_curves())
    assert [c.passed for c in checks] == [True, True]
    assert checks[0].simulated == len(PEAKS)
    assert set(table["crop"]) == {"Winter soft wheat", "Barley", "Rapeseed", "Maize", "Sunflower"}


def test_crops_with_each_others_seasons_are_found_out():
    wrong = dict(zip(PEAKS, reversed(PEAKS.values()), strict=True))
    checks, _ = realism.compare_phenology(simulated_curves(wrong), real_curves())
    assert [c.passed for c in checks] == [False, False]


def test_a_month_that_was_never_seen_does_not_draw_the_dates_to_it():
    simulated = simulated_curves(PEAKS)
    simulated.loc[(simulated["crop"] == 30) & (simulated["month"] == 2), "p50"] = np.nan
    checks, table = realism.compare_phenology(simulated.dropna(), real_curves())
    assert 2 not in set(table["month"])
    assert checks[0].passed


def test_months_of_another_climate_are_shown_without_verdict():
    real = real_curves().query("period < 'i12'").assign(dataset="far away")
    real["period"] = "2017-" + (real["period"].str[1:].astype(int) + 1).astype(str).str.zfill(2)
    checks, table = realism.compare_phenology(simulated_curves(PEAKS), real)
    assert checks == []
    assert len(table) == 12 * len(PEAKS)
    assert (table["month"] == table["period"].str[-2:].astype(int)).all()


def test_curves_of_no_known_crop_give_nothing():
    checks, table = realism.compare_phenology(
        simulated_curves(PEAKS), real_curves().query("crop == 'water'")
    )
    assert checks == []
    assert table.empty
