"""The pictures of a parcel's dossier: its year, its months from above, what its pixels are named."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cropdash.domain import Period
from cropdash.evaluate import within
from cropdash.figures import chips, imagery, printed_series, series, wording
from cropdash.i18n import number, probability, say
from cropdash.reports.document import Beside, Heading, Part, Picture, Strip, Table, Text
from cropdash.reports.evidence import Case
from cropdash.settings import classifiers


def names(case: Case) -> list[str]:
    """How the runs are called: by their kind, and which is which where that is the same."""
    kinds = [say(classifiers.kind(a.run.classifier).label) for a in case.answers]
    if len(set(kinds)) == len(kinds):
        return kinds
    return [f"{kind} {letter}" for kind, letter in zip(kinds, "AB", strict=False)]


def year(case: Case, bands: pd.DataFrame, called: Sequence[str]) -> Picture:
    """NDVI by period against what is usual for both crops."""
    chosen = [int(case.found["declared"]), int(case.found["suggested"])]
    usual = [(called[k], bands[bands["crop"] == k]) for k in dict.fromkeys(chosen) if k]
    own = say("Parcel {id}", id=case.row["register_id"])
    drawn = printed_series.against(case.series, own, [(n, t) for n, t in usual if len(t)])
    filled = int(series.is_filled(case.series).sum())
    caption = say(
        "NDVI by period. Hatched, with hollow points: {n} of {all} periods without a clear date, filled in "
        "from those beside them. Coloured: the middle 80 % of all parcels declared as either crop.",
        n=number(filled), all=number(len(case.series)),
    )  # fmt: skip
    return Picture(drawn, caption, caption)


def months(case: Case) -> list[Part]:
    """True colour and NDVI of each month around the parcel."""
    periods = chips.monthly([period.id for period in case.description.season.periods])
    seen = chips.window(case.outline, case.cube.grid)
    side = round((seen[0].stop - seen[0].start) * case.cube.grid.pixel_size)
    unseen = set(case.series["period"][series.is_filled(case.series).to_numpy()])
    out: list[Part] = []
    available = imagery.modes(case.description.bands)
    for mode in [m for m in ("true_colour", "NDVI") if m in available]:
        pictures = [
            Picture(content, f"{imagery.title(mode)}, {wording.period(p)}", _month(p, p in unseen))
            for p, content in zip(
                periods, chips.strip(case.cube, periods, mode, case.outline, seen), strict=True
            )
        ]
        told = say(
            "{picture}, {side} m a side; * no clear date",
            picture=imagery.title(mode),
            side=number(side),
        )
        out.append(Strip(pictures, chips.MONTHS, told))
    return out


def _month(period: str, is_filled: bool) -> str:
    day = Period.of(period).middle
    return f"{day.month:02d}/{day.year % 100:02d}{' *' if is_filled else ''}"


def inside(case: Case, called: Sequence[str]) -> list[Part]:
    """What each run names the pixels, as a map and as shares."""
    seen = chips.window(case.outline, case.cube.grid)
    sides: list[list[Part]] = []
    for answer, name in zip(case.answers, names(case), strict=True):
        drawn = chips.answers(
            answer.named, case.inside, case.outline, case.cube.grid, case.legend, seen
        )
        rows = [
            [called[int(r["class_id"])], number(int(r["pixels"])), probability(float(r["share"]))]
            for r in answer.shares.head(5).to_dict("records")
        ]
        split = (
            say("A second answer has so many pixels that the parcel may hold two crops.")
            if within.is_split(answer.shares)
            else say("No second answer has as many pixels as another crop would.")
        )
        told = say("What {model} names each pixel", model=name)
        colours = [case.legend.classes[int(k)].colour for k in answer.shares["class_id"].head(5)]
        table = Table([say("Class"), say("Pixels"), say("Share")], rows, told, colours=colours)
        sides.append([Beside([[Picture(drawn, told)], [table, Text([split], small=True)]])])
    return [Heading(say("Within the parcel")), Beside(sides) if len(sides) > 1 else sides[0][0]]
