"""Parts of the Map page: two models on a zone that neither has seen."""
