"""Parcels over the net, from a server on the loopback device that answers as GeoServer does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import geopandas as gpd
import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from cropdash.cli import app as command_line
from cropdash.domain import Season, Zone
from cropdash.domain.errors import ConfigError, NotEnoughData, SourceUnavailable
from cropdash.files.retry import Retry
from cropdash.ingest import http, registers, zones
from cropdash.ingest.registers import catalogue, wfs
from cropdash.ingest.zones import area, sides
from cropdash.storage import places as storage_places
from cropdash.workflow import place
from tests import worlds
from tests.ingest.places import LAT, LON, YEAR, World, land


@pytest.fixture
def world() -> World:
    return World(land())


def spoiled(kind: str | None, found: dict[str, Any]) -> dict[str, Any]:
    if kind == "short":
        found["features"].pop()
    elif kind == "other":
        found["numberMatched"] += 1
    elif kind == "twice":
        found["features"][0] = found["features"][-1]
    elif kind == "uncounted":
        found["numberMatched"] = "unknown"
    return found


@pytest.fixture
def service(world: World, pauses: list[float]) -> Iterator[wfs.Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = {k: v[0] for k, v in parse_qs(urlparse(self.path).query).items()}
            kind = world.fault(len(world.asked))
            world.asked.append(query)
            body = json.dumps(spoiled(kind, world.answer(query))).encode()
            if kind == "refused":
                body = (
                    b'<?xml version="1.0"?><ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1">'
                    b"<ows:Exception><ows:ExceptionText>Unknown layer &lt;a:b&gt;\n of 2023"
                    b"</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
                )
            if kind == "moved" and "moved=1" not in self.path:
                self.send_response(301)
                self.send_header("Location", f"{self.path}&moved=1")
                body = b""
            elif kind and kind.isdigit():
                self.send_response(int(kind))
                self.send_header("Retry-After", "1")
                body = b"{}"
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            sent = body[: len(body) // 2] if kind in ("cut", "drop") else body
            self.wfile.write(sent)
            if kind in ("cut", "drop"):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    retry = Retry(attempts=4, wait=lambda stop, pause: pauses.append(pause), draw=lambda: 1.0)
    url = f"http://127.0.0.1:{server.server_port}/wfs/ows"
    yield replace(wfs.FRANCE, url=url, page=100, patience=http.Patience(retry, answer_s=5.0))
    server.shutdown()
    server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    return []


BOX = (1.3, 48.35, 1.7, 48.55)


def as_known(frame: gpd.GeoDataFrame) -> dict[str, tuple[str, bytes]]:
    rounded = shapely.set_precision(frame.geometry.to_numpy(), 1e-9)
    return {
        i: (c, shapely.to_wkb(shapely.normalize(g)))
        for i, c, g in zip(frame.iloc[:, 0], frame.iloc[:, 1], rounded, strict=True)
    }


def test_all_pages_give_the_register_one_to_one(world, service):
    found = service.fetch(BOX, YEAR)
    assert as_known(found) == as_known(world.frame)
    assert [q["STARTINDEX"] for q in world.asked] == ["0", "100", "200"]
    assert {q["TYPENAMES"] for q in world.asked} == {"RPG.2023:parcelles_graphiques"}
    part = service.fetch((LON, LAT, LON + 0.03, LAT + 0.02), YEAR)
    inside = world.frame[world.frame.intersects(shapely.box(LON, LAT, LON + 0.03, LAT + 0.02))]
    assert 0 < len(part) < len(found)
    assert as_known(part) == as_known(inside)


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "cut", "drop"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_fault_that_passes_costs_a_pause_and_no_parcel(world, service, pauses, kind, at):
    world.fault = lambda number: kind if number == at else None
    assert as_known(service.fetch(BOX, YEAR)) == as_known(world.frame)
    assert len(world.asked) == 4
    assert len(pauses) == 1


@pytest.mark.parametrize("kind", ["short", "other", "twice", "uncounted"])
def test_an_answer_in_part_is_an_error_and_never_a_smaller_register(world, service, tmp_path, kind):
    world.fault = lambda number: kind if number == 1 else None
    path = tmp_path / "register.parquet"
    with pytest.raises(SourceUnavailable, match="in part"):
        registers.keep(path, service, BOX, YEAR)
    assert not path.exists()


def test_a_limit_of_the_service_below_the_page_is_an_error(world, service):
    world.most = 60
    with pytest.raises(SourceUnavailable, match=r"60 parcels after 0 of 230"):
        service.fetch(BOX, YEAR)


@pytest.mark.parametrize("kind", ["400", "403", "404"])
def test_a_refusal_is_one_sentence_at_once(world, service, pauses, kind):
    world.fault = lambda number: kind
    with pytest.raises(SourceUnavailable, match=kind):
        service.fetch(BOX, YEAR)
    assert pauses == []


def test_what_a_service_says_of_a_request_is_told_and_not_asked_again(world, service):
    world.fault = lambda number: "refused"
    with pytest.raises(SourceUnavailable, match="refuses the request: Unknown layer <a:b> of 2023"):
        service.fetch(BOX, YEAR)
    assert len(world.asked) == 1


def test_an_address_that_has_moved_is_followed(world, service):
    plain = service.fetch(BOX, YEAR)
    world.fault = lambda number: "moved"
    assert as_known(service.fetch(BOX, YEAR)) == as_known(plain)


def test_what_is_not_served_is_said(world, service, tmp_path):
    with pytest.raises(NotEnoughData, match="no parcel of 2023"):
        registers.keep(tmp_path / "r.parquet", service, (5.0, 40.0, 5.1, 40.1), YEAR)
    with pytest.raises(NotEnoughData, match="from 2015 on"):
        service.fetch(BOX, 2014)
    with pytest.raises(SourceUnavailable, match="without crop"):
        replace(service, code_column="crop").fetch(BOX, YEAR)


def test_what_was_fetched_is_kept_with_its_digest_and_read_without_the_net(
    world, service, tmp_path
):
    path = tmp_path / "register.parquet"
    note = registers.keep(path, service, BOX, YEAR)
    n = len(world.asked)
    assert registers.keep(path, service, BOX, YEAR) == note
    assert len(world.asked) == n
    assert (note["parcels"], note["service"]) == (230, service.url)
    assert as_known(registers.read_parcels(path)) == as_known(world.frame)
    path.write_bytes(path.read_bytes()[:-9])
    assert registers.keep(path, service, BOX, YEAR)["digest"] == note["digest"]
    assert len(world.asked) == 2 * n
    registers.keep(path, service, BOX, 2022)
    assert len(world.asked) == 3 * n


def test_a_place_becomes_a_register_and_zones_with_both_sides(world, service, tmp_path):
    found = place.find(
        "beauce", place.Wanted(area.around(LAT, LON, 5), 4, 150), Season.of(YEAR), tmp_path,
        provider=service,
    )  # fmt: skip
    assert zones.read(found.zones, warn=pytest.fail) == found.sides.zones
    assert {zone.split for zone in found.sides.zones} == {"train", "test"}
    assert len(registers.read_parcels(found.register)) == found.note["parcels"] == 230


def test_near_is_said_before_it_is_built(world, service, tmp_path, monkeypatch):
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path))
    monkeypatch.setattr(catalogue, "FRANCE", service)
    words = ["build", "beauce", "--near", f"{LAT}, {LON}", "--size", "150", "--estimate"]
    said = CliRunner().invoke(command_line.app, words)
    assert said.exit_code == 0, said.output
    assert "230 parcels of 2023" in said.output
    assert "5 zones, 12 periods" in said.output
    assert "requests" in said.output
    wrong = CliRunner().invoke(command_line.app, ["build", "b", "--near", "here"])
    assert isinstance(wrong.exception, ConfigError)


# which zones are held out ---------------------------------------------------------


def squares(count: int) -> list[Any]:
    return [
        worlds.zone(f"z{i}", "train", worlds.grid((20, 30), left=5e5 + 1e4 * i))
        for i in range(count)
    ]


def test_every_class_that_two_zones_have_stands_on_both_sides():
    """By brute force over all choices: no other tests more classes."""
    from itertools import combinations

    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(2.0, (6, 7)) * rng.integers(0, 2, (6, 7)) * 2
        found = sides.divide(squares(6), counts)
        test = np.array([zone.split == "test" for zone in found.zones])
        there = (counts >= sides.LEAST)[:, 1:]
        both = (there[test].any(axis=0) & there[~test].any(axis=0)).sum()
        best = max(
            (there[list(c)].any(axis=0) & np.delete(there, c, axis=0).any(axis=0)).sum()
            for c in combinations(range(6), int(test.sum()))
        )
        assert both == best
        tested = there[test].any(axis=0) & there[~test].any(axis=0)
        occurring = counts[:, 1:].sum(axis=0) > 0
        assert set(found.untested) == set(1 + np.flatnonzero(occurring & ~tested))


def test_why_a_class_cannot_be_tested_is_said():
    counts = np.array([[0, 9, 1, 9], [0, 9, 1, 0], [0, 9, 0, 0]])
    found = sides.divide(squares(3), counts)
    assert found.untested == {
        2: "no zone has 3 parcels of it", 3: "one zone alone has enough parcels of it",
    }  # fmt: skip
    with pytest.raises(NotEnoughData, match="two at least"):
        sides.divide(squares(1), counts[:1])


def test_the_note_of_a_register_is_no_dataset(tmp_path: Path):
    """Files of a place lie in a folder that no dataset may be called as."""
    from cropdash.settings.build import RESERVED

    assert storage_places.INCOMING in RESERVED


def test_zones_that_are_there_are_divided_by_the_command(tmp_path):
    register, listed, out = (tmp_path / n for n in ("r.gpkg", "zones.csv", "sides.csv"))
    official = land().rename(columns={"id_parcel": "ID_PARCEL", "code_cultu": "CODE_CULTU"})
    registers.write_parcels(register, official)
    middle = zones.square_around(LON, LAT, 1000)
    grids = [
        replace(middle, left=middle.left + 3000 * i, shape=(600, 300)) for i in range(3)
    ]  # fmt: skip
    there = [Zone(f"z{i}", "beauce", "train", grid) for i, grid in enumerate(grids)]
    zones.write(listed, there)
    words = ["zones", "divide", str(listed), "--register", str(register), "--out", str(out)]
    said = CliRunner().invoke(command_line.app, words)
    assert said.exit_code == 0, said.output
    found = zones.read(out, warn=pytest.fail)
    assert [zone.grid for zone in found] == grids
    assert sorted(zone.split for zone in found) == ["test", "train", "train"]
    assert "classes stand on both sides" in said.output
