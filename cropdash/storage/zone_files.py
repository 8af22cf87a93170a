"""The files of a zone's folder, written whole, and their manifest last."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cropdash.domain import Cube, Labels
from cropdash.domain.errors import CorruptDataset, DamagedFile, DatasetNotFound
from cropdash.files import atomic
from cropdash.storage import layout, rasters

_STAGE = ".new-"  # folder in a zone's, of files that are to take the place of others


def write(
    folder: Path,
    cube: Cube,
    labels: Labels,
    tables: Mapping[str, pd.DataFrame],
    report: Mapping[str, Any],
    margin: int = 0,
) -> None:
    """Write rasters and tables, by the names of their files; `margin`: see `rasters.write`."""
    atomic.clear_parts(folder)
    paths = [
        *rasters.write_cube(folder, cube, margin),
        rasters.write_labels(folder, labels, rasters.season_of(cube), margin),
    ]
    for name, table in tables.items():
        with atomic.replacing(folder / name) as temporary:
            table.to_parquet(temporary, index=False)
        paths.append(folder / name)
    crops = _crops(tables[layout.PARCELS])
    layout.MANIFEST.write(folder, _manifest(paths, cube, crops, report))


def extend(
    folder: Path,
    before: Mapping[str, Any],
    cube: Cube,
    series: pd.DataFrame,
    report: Mapping[str, Any],
    margin: int = 0,
) -> None:
    """Put a cube with more periods and its series in the place of those of the manifest `before`.

    All is written before anything is replaced: a process must end between two renamings to leave
    a zone that is to be built again.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=_STAGE) as stage:
        new = [*rasters.write_cube(Path(stage), cube, margin), Path(stage) / layout.SERIES]
        series.to_parquet(new[-1], index=False)
        same = {layout.LABELS, layout.PARCELS, layout.BEYOND} & before["files"].keys()
        kept = [folder / name for name in sorted(same)]
        manifest = _manifest([*new, *kept], cube, before["crops"], report)
        for path in new:
            path.replace(folder / path.name)
        layout.MANIFEST.write(folder, manifest)


def read(folder: Path, dataset: str) -> dict[str, Any]:
    """The manifest of a zone's folder. Raises DatasetNotFound where it is not built, or CorruptDataset."""
    try:
        return layout.MANIFEST.read(folder)
    except FileNotFoundError as error:
        raise DatasetNotFound(
            "Zone {a} of dataset {b} is not built; run the build again to complete it.",
            a=folder.name, b=dataset,
        ) from error  # fmt: skip
    except DamagedFile as error:
        raise CorruptDataset(
            "The manifest of zone {a} in {b} is damaged or of another version; build the"
            " zone again.",
            a=folder.name, b=dataset,
        ) from error  # fmt: skip


def _manifest(
    paths: Sequence[Path], cube: Cube, crops: Sequence[Any], report: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "files": {path.name: atomic.checksum(path) for path in paths},
        "sizes": {path.name: path.stat().st_size for path in paths},
        "layers": [layer.name for layer in cube.layers],
        "until": cube.periods[-1].end.isoformat(),
        "crops": list(crops),
        "report": dict(report),
    }


def _crops(parcels: pd.DataFrame) -> list[tuple[int, int, int, float]]:
    """Class, pixels, parcels and hectares of each class that is declared."""
    table = pd.DataFrame(parcels[["crop", "n_pixels", "area_ha"]]).groupby("crop")
    found = table.agg(n=("n_pixels", "sum"), parcels=("crop", "size"), area=("area_ha", "sum"))
    return [(int(k), int(n), int(p), float(a)) for k, n, p, a in found.itertuples()]
