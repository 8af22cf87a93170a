"""A simulated landscape: parcels, crops, weather and Sentinel-2 scenes from a seed."""
