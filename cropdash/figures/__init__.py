"""Charts and maps: data in, figure out; nothing here reads a file."""
