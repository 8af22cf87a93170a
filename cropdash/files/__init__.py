"""The one door to the disk and to patience: whole files or none, checksums, repeats."""
