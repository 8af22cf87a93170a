"""Use cases: read, compute, write. Each is resumable and safe to repeat."""
