"""The Data page: build a dataset, watch it, see what is there."""
