"""One line of the report: a measure, the real figure, and the band it must lie in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Check:
    """One measure of the simulation, the real figure, and the band it must lie in."""

    group: str
    name: str
    simulated: float | None  # None or NaN: there was nothing to measure
    real: float | None  # None: the band follows from something else than one figure
    low: float | None  # None: no lower limit
    high: float | None
    unit: str
    source: str  # of the real figure
    reason: str  # why the band is as wide as it is
    detail: str = ""  # what lies furthest off

    @property
    def passed(self) -> bool:
        """Whether the measure lies in its band; a missing measure does not."""
        value = _finite(self.simulated)
        if value is None:
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, rounded for people; the verdict is that of the exact ones."""
        texts = ("group", "name", "unit", "source", "reason", "detail")
        numbers = ("simulated", "real", "low", "high")
        return (
            {name: getattr(self, name) for name in texts}
            | {name: _rounded(getattr(self, name)) for name in numbers}
            | {"passed": self.passed}
        )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _rounded(value: float | None) -> float | None:
    finite = _finite(value)
    return None if finite is None else round(finite, 4)
