"""Streamlit outside the pages: frame, data, state, components."""
