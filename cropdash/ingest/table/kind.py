"""A table of parcel means as a source of datasets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from cropdash.domain import Legend
from cropdash.domain.errors import ConfigError
from cropdash.domain.message import Message
from cropdash.i18n import sentence
from cropdash.settings.build import BuildConfig, File, shown
from cropdash.settings.sources import Fact, SourceKind

if TYPE_CHECKING:
    from cropdash.ingest.table.source import TableSource


def _column(default: str, title: str, about: str) -> str:
    found: str = Field(
        default, min_length=1, max_length=100, title=title, description=about,
        json_schema_extra=shown(),
    )  # fmt: skip
    return found


class TableBuild(BuildConfig):
    """Rows of a parcel and a date, with its bands' means and its crop."""

    source: Literal["table"] = Field("table", title="Source")
    season: str | None = Field(
        None, title="Season",
        description="A calendar year, or its two ends: 2023, 2022-10..2023-09; empty: the year with "
        "most rows.",
    )  # fmt: skip
    table_path: File = Field(
        title="Table", description="CSV or Parquet: a row for each parcel and date.",
        json_schema_extra=shown("rows"),
    )  # fmt: skip
    id_column: str = _column("id", "Id column", "Of the parcel.")
    date_column: str = _column("date", "Date column", "Days as 2023-05-11.")
    code_column: str = _column("crop", "Crop column", "Codes of the legend.")
    zone_column: str = _column(
        "region", "Zone column",
        "Parcels with one value are kept on one side of the split; without it blocks of lon and lat.",
    )  # fmt: skip
    block_km: float = Field(
        10.0, ge=1, le=500, title="Blocks [km]",
        description="Side of the blocks in which parcels are kept together, where there is no zone "
        "column.",
    )  # fmt: skip


def _open(config: TableBuild) -> TableSource:
    from cropdash.ingest.table.reading import Columns
    from cropdash.ingest.table.source import TableSource

    if not config.table_path.is_file():
        raise ConfigError("There is no table {a}.", a=config.table_path)
    if config.layers or config.previous_register_path:
        raise ConfigError(
            "A table has no map, so further layers and last year's register can't be laid over it:"
            " leave them out."
        )
    names = Columns(config.id_column, config.date_column, config.code_column, config.zone_column)
    return TableSource(
        config.table_path, names, config.days, config.bands, config.every, config.block_km
    )


def _found(config: TableBuild, legend: Legend) -> Iterable[Fact]:
    from cropdash.ingest.table.found import facts

    return facts(_open(config), legend)


KIND = SourceKind(
    name="table",
    label=sentence("Table"),
    hint=sentence(
        "Means of parcels by date, without images: models are scored, nothing is mapped."
    ),
    settings=TableBuild,
    open=_open,
    found=_found,
    title=lambda config, source: Message(
        "{name}, {season}", name=config.table_path.stem, season=source.season.text
    ),
    has_map=False,
)
