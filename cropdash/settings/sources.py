"""What a dataset can be built from: the registry that everything else asks.

A source is a package or module with a `KIND` and a line in MODULES. The module is light; what it
needs of services and files is loaded when a source is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from cropdash.domain import Grid, Legend, Zone
from cropdash.domain.errors import ConfigError, quoted
from cropdash.domain.message import Message, joined
from cropdash.domain.source import Source
from cropdash.settings import build, faults
from cropdash.settings.build import BuildConfig
from cropdash.settings.folders import DEMO

# In the order in which forms offer them; the first is what the demo is made of, the last what
# fetches a place that is typed.
MODULES = {
    "simulated": "cropdash.simulate.kind",
    "local": "cropdash.ingest.local.kind",
    "table": "cropdash.ingest.table.kind",
    "earthengine": "cropdash.ingest.earthengine.kind",
    "stac": "cropdash.ingest.stac.kind",
}
Fact = tuple[str, str]  # what it is, and what was found, for people
LINK_MBIT_S = 50.0  # an ordinary connection; the time scales with it


@dataclass(frozen=True)
class Fetching:
    """What a source asks of a service. Bytes are counted before compression: fewer may travel."""

    requests: int = 0
    transfer: int = 0  # [bytes]
    seconds: tuple[float, float] = (0.0, 0.0)  # at best and at worst
    notes: tuple[str, ...] = ()  # what that rests on, a sentence each


@dataclass(frozen=True)
class Credentials:
    """Whether a service will let us in, and what to do if not; never what they are."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Service:
    """What a source asks over the network."""

    name: str  # for people
    address: str  # answers with JSON …
    key: str  # … that holds this
    credentials: Callable[[], Credentials] | None = None  # None: nobody is asked for any


@dataclass(frozen=True)
class SourceKind:
    """One kind of source: its settings, and what it takes."""

    name: str
    label: str
    hint: str  # one sentence
    settings: type[BuildConfig]
    open: Callable[[Any], Source]  # may load what is heavy; asks no service
    title: Callable[[Any, Source], str]  # of a dataset, for people
    # Of the zones, asking no service and opening no file.
    estimate: Callable[[Any, Sequence[Zone]], Fetching] = lambda config, zones: Fetching()
    # The service of some settings, which need not be complete; None if it has no such service.
    service: Callable[[Mapping[str, Any]], Service | None] = lambda _: None
    # What lies in the files of some settings, before anything is built.
    found: Callable[[Any, Legend], Iterable[Fact]] = lambda config, legend: ()
    # Grids of the images of some settings over which zones can be drawn; none where they are listed.
    covered: Callable[[Any], Sequence[Grid]] = lambda config: ()
    has_map: bool = True  # False: parcels without places beside each other, as a table's
    demo_s: float | None = None  # [s] the demo took, alone on two cores with AVX2
    packages: tuple[str, ...] = ()  # that it alone needs: the extra of its name brings them along
    is_made_up: bool = False  # its land is none that there is, and can be held against real land


@cache
def kind(name: str) -> SourceKind:
    """A source by its name. Raises ConfigError with the names there are."""
    if name not in MODULES:
        raise ConfigError(
            "Source {a} is unknown: use {b}.", a=repr(name), b=", ".join(map(repr, MODULES))
        )
    found: SourceKind = import_module(MODULES[name]).KIND
    return found


def kinds() -> tuple[SourceKind, ...]:
    """All of them, in the order in which forms offer them."""
    return tuple(kind(name) for name in MODULES)


def is_made_up(name: str) -> bool:
    """True for datasets of a source whose land is made up; one that is not known has real land."""
    return name in MODULES and kind(name).is_made_up


def has_map(name: str) -> bool:
    """False for datasets of a source whose pixels do not lie beside each other."""
    return name not in MODULES or kind(name).has_map


def of(config: BuildConfig) -> SourceKind:
    """The source of some settings."""
    return kind(config.source)


def demo(**values: Any) -> BuildConfig:
    """Settings of the embedded default dataset: no account and no download."""
    return parse({"source": next(iter(MODULES)), "dataset": DEMO, **values})


def fetching() -> str:
    """The source that fetches images for a register without asking everybody for an account."""
    return list(MODULES)[-1]


def implied(names: Mapping[str, Any]) -> str | None:
    """The source that alone must have one of these settings, such as --folder; None: any could."""
    for name in names:
        having = [k for k in kinds() if name in k.settings.model_fields]
        if len(having) == 1 and having[0].settings.model_fields[name].is_required():
            return having[0].name
    return None


def parse(values: Mapping[str, Any]) -> BuildConfig:
    """Settings from names and values (text is converted); raises ConfigError in one sentence."""
    settings = kind(str(values.get("source"))).settings
    try:
        return settings.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(joined(_sentence(settings, item) for item in error.errors())) from error


def travel_s(transfer: float) -> float:
    """[s] that so many bytes take over an ordinary connection."""
    return transfer * 8 / (LINK_MBIT_S * 1e6)


def _sentence(settings: type[BuildConfig], item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    if item["type"] == "extra_forbidden":
        return Message(
            "There is no setting {a}; there are {b}.",
            a=repr(name),
            b=", ".join(settings.model_fields),
        )
    if item["type"] == "missing":
        return Message("Setting {a} is missing.", a=repr(name))
    field = settings.model_fields.get(name)
    is_private = field is not None and build.hint(field, "private")
    text = faults.told(item)
    if is_private:
        return Message("Setting {name}: {fault}.", name=repr(name), fault=text)
    return Message(
        "Setting {name} is {value}: {fault}.",
        name=repr(name),
        value=quoted(item["input"]),
        fault=text,
    )
