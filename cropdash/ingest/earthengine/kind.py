"""Earth Engine as a source of datasets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from cropdash.domain import Zone
from cropdash.domain.errors import ConfigError, needing
from cropdash.domain.message import Message
from cropdash.domain.source import Source
from cropdash.i18n import sentence
from cropdash.ingest.earthengine import tiling
from cropdash.ingest.earthengine.credentials import KEY
from cropdash.ingest.earthengine.service import check_project
from cropdash.settings.build import RegisterBuild, shown
from cropdash.settings.sources import (
    LINK_MBIT_S,
    Credentials,
    Fetching,
    Service,
    SourceKind,
    travel_s,
)

REQUEST_S = (10.0, 60.0)  # to compute a period's median of one zone; an assumption
REQUESTS_AT_ONCE = 8
_NAME = "earthengine"
_DISCOVERY = "https://earthengine.googleapis.com/$discovery/rest?version=v1"
_LOGIN = Path(".config", "earthengine", "credentials")  # written by 'earthengine authenticate'


class EarthEngineBuild(RegisterBuild):
    """Medians of each period, computed by Earth Engine."""

    source: Literal["earthengine"] = Field("earthengine", title="Source")
    project: Annotated[str, AfterValidator(check_project)] = Field(
        title="Cloud project",
        description="Google Cloud project registered for Earth Engine.",
        json_schema_extra=shown(content=False),
    )  # fmt: skip


def _open(config: EarthEngineBuild) -> Source:
    with needing("earthengine"):
        import ee  # noqa: F401 (asked for where a request is made)

        from cropdash.ingest.earthengine.source import EarthEngineSource
    from cropdash.ingest import registers, zones

    return EarthEngineSource(
        project=config.project,
        register=config.register_path,
        chosen=zones.read(config.zones_path),
        season=config.mapped,
        bands=config.bands,
        layout=registers.layout_of(config),
    )


def _estimate(config: EarthEngineBuild, zones: Sequence[Zone]) -> Fetching:
    """A request for each tile and period; an answer holds the bands and a count, 2 bytes each."""
    periods, bands = len(config.mapped.periods), config.bands
    tiles = [tile for zone in zones for tile in tiling.tiles(zone.grid, bands)]
    requests = periods * len(tiles)
    pixels = sum(tile.shape[0] * tile.shape[1] for tile in tiles)
    transfer = periods * pixels * 2 * len(tiling.layers_of(bands))
    largest = max(tiling.request_bytes(tile, bands) for tile in tiles)
    at_best, at_worst = (requests * s / REQUESTS_AT_ONCE for s in REQUEST_S)
    counts, limit = largest / 2**20, tiling.REQUEST_LIMIT / 2**20
    return Fetching(
        requests=requests,
        transfer=transfer,
        seconds=(max(at_best, travel_s(transfer)), at_worst + travel_s(transfer)),
        notes=(
            f"The largest request counts {counts:.1f} MiB; the limit is {limit:.0f} MiB.",
            f"The time holds if a request takes {REQUEST_S[0]:.0f} to {REQUEST_S[1]:.0f} s and"
            f" {REQUESTS_AT_ONCE} run at once, over an ordinary connection ({LINK_MBIT_S:.0f} Mbit/s).",
        ),
    )


def _service(values: Mapping[str, Any]) -> Service | None:
    if values.get("endpoint", _NAME) != _NAME:
        return None
    return Service("Earth Engine", _DISCOVERY, "resources", _credentials)


def _credentials() -> Credentials:
    """Of the key that the environment names, else of a login; nothing of what they hold is told."""
    if key := os.environ.get(KEY):
        return _of_key(Path(key))
    if os.access(Path.home() / _LOGIN, os.R_OK):
        return Credentials(True, sentence("A login of your own is stored on this machine."))
    told = Message(
        "No credentials: set {name} to the path of a service account's key file and start again, "
        "or run 'earthengine authenticate' once.",
        name=KEY,
    )
    return Credentials(False, told)


def _of_key(path: Path) -> Credentials:
    from cropdash.ingest.earthengine import credentials

    try:
        credentials.of_service_account(path)
    except ConfigError as error:
        return Credentials(False, str(error))
    if path.stat().st_mode & 0o077:
        told = sentence("A service account's key, which others may read: chmod 600 it.")
        return Credentials(True, told)
    return Credentials(True, sentence("A service account's key is configured."))


KIND = SourceKind(
    name=_NAME,
    label=sentence("Earth Engine"),
    hint=sentence("Your register, and medians of each period computed by Google Earth Engine."),
    settings=EarthEngineBuild,
    open=_open,
    title=lambda _, source: Message("Earth Engine {season}", season=source.season.text),
    estimate=_estimate,
    service=_service,
    packages=("earthengine-api",),
)
