"""`python -m cropdash season`: what a run says before its season is over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cropdash.cli.options import Json, Run
from cropdash.cli.terminal import bar, console, print_json, print_whole
from cropdash.domain.errors import ConfigError
from cropdash.settings import folders

if TYPE_CHECKING:
    import pandas as pd

    from cropdash.domain import Legend


def season(
    run: Run,
    by: Annotated[
        list[str] | None,
        typer.Option(help="A day, as 2023-06-30; repeatable. Default: the end of each period."),
    ] = None,
    without: Annotated[
        bool, typer.Option("--without", help="Also say what is lost with each period under cloud.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Also write the scores by date here.")] = None,
    as_json: Json = False,
) -> None:
    """Score a run as it would have answered before its season was over.

    Of each day only the periods that were over by then are seen, and gaps are filled from them
    alone. A run that was trained with in_season answers better early on.

    Examples: `python -m cropdash train demo --classifier xgboost --set in_season=true`

    `python -m cropdash season xgboost-20230101-120000-ab12 --by 2023-06-30 --by 2023-07-31`
    """
    from cropdash.files import atomic
    from cropdash.storage import runs
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import season as seasons

    where = folders.folders()
    folder = runs.find(where.models, run)
    dataset = DatasetFolder(where.data, folder.config["dataset"])
    days = tuple(map(_day, by)) if by else seasons.days_of(dataset.description().periods)
    days = tuple(sorted(set(days)))
    with bar() as progress:
        seasons.score_by_date(folder, dataset, days, progress=progress)
        lost = seasons.leave_out(folder, dataset, progress=progress) if without else None
    by_date, named = seasons.tables(folder, dataset, days)
    since, clear = seasons.by_clear_dates(folder, dataset, days[-1])
    if as_json:
        rows = {"by_date": by_date, "classes": named, "by_clear_dates": clear}
        rows |= {} if lost is None else {"without": lost}
        print_json({"run": run, **{name: table.to_dict("records") for name, table in rows.items()}})
    else:
        _print(by_date, named, dataset.legend())
        _print_clouds(clear, lost, since, days[-1])
    if csv is not None:
        with atomic.replacing(csv) as temporary:
            by_date.to_csv(temporary, index=False)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError("{a} is no day: write it as 2023-06-30.", a=repr(text)) from None


def _print(by_date: pd.DataFrame, named: pd.DataFrame, legend: Legend) -> None:
    import pandas as pd

    table = Table(
        "Day", "Pixels right", "Parcels right", "95 %", "Of the last", "Macro F1", "ECE", "By chance",
        "In sets",
    )  # fmt: skip
    for day, rows in by_date.groupby("as_of"):
        units = rows.set_index("unit")
        parcel = units.loc["parcel"]
        between = f"{parcel['accuracy_low']:.3f} – {parcel['accuracy_high']:.3f}"
        table.add_row(
            str(day),
            _number(units.loc["pixel", "accuracy"]),
            _number(parcel["accuracy"]),
            "–" if pd.isna(parcel["accuracy_low"]) else between,
            _number(parcel["of_last"]),
            _number(parcel["macro_f1"]),
            _number(parcel.get("ece")),
            _number(parcel.get("ece_by_chance")),
            _number(parcel.get("covered")),
        )
    print_whole(table)
    console.print(
        "From when on the parcels of a class are named right nine tenths as often as at last:"
    )
    for row in named.sort_values("named_from").to_dict("records"):
        never = pd.isna(row["named_from"])
        since = "never     " if never else str(row["named_from"].date())
        low, high = (str(row[f"named_{end}"].date())[5:] for end in ("low", "high"))
        between = "" if never or low == high else f", {low} to {high} over the zones"
        name = legend.classes[int(row["class_id"])].label()
        console.print(
            f"  {since}  {name} ({row['parcels']:,} parcels, {row['at_last']:.0%} at last{between})"
        )


def _print_clouds(
    clear: pd.DataFrame, lost: pd.DataFrame | None, since: dt.date, day: dt.date
) -> None:
    console.print(f"Parcels named right by {day}, by their clear dates since {since}:")
    for row in clear.to_dict("records"):
        part = f"{row['low']:.0f} to {row['high']:.0f}"
        console.print(f"  {part:>9}  {row['accuracy']:.3f} of {row['parcels']:,.0f}")
    if lost is None:
        return
    console.print("What is lost of them with one period under cloud (95 % over the zones):")
    for row in lost.to_dict("records"):
        between = f"{row['lost_low']:+.3f} to {row['lost_high']:+.3f}"
        console.print(f"  {row['period']}  {row['lost']:+.3f} ({between})")


def _number(value: Any) -> str:
    return "–" if value is None or value != value else f"{value:.3f}"  # NaN is not itself
