"""Items of a season over a zone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rasterio.warp import transform_bounds

from cropdash.domain import Grid, Season
from cropdash.domain.errors import ConfigError, InvalidScene, SourceUnavailable
from cropdash.domain.source import Warn
from cropdash.ingest.stac import granules
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.granules import Granule
from cropdash.ingest.stac.patience import Patience

if TYPE_CHECKING:
    from pystac_client import Client

PAGE = 100  # items of one answer
# Four tiles, three times every five days, two processings are below 2,000 a year.
MOST_ITEMS = 5000
_MALFORMED = (KeyError, TypeError, AttributeError)  # what pystac makes of answers that lack a field


def find(
    endpoint: Endpoint,
    grid: Grid,
    season: Season,
    patience: Patience,
    warn: Warn,
    max_cloud: float | None = None,
) -> list[Granule]:
    """Granules of the season over the grid, sorted by date and name; those that lack something
    are named to `warn` and left out.

    Raises SourceUnavailable if the service does not answer or is no STAC API.
    """
    box = degrees(grid)
    found: dict[str, Granule] = {}
    for item in _items(endpoint, box, season, patience):
        if max_cloud is not None and granules.cloud_cover(item) > max_cloud:
            continue
        try:
            granule = granules.parse(item, endpoint, (box[0] + box[2]) / 2)
        except InvalidScene as error:
            warn(str(error))
            continue
        if granule.date in season:
            found[granule.name] = granule
    return sorted(found.values(), key=lambda g: (g.date, g.name))


def degrees(grid: Grid) -> tuple[float, float, float, float]:
    """(west, south, east, north) that holds the grid; its edges are bent, so they are densified."""
    west, south, east, north = transform_bounds(grid.crs, "EPSG:4326", *grid.bounds, densify_pts=21)
    return west, south, east, north


def _items(
    endpoint: Endpoint, box: tuple[float, ...], season: Season, patience: Patience
) -> Iterator[dict[str, Any]]:
    from pystac import STACError
    from pystac_client.errors import ClientTypeError
    from pystac_client.exceptions import APIError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to programmers
            client = _open(endpoint, patience)
            search = client.search(
                method=_method(client),
                collections=[endpoint.collection],
                bbox=list(box),
                datetime=f"{season.start}T00:00:00Z/{season.end}T23:59:59Z",
                limit=PAGE,
                max_items=MOST_ITEMS + 1,
            )
            items = list(search.items_as_dicts())
    except (STACError, ClientTypeError, APIError, NotImplementedError, *_MALFORMED):
        raise SourceUnavailable(
            f"{endpoint.host} does not answer as a STAC API with item search: check its address."
        ) from None
    if len(items) > MOST_ITEMS:
        raise ConfigError(
            f"{endpoint.host} has more than {MOST_ITEMS} items of {endpoint.collection} over one"
            " zone: check that the collection is Sentinel-2 L2A."
        )
    yield from (item for item in items if isinstance(item, dict))


def _open(endpoint: Endpoint, patience: Patience) -> Client:
    from pystac_client import Client

    from cropdash.ingest.stac.client import ApiIO

    return Client.open(endpoint.url, stac_io=ApiIO(patience))


def _method(client: Client) -> str:
    """POST where the API takes it, else GET."""
    offered = {link.extra_fields.get("method", "GET") for link in client.get_links("search")}
    return "POST" if "POST" in offered or not offered else "GET"
