"""Dossiers and reports: their numbers are those of the files, their words are text, nothing is fetched."""

from __future__ import annotations

import json
import re
import socketserver
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from cropdash import i18n
from cropdash.domain.errors import ConfigError, InvalidRun, NotInstalled
from cropdash.files import atomic
from cropdash.i18n import number, probability
from cropdash.reports import make, render
from cropdash.reports.document import Beside, Document, Heading, Table, Text
from cropdash.settings.folders import Folders
from cropdash.settings.reports import parse
from cropdash.storage import decisions, layout, reports
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.decisions import Parcel, Said
from cropdash.storage.reports import ReportFolder
from tests import factory

HOSTILE = '=HYPERLINK("http://x.test")<script>alert(1)</script>'
NOTE = "<img src=http://x.test/a.png onerror=alert(2)>"


class Words(HTMLParser):
    """The text of a page, and every element with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.elements, self.hidden = [], [], 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.hidden += tag in ("style", "title", "footer")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "title", "footer")

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folders, DatasetFolder, list[str]]:
    folder = tmp_path_factory.mktemp("reports")
    where = Folders(folder / "data", folder / "models")
    dataset = factory.write_dataset(where.data, zones=4, size=64)
    ids = [
        factory.write_run(where.models, dataset, classifier=kind, seed=n, accuracy=share).run_id
        for n, (kind, share) in enumerate([("cnn", 0.8), ("xgboost", 0.5)])
    ]
    zone, parcel = rename(dataset)
    said = Said(Parcel(HOSTILE, zone, parcel), decision=decisions.DOUBTFUL, note=NOTE)
    decisions.decide(where.data, dataset.name, [said])
    return where, dataset, ids


def rename(dataset: DatasetFolder) -> tuple[str, int]:
    """Give the largest predicted parcel a hostile id; returns its place."""
    (zone, *_) = [z.zone_id for z in dataset.built_zones() if z.split == "test"]
    folder = dataset.zone_folder(zone)
    table = gpd.read_parquet(folder / layout.PARCELS)
    table["register_id"] = table["register_id"].astype(str)
    row = table["area_ha"].idxmax()
    table.loc[row, "register_id"] = HOSTILE
    table.to_parquet(folder / layout.PARCELS, index=False)
    manifest = layout.MANIFEST.read(folder)
    manifest["files"][layout.PARCELS] = atomic.checksum(folder / layout.PARCELS)
    manifest["sizes"][layout.PARCELS] = (folder / layout.PARCELS).stat().st_size
    layout.MANIFEST.write(folder, manifest)
    return zone, int(table.loc[row, "parcel_id"])


def made(world, **order) -> tuple[ReportFolder, str]:
    where, dataset, _ = world
    folder = reports.queue(where.models, parse({"dataset": dataset.name} | order))
    missing = make.make(folder, where, lambda *_: None, "anna")
    return folder, missing


def text_of_pdf(path: Path) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def numbers(text: str) -> set[str]:
    """Numbers of a text as they are written, without their separators of thousands."""
    joined = re.sub(r"(?<=\d)[\u202f\u00a0,](?=\d{3}\b)", "", text)
    return set(re.findall(r"\d+(?:[.,]\d+)?", joined))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_dossier_holds_no_number_that_the_files_do_not(world, language) -> None:
    where, dataset, ids = world
    folder, missing = made(
        world, kind="dossier", parcels=(HOSTILE,), runs=tuple(ids), language=language
    )
    page = (folder.path / layout.REPORT_PAGE).read_text(encoding="utf-8")
    text = " ".join(Words(page).text)
    (zone,) = [
        z
        for z in dataset.built_zones()
        if (dataset.parcels(z.zone_id)["register_id"] == HOSTILE).any()
    ]
    parcels = dataset.parcels(zone.zone_id).set_index("parcel_id", drop=False)
    row = parcels[parcels["register_id"] == HOSTILE].iloc[0]
    inside = dataset.labels(zone.zone_id).parcel_id == row["parcel_id"]
    with i18n.speaking(language):
        known = {
            number(row["area_ha"], ",.2f"), str(row["n_pixels"]),
            probability(min(100 * inside.sum() / row["geometry"].area, 1)),
            *(number(a, ",.2f") for a in parcels["area_ha"]),
        }  # fmt: skip
        for run in ids:
            path = where.models / run / layout.PREDICTIONS / f"{zone.zone_id}.parquet"
            said = pd.read_parquet(path).set_index("parcel_id").loc[row["parcel_id"]]
            chances = said.filter(regex=r"^p_\d+$").astype(float)
            known |= {probability(p) for p in chances}
            named = reports_crop(where, run, zone.zone_id)[inside]
            _, counts = np.unique(named, return_counts=True)
            known |= {str(n) for n in counts} | {probability(n / counts.sum()) for n in counts}
            cells = pd.read_parquet(where.models / run / layout.SCORES_FOLDER / layout.CONFUSIONS)
            cells = cells[(cells["unit"] == "parcel") & (cells["truth"] > 0)]
            for side in ("truth", "predicted"):
                known |= {str(int(n)) for n in cells.groupby(side)["value"].sum()}
            known |= {str(int(n)) for n in cells.groupby(["truth", "predicted"])["value"].sum()}
        means = [probability(p) for p in mean_chances(where, ids, zone.zone_id, row["parcel_id"])]
        known |= set(means)
    told = decisions.current(where.data, dataset.name)[HOSTILE]
    centre = row["geometry"].representative_point()
    constants = {
        "0",
        "1",
        "2",
        "8",
        "9",
        "10",
        "12",
        "80",
        "90",
    }  # of sentences, and of few periods
    strings = [
        HOSTILE, NOTE, *ids, *parcels["register_id"].astype(str), dataset.fingerprint(),
        dataset.description().title, zone.grid.crs, told.time[:16].replace("T", " "), "RPG", "2.0",
        f"{centre.x:.0f}", f"{centre.y:.0f}", layout_date(), str(dataset.description().season),
    ]  # fmt: skip
    for string in sorted(strings, key=len, reverse=True):
        text = text.replace(string, " ")
    text = re.sub(r"\b\d\d/\d\d\b", " ", text)  # months of the pictures
    text = re.sub(r"\b(\d+) m (a side|de côté)", " ", text)
    allowed = set().union(*(numbers(each) for each in known)) | constants | {"2023"}
    assert numbers(text) - allowed == set()
    with i18n.speaking(language):
        assert number(row["area_ha"], ",.2f") in text
    if missing:
        pytest.skip(missing)
    pdf = text_of_pdf(folder.path / layout.REPORT_PDF)
    assert numbers(" ".join(Words(page).text)) - numbers(pdf.replace("\n", " ")) <= wrapped(
        pdf, page
    )


def wrapped(pdf: str, page: str) -> set[str]:
    """Numbers of the page that stand in the PDF with a break of line within a longer word."""
    flat = re.sub(r"\s", "", pdf)
    return {n for n in numbers(" ".join(Words(page).text)) if n in flat}


def reports_crop(where: Folders, run: str, zone: str) -> np.ndarray:
    import rasterio

    with rasterio.open(where.models / run / layout.PREDICTIONS / f"{zone}.tif") as raster:
        return raster.read(1)


def mean_chances(where: Folders, ids: list[str], zone: str, parcel: int) -> np.ndarray:
    rows = [
        pd.read_parquet(where.models / run / layout.PREDICTIONS / f"{zone}.parquet")
        .set_index("parcel_id").loc[parcel].filter(regex=r"^p_\d+$").to_numpy(float)
        for run in ids
    ]  # fmt: skip
    return np.mean(rows, axis=0)


def layout_date() -> str:
    import datetime as dt

    return dt.datetime.now(dt.UTC).date().isoformat()


def test_what_a_register_or_a_reader_writes_stays_text(world) -> None:
    folder, missing = made(world, kind="dossier", parcels=(HOSTILE,), runs=(world[2][0],))
    page = (folder.path / layout.REPORT_PAGE).read_text(encoding="utf-8")
    read = Words(page)
    tags = {tag for tag, _ in read.elements}
    assert "script" not in tags
    text = " ".join(read.text)
    assert HOSTILE in text
    assert NOTE in text
    sources = [v for _, held in read.elements for k, v in held.items() if k in ("src", "href")]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)
    assert not any(k.startswith("on") for _, held in read.elements for k in held)
    assert all(a.startswith('"data:') for a in re.findall(r"url\(([^)]{0,8})", page))
    if missing:
        pytest.skip(missing)
    pdf = (folder.path / layout.REPORT_PDF).read_bytes()
    assert not re.search(rb"/(JavaScript|JS|URI|Launch|EmbeddedFile)\b", pdf)
    assert "<script>alert(1)</script>" in re.sub(
        r"\s", "", text_of_pdf(folder.path / layout.REPORT_PDF)
    )


def test_the_numbers_of_a_report_are_those_of_the_scores(world, monkeypatch) -> None:
    (where, _, ids), language = world, "fr"
    monkeypatch.setattr(make, "write_pdf", lambda *_: "")  # another test sets one
    folder, _ = made(world, kind="report", run=ids[0], against=ids[1], language=language)
    text = " ".join(Words((folder.path / layout.REPORT_PAGE).read_text(encoding="utf-8")).text)
    for run in ids:
        scores = json.loads((where.models / run / layout.SCORES_FOLDER / "scores.json").read_text())
        cells = pd.read_parquet(where.models / run / layout.SCORES_FOLDER / layout.CONFUSIONS)
        with i18n.speaking(language):
            for unit in ("pixel", "parcel", "hectare"):
                for name in ("accuracy", "macro_f1", "weighted_f1", "kappa"):
                    value = scores["test"][unit][name]
                    assert value is None or number(value, ".3f") in text
            mapped = cells[(cells["unit"] == "hectare") & (cells["predicted"] > 0)]
            for value in mapped.groupby("predicted")["value"].sum():
                assert number(float(value), ",.1f") in text
            parcels = cells[(cells["unit"] == "parcel") & (cells["truth"] > 0)]
            for k, rows in parcels.groupby("truth"):
                hits = rows.loc[rows["predicted"] == k, "value"].sum()
                assert number(hits / rows["value"].sum(), ".3f") in text
        assert run in text
        record = layout.RUN.read(where.models / run)
        assert record["legend_hash"] in text
        assert record["dataset_fingerprint"] in text


def test_without_weasyprint_there_is_html_and_one_sentence(world, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    folder, missing = made(world, kind="report", run=world[2][0])
    assert "pip install 'cropdash[reports]'" in missing
    assert folder.files() == (layout.REPORT_PAGE,)


def test_without_pango_the_sentence_names_it(monkeypatch) -> None:
    class Broken:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [n for n in sys.modules if n.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(NotInstalled, match="install libpango"):
        render.pdf("<p>x</p>")


def test_nothing_is_fetched_while_a_pdf_is_set() -> None:
    asked = []

    class Note(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(1000))

    with socketserver.TCPServer(("127.0.0.1", 0), Note) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        place = f"http://127.0.0.1:{server.server_address[1]}/a"
        page = f'<link rel="stylesheet" href="{place}.css"><img src="{place}.png"><img src="file:///etc/hostname">'
        try:
            written = render.pdf(page)
        except NotInstalled as error:
            pytest.skip(str(error))
        finally:
            server.shutdown()
            thread.join()
    assert written.startswith(b"%PDF")
    assert not asked


def test_the_foot_of_a_page_can_not_end_its_rule() -> None:
    foot = 'a"; } body { display: none } </style><script>1</script>'
    document = Document("t", [Heading("h", page=True), Text(["x"]), Table(["a"], [["<b>"]])], foot)
    page = render.html(document)
    style = page[page.index("@bottom-left { content:") :].partition("</style>")[0]
    assert "display" in style
    assert "display:" not in style
    assert "script" not in {tag for tag, _ in Words(page).elements}


def test_only_a_word_that_is_too_long_for_a_table_is_broken(tmp_path: Path) -> None:
    sides = [
        [Table(["Neighbour", "Declared"], [[i, crop]], left=2)]
        for i, crop in (("484100041", "Not mapped " * 9), ("x" * 300, "Maize"), ("1", "2"))
    ]
    path = tmp_path / "narrow.pdf"
    try:
        path.write_bytes(render.pdf(render.html(Document("t", [Beside(sides)], ""))))
    except NotInstalled as error:
        pytest.skip(str(error))
    lines = text_of_pdf(path).split()
    assert "484100041" in lines
    assert max(len(line) for line in lines) < 60  # what was longer stands in several lines
    assert "x" * 300 in "".join(lines)


def test_what_can_not_be_made_is_said_in_a_sentence(world) -> None:
    with pytest.raises(ConfigError, match="holds parcel nowhere"):
        made(world, kind="dossier", parcels=("nowhere",), runs=(world[2][0],))
    with pytest.raises(ConfigError, match="There is no language"):
        parse({"kind": "report", "dataset": "demo", "run": "a", "language": "../x"})
    other = factory.write_run(
        world[0].models, world[1], classifier="forest", state="failed", seed=3
    ).run_id
    with pytest.raises(InvalidRun, match="has no scores yet"):
        made(world, kind="report", run=other)
