"""Parts of the Explore page; names, facts and series are used by the Map page too."""

from cropdash.ui.explore.names import middle, zone_name
from cropdash.ui.explore.parcels import facts, series_chart

__all__ = ["facts", "middle", "series_chart", "zone_name"]
