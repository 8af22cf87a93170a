"""Everything that goes wrong between a STAC API and a composite."""

from __future__ import annotations

import dataclasses
import logging
import random
import sys
import threading

import numpy as np
import pytest
import rasterio

from cropdash.domain import Grid, Season
from cropdash.domain.errors import ConfigError, InvalidScene, SourceUnavailable
from cropdash.ingest.stac import assets, search
from cropdash.ingest.stac.source import StacSource
from cropdash.prepare import composite
from tests.ingest.stac.conftest import retry
from tests.ingest.stac.products import FINE, NAMES, product
from tests.ingest.stac.test_source import WEST, ZONE, placed, stac
from tests.worlds import FLANDERS

YEAR = Season.of(2023)


def once(kind, of, api):
    """Fail the first request whose path starts with `of`."""
    left = [kind]
    api.fault = lambda path: left.pop() if left and path.startswith(of) else None


def three_days(api):
    api.items = [
        product(f"p{i}", f"2023-05-{i:02d}", WEST, i).write(api.folder, f"{api.url}/files")
        for i in (3, 8, 13)
    ]


def three_items(api):
    """As many items, without files: for searches."""
    names = [NAMES["planetary"][layer] for layer in (*FINE, "SCL")]
    for day in (3, 8, 13):
        item = product(f"p{day}", f"2023-05-{day:02d}", WEST, day)
        api.items.append(item.item({key: f"{api.url}/files/{key}.tif" for key in names}))


@pytest.mark.parametrize("at", ["/search", "/"])
@pytest.mark.parametrize(
    "kind",
    ["429", "500", "502", "503", "504", "drop", "cut", "half", "slow", "deep", "deeper"],
)
def test_a_search_recovers_from_every_passing_fault(api, endpoint, pauses, kind, at):
    three_items(api)
    once(kind, at, api)
    found = search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)
    assert [g.name for g in found] == ["p3", "p8", "p13"]
    assert api.faults == {kind: 1}
    assert pauses == [3.0 if kind in ("429", "503") else 1.0]  # 2 s asked for, spread by one base


def test_an_answer_that_drips_is_cut_short_and_asked_for_again(api, endpoint, pauses):
    three_items(api)
    once("drip", "/search", api)
    assert len(search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)) == 3
    assert pauses == [1.0]


def test_items_of_another_year_are_not_taken(endpoint, monkeypatch):
    item = product("p", "2024-01-01", WEST, 1).item(
        dict.fromkeys(NAMES["planetary"].values(), "x.tif")
    )
    monkeypatch.setattr(search, "_items", lambda *_: iter([item]))
    assert search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail) == []
    assert len(search.find(endpoint, ZONE.grid, Season.of(2024), FINE, pytest.fail)) == 1


@pytest.mark.parametrize(
    ("kind", "way_out"),
    [
        ("400", "collection"),
        ("401", "credentials"),
        ("403", "credentials"),
        ("404", "address"),
        ("405", "settings"),
    ],
)
def test_a_refusal_fails_at_once_and_says_what_to_do(api, endpoint, pauses, kind, way_out):
    once(kind, "/search", api)
    with pytest.raises(SourceUnavailable, match=rf"{kind}.*{way_out}") as caught:
        search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)
    assert "\n" not in str(caught.value)
    assert pauses == []
    assert api.asked("/search") == 1


def test_a_service_that_stays_down_is_given_up_within_bounds(api, endpoint, pauses):
    api.fault = lambda path: "500"
    with pytest.raises(SourceUnavailable, match=r"status 500.*again later"):
        search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]
    api.fault, api.retry_after = (lambda path: "429"), "4000"
    pauses.clear()
    with pytest.raises(SourceUnavailable, match="429"):
        search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)
    assert pauses == []  # asked to wait longer than the deadline


def test_the_deadline_counts_the_time_that_attempts_take(api, endpoint, pauses):
    now = [0.0]

    def clock():
        now[0] += 40.0
        return now[0]

    api.fault = lambda path: "500"
    endpoint = dataclasses.replace(endpoint, retry=retry(pauses, clock=clock, deadline=100.0))
    with pytest.raises(SourceUnavailable):
        search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize("methods", [("GET", "POST"), ("GET",), ("POST",)])
@pytest.mark.parametrize("page", [1, 2, 3, 50])
def test_pages_are_followed_with_either_method(api, endpoint, methods, page):
    three_items(api)
    api.methods, api.page = methods, page
    found = search.find(endpoint, ZONE.grid, YEAR, FINE, pytest.fail)
    assert [g.name for g in found] == ["p3", "p8", "p13"]


def test_a_service_without_end_is_stopped(api, endpoint, monkeypatch):
    three_items(api)
    api.items *= 5
    monkeypatch.setattr(search, "MOST_A_DAY", 1)
    days = Season.of("2023-05-03..2023-05-13")  # a limit of 11 items, and 15 there are
    with pytest.raises(ConfigError, match=r"more than 11 items.*Sentinel-2 L2A"):
        search.find(endpoint, ZONE.grid, days, FINE, pytest.fail)
    assert api.asked("/search") == 4  # of 5 pages


