"""Inputs that people have, each made small, and what the product does with them."""
