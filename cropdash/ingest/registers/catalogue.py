"""Which register is asked for a place: the French one, a file's, or the one that settings name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from cropdash.domain.errors import ConfigError
from cropdash.files import tables
from cropdash.ingest.registers.extract import RegisterFile
from cropdash.ingest.registers.layout import Layout
from cropdash.ingest.registers.provider import Provider
from cropdash.ingest.registers.remote import GeoParquetFile
from cropdash.ingest.registers.wfs import FRANCE, Service

_MOST = 100_000  # letters of a settings file


def choose(
    settings: Path | None = None, file: Path | None = None, layout: Layout | None = None
) -> Provider:
    """The register that a settings file or a register's file stands for; the French one for neither.

    Raises ConfigError for settings that can't be read.
    """
    if settings is not None and file is not None:
        raise ConfigError("Give a --service or a --register, not both: each is a register.")
    if file is not None:
        return RegisterFile(file, layout or Layout())
    return FRANCE if settings is None else read(settings)


def read(path: Path) -> Provider:
    """The register that a TOML file describes; docs/your-own-data.md has its keys."""
    text = tables.text_of(path)
    try:
        if len(text) > _MOST:
            raise ValueError(f"it has more than {_MOST:,} letters")
        return _SETTINGS.validate_python(tomllib.loads(text)).provider
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "way"
        told = str(first["msg"])[:200]
        raise ConfigError(
            "{a} describes no register ({b}: {c}): see its keys in docs/your-own-data.md.",
            a=path.name,
            b=where,
            c=told,
        ) from error
    except ValueError as error:  # of TOML too
        raise ConfigError(
            "{a} can't be read as TOML ({b}): mend it.", a=path.name, b=error
        ) from error


def _address(value: str) -> str:
    try:
        found = parse_url(value)
    except LocationParseError:
        found = parse_url("")
    if found.scheme not in ("http", "https") or not found.host:
        raise ValueError("give an address that starts with https://")
    if found.auth:
        raise ValueError("an address must hold no password")
    return value


Address = Annotated[str, Field(max_length=2000), AfterValidator(_address)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
    url: Address
    first_year: int = Field(0, ge=0, le=2100)

    @property
    def _values(self) -> dict[str, Any]:
        return self.model_dump(exclude={"way"})


class _Wfs(_Settings):
    way: Literal["wfs"]
    layer: Name
    id_column: Name
    code_column: Name
    year_column: Name | None = None
    page: int = Field(1_000, ge=1, le=100_000)
    crs: Name = "EPSG:4326"
    axes: Literal["latlon", "lonlat"] = "latlon"
    output: Name = "application/json"

    @property
    def provider(self) -> Provider:
        return Service(**self._values)


class _GeoParquet(_Settings):
    way: Literal["geoparquet"]
    id_column: Name = "id"
    code_column: Name = "crop:code"

    @property
    def provider(self) -> Provider:
        return GeoParquetFile(**self._values)


_SETTINGS: TypeAdapter[_Wfs | _GeoParquet] = TypeAdapter(
    Annotated[_Wfs | _GeoParquet, Field(discriminator="way")]
)
