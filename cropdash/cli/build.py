"""`python -m cropdash build …`: datasets, from settings typed or saved.

The options are the settings of all sources, so that a new source brings its own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from cropdash.cli import place
from cropdash.cli.terminal import at_work, console
from cropdash.domain.errors import CropdashError
from cropdash.domain.message import Message
from cropdash.i18n import say
from cropdash.settings import estimate as estimates
from cropdash.settings import folders, sources, waits
from cropdash.settings import scheduler as schedulers
from cropdash.settings.build import BuildConfig
from cropdash.settings.command import option_of

_DIGITS = re.compile(r"\d+")


def build(
    name: str,
    *,
    scheduler: str | None = None,
    estimate: bool = False,
    **given: str | None,
) -> None:
    """Build a dataset from parcels and images; what is whole is not built, nor fetched, again.

    Without a source, the build is taken up with the settings it was begun with.

    Examples: `python -m cropdash build flanders --folder landscape`

    `python -m cropdash build france2023 --source stac --register RPG_2023.7z --zones zones.csv`

    `python -m cropdash build spain --folder scenes --season 2022-10..2023-09 --every dekad --bands
    all --layers radar,elevation=dem.tif`

    `python -m cropdash build france2023 --workers 4`

    `python -m cropdash build beauce --near "48.45, 1.49" --season 2023`
    """
    where = schedulers.chosen(scheduler)
    options = {key: given.pop(key, None) for key in place.OPTIONS}
    typed: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if place.asked(options):
        typed = place.settings_of(name, options, typed)
    settings = _settings(name, typed)
    if estimate:
        from cropdash.legend import load

        legend = load(settings.legend_path, codes=settings.codes, level=settings.legend_level)
        for what, told in sources.of(settings).found(settings, legend):
            console.print(f"{what}: {told}")
        found = estimates.of(settings)
        lines = [
            *estimates.sentences(found),
            *([] if found.fetching.transfer else [_takes(settings)]),
        ]
        for line in lines:
            console.print(line)
    else:
        run(settings, where)


def _parameters() -> list[inspect.Parameter]:
    """The name, an option for each setting of any source, and the question what it will take."""
    told = typer.Argument(help="Name of the dataset.")
    found = {"name": _parameter("name", str, told, inspect.Parameter.empty)}
    for name, about in _options().items():
        option = typer.Option(f"--{option_of(name)}", help=about, metavar="TEXT")
        found[name] = _parameter(name, str | None, option, None)
    for name, (metavar, about) in place.OPTIONS.items():
        option = typer.Option(f"--{name}", metavar=metavar, help=about)
        found[name] = _parameter(name, str | None, option, None)
    where = typer.Option(
        "--scheduler", metavar="TEXT",
        help="Of dask: 'cluster' on this machine, or tls://host:port; never saved with the dataset.",
    )  # fmt: skip
    found["scheduler"] = _parameter("scheduler", str | None, where, None)
    only = typer.Option("--estimate", help="Say what it will take, and build nothing.")
    found["estimate"] = _parameter("estimate", bool, only, False)
    return list(found.values())


def _options() -> dict[str, str]:
    """Setting to help: what it is, and the sources that have it where not all do."""
    about = {"source": f"{', '.join(sources.MODULES)}."}
    for kind in sources.kinds():
        for name, field in kind.settings.model_fields.items():
            having = [k.name for k in sources.kinds() if name in k.settings.model_fields]
            whose = "" if len(having) == len(sources.MODULES) else f"{', '.join(having)}: "
            text = str(field.description).replace("*", r"\*")  # help is Markdown
            about.setdefault(name, f"{whose}{text}")
    del about["dataset"]  # the argument
    return about


def _parameter(name: str, kind: Any, told: Any, default: Any) -> inspect.Parameter:
    named = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, named, default=default, annotation=Annotated[kind, told])


# Typer asks a command for its signature.
build.__signature__ = inspect.Signature(_parameters())  # type: ignore[attr-defined]
build.__annotations__ = {p.name: p.annotation for p in _parameters()}


def _takes(settings: BuildConfig) -> str:
    """How long the build may take, by those that ended on this machine."""
    from cropdash.storage import waiting

    source = sources.of(settings).open(settings)
    data = folders.folders().data
    return waits.told(waiting.building(data, settings, source.zones(), source.season))


def run(settings: BuildConfig, scheduler: str | None = None) -> None:
    """Build in this process and those it starts; a signal lets it finish what is under way."""
    where = schedulers.chosen(scheduler)
    from cropdash.files import atomic
    from cropdash.jobs.worker import heeding_signals
    from cropdash.storage.datasets import DatasetFolder
    from cropdash.workflow import build as building

    folder = DatasetFolder(folders.folders().data, settings.dataset)
    with atomic.room_for(folder.path):
        folder.configure(settings)  # refused settings say nothing of what is built
    with atomic.room_for(folder.path), at_work(folder.path) as told:
        with heeding_signals() as came:
            outcome = building.build_configured(
                settings,
                folder,
                scheduler=where,
                progress=told["progress"],
                should_stop=lambda: came() or told["should_stop"](),
            )
        for line in warned(outcome.warned):
            console.print(line)
        if outcome.failed:
            zone, sentence = next(iter(outcome.failed.items()))
            zones = len(outcome.failed) + len(outcome.built) + len(outcome.kept)
            raise CropdashError(
                "{a} of {b} zones failed; {c}: {d}",
                a=len(outcome.failed),
                b=zones,
                c=zone,
                d=sentence,
            )
    word = "stopped: " if outcome.stopped else ""
    console.print(
        f"Dataset {folder.name}: {word}{len(outcome.built)} zones built, {len(outcome.kept)} kept,"
        f" in {folder.path}"
    )


def warned(by_zone: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A line for each kind of warning, with its first: a common one must not hide a rare one."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for zone, sentences in by_zone.items():
        for sentence in sentences:
            kind = sentence.template if isinstance(sentence, Message) else _DIGITS.sub("", sentence)
            kinds.setdefault(kind, []).append((zone, sentence))
    for found in kinds.values():
        zones = len({zone for zone, _ in found})
        (zone, first), *_ = found
        counted = f"{_several(len(found), 'warning')} in {_several(zones, 'zone')}"
        yield f"{counted}, the first in {zone}: {say(first)}"


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _settings(name: str, given: dict[str, Any]) -> BuildConfig:
    """What was typed; without a source, what was saved, changed by what was typed."""
    if "source" not in given:
        from cropdash.storage.datasets import DatasetFolder

        folder, implied = DatasetFolder(folders.folders().data, name), sources.implied(given)
        if folder.is_configured or implied is None:
            given = folder.config().model_dump() | given
        else:
            given["source"] = implied
    return sources.parse({**given, "dataset": name})
