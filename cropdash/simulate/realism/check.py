"""One line of the report: a measure, the real figure, and the band it must lie in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Check:
    """One measure of the simulation, the real figure, and the band it must lie in."""

    group: str
    source: str  # of the real figure
    name: str
    simulated: float  # NaN: there was nothing to measure
    real: float
    low: float | None = None  # None: no lower limit
    high: float | None = None
    unit: str = ""
    reason: str = ""  # why the band is as wide as it is
    detail: str = ""  # what lies furthest off

    @property
    def passed(self) -> bool:
        """Whether the measure lies in its band; a missing measure does not."""
        value = self.simulated
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return math.isfinite(value) and bool(low <= value <= high)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, rounded for people; the verdict is that of the exact ones."""
        values = asdict(self)
        for name in ("simulated", "real", "low", "high"):
            value = values[name]
            known = value is not None and math.isfinite(value)
            values[name] = round(float(value), 4) if known else None
        return values | {"passed": self.passed}
