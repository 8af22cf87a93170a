"""What a dataset was made of: register, scenes, settings and versions, as one document."""

from __future__ import annotations

from typing import Any

from cropdash.storage import layout, provenance
from cropdash.storage.datasets import DatasetFolder


def of(folder: DatasetFolder) -> dict[str, Any]:
    """The provenance of the built zones, as JSON holds it.

    Each has its register (address, date, digest, where it was fetched), its scenes (ids, addresses,
    offsets and why, digests of the numbers), its files' digests and its report; `build --scenes`
    reads the same scenes again. Raises DatasetNotFound, DamagedFile.
    """
    about = folder.description()
    zones: dict[str, Any] = {}
    for zone in folder.built_zones():
        place = folder.zone_folder(zone.zone_id)
        manifest = layout.MANIFEST.read(place)
        zones[zone.zone_id] = {
            "split": zone.split, "register": manifest["report"].get("register"),
            "scenes": layout.SCENES.find(place) or None, "files": manifest["files"],
            "report": manifest["report"],
        }  # fmt: skip
    season = about.season
    return {
        "dataset": about.name, "title": about.title, "source": about.source,
        "season": [season.start.isoformat(), season.end.isoformat(), season.every],
        "bands": list(about.bands), "legend": about.legend_hash, "settings": dict(about.settings),
        "fingerprint": folder.fingerprint(), "zones": zones, "made_with": provenance.facts(),
    }  # fmt: skip
