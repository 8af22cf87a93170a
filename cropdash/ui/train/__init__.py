"""The Train page: start, watch and look back at runs and studies."""
