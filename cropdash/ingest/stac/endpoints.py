"""Where scenes can be searched: named providers, and any other address."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlparse

from cropdash.domain.errors import ConfigError
from cropdash.files.retry import Retry

Signing = Literal["none", "planetary-computer"]


def _retry() -> Retry:
    return Retry(attempts=6, base=1.0, deadline=300.0)


@dataclass(frozen=True)
class Endpoint:
    """A STAC API with a collection of Sentinel-2 L2A, what is particular to it, and how patiently
    it is asked."""

    name: str
    url: str
    collection: str = "sentinel-2-l2a"
    signing: Signing = "none"
    credentials: tuple[str, ...] = ()  # environment variables that GDAL reads by itself
    gdal: tuple[tuple[str, str], ...] = ()  # settings besides those of assets.SETTINGS
    local_assets: bool = False  # items may name files of this machine
    retry: Retry = field(default_factory=_retry)
    connect_s: float = 10.0
    answer_s: float = 60.0  # for one whole answer, however steadily it drips

    def __post_init__(self) -> None:
        address = urlparse(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError("Name a provider, or give an address that starts with https://.")
        if address.username or address.password or address.query:
            raise ConfigError("An address must hold no password and no key: use the environment.")

    @property
    def patience(self) -> dict[str, Any]:
        """How long and how often it is asked, for `http.fetch_json`."""
        return {"retry": self.retry, "connect_s": self.connect_s, "answer_s": self.answer_s}

    @property
    def host(self) -> str:
        """The address' machine, for sentences."""
        return urlparse(self.url).netloc

    def check_credentials(self) -> None:
        """Raises ConfigError naming the environment variables that are missing."""
        missing = [name for name in self.credentials if not os.environ.get(name)]
        if missing:
            raise ConfigError(
                "{a} needs credentials: set {b} in the environment.",
                a=self.name,
                b=" and ".join(missing),
            )


# Addresses and collections: the providers' own documentation.
PROVIDERS: dict[str, Endpoint] = {
    e.name: e
    for e in (
        # Digital numbers as delivered by ESA: the offset is not applied.
        Endpoint(
            "planetary-computer",
            "https://planetarycomputer.microsoft.com/api/stac/v1",
            signing="planetary-computer",
        ),
        # JPEG 2000 on S3; keys are made at https://eodata-s3keysmanager.dataspace.copernicus.eu.
        Endpoint(
            "copernicus",
            "https://stac.dataspace.copernicus.eu/v1",
            credentials=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            gdal=(
                ("AWS_S3_ENDPOINT", "eodata.dataspace.copernicus.eu"),
                ("AWS_VIRTUAL_HOSTING", "FALSE"),
            ),
        ),
        # COGs in an open bucket; items say by themselves whether the offset is applied.
        Endpoint("earth-search", "https://earth-search.aws.element84.com/v1"),
    )
}


def at(place: str, collection: str = "sentinel-2-l2a") -> Endpoint:
    """A provider by its name, or the API at an address, with its provider's settings if it has one.

    Raises ConfigError for what is neither.
    """
    for provider in PROVIDERS.values():
        if place.rstrip("/") in (provider.name, provider.url):
            return replace(provider, collection=collection)
    return Endpoint(urlparse(place).netloc or place, place, collection)
