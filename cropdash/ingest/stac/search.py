"""Items of a season over a zone."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cropdash.domain import Grid, Season
from cropdash.domain.errors import ConfigError, InvalidScene, SourceUnavailable
from cropdash.domain.source import Warn
from cropdash.ingest import solar
from cropdash.ingest.stac import granules
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.granules import Granule

if TYPE_CHECKING:
    from pystac_client import Client

PAGE = 100  # items of one answer
# Four tiles, three times every five days, two processings are below 5 a day.
MOST_A_DAY = 14
_MALFORMED = (KeyError, TypeError, AttributeError)  # what pystac makes of answers that lack a field


def find(
    endpoint: Endpoint,
    grid: Grid,
    season: Season,
    bands: Sequence[str],
    warn: Warn,
) -> list[Granule]:
    """Granules of the season over the grid, sorted by date and name; those that lack something
    are named to `warn` and left out.

    Raises SourceUnavailable if the service does not answer or is no STAC API.
    """
    ahead = solar.ahead(grid)
    found: dict[str, Granule] = {}
    for item in _items(endpoint, grid, season):
        try:
            granule = granules.parse(item, bands, ahead)
        except InvalidScene as error:
            warn(str(error))
            continue
        if granule.date in season:
            found[granule.name] = granule
    return sorted(found.values(), key=lambda g: (g.date, g.name))


def _interval(grid: Grid, season: Season) -> str:
    """From the season's first moment to its last at the zone's solar time, as STAC wants it."""
    start = solar.midnight(grid, season.start)
    end = solar.midnight(grid, season.end + dt.timedelta(days=1)) + dt.timedelta(seconds=1)
    return f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"


def _items(endpoint: Endpoint, grid: Grid, season: Season) -> Iterator[dict[str, Any]]:
    most = MOST_A_DAY * ((season.end - season.start).days + 1)
    from pystac import STACError
    from pystac_client.errors import ClientTypeError
    from pystac_client.exceptions import APIError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to programmers
            client = _open(endpoint)
            search = client.search(
                method=_method(client),
                collections=[endpoint.collection],
                bbox=list(solar.degrees(grid)),
                datetime=_interval(grid, season),
                limit=PAGE,
                max_items=most + 1,
            )
            items = list(search.items_as_dicts())
    except (STACError, ClientTypeError, APIError, NotImplementedError, *_MALFORMED):
        raise SourceUnavailable(
            "{a} does not answer as a STAC API with item search: check its address.",
            a=endpoint.host,
        ) from None
    if len(items) > most:
        raise ConfigError(
            "{a} has more than {b} items of {c} over one zone: check that the collection is"
            " Sentinel-2 L2A.",
            a=endpoint.host,
            b=most,
            c=endpoint.collection,
        )
    yield from (item for item in items if isinstance(item, dict))


def _open(endpoint: Endpoint) -> Client:
    from pystac_client import Client

    from cropdash.ingest.stac.client import ApiIO

    return Client.open(endpoint.url, stac_io=ApiIO(endpoint))


def _method(client: Client) -> str:
    """POST where the API takes it, else GET."""
    offered = {link.extra_fields.get("method", "GET") for link in client.get_links("search")}
    return "POST" if "POST" in offered or not offered else "GET"
