"""A simulated landscape: parcels, crops, weather and Sentinel-2 scenes from a seed."""

from cropdash.simulate.source import SimulatedSource

__all__ = ["SimulatedSource"]
