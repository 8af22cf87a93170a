"""`cropdash mosaic`: what a run says of an area, as files to take along."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cropdash.cli.options import Run, datasets
from cropdash.cli.terminal import bar, console
from cropdash.settings import folders


def mosaic(
    run: Run,
    out: Annotated[Path, typer.Option(help="Folder, new or of an earlier mosaic.")],
    on: Annotated[
        str | None,
        typer.Option(
            "--on", help="Another dataset that it has predicted.", autocompletion=datasets
        ),
    ] = None,
    units: Annotated[
        Path | None,
        typer.Option(help="GeoJSON or GeoPackage of administrative units, for areas by unit."),
    ] = None,
    pmtiles: Annotated[
        bool, typer.Option(help="Parcels as vector tiles too, for a map in the browser.")
    ] = False,
    unit_name: Annotated[str, typer.Option(help="Column of the units' names.")] = "name",
) -> None:
    """Join what a run has predicted: a map for each UTM zone, parcels as GeoParquet, areas by class.

    Areas have 95 % intervals where four zones or more were scored: as errors were there. Each parcel stands there once, decided from its pixels in all zones; a STAC collection names the
    files.

    Examples: `python -m cropdash mosaic cnn-20230101-120000-ab12 --on department --out map`

    `python -m cropdash mosaic cnn-20230101-120000-ab12 --out map --units cantons.geojson`
    """
    from cropdash.ingest.zones import area
    from cropdash.storage import runs
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import mosaic as joining

    where = folders.folders()
    folder = runs.find(where.models, run)
    source = DatasetFolder(where.data, on or folder.config["dataset"])
    named = area.units_of(units, unit_name) if units is not None else None
    with bar() as progress:
        made = joining.make(folder, source, out, progress, units=named, tiles=pmtiles)
    console.print(f"{made.zones:,} zones, {made.parcels:,} parcels: {out}")
    for path in made.files:
        console.print(f"  {path.name}")
