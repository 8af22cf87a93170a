"""models/<run>/predictions/predicted.jsonl: of what each zone's prediction is, and how large its files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cropdash.storage import events, layout


def say(run: Path, zone_id: str, of: str) -> None:
    """Note of which weights and data a zone's prediction is, once all its files are written."""
    there = {name: (run / name).stat().st_size for name in _names(zone_id) if (run / name).exists()}
    events.append(_listing(run), zone_id, {"of": of, "sizes": there})


def of(run: Path, zone_ids: Iterable[str]) -> dict[str, str]:
    """By zone what `say` was told; without zones whose files are others than were written."""
    rows = events.last(_listing(run))
    return {
        zone: str(rows[zone].get("of", ""))
        for zone in zone_ids
        if zone in rows and _are_as_written(run, rows[zone].get("sizes"))
    }


def changed(run: Path, zone_ids: Iterable[str]) -> list[str]:
    """Zones of which files were cut or taken away since they were written."""
    rows = events.last(_listing(run))
    return [
        zone
        for zone in zone_ids
        if zone in rows and not _are_as_written(run, rows[zone].get("sizes"))
    ]


def _listing(run: Path) -> Path:
    return run / layout.PREDICTIONS / layout.PREDICTED


def _names(zone_id: str) -> tuple[str, ...]:
    raster, table = f"{zone_id}.tif", f"{zone_id}.parquet"
    return (
        f"{layout.PREDICTIONS}/{raster}", f"{layout.PREDICTIONS}/{table}",
        f"{layout.AROUND}/{raster}", f"{layout.EDGES}/{table}",
    )  # fmt: skip


def _are_as_written(run: Path, sizes: Any) -> bool:
    """True if each file is there in its size; where nothing is told of them, too."""
    if not isinstance(sizes, dict):
        return True
    try:
        return all((run / name).stat().st_size == size for name, size in sizes.items())
    except OSError:
        return False
