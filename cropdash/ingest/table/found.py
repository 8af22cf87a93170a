"""What a table of parcel means holds."""

from __future__ import annotations

from collections.abc import Iterator

from cropdash.domain import Legend
from cropdash.i18n import number, say
from cropdash.ingest import found
from cropdash.ingest.table.reading import CODE, DATE, ID, ZONE
from cropdash.ingest.table.source import TableSource
from cropdash.settings.sources import Fact


def facts(source: TableSource, legend: Legend) -> Iterator[Fact]:
    """Rows, days, bands, classes, unknown codes and zones. Raises what the build would."""
    rows = source.rows
    parcels = rows.drop_duplicates(ID)
    yield (
        say("Rows"),
        say("{n} of {parcels} parcels", n=number(len(rows)), parcels=number(len(parcels))),
    )
    yield say("Days"), say("{first} to {last}", first=rows[DATE].min(), last=rows[DATE].max())
    yield say("Bands"), ", ".join(source.bands)
    yield from found.crops(parcels[CODE], legend)
    how = (
        say("by column {name}", name=source.names.zone)
        if ZONE in rows
        else say("blocks of {km} km", km=number(source.block_km))
    )
    yield found.zones(source.zones(), how)
