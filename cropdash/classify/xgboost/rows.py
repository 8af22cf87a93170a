"""Rows as XGBoost takes them: with types, and zone by zone where memory would not hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import xgboost

from cropdash.classify.sampling import Rows
from cropdash.classify.xgboost.settings import XgbConfig


def feature_types(config: XgbConfig, n_columns: int) -> list[str] | None:
    """XGBoost's names of what the columns hold: numbers, but for the last crop, a category."""
    return ["q"] * (n_columns - 1) + ["c"] if config.last_crop else None


class ZoneByZone(xgboost.DataIter):  # type: ignore[misc]
    """The chosen rows of one zone after the other: memory holds one zone's at a time.

    XGBoost goes through it several times and keeps its own, quantised copy at `cache`.
    """

    def __init__(
        self,
        parts: Sequence[Callable[[], Rows]],
        cache: Path,
        config: XgbConfig,
    ) -> None:
        self._parts, self._config, self._at = parts, config, 0
        super().__init__(cache_prefix=str(cache))

    def next(self, input_data: Any) -> bool:
        """Hand over the next zone's rows; False at the end."""
        if self._at == len(self._parts):
            return False
        rows, labels = self._parts[self._at]()
        input_data(
            data=rows,
            label=labels,
            feature_types=feature_types(self._config, rows.shape[1]),
        )
        self._at += 1
        return True

    def reset(self) -> None:
        """Begin again."""
        self._at = 0
