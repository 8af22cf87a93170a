"""A parcel's season, against its class."""

import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.domain import Season
from cropdash.figures import palette, series, wording
from cropdash.i18n import speaking

PERIODS = [f"2023-{m:02d}" for m in range(1, 13)]
CUTS = [
    Season.of("2023"),
    Season.of("2022-10..2023-09", "dekad"),
    Season.of("2022-10-05..2023-09-20", "16d"),
    Season.of("2023-10..2024-02"),
]


def of_parcel(seed: int, clear: list[float] | None = None, periods=PERIODS) -> pd.DataFrame:
    rng, n = np.random.default_rng(seed), len(periods)
    table = pd.DataFrame({"parcel_id": seed, "period": periods, "clear_share": clear or [1.0] * n})
    for name in ("NDVI", "NDMI", "B2", "B8", "elevation"):
        table[f"{name}_mean"], table[f"{name}_std"] = rng.random(n), rng.random(n) / 10
    return table


def of_class(periods=PERIODS) -> pd.DataFrame:
    middle = np.linspace(0.2, 0.8, len(periods))
    return pd.DataFrame(
        {"period": periods, "p10": middle - 0.1, "p50": middle, "p90": middle + 0.1}
    )


def named(figure, name):
    (trace,) = [t for t in figure.data if t.name == name]
    return trace


def test_the_line_is_the_mean_with_its_spread():
    table = of_parcel(1)
    figure = series.parcel_series([series.Line("Parcel 1", table, "#112233")], None, "")
    line = named(figure, "Parcel 1")
    np.testing.assert_allclose(line.y, table["NDVI_mean"])
    np.testing.assert_allclose(line.error_y.array, table["NDVI_std"])
    assert [pd.Timestamp(x).strftime("%Y-%m") for x in line.x] == PERIODS


@pytest.mark.parametrize("season", CUTS, ids=str)
def test_any_number_of_periods_stands_at_its_middle_and_is_named_under_the_pointer(season):
    ids = [period.id for period in season.periods]
    line = series.Line("Parcel 1", of_parcel(1, [0.0] + [1.0] * (len(ids) - 1), ids), "#112233")
    figure = series.parcel_series([line], of_class(ids), "Maize")
    dates = [pd.Timestamp(x).date() for x in named(figure, "Parcel 1").x]
    assert dates == [period.middle for period in season.periods]
    names = figure.data[0]
    assert list(names.customdata) == [wording.period(p, with_year=False) for p in season.periods]
    assert not names.showlegend
    (hatched,) = [t for t in figure.data if t.type == "bar"]
    first = season.periods[0]
    assert pd.Timestamp(hatched.x[0]).date() == first.middle
    assert 0.8 < hatched.width[0] / (first.days * 86_400_000) < 1


@pytest.mark.parametrize("season", CUTS, ids=str)
def test_ticks_are_one_initial_a_month_however_many_periods(season):
    ids = [period.id for period in season.periods]
    with speaking("fr"):
        figure = series.class_bands([("Maize", of_class(ids), "#112233")])
    months = Season(season.start, season.end).periods
    assert [t[0] for t in figure.layout.xaxis.ticktext] == [
        "JFMAMJJASOND"[month.start.month - 1] for month in months
    ]
    days = [pd.Timestamp(day).date() for day in figure.layout.xaxis.tickvals]
    assert all(day in month for day, month in zip(days, months, strict=True))
    years = [t.split("<br>")[1] for t in figure.layout.xaxis.ticktext if "<br>" in t]
    crossing = season.start.year != season.end.year
    assert years == ([str(season.start.year), str(season.end.year)] if crossing else [])


def test_filled_periods_are_hatched_and_hollow():
    clear = [1.0] * 12
    clear[0], clear[10], clear[11] = 0.0, 0.04, 0.06  # the last was seen, if barely
    figure = series.parcel_series(
        [series.Line("Parcel 1", of_parcel(1, clear), "#112233")], None, ""
    )
    hatched = named(figure, "No clear date: filled in")
    assert [pd.Timestamp(x).month for x in hatched.x] == [1, 11]
    assert hatched.marker.pattern.shape == "/"
    hollow = [s == "circle-open" for s in named(figure, "Parcel 1").marker.symbol]
    assert [i + 1 for i, h in enumerate(hollow) if h] == [1, 11]


def test_a_year_seen_throughout_has_no_hatching():
    figure = series.parcel_series([series.Line("Parcel 1", of_parcel(1), "#112233")], None, "")
    assert not [t for t in figure.data if t.type == "bar"]


