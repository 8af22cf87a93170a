"""Scenes of a STAC catalogue as a source of datasets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from cropdash.domain import Grid, Zone
from cropdash.domain.errors import needing
from cropdash.domain.message import Message
from cropdash.domain.sentinel2 import TABLE
from cropdash.domain.source import Source
from cropdash.i18n import sentence
from cropdash.ingest.stac import endpoints
from cropdash.ingest.stac.endpoints import PROVIDERS, Endpoint
from cropdash.settings.build import File, RegisterBuild, shown
from cropdash.settings.sources import (
    LINK_MBIT_S,
    Credentials,
    Fetching,
    Service,
    SourceKind,
    travel_s,
)

REVISIT_DAYS = 5  # of the two satellites; where orbits overlap there are up to twice as many dates


class StacBuild(RegisterBuild):
    """Scenes of a STAC catalogue."""

    source: Literal["stac"] = Field("stac", title="Source")
    endpoint: str = Field(
        "planetary-computer", title="Provider",
        description="planetary-computer, copernicus, earth-search, or an API's address.",
        json_schema_extra=shown("choices", labels={name: name for name in PROVIDERS}, private=True),
    )  # fmt: skip
    collection: str = Field(
        "sentinel-2-l2a", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", title="Collection",
        description="Of Sentinel-2 L2A.",
    )  # fmt: skip

    scenes_path: File | None = Field(
        None, title="List of scenes",
        description="The provenance of a dataset with these zones, whose scenes are read again.",
        json_schema_extra=shown("provenance"),
    )  # fmt: skip

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_known_and_public(cls, value: str) -> str:
        endpoints.at(value)
        return value


def _open(config: StacBuild) -> Source:
    with needing("stac"):
        import planetary_computer  # type: ignore[import-untyped]  # noqa: F401 (of some providers)
        import pystac_client  # noqa: F401 (for each search)

        from cropdash.ingest.stac.source import StacSource
    from cropdash.ingest import registers, zones

    return StacSource(
        endpoint=endpoints.at(config.endpoint, config.collection),
        register=config.register_path,
        chosen=zones.read(config.zones_path),
        season=config.mapped,
        bands=config.bands,
        layout=registers.layout_of(config),
        lists=config.scenes_path,
    )


def _estimate(config: StacBuild, zones: Sequence[Zone]) -> Fetching:
    """Each date's bands as uint16 and its scene classification as bytes at 20 m."""
    season = config.mapped
    dates = ((season.end - season.start).days + 1) // REVISIT_DAYS
    transfer = dates * sum(_scene(zone.grid, config.bands) for zone in zones)
    return Fetching(
        requests=len(zones) * dates * (len(config.bands) + 1),
        transfer=transfer,
        seconds=(travel_s(transfer), 2 * travel_s(transfer)),
        notes=(
            f"The time is that of an ordinary connection ({LINK_MBIT_S:.0f} Mbit/s), with a date"
            f" every {REVISIT_DAYS} days, or twice as many where orbits overlap.",
        ),
    )


def _scene(grid: Grid, bands: tuple[str, ...]) -> int:
    """[bytes] of one date: a band of 20 m has a quarter of the pixels."""
    height, width = grid.shape
    own = sum(2 * height * width * 100 // TABLE[name].resolution_m ** 2 for name in bands)
    return own + height * width // 4


def _service(values: Mapping[str, Any]) -> Service | None:
    name = str(values.get("endpoint", ""))
    if name not in PROVIDERS and "://" not in name:
        return None
    found = endpoints.at(name, str(values.get("collection", "sentinel-2-l2a")))
    return Service(name, found.url, "stac_version", lambda: _credentials(found))


def _credentials(endpoint: Endpoint) -> Credentials:
    """Whether the provider's credentials are set, or that it needs none."""
    missing = [name for name in endpoint.credentials if not os.environ.get(name)]
    if missing:
        told = Message(
            "No credentials: set {names} in the environment and start again.",
            names=" and ".join(missing),
        )
        return Credentials(False, told)
    if endpoint.credentials:
        return Credentials(True, sentence("Credentials are configured."))
    return Credentials(True, sentence("No account is needed, unless your provider asks for one."))


KIND = SourceKind(
    name="stac",
    label=sentence("STAC"),
    hint=sentence("Your register, and scenes of a STAC catalogue; some need no account."),
    settings=StacBuild,
    open=_open,
    title=lambda _, source: Message("STAC {season}", season=source.season.text),
    estimate=_estimate,
    service=_service,
    packages=("pystac-client", "planetary-computer"),
)
