"""Two runs on the same test zones: numbers, confusions, the parcels behind them, significance."""
