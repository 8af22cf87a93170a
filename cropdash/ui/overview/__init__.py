"""The first page: what is ready, and what to do next."""
