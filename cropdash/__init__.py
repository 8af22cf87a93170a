"""Crop types at 10 m from a year of Sentinel-2, and the means to judge the map."""
