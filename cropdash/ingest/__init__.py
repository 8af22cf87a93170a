"""Where parcels and scenes come from."""
