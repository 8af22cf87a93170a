"""Sentinel-2 scenes from any STAC API, without an account where the provider asks for none."""
