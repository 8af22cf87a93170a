"""The network: time at each pixel, then space."""
