"""An audit of a map: drawn, answered, scored, and verified by whoever wants to."""
