"""What came back of an audit: answers to estimates, and a certificate that anybody can verify."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cropdash.domain import Legend
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.domain.legend import tidy
from cropdash.evaluate.audit import estimate, paired
from cropdash.evaluate.audit.estimate import Sample
from cropdash.files import atomic, parquet, tables, vectors
from cropdash.storage import layout
from cropdash.storage.tables import FRAME
from cropdash.workflow.audit.draw import NONE

_KEYS = ["zone_id", "parcel_id"]


def take_back(folder: Path, file: Path, legend: Legend) -> dict[str, int]:
    """Keep the answers of a filled-in CSV or GeoPackage as answers.csv of the audit's folder.

    Only sampled parcels count: whatever else stands in the file, parcels that somebody looked at
    because they were doubtful above all, is left out and counted. Returns answered, drawn,
    not_sampled. Raises ConfigError for an unknown crop, or two answers on one parcel.
    """
    frame = read_frame(folder)
    drawn = set(map(tuple, frame.loc[frame["drawn"], _KEYS].itertuples(index=False)))
    known, found, strange = _crops(legend), dict[tuple[str, int], int](), 0
    for row in _rows(file):
        told = row.get("truth")
        if not told:
            continue
        key = _key(row)
        if key not in drawn:
            strange += 1
            continue
        crop = known.get(_folded(told))
        if crop is None:
            raise row.wrong(
                "truth", "{a} is neither a class nor a code of the legend", a=repr(told[:60])
            )
        if found.setdefault(key, crop) != crop:
            raise row.wrong("truth", "another row says something else of the same parcel")
    if not found:
        raise NotEnoughData(
            "{a} answers no parcel of the sample: fill in column truth.", a=file.name
        )
    names = [crop.name for crop in legend.classes]
    rows = [(zone, i, names[k]) for (zone, i), k in sorted(found.items())]
    table = pd.DataFrame(rows, columns=[*_KEYS, "truth"])
    with atomic.replacing(folder / layout.ANSWERS) as part:
        table.to_csv(part, index=False)
    return {"answered": len(found), "drawn": len(drawn), "not_sampled": strange}


def certify(folder: Path, counts: Mapping[str, int], by: str, on: str) -> dict[str, Any]:
    """Score the answers kept in the folder, and write certificate.json; returns what it holds."""
    told = {
        "audit": folder.name,
        "certified_by": by,
        "certified_on": on,
        "digests": {
            name: atomic.checksum(folder / name)
            for name in (layout.AUDIT.file, layout.FRAME, layout.SAMPLE_CSV,
                         layout.SAMPLE_OUTLINES, layout.ANSWERS)
        },
        "counts": dict(counts),
        "results": results(folder),
    }  # fmt: skip
    layout.CERTIFICATE.write(folder, told)
    return told


def results(folder: Path) -> dict[str, Any]:
    """Estimates from frame.parquet, audit.json and answers.csv alone: the same wherever it is done.

    maps: for each its name, overall accuracy by parcel and by hectare, and rows by class; paired:
    two maps compared, or None. Raises NotEnoughData where a stratum has too few answers.
    """
    about, frame = layout.AUDIT.read(folder), read_frame(folder)
    names = {name: k for k, name in enumerate(about["classes"])}
    answers = tables.frame(folder / layout.ANSWERS, texts=("zone_id", "truth"))
    answered = frame.merge(answers, on=_KEYS, how="inner", validate="one_to_one")
    answered = answered[answered["drawn"]].reset_index(drop=True)
    truth = answered["truth"].astype(str).map(names)
    if truth.isna().any():
        raise ConfigError("{a} names classes that the audit does not know.", a=layout.ANSWERS)
    sizes = np.array([row["parcels"] for row in about["strata"]], np.float64)
    _check_strata(answered, about)
    found = []
    samples = {}
    for side, name in zip("ab", about["maps"], strict=False):
        sample = samples[side] = Sample(
            answered["stratum"].to_numpy(np.int64), sizes, truth.to_numpy(np.int64),
            answered[side].to_numpy(np.int64), answered["area_ha"].to_numpy(np.float64),
        )  # fmt: skip
        area = np.bincount(frame[side], frame["area_ha"], minlength=len(names))
        found.append(
            {
                "map": name,
                "parcel": estimate.overall(sample)._asdict(),
                "hectare": estimate.overall(sample, by_area=True)._asdict(),
                "classes": estimate.by_class(sample, area).to_dict("records"),
            }
        )
    other = answered["b"].to_numpy(np.int64)
    both = None if (other == NONE).any() else paired.compare(samples["a"], other)._asdict()
    told: dict[str, Any] = _finite(
        {"maps": found, "paired": both, "hectares": frame["area_ha"].sum()}
    )
    return told


def read_frame(folder: Path) -> pd.DataFrame:
    """All parcels of the audit. Raises DamagedFile."""
    return parquet.read(folder / layout.FRAME, kinds=FRAME, remedy="draw the audit again")


def _check_strata(answered: pd.DataFrame, about: Mapping[str, Any]) -> None:
    counts = answered["stratum"].value_counts()
    few = [
        f"{row['name']} ({counts.get(h, 0)} of {row['drawn']})"
        for h, row in enumerate(about["strata"])
        if counts.get(h, 0) < min(2, row["parcels"])
    ]
    if few:
        raise NotEnoughData(
            "Too few answers in {a}: each stratum needs two, or nothing is known of it.",
            a=", ".join(few),
        )


def _rows(file: Path) -> tuple[tables.Row, ...]:
    """The rows of what came back, a CSV or a GeoPackage, with their places."""
    if file.suffix.lower() == ".gpkg":
        names = vectors.layers(file)
        if not names:
            raise ConfigError("{a} holds no layer: send the sample's own back.", a=file.name)
        wanted = [*_KEYS, "truth"]
        there = set(map(str, vectors.info(file, names[0])["fields"]))
        if missing := [name for name in wanted if name not in there]:
            raise ConfigError(
                "{a} has no column {b}: send the sample's own back.", a=file.name, b=missing[0]
            )
        outlines = vectors.read(file, names[0], wanted, None)
        rows = zip(*(outlines[name] for name in wanted), strict=True)
        return tuple(
            tables.Row(file.name, i, {n: _text(v) for n, v in zip(wanted, row, strict=True)})
            for i, row in enumerate(rows, 1)
        )
    table = tables.read(file)
    table.need(*_KEYS, "truth")
    return table.rows


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def _key(row: tables.Row) -> tuple[str, int]:
    number = row.get("parcel_id").removesuffix(".0")
    if not number.isdigit():
        raise row.wrong("parcel_id", "{a} is no whole number", a=repr(number[:20]))
    return row.get("zone_id"), int(number)


def _crops(legend: Legend) -> dict[str, int]:
    """What a crop may be called: its code, its names in any language, its class."""
    found = {_folded(code): item.crop for code, item in legend.codes.items()}
    for crop in legend.classes:
        found |= {_folded(name): crop.id for name in (*crop.labels.values(), crop.name)}
    return found


def _folded(text: str) -> str:
    return tidy(text.removeprefix("'")).casefold()


def _finite(value: Any) -> Any:
    """As JSON holds it: a number that is none is null."""
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
