"""Work in processes of its own: launched, watched, stopped, told of."""
