"""Registers in .7z archives, whole and split, sound and not."""

from __future__ import annotations

import os
import random
import stat
import struct
import zlib

import py7zr
import pytest

from cropdash.domain.errors import InvalidRegister
from cropdash.ingest import registers
from cropdash.ingest.registers import archive, streams
from tests import worlds
from tests.worlds import SHARED, needs

REAL = SHARED / "data" / "rpg" / "RPG_2-0__GPKG_LAMB93_FXX_2022-01-01.7z.001"
INSIDE = "RPG_2-2/RPG/1_DONNEES/PARCELLES_GRAPHIQUES.gpkg"
GRID = worlds.grid((20, 30))
LEFT, BOTTOM, RIGHT, TOP = GRID.bounds


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    path = tmp_path_factory.mktemp("register") / "r.gpkg"
    rows = [(str(i), "BTH", (LEFT + i, BOTTOM, LEFT + i + 9, TOP)) for i in range(30)]
    registers.write_parcels(path, worlds.register(rows))
    return path


def pack(path, members):
    """An archive of names and their bytes or files."""
    with py7zr.SevenZipFile(path, "w") as seven:
        for name, content in members.items():
            if isinstance(content, bytes):
                seven.writestr(content, name)
            else:
                seven.write(content, name)
    return path


def split(path, size):
    """Parts of `size` bytes, the first of which is returned."""
    content = path.read_bytes()
    path.unlink()
    parts = [content[i : i + size] for i in range(0, len(content), size)]
    for number, part in enumerate(parts, start=1):
        path.with_name(f"{path.name}.{number:03d}").write_bytes(part)
    return path.with_name(f"{path.name}.001"), len(parts)


@needs(REAL)
def test_the_real_split_archive(tmp_path):
    frame = registers.read_parcels(archive.unpack(REAL, tmp_path))
    assert len(frame) == 100
    assert frame.crs.to_epsg() == 2154


def test_only_the_parcels_are_unpacked_and_only_once(tmp_path, register):
    path = pack(
        tmp_path / "RPG.7z",
        {"a/README.txt": b"x" * 999, INSIDE: register, "b/RPG_Ilots.gpkg": b"y"},
    )
    found = registers.locate(path)
    assert found.parent == tmp_path / "unpacked"
    assert found.read_bytes() == register.read_bytes()
    assert [p.name for p in found.parent.iterdir() if not p.name.startswith(".")] == [found.name]
    before = found.stat().st_mtime_ns
    assert len(registers.read_parcels(path, GRID)) == 30
    assert found.stat().st_mtime_ns == before
    found.write_bytes(b"cut short")  # by a user's hand: unpacked again
    assert len(registers.read_parcels(path)) == 30


@pytest.mark.parametrize("size", [1, 7, 500, 10**6])
def test_parts_read_as_one(tmp_path, size):
    content = random.Random(0).randbytes(900)
    parts = []
    for i, at in enumerate(range(0, 900, size)):
        parts.append(tmp_path / f"{i}")
        parts[-1].write_bytes(content[at : at + size])
    rng = random.Random(1)
    with streams.Chain(parts[:200]) as stream:
        whole = content[: 200 * size]
        for _ in range(60):
            at, count = rng.randrange(len(whole)), rng.randrange(1, 50)
            stream.seek(at)
            got = b""
            while len(got) < count and (more := stream.read(count - len(got))):
                got += more
            assert got == whole[at : at + count]
        assert stream.seek(0, os.SEEK_END) == len(whole)
        assert stream.read(1) == b""


def test_split_archives_and_a_folder_that_holds_one(tmp_path, register):
    first, count = split(pack(tmp_path / "RPG.7z", {INSIDE: register}), 1000)
    assert count > 2
    assert len(registers.read_parcels(first)) == 30
    assert len(registers.read_parcels(tmp_path / "RPG.7z")) == 30  # as if joined
    assert len(registers.read_parcels(tmp_path)) == 30
    for part in tmp_path.glob("*.7z.*"):
        part.unlink()
    assert len(registers.read_parcels(tmp_path)) == 30  # what was unpacked stays of use


@pytest.mark.parametrize("which", ["middle", "last"])
def test_a_missing_part_is_named(tmp_path, register, which):
    first, count = split(pack(tmp_path / "RPG.7z", {INSIDE: register}), 1000)
    number = 2 if which == "middle" else count
    (tmp_path / f"RPG.7z.{number:03d}").unlink()
    words = "part 002 of" if which == "middle" else "cut short.*missing parts"
    with pytest.raises(InvalidRegister, match=words):
        registers.read_parcels(first)


