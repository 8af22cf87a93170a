"""What each document of ours must hold at least, so that whoever reads it need not ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field


def _told_as_written(text: str) -> str:
    datetime.fromisoformat(text)
    return text


# As pages read it: pydantic takes seconds since 1970 for a time too.
Moment = Annotated[str, AfterValidator(_told_as_written)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float, Field(gt=-1e9, lt=1e9)]
Positive = Annotated[float, Field(gt=0, lt=1e9)]
FileName = Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.(tif|parquet)$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Scores = dict[str, float | None]


@dataclass
class Dataset:
    """dataset.json: the season as it is typed; the rest is `description.Description`."""

    season: str
    every: str


@dataclass
class Code:
    """A code of a register; what else is known of it is read by the legend."""

    code: str


@dataclass
class Legend:
    """legend.json."""

    classes: list[dict[str, Any]]
    codes: list[Code]


@dataclass
class Taught:
    """decisions.json: what a run took of people's decisions, by zone and parcel."""

    classes: dict[
        str,
        dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], Annotated[int, Field(ge=0, le=255)]],
    ]
    relabelled: Count
    left_out: Count
    in_test: Count
    unknown: Count


@dataclass
class Check:
    """One check of the realism report."""

    group: str
    name: str
    simulated: float | None
    real: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    passed: bool


@dataclass
class Realism:
    """realism.json."""

    checks: list[Check]
    left_out: list[str]
    tables: dict[str, Any]


@dataclass
class Report:
    """What the build of a zone left out: counts of the register's rows, shares and words."""

    parcels: Count | None = None
    filled_share: Share | None = None
    unknown_codes: dict[str, Count] | None = None
    periods_without_observation: list[str] | None = None
    layers_known: dict[str, Share] | None = None
    last_crop_known: Share | None = None
    warnings: list[str] | None = None
    mended_geometry: Count | None = None
    without_geometry: Count | None = None
    without_area: Count | None = None
    repeated_geometry: Count | None = None
    repeated_id: Count | None = None


@dataclass
class Scene:
    """Of a list of scenes; see `ingest.stac.lists`."""

    name: str
    date: str
    digest: Digest | None


@dataclass
class Scenes:
    """Which scenes a zone was made of."""

    read: bool
    scenes: list[Scene]
    left_out: list[str]


@dataclass
class Place:
    """The note of a place that was looked through."""

    parcels: Count
    fetched: str
    note: dict[str, Any]
    untested: list[tuple[Count, str]]
    tested: Count


@dataclass
class Manifest:
    """A zone's files with their checksums, and what its build left out."""

    files: Annotated[dict[FileName, Digest], Field(min_length=5)]
    layers: list[str]
    until: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    crops: list[tuple[Count, Count, Count, Annotated[float, Field(ge=0, lt=1e12)]]]
    report: Report
    sizes: dict[FileName, Count] | None = None  # [bytes], by which most changes are seen at once


@dataclass
class Made:
    """Settings of a run, a fold or a study."""

    dataset: str
    classifier: str


@dataclass
class Record:
    """config.json; the rest is `run_record.RunRecord`."""

    config: Made
    created: Moment


@dataclass
class Calibration:
    """How a model's probabilities are adjusted and scaled, as far as it is fitted."""

    prior: list[Share] | None = None
    zones: list[str] | None = None
    tau: Number = 0.0
    pixel_temperature: Positive = 1.0
    parcel_temperature: Positive = 1.0
    threshold: Number | None = None
    back_off: Number | None = None


@dataclass
class Stack:
    """stack.json: how members of an ensemble are weighed."""

    weights: list[Number]
    biases: list[Number]


@dataclass
class Fold:
    """Scores of one fold of a cross-validation."""

    fold: Count
    zones: list[str]
    pixel: dict[str, float | None]
    parcel: dict[str, float | None]


@dataclass
class Spread:
    """Mean and standard deviation over folds."""

    mean: float | None
    deviation: float | None


@dataclass
class Spreads:
    """Both scores over the folds."""

    accuracy: Spread
    macro_f1: Spread


@dataclass
class ByUnit:
    """Scores by pixel and by parcel."""

    pixel: Spreads
    parcel: Spreads


@dataclass
class FoldScores:
    """Scores of a cross-validation."""

    folds: list[Fold]
    mean: ByUnit
    seconds: float


@dataclass
class Finished:
    """Scores of a fold of a trial."""

    score: float
    accuracy: float
    macro_f1: float


@dataclass
class Ordered:
    """order.json of a report."""

    order: dict[str, Any]
    created: str
    by: str


@dataclass
class Measured:
    """Of what a run of `optimism` was."""

    classifier: str
    dataset: str


@dataclass
class Split:
    """What one model scores under one split, and by how much that flatters it."""

    split: str
    accuracy: Share | None
    macro_f1: Share | None
    parcel_accuracy: Share | None
    parcel_macro_f1: Share | None
    flatters_by: Number | None
    flatters_f1_by: Number | None


@dataclass
class Optimism:
    """optimism.json."""

    config: Measured
    splits: list[Split]


@dataclass
class Lost:
    """What a model loses with one period under cloud: shares of parcels, with the ends of the interval."""

    period: str
    accuracy: Number
    lost: Number
    lost_low: Number
    lost_high: Number


@dataclass
class Without:
    """without.json: by which weights and data, and what is lost."""

    weights: str
    data: str
    periods: list[Lost]
