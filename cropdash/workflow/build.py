"""From a source to a dataset on disk, one idempotent task per zone."""

from __future__ import annotations

import datetime as dt
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from filelock import Timeout

from cropdash import legend as legends
from cropdash.domain import Legend, Season, Zone
from cropdash.domain.errors import (
    ConfigError,
    CropdashError,
    DiskFull,
    RunBusy,
    TaskLost,
    of_memory,
    of_place,
)
from cropdash.domain.message import Message
from cropdash.domain.secret import hidden
from cropdash.domain.source import Source
from cropdash.files import atomic
from cropdash.ingest.ancillary import Ancillary, ancillary_of
from cropdash.jobs import execute
from cropdash.prepare import neighbours
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.storage import events, layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.description import Description
from cropdash.storage.zone_states import Teller
from cropdash.workflow import zone_build

Progress = Callable[[str, float], None]
_DAY = dt.timedelta(days=1)
_ABANDONED_S = 3600.0  # no writer takes longer over one small file


@dataclass
class Built:
    """What a build did."""

    built: tuple[str, ...] = ()  # zones built now
    kept: tuple[str, ...] = ()  # zones that were there already, unchanged
    failed: dict[str, str] = field(default_factory=dict)  # zone -> one sentence
    warned: dict[str, list[str]] = field(default_factory=dict)  # zone built now -> its warnings
    stopped: bool = False


def build_configured(
    config: BuildConfig,
    folder: DatasetFolder,
    *,
    scheduler: str = "",
    progress: Progress,
    should_stop: Callable[[], bool],
) -> Built:
    """Build, or complete, the dataset that the settings describe.

    `scheduler`: of `settings.scheduler`, for `jobs.execute`.
    """
    kind = sources.of(config)
    source, legend = kind.open(config), _legend(config, folder)
    if not kind.is_made_up:
        _check_over(source.season, config.day, dt.date.today())
    title = kind.title(config, source)
    margin = getattr(config, "margin", 0)
    about = (source, folder.name, title, _settings(config), legend, config.day, margin)
    description = describe(*about)
    return build(
        source,
        folder,
        description,
        legend=legend,
        context=ancillary_of(config, source),
        workers=config.workers,
        scheduler=scheduler,
        progress=progress,
        should_stop=should_stop,
    )


def _check_over(season: Season, as_of: dt.date | None, today: dt.date) -> None:
    """Raise ConfigError for days that nobody has seen yet."""
    last = season.end if as_of is None else min(as_of, season.end)
    if last >= today:
        raise ConfigError(
            "{a} is not over, and belongs to what is to be known: ask as of an earlier day,"
            " such as --as-of {b}.",
            a=last,
            b=today - _DAY,
        )


def _legend(config: BuildConfig, folder: DatasetFolder) -> Legend:
    """The legend of the settings; that of the dataset once the user's own tables are gone."""
    files = [path for path in (config.legend_path, *config.codes) if path is not None]
    if folder.is_described and not all(path.exists() for path in files):
        return folder.legend()
    return legends.load(config.legend_path, codes=config.codes, level=config.legend_level)


def _settings(config: BuildConfig) -> dict[str, Any]:
    """What repeats the source, to be kept with the dataset."""
    apart = ("source", "dataset")
    return {k: v for k, v in config.content.items() if k not in apart and v not in (None, [])}


def describe(
    source: Source,
    name: str,
    title: str,
    settings: dict[str, Any],
    legend: Legend | None = None,
    as_of: dt.date | None = None,
    margin: int = 0,
) -> Description:
    """The description of a dataset to be built from a source; by default with the French legend.

    as_of: the day on which it is asked; what its season still lacks then is not there. margin:
    [px] around each zone.
    """
    return Description(
        name,
        title,
        source.name,
        source.season,
        source.bands,
        (legend or legends.load()).hash,
        tuple(replace(zone, margin=margin) for zone in source.zones()),
        settings,
        None if as_of is None or as_of >= source.season.end else as_of,
    )