def test_the_band_runs_from_the_tenth_to_the_ninetieth_percentile():
    band = of_class()
    figure = series.parcel_series([], band, "Maize")
    top, bottom = figure.data[1], named(figure, "Maize: 10–90 % of parcels")
    np.testing.assert_allclose(top.y, band["p90"])
    np.testing.assert_allclose(bottom.y, band["p10"])
    assert bottom.fill == "tonexty"
    np.testing.assert_allclose(named(figure, "Maize: median").y, band["p50"])


def test_two_parcels_are_told_apart():
    lines = [
        series.Line(f"Parcel {i}", of_parcel(i), c) for i, c in ((1, "#112233"), (2, "#aabbcc"))
    ]
    figure = series.parcel_series(lines, of_class(), "Maize")
    assert named(figure, "Parcel 1").line.color != named(figure, "Parcel 2").line.color


@pytest.mark.parametrize("index", ["B2", "B8"])
def test_a_band_is_drawn_as_reflectance_with_the_range_of_its_class(index):
    table = of_parcel(3)
    line = series.Line("Parcel 3", table, "#112233")
    figure = series.parcel_series([line], of_class(), "Maize", index=index)
    np.testing.assert_allclose(named(figure, "Parcel 3").y, table[f"{index}_mean"])
    np.testing.assert_allclose(named(figure, "Maize: median").y, of_class()["p50"])
    assert figure.layout.yaxis.title.text == f"Reflectance {index}"
    assert figure.layout.yaxis.rangemode == "tozero"


@pytest.mark.parametrize(("value", "seen"), [("NDMI", (-0.5, 0.7)), ("elevation", None)])
def test_an_index_shows_its_whole_scale_and_a_layer_what_it_holds(value, seen):
    figure = series.parcel_series(
        [series.Line("Parcel 1", of_parcel(1), "#112233")], None, "", index=value
    )
    assert figure.layout.yaxis.title.text == value
    assert figure.layout.yaxis.autorangeoptions.include == seen


def test_the_hatching_covers_the_plot_whatever_the_value():
    clear = [0.0] + [1.0] * 11
    for index in ("NDVI", "B2"):
        line = series.Line("Parcel 1", of_parcel(1, clear), "#112233")
        figure = series.parcel_series([line], None, "", index=index)
        hatched = named(figure, "No clear date: filled in")
        assert hatched.yaxis == "y2"
        assert tuple(figure.layout.yaxis2.range) == (0, 1)
        assert set(hatched.y) == {1}


def test_periods_within_the_range_are_counted_among_those_observed():
    band, table = of_class(), of_parcel(1, [0.0, 0.0] + [1.0] * 10)
    table["NDVI_mean"] = band["p50"]
    table.loc[[0, 5, 6], "NDVI_mean"] = [2.0, -1.0, 2.0]  # the first was not observed
    assert series.periods_within(table, band) == (8, 10)
    assert series.periods_within(table.iloc[::-1], band.iloc[::-1]) == (8, 10)
    assert series.periods_within(table, band.iloc[:4]) == (2, 2)  # the class is known for four


def season(seed: int) -> pd.DataFrame:
    mean = np.random.default_rng(seed).random(12)
    return of_class().assign(mean=mean)


def test_seasons_are_means_with_a_range_while_they_are_few():
    tables = [(f"Crop {i}", season(i), "#aa5500") for i in range(5)]
    few, many = series.seasons(tables[:4]), series.seasons(tables)
    np.testing.assert_allclose(named(few, "Crop 2").y, tables[2][1]["mean"])
    assert len([t for t in few.data if t.fill == "tonexty"]) == 4
    assert not [t for t in many.data if t.fill == "tonexty"]
    assert len({named(few, f"Crop {i}").line.dash for i in range(4)}) == 4


@pytest.mark.parametrize("dark", [False, True])
def test_every_class_can_be_seen_as_a_line(dark):
    page = series._light(palette.rgb(palette.of_theme(dark).surface))
    for item in legend.load().classes[1:]:
        light = series._light(palette.rgb(series.readable_colour(item.colour, dark)))
        contrast = (max(page, light) + 0.05) / (min(page, light) + 0.05)
        assert contrast >= 2, item.label()


def test_a_colour_that_stands_out_stays():
    assert series.readable_colour("#0b5a2c", dark=False) == "#0b5a2c"
    assert series.readable_colour("#ffff00", dark=True) == "#ffff00"


def test_classes_side_by_side_keep_their_colours():
    figure = series.class_bands(
        [("Maize", of_class(), "#aa5500"), ("Wheat", of_class(), "#0055aa")]
    )
    assert named(figure, "Maize: median").line.color == "#aa5500"
    assert named(figure, "Wheat: median").line.color == "#0055aa"