def test_an_archive_too_large_is_refused_before_a_byte_is_written(tmp_path, register):
    path = pack(tmp_path / "RPG.7z", {INSIDE: register, "zeros": bytes(5_000_000)})
    with pytest.raises(InvalidRegister, match=r"would unpack to 5,\d+,\d+ bytes"):
        archive.unpack(path, limit=5_000_000)
    assert not (tmp_path / "unpacked").exists()
    assert archive.unpack(path, limit=6_000_000).is_file()


def test_more_bytes_than_announced_are_refused(tmp_path):
    writer = streams.Single(tmp_path / "x", 10)
    writer.write(bytes(10))
    with pytest.raises(py7zr.exceptions.ArchiveError, match="announced"):
        writer.write(b"1")
    writer.finish()


def test_a_disk_too_small_is_told(tmp_path, register, monkeypatch):
    path = pack(tmp_path / "RPG.7z", {INSIDE: register})
    usage = type("Usage", (), {"free": 2**26})
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(InvalidRegister, match="make room"):
        registers.read_parcels(path)


def test_a_full_disk_leaves_nothing_behind(tmp_path, register, monkeypatch):
    path = pack(tmp_path / "RPG.7z", {INSIDE: register})

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(streams.Single, "write", full)
    with pytest.raises(InvalidRegister, match="No space left"):
        registers.read_parcels(path)
    assert not [p for p in (tmp_path / "unpacked").iterdir() if "lock" not in p.name]


@pytest.mark.parametrize(
    "name", ["../PARCELLES_GRAPHIQUES.gpkg", "/etc/x.gpkg", "a\\..\\..\\b.gpkg"]
)
def test_names_that_lead_out_are_refused(name):
    member = py7zr.FileInfo(name, 1, 1, True, False, True, False, None, 0)
    with pytest.raises(InvalidRegister, match="leads out"):
        archive._wanted([member], worlds.SHARED, 100)


def test_links_are_refused(tmp_path, register):
    link = tmp_path / "link.gpkg"
    link.symlink_to(register)
    assert stat.S_ISLNK(link.lstat().st_mode)
    path = pack(tmp_path / "RPG.7z", {INSIDE: register, "a/link.gpkg": link})
    with pytest.raises(InvalidRegister, match=r"link\.gpkg"):
        registers.read_parcels(path)


def test_archives_of_none_or_several_registers_are_refused(tmp_path, register):
    path = pack(tmp_path / "none.7z", {"a/PARCELLES_GRAPHIQUES.shp": b"x"})
    with pytest.raises(InvalidRegister, match=r"none\.7z must hold one register.*holds 0"):
        registers.read_parcels(path)
    path = pack(tmp_path / "two.7z", {"a/x.gpkg": register, "b/y.gpkg": register})
    with pytest.raises(InvalidRegister, match=r"holds 2: a/x\.gpkg, b/y\.gpkg"):
        registers.read_parcels(path)


def test_an_encrypted_archive_says_so(tmp_path, register):
    path = tmp_path / "RPG.7z"
    with py7zr.SevenZipFile(path, "w", password="secret", header_encryption=True) as seven:  # noqa: S106
        seven.write(register, INSIDE)
    with pytest.raises(InvalidRegister, match="encrypted"):
        registers.read_parcels(path)


def test_damaged_archives_are_refused_in_a_sentence_or_read_right(tmp_path):
    """Bytes changed at random, half of the time in the header with its checksums made right."""
    content = b"SQLite format 3\0" + random.Random(0).randbytes(3000)
    path = tmp_path / "RPG.7z"
    with py7zr.SevenZipFile(path, "w") as seven:
        seven.set_encoded_header_mode(False)
        seven.writestr(content, INSIDE)
        seven.writestr(b"hello", "README")
    sound, rng = path.read_bytes(), random.Random(1)
    offset, size = struct.unpack("<QQ", sound[12:28])
    refused = 0
    for number in range(300):
        bad = bytearray(sound)
        start = 32 + offset if number % 2 else 32
        bad[rng.randrange(start, len(bad))] = rng.choice([0, 1, 255, rng.randrange(256)])
        bad[28:32] = struct.pack("<I", zlib.crc32(bad[32 + offset : 32 + offset + size]))
        bad[8:12] = struct.pack("<I", zlib.crc32(bad[12:32]))
        path.write_bytes(bad)
        target = tmp_path / str(number)
        try:
            found = archive.unpack(path, target, limit=10**6)
            checksum = f"{zlib.crc32(found.read_bytes()):08x}"
            assert found.stem.endswith((checksum, "00000000"))  # the latter: none was given
        except InvalidRegister:
            refused += 1
            left = [p.name for p in target.glob("*")] if target.exists() else []
            assert all(name.endswith(".lock") for name in left)
    assert refused > 50
