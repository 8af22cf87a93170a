"""What every page stands in: head, menu, address, server, cached reads."""
