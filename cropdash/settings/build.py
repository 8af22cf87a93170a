"""Settings of a build: flat, checked, and stored beside the dataset. Secrets are never among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cropdash.domain import Season, check_name, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.domain.period import Every

SourceName = Literal["simulated", "local", "earthengine", "stac"]
CLUSTER = "cluster"  # a dask.distributed cluster on this machine, for the time of the build
_SCHEDULER = re.compile(r"^(|cluster|tcp://[A-Za-z0-9.-]+:\d{1,5})$")
_PROVIDER = re.compile(r"^[a-z0-9][a-z0-9-]{0,63}$")
RESERVED = frozenset(("incoming",))  # folders beside the datasets that are none
_LAST_YEAR = 2100


class BuildConfig(BaseModel):
    """What all sources share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = Field(title="Source", description="Where parcels and images come from.")
    dataset: str = Field(title="Dataset", description="Name of the dataset to build.")
    season: str | None = Field(
        "2023", title="Season",
        description="A calendar year, or its two ends: 2023, 2022-10..2023-09.",
    )  # fmt: skip
    every: Every = Field(
        "month", title="Periods", description="Months, ten days (dekad), or sixteen days (16d)."
    )
    bands: tuple[str, ...] = Field(
        sentinel2.BAND_SETS["10m"], title="Bands",
        description="Of Sentinel-2, by name, or a set of them: 10m (the four), all (the ten).",
    )  # fmt: skip
    workers: int = Field(
        2, ge=1, le=64, title="Workers", description="Zones built at the same time."
    )
    scheduler: str = Field(
        "", title="Scheduler",
        description="Empty: processes on this machine; 'cluster': a dask cluster on this machine; "
        "or the address of a running dask scheduler, tcp://host:port.",
    )  # fmt: skip

    @field_validator("season", mode="before")
    @classmethod
    def _season_is_one(cls, value: object) -> object:
        if not isinstance(value, str | int):
            return value
        try:
            found = Season.of(value)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        if not sentinel2.FIRST_YEAR <= found.start.year <= _LAST_YEAR:
            raise ValueError(
                f"Sentinel-2 flies since {sentinel2.FIRST_YEAR}: choose a later season"
            )
        return found.text

    @field_validator("bands", mode="before")
    @classmethod
    def _bands_are_known(cls, value: object) -> object:
        if isinstance(value, str | tuple | list):
            try:
                return sentinel2.bands_of(value)
            except ConfigError as error:
                raise ValueError(str(error)) from error
        return value

    @property
    def days(self) -> Season | None:
        """The season that is mapped; None where the scenes tell."""
        return None if self.season is None else Season.of(self.season, self.every)

    @field_validator("dataset")
    @classmethod
    def _dataset_is_a_name(cls, value: str) -> str:
        try:
            if value in RESERVED:
                raise ConfigError(f"{value!r} is kept for other files: choose another name.")
            return check_name(value, "Dataset")
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @field_validator("scheduler")
    @classmethod
    def _scheduler_is_known(cls, value: str) -> str:
        if not _SCHEDULER.match(value):
            raise ValueError("leave it empty, or use 'cluster' or tcp://host:port")
        return value


class _ContextBuild(BuildConfig):
    """What a model may be told of the land beside the year's images, for every source but one."""

    elevation_path: Path | None = Field(
        None, title="Elevation",
        description="GeoTIFF of heights [m] that covers all zones, in any reference system.",
    )  # fmt: skip
    previous_register_path: Path | None = Field(
        None, title="Register of the year before",
        description="For each parcel's last crop; the same columns and codes as the register.",
    )  # fmt: skip


class SimulatedBuild(BuildConfig):
    """A landscape made from a seed: no account and no download."""

    source: Literal["simulated"] = Field("simulated", title="Source")
    size: int = Field(256, ge=32, le=1000, title="Zone size", description="Pixels on a side.")
    zones_per_region: int = Field(
        5, ge=2, le=5, title="Zones per region", description="In each of eight regions."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="Fixes every random draw.")


class LocalBuild(_ContextBuild):
    """A folder with scenes/*.tif, a register (*.gpkg) and zones.geojson."""

    source: Literal["local"] = Field("local", title="Source")
    season: str | None = Field(
        None, title="Season",
        description="A calendar year, or its two ends: 2023, 2022-10..2023-09; empty: the year with "
        "most scenes.",
    )  # fmt: skip
    folder: Path = Field(title="Folder", description="Holds scenes/*.tif, a register and zones.")


class _RegisterBuild(_ContextBuild):
    """What the sources share that fetch images for a register and zones of one's own."""

    register_path: Path = Field(
        title="Register",
        description="Parcels: an RPG edition (folder, .7z, .gpkg or .parquet), or another register.",
    )
    zones_path: Path = Field(
        title="Zones", description="CSV or GeoJSON of the squares to map, each train or test."
    )
    id_column: str | None = Field(
        None, min_length=1, max_length=100, title="Id column",
        description="Of the register, where it is not the RPG's ID_PARCEL.",
    )  # fmt: skip
    code_column: str | None = Field(
        None, min_length=1, max_length=100, title="Crop column",
        description="Of the register, where it is not the RPG's CODE_CULTU.",
    )  # fmt: skip
    code_table: Path | None = Field(
        None, title="Code table",
        description="CSV with columns code and class, for another country's crop codes.",
    )  # fmt: skip


class EarthEngineBuild(_RegisterBuild):
    """Monthly medians computed by Earth Engine."""

    source: Literal["earthengine"] = Field("earthengine", title="Source")
    project: str = Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", title="Cloud project",
        description="Google Cloud project registered for Earth Engine.",
    )  # fmt: skip


class StacBuild(_RegisterBuild):
    """Scenes of a STAC catalogue."""

    source: Literal["stac"] = Field("stac", title="Source")
    endpoint: str = Field(
        "planetary-computer", title="Provider",
        description="planetary-computer, copernicus, earth-search, or an API's address.",
    )  # fmt: skip
    collection: str = Field(
        "sentinel-2-l2a", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", title="Collection",
        description="Of Sentinel-2 L2A.",
    )  # fmt: skip

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_public(cls, value: str) -> str:
        address = urlparse(value)
        if _PROVIDER.match(value):
            return value
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("name a provider, or give an address that starts with https://")
        if address.username or address.password or address.query:
            raise ValueError("an address must hold no password and no key: use the environment")
        return value


KINDS: dict[str, type[BuildConfig]] = {
    "simulated": SimulatedBuild,
    "local": LocalBuild,
    "earthengine": EarthEngineBuild,
    "stac": StacBuild,
}


def parse(values: Mapping[str, Any]) -> BuildConfig:
    """Settings from names and values (text is converted); raises ConfigError in one sentence."""
    kind = KINDS.get(str(values.get("source")))
    if kind is None:
        raise ConfigError(
            f"Source {values.get('source')!r} is unknown: use {', '.join(map(repr, KINDS))}."
        )
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(kind, item) for item in error.errors())) from error


def _sentence(kind: type[BuildConfig], item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    if item["type"] == "extra_forbidden":
        return f"There is no setting {name!r}; there are {', '.join(kind.model_fields)}."
    if item["type"] == "missing":
        return f"Setting {name!r} is missing."
    text = str(item["msg"]).removeprefix("Value error, ")
    value = "" if name == "endpoint" else f" is {item['input']!r}"  # it may hold a password
    return f"Setting {name!r}{value}: {text[0].lower()}{text[1:].rstrip('.')}."
