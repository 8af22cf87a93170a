"""Files put into data/incoming/: what is offered, and where an upload is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError
from cropdash.settings import folders
from cropdash.ui.datasets import incoming


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = folders.Folders(tmp_path / "data", tmp_path / "models")
    monkeypatch.setattr(incoming, "folders", lambda: where)
    return tmp_path / "data" / "incoming"


def _put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def test_no_folder_is_an_empty_list(folder: Path) -> None:
    assert incoming.listed("register") == {}


def test_each_kind_is_told_by_its_files(folder: Path) -> None:
    _put(
        folder, "RPG.GPKG", "old.7z.001", "old.7z.002", "zones.csv", "z.geojson", ".hidden.gpkg",
        "edition/1_DONNEES/deep/PARCELLES_GRAPHIQUES.gpkg", "place/scenes/a.tif",
        "place/register.gpkg", "notes/readme.txt",
    )  # fmt: skip
    assert set(incoming.listed("register")) == {"RPG.GPKG", "old.7z.001", "edition"}
    assert set(incoming.listed("scenes")) == {"place"}
    assert set(incoming.listed("zones")) == {"zones.csv", "z.geojson"}
    assert set(incoming.listed("codes")) == {"zones.csv"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=80))
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    path = incoming.save(f"{name}.csv", b"a")
    assert path.parent == folder
    assert path.read_bytes() == b"a"
    assert path.name in incoming.listed("zones")


def test_other_content_of_the_same_name_replaces_nothing(folder: Path) -> None:
    first, again = incoming.save("My Zones.CSV", b"1"), incoming.save("my zones.csv", b"1")
    other = incoming.save("my zones.csv", b"2")
    assert first == again == folder / "my-zones.csv"
    assert other != first
    assert (first.read_bytes(), other.read_bytes()) == (b"1", b"2")
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("name", ["zones.exe", "zones", "zones.csv.gpkg"])
def test_another_kind_of_file_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"\.csv"):
        incoming.save(name, b"1")
    assert not folder.exists()


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="MB"):
        incoming.save("zones.csv", b"1" * 5_000_001)
