"""A map judged by a probability sample of parcels: its design, its estimates, and two maps on it."""
