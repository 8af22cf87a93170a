"""Settings of a build: flat, checked, and stored beside the dataset. Secrets are never among them.

What every source shares is here; the settings of a source itself lie in its own package, and
`settings.sources` knows them all.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from cropdash.domain import MOST_MARGIN, Season, check_name, indices, sentinel2
from cropdash.domain.errors import ConfigError
from cropdash.domain.message import Message
from cropdash.domain.period import Every
from cropdash.i18n import sentence

_LAYER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
RESERVED = frozenset(("incoming",))  # folders beside the datasets that are none
_LAST_YEAR = 2100
_SEASON = "A calendar year, or its two ends: 2023, 2022-10..2023-09."

# Boxes of the form that few open; settings without one stand above them.
FOREIGN = sentence("Legend, and registers of other countries")
BESIDE = sentence("Further layers and last year's crops")
RUNNING = sentence("Where it runs")

_MOST_OF_NAME, _MOST_OF_PATH = 255, 4095  # [bytes] that a file system takes


def _resolved(path: Path) -> Path:
    """The whole path: a worker that starts in another folder is to find the file too."""
    whole = path.resolve()
    longest = max((len(os.fsencode(part)) for part in whole.parts), default=0)
    if longest > _MOST_OF_NAME or len(os.fsencode(whole)) > _MOST_OF_PATH:
        raise ConfigError("{a} is longer than a path can be: name another.", a=whole)
    return whole


File = Annotated[Path, AfterValidator(_resolved)]
ColumnName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,60}$")]
Widget = Literal[
    "register", "zones", "listed", "legend", "codes", "scenes", "rows", "layers", "provenance",
    "service", "area", "bands", "choices",
]  # fmt: skip


def shown(
    widget: Widget | None = None,
    *,
    box: str | None = None,
    labels: Mapping[str, str] | None = None,
    content: bool = True,
    private: bool = False,
) -> dict[str, Any]:
    """How a form shows a setting, for `json_schema_extra`.

    `widget`: a listing of data/incoming ("register", "listed" zones, "legend", "codes", "scenes",
    "rows", "layers", "provenance"), the map of
    "zones", the "bands", or "choices" beside which another may be typed; else the type decides.
    `box`: where it lies if it is not in plain view. `labels`: what the choices are called.
    `content`: False if the data are the same whatever it says. `private`: messages do not repeat
    it, as what is typed there may hold a password.
    """
    return {
        "widget": widget, "box": box, "labels": dict(labels or {}), "content": content,
        "private": private,
    }  # fmt: skip


class BuildConfig(BaseModel):
    """What all sources share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(title="Source", description="Where parcels and images come from.")
    dataset: str = Field(title="Dataset", description="Name of the dataset to build.")
    season: str | None = Field("2023", title="Season", description=_SEASON)
    every: Every = Field(
        "month", title="Periods", description="Months, ten days (dekad), or sixteen days (16d).",
        json_schema_extra=shown(labels={
            "month": sentence("months"), "dekad": sentence("ten days"),
            "16d": sentence("sixteen days"),
        }),
    )  # fmt: skip
    as_of: str | None = Field(
        None, title="As of",
        description="The day on which an unfinished season is asked, as 2023-06-30: what is not over "
        "by then is not there, and is added when the build is taken up with a later day.",
        json_schema_extra=shown(content=False),
    )  # fmt: skip
    bands: tuple[str, ...] = Field(
        sentinel2.BAND_SETS["10m"], title="Bands",
        description="Of Sentinel-2, by name, or a set of them: 10m (the four), all (the ten).",
        json_schema_extra=shown("bands"),
    )  # fmt: skip
    layers: tuple[str, ...] = Field(
        (), title="Further layers",
        description="GeoTIFFs, or folders of them, in any reference system: radar, heights, an "
        "embedding. A date or period in a file's name says when; name=path names a layer.",
        json_schema_extra=shown("layers", box=BESIDE),
    )  # fmt: skip
    previous_register_path: File | None = Field(
        None, title="Register of the year before",
        description="For each parcel's last crop; the same columns and codes as the register.",
        json_schema_extra=shown("register", box=BESIDE),
    )  # fmt: skip
    legend_path: File | None = Field(
        None, title="Legend",
        description="Classes, where they are not the French 49: a CSV (name, group, family, label_en, "
        "colour), a folder with classes.csv and codes.csv, or HCAT3.csv of EuroCrops.",
        json_schema_extra=shown("legend", box=FOREIGN),
    )  # fmt: skip
    codes: tuple[File, ...] = Field(
        (), title="Crop codes",
        description="CSVs that say which class each of the register's codes means (code, class), or "
        "EuroCrops' table of a country.",
        json_schema_extra=shown("codes", box=FOREIGN),
    )  # fmt: skip
    legend_level: int | None = Field(
        None, ge=3, le=6, title="Level",
        description="Of HCAT3.csv: how fine the classes are, 3 to 6 (5 if nothing is said).",
        json_schema_extra=shown(box=FOREIGN),
    )  # fmt: skip
    workers: int = Field(
        2, ge=1, le=64, title="Workers", description="Zones built at the same time.",
        json_schema_extra=shown(box=RUNNING, content=False),
    )  # fmt: skip

    @property
    def days(self) -> Season | None:
        """The season that is mapped; None where the scenes tell."""
        return None if self.season is None else Season.of(self.season, self.every)

    @property
    def day(self) -> dt.date | None:
        """The day on which the season is asked; None: it is over."""
        return None if self.as_of is None else dt.date.fromisoformat(self.as_of)

    @property
    def mapped(self) -> Season:
        """The season that is mapped, where settings must say it."""
        return self.days or Season.of("2023", self.every)

    @property
    def layer_files(self) -> tuple[tuple[str | None, Path], ...]:
        """The name that each further layer's file or folder was given, or None, and its path."""
        return tuple(_named(entry) for entry in self.layers)

    @property
    def content(self) -> dict[str, Any]:
        """The settings that decide what the data are, as JSON holds them."""
        left_out = {n for n, field in type(self).model_fields.items() if not is_content(field)}
        return self.model_dump(mode="json", exclude=left_out)

    @field_validator("season", mode="before")
    @classmethod
    def _season_is_one(cls, value: object) -> object:
        if not isinstance(value, str | int):
            return value
        found = Season.of(value)
        if not sentinel2.FIRST_YEAR <= found.start.year <= _LAST_YEAR:
            raise ValueError(
                Message(
                    "Sentinel-2 flies since {year}: choose a later season.",
                    year=sentinel2.FIRST_YEAR,
                )
            )
        return found.text

    @field_validator("as_of")
    @classmethod
    def _as_of_is_a_day(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            return dt.date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError(sentence("write a day as 2023-06-30")) from None

    @field_validator("bands", mode="before")
    @classmethod
    def _bands_are_known(cls, value: object) -> object:
        return sentinel2.bands_of(value) if isinstance(value, str | tuple | list) else value

    @field_validator("layers", "codes", "carry", mode="before", check_fields=False)
    @classmethod
    def _files_are_a_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("layers")
    @classmethod
    def _layers_have_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        pairs = [_named(entry) for entry in value]
        names = [check_layer(name) for name, _ in pairs if name is not None]
        if len(set(names)) != len(names):
            raise ValueError(Message("The name of a layer stands there twice: name each once."))
        return tuple(f"{name}={path}" if name else str(path) for name, path in pairs)

    @field_validator("dataset")
    @classmethod
    def _dataset_is_a_name(cls, value: str) -> str:
        if value in RESERVED:
            raise ConfigError("{a} is kept for other files: choose another name.", a=repr(value))
        return check_name(value, "Dataset")


class RegisterColumns(BuildConfig):
    """What the sources share that read a register of one's own."""

    margin: int = Field(
        0, ge=0, le=MOST_MARGIN, title="Margin",
        description="Pixels around each zone that are kept too, so that parcels on its edge are seen "
        "whole; nothing is learned or scored there.",
        json_schema_extra=shown(box=RUNNING),
    )  # fmt: skip
    layer: str | None = Field(
        None, min_length=1, max_length=100, title="Layer of the parcels",
        description="Of the register, where it has several.",
        json_schema_extra=shown(box=FOREIGN),
    )  # fmt: skip
    id_column: str | None = Field(
        None, min_length=1, max_length=100, title="Id column",
        description="Of the register, where it is not the RPG's ID_PARCEL; fid: the number that a "
        "GeoPackage gives each feature.",
        json_schema_extra=shown(box=FOREIGN),
    )  # fmt: skip
    code_column: str | None = Field(
        None, min_length=1, max_length=100, title="Crop column",
        description="Of the register, where it is not the RPG's CODE_CULTU; none: outlines alone, to "
        "predict.",
        json_schema_extra=shown(box=FOREIGN),
    )  # fmt: skip
    carry: tuple[ColumnName, ...] = Field(
        (), max_length=20, title="Columns to carry",
        description="Of the register, kept with each parcel and in what Review takes home, such as the "
        "holding or the commune.",
        json_schema_extra=shown(box=FOREIGN),
    )  # fmt: skip


class RegisterBuild(RegisterColumns):
    """What the sources share that fetch images for a register and zones of one's own."""

    register_path: File | None = Field(
        None, title="Register",
        description="Parcels: an RPG edition (folder, .7z, .gpkg or .parquet), or another register; "
        "empty: none, where all zones are only to be mapped.",
        json_schema_extra={**shown("register"), "needed": True},  # by the form
    )  # fmt: skip
    zones_path: File = Field(
        title="Zones", description="CSV or GeoJSON of the squares to map, each train, test or map.",
        json_schema_extra=shown("zones"),
    )  # fmt: skip


def hint(field: Any, name: str) -> Any:
    """What `shown` says of a field under a name; None where it says nothing."""
    extra = field.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None


def is_content(field: Any) -> bool:
    """True if the data depend on the setting."""
    return hint(field, "content") is not False


def check_layer(name: str) -> str:
    """The name, if a further layer may bear it; raises ConfigError otherwise."""
    if not _LAYER.fullmatch(name):
        raise ConfigError(
            "{a} can't name a layer: use up to 64 letters, digits, '_', '.', '+' and '-'.",
            a=repr(name),
        )
    if name.upper() in (*sentinel2.TABLE, sentinel2.SCL, *indices.TABLE):
        raise ConfigError(
            "{a} names a band or an index of Sentinel-2 already: call the layer otherwise.",
            a=repr(name),
        )
    return name


def _named(entry: str) -> tuple[str | None, Path]:
    """ "elevation=dem.tif" is a name and a path, "dem.tif" a path alone."""
    name, equals, path = entry.partition("=")
    if not equals or "/" in name:
        return None, _resolved(Path(entry))
    if not path.strip():
        raise ConfigError("Layer {a} has no file: write name=path.", a=repr(name.strip()))
    return name.strip(), _resolved(Path(path.strip()))