def test_what_is_no_stac_api_is_said(api, endpoint):
    plain = dataclasses.replace(endpoint, url=f"{api.url}/sas/a/b")
    with pytest.raises(SourceUnavailable, match="STAC API"):
        search.find(plain, ZONE.grid, YEAR, FINE, pytest.fail)
    nowhere = dataclasses.replace(endpoint, url="http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable, match="the connection broke off"):
        search.find(nowhere, ZONE.grid, YEAR, FINE, pytest.fail)


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "drop", "half"])
def test_an_asset_recovers_from_every_passing_fault(api, endpoint, pauses, kind):
    three_days(api)
    api.items = api.items[:1]
    once(kind, "/files/p3_B04", api)
    (scene,) = stac(endpoint).scenes(ZONE, pytest.fail)
    held = (placed(product("p3", "2023-05-03", WEST, 3)) > 0).all(axis=0)
    np.testing.assert_array_equal(~np.isnan(scene.reflectance).any(axis=0), held)
    assert api.faults == {kind: 1}
    assert pauses == [1.0]


def test_an_asset_that_answers_too_slowly_is_asked_again(api, endpoint, pauses):
    three_days(api)
    api.items = api.items[:1]
    once("slow", "/files/p3_B04", api)
    hasty = dataclasses.replace(endpoint, gdal=(*endpoint.gdal, ("GDAL_HTTP_TIMEOUT", "1")))
    (scene,) = stac(hasty).scenes(ZONE, pytest.fail)
    assert (scene.scl > 0).any()
    assert (api.faults, pauses) == ({"slow": 1}, [1.0])


@pytest.mark.parametrize("kind", ["500", "503", "drop"])
def test_a_day_is_not_lost_to_a_service_that_is_down(api, endpoint, kind):
    three_days(api)
    api.fault = lambda path: kind if path.startswith("/files/p8_B03") else None
    scenes = stac(endpoint).scenes(ZONE, pytest.fail)
    assert next(scenes).date.day == 3
    with pytest.raises(SourceUnavailable, match=r"p8 \(layer B3\).*again later"):
        next(scenes)


def test_a_file_is_called_damaged_only_if_nothing_else_was_wrong(api, endpoint):
    three_days(api)
    kinds = iter(["503", *["half"] * 50])
    api.fault = lambda path: next(kinds) if path.startswith("/files/p3_B03") else None
    with pytest.raises(SourceUnavailable, match=r"p3 \(layer B3\)"):
        next(stac(endpoint).scenes(ZONE, pytest.fail))


def test_refused_assets_are_not_taken_for_missing_ones(api, endpoint):
    three_days(api)
    api.fault = lambda path: "403" if path.startswith("/files") else None
    with pytest.raises(SourceUnavailable, match=r"403.*credentials"):
        next(stac(endpoint).scenes(ZONE, pytest.fail))


def test_a_campaign_of_faults_loses_and_falsifies_nothing(api, endpoint, capsys):
    """One request in seven fails, in every way there is; composites must not show it."""
    days = [f"2023-{month:02d}-{day:02d}" for month in (4, 5, 6) for day in (2, 12, 22)]
    api.items = [
        product(d, d, WEST, i, baseline=("02.14", "05.09")[i % 2]).write(
            api.folder, f"{api.url}/files"
        )
        for i, d in enumerate(days)
    ]
    endpoint = dataclasses.replace(endpoint, retry=retry([], attempts=12, deadline=1e6))
    source = stac(endpoint)
    sound = composite.stream(source.scenes(ZONE, pytest.fail), source.season.periods)
    wrong = lost = 0
    asked = len(api.log)
    for seed in range(2):
        for item in api.items:  # other addresses, since GDAL remembers what it has read
            for asset in item["assets"].values():
                asset["href"] = f"{asset['href'].partition('?')[0]}?v={seed}"
        api.fault = _campaign(seed)
        warnings: list[str] = []
        cube = composite.stream(source.scenes(ZONE, warnings.append), source.season.periods)
        lost += int(bool(warnings)) + int((cube.clear_dates != sound.clear_dates).any())
        wrong += int(not np.array_equal(cube.reflectance, sound.reflectance, equal_nan=True))
    with capsys.disabled():
        sys.stdout.write(
            f"\nSTAC campaign: {len(api.log) - asked} requests, faults {dict(api.faults)}, "
            f"{wrong} zones wrong, {lost} lost\n"
        )
    assert (wrong, lost) == (0, 0)
    assert sum(api.faults.values()) > 30
    assert set(api.faults) >= {"429", "500", "503", "drop", "half"}


def _campaign(seed):
    rng = random.Random(seed)
    everywhere = ("429", "500", "502", "503", "504", "drop", "half")
    lock = threading.Lock()

    def fault(path):
        with lock:
            if rng.random() > 1 / 7:
                return None
            if path.startswith("/files"):
                return rng.choice(everywhere)
            return rng.choice((*everywhere, "cut"))

    return fault


