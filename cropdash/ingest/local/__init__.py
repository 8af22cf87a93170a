"""A folder of per-date GeoTIFFs with a register and a zones file."""
