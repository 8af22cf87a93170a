"""XGBoost on one row per pixel."""
