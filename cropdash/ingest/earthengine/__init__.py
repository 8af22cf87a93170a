"""Google Earth Engine: medians of Sentinel-2 by period."""
