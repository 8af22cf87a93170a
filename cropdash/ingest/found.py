"""What lies in a folder or a table, told before anything is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cropdash.domain import Legend, Zone
from cropdash.i18n import number, say
from cropdash.settings.sources import Fact

_NAMED = 6  # bands, codes and classes that are named


def zones(given: Sequence[Zone], how: str) -> Fact:
    """How many zones there are on each side, their size, and where they come from."""
    tests = sum(zone.split == "test" for zone in given)
    sizes = sorted({zone.grid.shape for zone in given})
    (height, width), (tall, wide) = sizes[0], sizes[-1]
    return say("Zones"), say(
        "{n}, of which {tests} for the test ({how}); {low} to {high} pixels",
        n=number(len(given)), tests=number(tests), how=how,
        low=f"{height} x {width}", high=f"{tall} x {wide}",
    )  # fmt: skip


def crops(codes: Iterable[str], legend: Legend) -> Iterator[Fact]:
    """The classes that the codes mean, and the codes that the legend does not know."""
    counted = Counter(codes)
    ids, unknown = legend.crops_of(counted.elements())
    known = Counter(legend.classes[k].name for k in ids.tolist() if k)
    yield say("Classes"), _commonest(known) or say("none")
    if unknown:
        yield say("Unknown codes"), _commonest(unknown)


def _commonest(counted: Counter[str]) -> str:
    first = ", ".join(f"{name} {number(n)}" for name, n in counted.most_common(_NAMED))
    more = len(counted) - _NAMED
    return first if more <= 0 else say("{first} and {n} more", first=first, n=number(more))
