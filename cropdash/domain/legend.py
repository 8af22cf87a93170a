"""The legend as a noun: register code -> class -> group -> family, with names and colours."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import ConfigError
from cropdash.domain.nouns import BACKGROUND

Level = Literal["class", "group", "family"]
LEVELS: tuple[Level, ...] = ("class", "group", "family")


@dataclass(frozen=True)
class CropClass:
    """One class of the legend."""

    id: int  # 0 = background
    name: str  # stable identifier, e.g. "winter_wheat"
    label_en: str
    label_fr: str
    group: str
    family: str
    colour: str  # "#rrggbb"

    def label(self, language: str = "en") -> str:
        return self.label_fr if language == "fr" else self.label_en


@dataclass(frozen=True)
class CropCode:
    """One code of the register."""

    code: str  # three letters or digits, e.g. "BTH"
    label_en: str
    label_fr: str
    crop: int  # class id, 0 where the class is not mapped
    group: str
    family: str


@dataclass(frozen=True)
class Legend:
    """Classes in order of id (the id is the index), and codes by name."""

    classes: tuple[CropClass, ...]
    codes: dict[str, CropCode]

    def __post_init__(self) -> None:
        if [c.id for c in self.classes] != list(range(len(self.classes))):
            raise ConfigError("Legend: class ids must run 0, 1, 2, … without gaps.")
        parents: dict[str, str] = {}
        items: list[CropClass | CropCode] = [*self.classes, *self.codes.values()]
        for item in items:
            if parents.setdefault(item.group, item.family) != item.family:
                raise ConfigError(
                    f"Legend: group {item.group!r} stands in two families; give it one."
                )

    @property
    def n_classes(self) -> int:
        """K, with background."""
        return len(self.classes)

    @cached_property
    def hash(self) -> str:
        """Changes whenever a class or the class of a code changes; models are bound to it."""
        text = repr([(c.id, c.name, c.group, c.family) for c in self.classes])
        text += repr(sorted((c.code, c.crop) for c in self.codes.values()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def crops_of(self, codes: Iterable[object]) -> tuple[NDArray[np.uint8], Counter[str]]:
        """Class id of each code, and how often each unknown code occurred (these become background)."""
        unknown: Counter[str] = Counter()
        ids = []
        for raw in codes:
            code = tidy(raw)
            known = self.codes.get(code)
            if known is None:
                unknown[code or "(empty)"] += 1
            ids.append(known.crop if known else BACKGROUND)
        return np.array(ids, dtype=np.uint8), unknown

    def groups(self, level: Level) -> tuple[str, ...]:
        """Names of the groups of a level, in the order in which the classes bring them up."""
        return tuple(dict.fromkeys(_group(c, level) for c in self.classes))

    def group_of(self, level: Level) -> NDArray[np.int64]:
        """(K,) index into `groups(level)` of each class."""
        index = {name: i for i, name in enumerate(self.groups(level))}
        return np.array([index[_group(c, level)] for c in self.classes], dtype=np.int64)

    def ordered(self) -> tuple[CropClass, ...]:
        """Classes by family, group and id, so that relatives stand together."""
        return tuple(sorted(self.classes, key=lambda c: (c.family, c.group, c.id)))


def _group(item: CropClass, level: Level) -> str:
    if level not in LEVELS:
        raise ConfigError(f"Level {level!r} is unknown; use one of {', '.join(LEVELS)}.")
    return item.name if level == "class" else str(getattr(item, level))


def tidy(code: object) -> str:
    return code.strip().upper() if isinstance(code, str) else ""
