"""Files that builds read: registers, zones, scenes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cropdash.domain.errors import CropdashError
from cropdash.ingest import registers as rpg
from cropdash.ingest import zones
from cropdash.settings import build
from cropdash.settings.build import BuildConfig
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow.doctor.finding import Finding


def unfinished(data: Path) -> tuple[BuildConfig, ...]:
    """Settings of the builds that were begun and have not built every zone."""
    found = []
    for path in sorted(data.glob(f"*/{layout.BUILD.file}")):
        folder = DatasetFolder(data, path.parent.name)
        try:
            if folder.name in layout.datasets(data) and _is_whole(folder):
                continue
            found.append(folder.config())
        except CropdashError:
            continue  # the finding on the dataset says so
    return tuple(found)


def files(configs: Sequence[BuildConfig], registers: Sequence[Path]) -> Iterator[Finding]:
    """Registers, lists of zones and folders of scenes that are named in settings, each once."""
    asked = {path: rpg.Layout() for path in registers}
    needed = {path: rpg.layout_of(c) for c in configs for path in _given(c, "register")}
    for path, form in {**asked, **needed}.items():
        yield _register(path, form)
    for path in dict.fromkeys(path for c in configs for path in _given(c, "zones")):
        yield _zones(path)
    for path in dict.fromkeys(path for c in configs for path in _given(c, "scenes")):
        ok = path.is_dir()
        yield Finding(ok, "scenes", str(path) if ok else f"there is no folder {path}.")


def _given(config: BuildConfig, widget: build.Widget) -> Iterator[Path]:
    """Paths that the settings name of one kind of file."""
    for name, field in type(config).model_fields.items():
        path = getattr(config, name)
        if path is not None and build.hint(field, "widget") == widget:
            yield path


def _is_whole(folder: DatasetFolder) -> bool:
    return len(folder.built_zones()) == len(folder.description().zones)


def _register(path: Path, layout: rpg.Layout) -> Finding:
    if path.name.lower().endswith((".7z", ".7z.001")) and path.is_file():
        size = path.stat().st_size / 1e6  # unpacked only when it is built from
        return Finding(True, "register", f"{path.name}, an archive of {size:,.0f} MB")
    try:
        found = rpg.describe(path, layout)
    except CropdashError as error:
        return Finding(False, "register", str(error))
    if not found.indexed:
        return Finding(
            True, "register", f"{found.path.name}: {found.rows:,} parcels; it has no spatial index,"
            f" so each zone reads all of them: ogr2ogr -f GPKG indexed.gpkg {found.path.name}",
        )  # fmt: skip
    return Finding(True, "register", f"{found.path.name}: {found.rows:,} parcels")


def _zones(path: Path) -> Finding:
    try:
        found = zones.read(path)
    except CropdashError as error:
        return Finding(False, "zones", str(error))
    tests = sum(zone.split == "test" for zone in found)
    return Finding(True, "zones", f"{path.name}: {len(found)} zones, {tests} for the test")