def build(
    source: Source,
    folder: DatasetFolder,
    description: Description,
    *,
    legend: Legend | None = None,
    context: Ancillary | None = None,
    workers: int = 1,
    scheduler: str = "",
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Built:
    """Build the zones that are missing or changed; zones that are whole are left as they are.

    To zones that are whole as of an earlier day the periods that are over since are added.

    Further layers and last crops are those of `context`, else of a source that knows them.

    Raises DiskFull once what is under way has ended, if there is no room for more.
    """
    folder.describe(description, legend)
    atomic.clear_parts(folder.path, older_than_s=_ABANDONED_S)
    zones = description.zones
    events.fold(folder.path / layout.CATALOGUE)
    known, until = folder.look(), description.known.end.isoformat()
    kept = tuple(z for z, zone in known.items() if zone.is_built and zone.said.until == until)
    whole = set(kept)
    missing = [zone for zone in zones if zone.zone_id not in whole]
    progress(Message("Building zones"), len(kept) / len(zones))
    done, full = Built(kept=kept), list[DiskFull]()
    for outcome in execute.run(
        partial(
            build_zone,
            source,
            folder,
            context=context or _own_context(source),
            near=neighbours.of(zones),
        ),
        missing,
        workers=workers,
        scheduler=scheduler,
        should_stop=lambda: bool(full) or should_stop(),
    ):
        if isinstance(outcome.fault, DiskFull):
            full.append(outcome.fault)
        _count(done, folder, outcome)
        reached = len(kept) + len(done.built) + len(done.failed)
        zone_id = outcome.task.zone_id
        failed, built = (
            Message("Failed {zone}", zone=zone_id),
            Message("Built {zone}", zone=zone_id),
        )
        progress(failed if outcome.fault else built, reached / len(zones))
    if full:
        raise full[0]
    done.stopped = len(done.built) + len(done.failed) < len(missing)
    return done


def _count(done: Built, folder: DatasetFolder, outcome: execute.Outcome[Zone, Any]) -> None:
    zone_id = outcome.task.zone_id
    if outcome.fault is None:
        done.built += (zone_id,)
        if warnings := (outcome.result or {}).get("warnings"):
            done.warned[zone_id] = list(warnings)
        return
    done.failed[zone_id] = outcome.error
    if isinstance(outcome.fault, TaskLost):  # its process could not say so itself
        Teller.of_lost(folder.path, zone_id, outcome.error)


def _own_context(source: Source) -> Ancillary | None:
    return source if isinstance(source, Ancillary) else None


def build_zone(
    source: Source,
    folder: DatasetFolder,
    zone: Zone,
    context: Ancillary | None = None,
    near: Mapping[str, Sequence[Zone]] | None = None,
) -> dict[str, Any]:
    """Read, composite, fill, label and write one zone; returns its report.

    `near`: see `neighbours.of`; else all zones of the source are looked through.
    Safe to repeat, and to run twice at once: the second waits for the first, and finds it built.
    Every fault is kept in the zone's state, and raised as a sentence.
    """
    tell, place = Teller(folder.path, zone.zone_id), folder.zone_folder(zone.zone_id)
    try:
        with atomic.room_for(place), folder.zone_lock(zone.zone_id):
            if folder.is_current(zone.zone_id, verify=True):
                return folder.report(zone.zone_id)
            near = near or neighbours.of(source.zones())
            report = zone_build.make(source, folder, zone, tell, context, near[zone.zone_id])
        tell.built()
        return report
    except Timeout as error:
        raise RunBusy("Another process is still at work on zone {a}.", a=zone.zone_id) from error
    except CropdashError as fault:
        tell.failed(str(fault))
        raise
    except Exception as error:  # the task's boundary: one zone's surprise is not all zones' end
        if told := of_memory(error) or of_place(error):
            tell.failed(str(told))
            raise told from error
        sys.stderr.write(hidden(traceback.format_exc()))
        sentence = hidden(
            Message(
                "Unexpected {a}: {b}. See the log of the build.", a=type(error).__name__, b=error
            )
        )
        tell.failed(sentence)
        raise CropdashError(sentence) from error
