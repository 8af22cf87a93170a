"""Parcels of a GeoParquet file on the net: the row groups that are wanted, by ranges of HTTP.

Row groups tell where their rows lie by the statistics of a bbox column (GeoParquet 1.1, "covering";
fiboa's files have it), so that of a country's file some megabytes are fetched for a place.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlparse

import geopandas as gpd
from pyproj import Transformer

from cropdash.domain.errors import NotEnoughData, SourceUnavailable
from cropdash.files import parquet
from cropdash.ingest import http
from cropdash.ingest.registers import geoparquet, provider
from cropdash.ingest.registers.layout import Layout
from cropdash.ingest.registers.provider import MOST, Degrees
from cropdash.settings.sources import Fetching, travel_s

MOST_BYTES = 2**31  # of one place
_TRANSFER, _REQUESTS = 60_000_000, 12  # of one place, by row groups of some 100,000 parcels


@dataclass(frozen=True)
class GeoParquetFile:
    """A register as one GeoParquet file at an address; see `provider.Provider`."""

    name: str  # for people
    url: str  # in which {year} stands for the season's
    id_column: str = "id"  # fiboa's names
    code_column: str = "crop:code"
    first_year: int = 0
    patience: http.Patience = field(default_factory=http.Patience)

    def asked(self, box: Degrees, year: int) -> dict[str, Any]:
        """What is asked of it, by which an answer is kept."""
        columns = [self.id_column, self.code_column]
        return {"file": provider.of_year(self.url, year), "columns": columns, "box": list(box)}

    def fetch(self, box: Degrees, year: int) -> gpd.GeoDataFrame:
        """Its parcels within an area."""
        if year < self.first_year:
            raise NotEnoughData(
                "{a} begins with {b}: choose a later season than {c}.",
                a=self.name,
                b=self.first_year,
                c=year,
            )
        layout = Layout(self.id_column, self.code_column)
        with http.Link() as session, Ranges(self, year, session) as ranges:
            with parquet.opened(ranges) as file:
                register = geoparquet.described(file, Path(ranges.name), layout)
                about = file.metadata
            columns = [register.id_column, register.code_column]
            theirs = _box_in(register.crs, box, self)
            with parquet.opened(ranges, columns, about=about) as file:
                groups = geoparquet.near(file, register, theirs)
                if groups is None:
                    raise SourceUnavailable(
                        "{a} does not tell where its rows lie, so it would be read whole: download it,"
                        " and give it as --register.",
                        a=ranges.name,
                    )
                _check_size(about, groups, [*columns, register.geometry], ranges.name)
                frame = geoparquet.rows(file, register, theirs, groups)
        return provider.named(frame, *columns)

    def taking(self, box: Degrees) -> Fetching:
        """What fetching them will take."""
        fast = travel_s(_TRANSFER)
        return Fetching(_REQUESTS, _TRANSFER, (fast, 4 * fast))


class Ranges(io.RawIOBase):
    """A file at an address, read by ranges, all of one version of it."""

    def __init__(self, of: GeoParquetFile, year: int, session: http.Link) -> None:
        self._url, self._patience, self._session = (
            provider.of_year(of.url, year),
            of.patience,
            session,
        )
        self.name = PurePosixPath(unquote(urlparse(self._url).path)).name or of.name
        self._at, self._left = 0, MOST_BYTES
        first = http.fetch_part(self._url, 0, 4, patience=self._patience, session=session)
        self.size, self._version = first.total, first.version
        if first.content != parquet.MAGIC:
            raise SourceUnavailable("{a} is no Parquet file: check its address.", a=self.name)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self.size - self._at)
        if size <= 0:
            return 0
        self._left -= size
        if self._left < 0:
            raise NotEnoughData(
                "{a} asks for more than {b} MB of one place: choose a smaller one, or download"
                " the file and give it as --register.",
                a=self.name,
                b=format(MOST_BYTES >> 20, ","),
            )
        part = http.fetch_part(
            self._url, self._at, size, patience=self._patience, session=self._session
        )
        if (part.total, part.version) != (self.size, self._version):
            raise SourceUnavailable("{a} changed while it was read: start again.", a=self.name)
        buffer[:size] = part.content
        self._at += size
        return size


def _box_in(crs: Any, box: Degrees, of: GeoParquetFile) -> provider.Degrees:
    to_theirs = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    left, bottom, right, top = map(float, to_theirs.transform_bounds(*box, densify_pts=21))
    if not (left < right < float("inf") and bottom < top < float("inf")):
        raise NotEnoughData(
            "{a} is in a reference system that this place has no part in.", a=of.name
        )
    return left, bottom, right, top


def _check_size(about: Any, groups: list[int], columns: list[str], name: str) -> None:
    """What the chosen groups say that they hold is what may be fetched at once.

    Their columns' metadata were read before, by `geoparquet.near`, in a process that they may end.
    """
    rows, size = 0, 0
    for group in map(about.row_group, groups):
        rows += group.num_rows
        parts = [group.column(i) for i in range(group.num_columns)]
        size += sum(p.total_compressed_size for p in parts if p.path_in_schema in columns)
    if size > MOST_BYTES or rows > 20 * MOST:
        raise NotEnoughData(
            "{a} would be read to {b} bytes and {c} rows for this place: choose a smaller"
            " one, or download the file and give it as --register.",
            a=name,
            b=format(size, ","),
            c=format(rows, ","),
        )
