"""What `build --near` and `build --area` add to a build: parcels over the net, zones proposed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cropdash.cli.terminal import console
from cropdash.domain import coordinates
from cropdash.domain.errors import ConfigError
from cropdash.files import atomic
from cropdash.settings import estimate as estimates
from cropdash.settings import folders, sources
from cropdash.storage import places

NEAR, AREA = "near", "area"
OPTIONS = {  # name: (metavar, help)
    NEAR: (
        "LAT,LON",
        "Fetch the parcels around a place, propose zones of --size pixels, and build them from STAC.",
    ),
    AREA: (
        "FILE",
        "As --near, inside the polygons of a GeoJSON or GeoPackage.",
    ),
    "service": (
        "FILE",
        "Of --near and --area: a TOML file that describes another country's register "
        "(docs/your-own-data.md); the French one where it is left out.",
    ),
    "number": ("N", "Of --near and --area: how many zones, 5 if nothing is said."),
}


def asked(given: Mapping[str, Any]) -> bool:
    """Whether the options ask for a place."""
    if given.get(NEAR) is None and given.get(AREA) is None:
        extra = [f"--{name}" for name in OPTIONS if given.get(name) is not None]
        if extra:
            raise ConfigError("{a} is of --near and --area: say where.", a=extra[0])
        return False
    return True


def settings_of(name: str, options: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for a place: its parcels and zones as files, and what they hold and will take said."""
    from cropdash import legend as legends
    from cropdash.ingest import registers
    from cropdash.workflow import place

    data, given = folders.folders().data, dict(typed)
    wanted = _wanted(options, given)
    folder = places.folder(data, name)
    own, layout = _register(given)
    service = options.get("service")
    provider = registers.choose(Path(service) if service else None, own, layout)
    files = {"register_path": folder / places.REGISTER, "zones_path": folder / places.ZONES}
    settings = {"source": sources.fetching(), **given, **files}
    config = sources.parse({**settings, "dataset": name})
    legend = legends.load(config.legend_path, codes=config.codes, level=config.legend_level)
    console.print(_before(provider, wanted))
    found = place.find(name, wanted, config.mapped, data, provider=provider, legend=legend)
    console.print(
        f"{found.note['parcels']:,} parcels of {config.mapped.year}, fetched {found.note['fetched']}."
    )
    for zone in found.sides.zones:
        console.print(f"  {zone.zone_id}: {zone.split}, {zone.grid.shape[0]} pixels on a side")
    for crop, why in found.sides.untested.items():
        label = legend.classes[crop].label()
        console.print(f"Not to be tested: {label}, as {why}.")
    for line in estimates.sentences(estimates.of(config)):
        console.print(line)
    return settings


def _wanted(options: Mapping[str, Any], given: dict[str, Any]) -> Any:
    from cropdash.ingest.zones import area
    from cropdash.workflow import place

    near, file = options.get(NEAR), options.get(AREA)
    if near is not None and file is not None:
        raise ConfigError("Give --near or --area, not both.")
    try:
        size, number = int(given.pop("size", 256)), int(options.get("number") or 5)
    except ValueError as error:
        raise ConfigError("--size and --number are whole numbers, such as 256 and 5.") from error
    if file is not None:
        return place.Wanted(area.read(Path(file)), number, size)
    return place.Wanted(area.around(*coordinates.place(str(near))), number, size)


def _register(given: dict[str, Any]) -> tuple[Path | None, Any]:
    """The register's file that was named, and its columns; the extract has the RPG's."""
    from cropdash.ingest import registers

    path = given.pop("register_path", None)
    named = [given.pop(name, None) for name in ("id_column", "code_column", "layer")]
    if path is None and any(named):
        raise ConfigError("--id-column, --code-column and --layer are of a --register.")
    return (Path(path) if path else None), registers.Layout(*named)


def _before(provider: Any, wanted: Any) -> str:
    taking = provider.taking(wanted.area.degrees)
    if not taking.requests:
        return f"Parcels: out of {provider.name[:120]}."
    low, high = (seconds / 60 for seconds in taking.seconds)
    return (
        f"Parcels: {provider.name}, some {taking.requests:,} requests,"
        f" {estimates.size(taking.transfer)}, {low:,.1f} to {high:,.1f} minutes unless they are kept."
    )


def provenance(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    out: Annotated[
        Path | None, typer.Option(help="JSON; <dataset>_provenance.json if not said.")
    ] = None,
) -> None:
    """Write down what a dataset was made of: register, scenes, offsets, digests, versions.

    `build --scenes FILE` reads the same scenes again, and refuses those that have changed.

    Example: `python -m cropdash provenance beauce --out beauce.json`
    """
    from cropdash.storage import provenance as provenances
    from cropdash.storage.datasets import DatasetFolder

    path = out or Path(f"{dataset}_provenance.json")
    told = provenances.of_dataset(DatasetFolder(folders.folders().data, dataset))
    atomic.write_json(path, told)
    console.print(f"{path} names the sources of {len(told['zones'])} zones.")
