"""`python -m cropdash zones …`: where the squares to map lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cropdash.cli.options import Json
from cropdash.cli.terminal import console, errors, print_json

if TYPE_CHECKING:
    from cropdash.domain import Zone

app = typer.Typer(
    name="zones",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def zones() -> None:
    """The squares to map: where they could lie, and what a list of them holds."""


@app.command()
def propose(
    region: Annotated[str, typer.Argument(help="Names the zones: REGION_1, REGION_2, …")],
    lon: Annotated[float, typer.Option(min=-180, max=180, help="Of the town [degrees].")],
    lat: Annotated[float, typer.Option(min=-84, max=84, help="Of the town [degrees].")],
    register: Annotated[Path, typer.Option(help="Parcels, whose density says what is farmed.")],
    out: Annotated[Path, typer.Option(help="CSV; zones that it holds are kept.")] = Path(
        "zones.csv"
    ),
    id_column: Annotated[str | None, typer.Option(help="Of a register other than the RPG.")] = None,
    code_column: Annotated[
        str | None, typer.Option(help="Of a register other than the RPG.")
    ] = None,
    crops: Annotated[
        str | None, typer.Option(help="Codes that count, as BTH,MIS: where a rare crop grows.")
    ] = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many.")] = 5,
    size: Annotated[int, typer.Option(min=32, max=1000, help="Pixels a side, of 10 m.")] = 1000,
    radius: Annotated[float, typer.Option(min=1, max=500, help="[km] around the town.")] = 40.0,
) -> None:
    """Find the most cultivated squares around a town; of each five, one is held out as a test.

    Example: `python -m cropdash zones propose beauce --lon 1.49 --lat 48.45 --register RPG.gpkg`
    """
    from cropdash.ingest import registers, zones

    layout = registers.Layout(id_column=id_column, code_column=code_column)
    taken = zones.read(out) if out.exists() else ()
    found = zones.propose(
        (lon, lat),
        n=n,
        size_px=size,
        radius_km=radius,
        share=zones.register_share(register, layout, [c for c in (crops or "").split(",") if c]),
        region=region,
        taken=taken,
    )
    zones.write(out, (*taken, *found))
    tests = sum(zone.split == "test" for zone in found)
    console.print(f"{len(found)} zones around {lon:g}, {lat:g}, {tests} of them for the test.")
    console.print(f"{out} holds {len(taken) + len(found)} zones.")


@app.command("tile")
def cover(
    area: Annotated[
        str,
        typer.Argument(
            help="GeoJSON or GeoPackage of polygons, or west,south,east,north [degrees]."
        ),
    ],
    out: Annotated[Path, typer.Option(help="CSV.")] = Path("zones.csv"),
    size: Annotated[int, typer.Option(min=16, max=4000, help="Pixels a side, of 10 m.")] = 1000,
    region: Annotated[str, typer.Option(help="Begins the zones' names.")] = "area",
) -> None:
    """Cover an area with squares side by side, to be mapped by a model that is trained already.

    Examples: `python -m cropdash zones tile department.geojson --out zones.csv`

    `python -m cropdash zones tile "1.2,48.2,1.9,48.6" --region beauce`
    """
    from cropdash.ingest import zones
    from cropdash.ingest.zones import area as areas

    path = Path(area)
    outline = areas.outline_of(path) if path.is_file() else areas.box_of(area)
    found = zones.tile(outline, size, region)
    zones.write(out, found)
    systems = {zone.grid.crs for zone in found}
    console.print(f"{len(found):,} zones in {', '.join(sorted(systems))}; {out} holds them.")


@app.command()
def divide(
    path: Annotated[Path, typer.Argument(help="CSV or GeoJSON of the zones that there are.")],
    register: Annotated[Path, typer.Option(help="Parcels.")],
    out: Annotated[Path, typer.Option(help="CSV with the zones on their sides.")],
    share: Annotated[float, typer.Option(min=0.05, max=0.5, help="Held out for the test.")] = 0.2,
    id_column: Annotated[str | None, typer.Option(help="Of a register other than the RPG.")] = None,
    code_column: Annotated[
        str | None, typer.Option(help="Of a register other than the RPG.")
    ] = None,
    legend: Annotated[Path | None, typer.Option(help="Classes, where not the French.")] = None,
    codes: Annotated[list[Path] | None, typer.Option(help="Tables of crop codes.")] = None,
) -> None:
    """Choose anew which zones are held out, so that most classes are both learned and tested.

    Example: `python -m cropdash zones divide zones.csv --register RPG.gpkg --out sides.csv`
    """
    from cropdash import legend as legends
    from cropdash.ingest import registers, zones
    from cropdash.workflow import place

    found = zones.read(path, warn=lambda sentence: errors.print(sentence))
    classes = legends.load(legend, codes=tuple(codes or ()))
    layout = registers.Layout(id_column=id_column, code_column=code_column)
    sides = place.divided(found, register, classes, layout, share)
    zones.write(out, sides.zones)
    for zone in sides.zones:
        console.print(f"  {zone.zone_id}: {zone.split}")
    for crop, why in sides.untested.items():
        told = f"Not to be tested: {classes.classes[crop].label()}, as {why}."
        console.print(told)
    console.print(
        f"{sides.tested} classes stand on both sides; {out} says which zones are held out."
    )


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="CSV or GeoJSON.")], as_json: Json = False
) -> None:
    """Read a list of zones, and say what is in it or what is wrong with it.

    Example: `python -m cropdash zones check zones.csv`
    """
    from cropdash.ingest import zones

    found = zones.read(path, warn=lambda sentence: errors.print(sentence))
    regions = {zone.region for zone in found}
    if as_json:
        print_json([_facts(zone) for zone in found])
        return
    tests = sum(zone.split == "test" for zone in found)
    hectares = sum(z.grid.shape[0] * z.grid.shape[1] * z.grid.pixel_area_ha for z in found)
    console.print(
        f"{len(found)} zones in {len(regions)} regions, {tests} for the test, {hectares:,.0f} ha."
    )


def _facts(zone: Zone) -> dict[str, Any]:
    grid = zone.grid
    place = {"crs": grid.crs, "bounds": grid.bounds, "shape": grid.shape}
    return {"zone": zone.zone_id, "region": zone.region, "split": zone.split, **place}