def test_only_the_expected_format_is_opened(api, endpoint):
    three_days(api)
    api.items = api.items[:1]
    trap = api.folder / "p3_B04.tif"
    real = api.folder / "real.tif"
    trap.rename(real)
    west, north = WEST.left, WEST.top
    trap.write_text(
        f'<VRTDataset rasterXSize="24" rasterYSize="40"><SRS>{WEST.crs}</SRS>'
        f"<GeoTransform>{west}, 10, 0, {north}, 0, -10</GeoTransform>"
        f'<VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
        f"<SourceFilename>{real}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with rasterio.open(trap) as raster:  # it would be read by whom it is left to
        assert (raster.read() > 0).any()
    warnings: list[str] = []
    assert list(stac(endpoint).scenes(ZONE, warnings.append)) == []
    assert len(warnings) == 1
    assert "p3 (layer B4)" in warnings[0]


@pytest.mark.parametrize(
    "href",
    ["/etc/hostname", "file:///etc/hostname", "/vsizip/x.zip", "VRT://x", "ftp://h/x.tif", "x.tif"],
)
def test_addresses_of_other_kinds_are_not_opened(endpoint, href):
    remote = dataclasses.replace(endpoint, local_assets=False)
    with pytest.raises(InvalidScene):
        assets.gdal_path(href, remote)
    if "vsi" in href.lower() or ":" in href[:5]:
        return
    if href.startswith("/"):
        assert assets.gdal_path(href, endpoint) == href


def test_a_file_of_floats_or_without_a_place_is_named(api, endpoint):
    three_days(api)
    api.items = api.items[:2]
    with rasterio.open(api.folder / "p3_B02.tif") as raster:
        profile, values = raster.profile, raster.read()
    with rasterio.open(api.folder / "p3_B02.tif", "w", **profile | {"dtype": "float32"}) as out:
        out.write(values.astype("float32") / 10_000)
    profile.pop("crs")
    with rasterio.open(api.folder / "p8_B02.tif", "w", **profile) as out:
        out.write(values)
    warnings: list[str] = []
    assert list(stac(endpoint).scenes(ZONE, warnings.append)) == []
    assert "float32" in warnings[0]
    assert "no reference system" in warnings[1]


def test_signing_uses_one_token_that_no_log_and_no_sentence_shows(
    api, endpoint, monkeypatch, caplog
):
    from planetary_computer import sas
    from planetary_computer.settings import Settings

    settings = Settings(subscription_key=None, sas_url=f"{api.url}/sas")
    monkeypatch.setattr(Settings, "get", staticmethod(lambda: settings))
    monkeypatch.setattr(sas, "TOKEN_CACHE", {})
    signing = dataclasses.replace(endpoint, signing="planetary-computer")
    once("503", "/sas", api)
    for name in ("a", "b"):
        path = assets.gdal_path(f"https://acc.blob.core.windows.net/box/{name}.tif", signing)
        assert path == (
            f"/vsicurl/https://acc.blob.core.windows.net/box/{name}.tif?sig=TOKEN&se=x&sp=r&st=y"
        )
    assert api.asked("/sas/acc/box") == 2  # one of them failed
    plain = f"{api.url}/files/x.tif"
    assert assets.gdal_path(plain, signing) == f"/vsicurl/{plain}"

    three_days(api)
    cut = api.folder / "p3_B02.tif"
    cut.write_bytes(cut.read_bytes()[:700])
    monkeypatch.setattr(assets, "sign", lambda href, _: f"{href}?sig=TOKEN")
    warnings: list[str] = []
    with caplog.at_level(logging.DEBUG):
        scenes = list(stac(signing).scenes(ZONE, warnings.append))
    assert [s.date.day for s in scenes] == [8, 13]
    assert any("?sig=TOKEN" in path for _, path, _ in api.log)
    assert "TOKEN" not in " ".join(warnings)
    assert "TOKEN" not in caplog.text


def test_s3_keys_come_from_the_environment_and_stay_there(api, endpoint, monkeypatch, caplog):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEYID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "HUSH-HUSH")
    host = api.url.removeprefix("http://")
    s3 = dataclasses.replace(
        endpoint,
        credentials=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        gdal=(
            *endpoint.gdal,
            ("AWS_S3_ENDPOINT", host),
            ("AWS_VIRTUAL_HOSTING", "FALSE"),
            ("AWS_HTTPS", "NO"),
        ),
    )
    api.items = [product("p3", "2023-05-03", WEST, 3).write(api.folder, "s3://eodata")]
    with caplog.at_level(logging.DEBUG):
        (scene,) = stac(s3).scenes(ZONE, pytest.fail)
    assert (scene.scl > 0).any()
    signed = [h for _, path, h in api.log if path.startswith("/eodata")]
    assert signed
    assert all("KEYID" in h["Authorization"] for h in signed)
    assert "HUSH" not in caplog.text + repr(s3) + repr(api.log)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY"):
        list(stac(s3).scenes(ZONE))


def test_zones_far_away_have_no_scenes(api, endpoint):
    three_days(api)
    far = dataclasses.replace(ZONE, grid=Grid("EPSG:32631", 600_000, 4_900_000, 10, (5, 6)))
    source = StacSource(endpoint, FLANDERS, (far,), YEAR)
    assert list(source.scenes(far, pytest.fail)) == []
