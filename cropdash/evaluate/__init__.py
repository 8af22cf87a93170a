"""What a map is worth: counts, scores with their denominators, intervals, comparisons.

Pure: arrays and tables in, numbers and tables out.
"""

from __future__ import annotations

from cropdash.evaluate.comparison import (
    Difference,
    McNemar,
    cell_table,
    class_f1_intervals,
    class_table,
    differences,
    mcnemar,
    zone_table,
)
from cropdash.evaluate.matrix import UNITS, Confusion, Unit, confusion
from cropdash.evaluate.pairs import Pairs, pair
from cropdash.evaluate.parcels import (
    Decisions,
    ParcelMeans,
    group_probabilities,
    parcel_decisions,
    parcel_probabilities,
)
from cropdash.evaluate.scores import Averaged, never_trained, summary
from cropdash.evaluate.tables import confusion_table, from_table, per_zone
from cropdash.evaluate.uncertainty import Interval, calibration_error, intervals, reliability

__all__ = (
    "UNITS",
    "Averaged",
    "Confusion",
    "Decisions",
    "Difference",
    "Interval",
    "McNemar",
    "Pairs",
    "ParcelMeans",
    "Unit",
    "calibration_error",
    "cell_table",
    "class_f1_intervals",
    "class_table",
    "confusion",
    "confusion_table",
    "differences",
    "from_table",
    "group_probabilities",
    "intervals",
    "mcnemar",
    "never_trained",
    "pair",
    "parcel_decisions",
    "parcel_probabilities",
    "per_zone",
    "reliability",
    "summary",
    "zone_table",
)
