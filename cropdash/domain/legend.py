"""The legend as a noun: register code -> class -> group -> family, with names and colours."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import ConfigError
from cropdash.domain.nouns import BACKGROUND, IGNORE

Level = Literal["class", "group", "family"]
LEVELS: tuple[Level, ...] = ("class", "group", "family")
MOST = IGNORE - 1  # classes beside background: ids fit into a byte, whose last value is IGNORE
COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class CropClass:
    """One class of the legend."""

    id: int  # 0 = background
    name: str  # stable identifier, e.g. "winter_wheat"
    labels: Mapping[str, str] = field(hash=False)  # language ("en", "fr", …) -> name for people
    group: str
    family: str
    colour: str  # "#rrggbb"
    group_labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    family_labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    def label(self, language: str = "en") -> str:
        """The class's name in a language, else in English, else its identifier."""
        return _label(self.labels, language) or self.name

    def kin_label(self, level: Level, language: str = "en") -> str:
        """The name of the class's group or family in a language, else in English; "" without one."""
        return _label(self.group_labels if level == "group" else self.family_labels, language)


@dataclass(frozen=True)
class CropCode:
    """One code of a register."""

    code: str  # e.g. "BTH", "233"
    labels: Mapping[str, str] = field(hash=False)
    crop: int  # class id, 0 where the class is not mapped
    register: str = ""  # which one knows the code, where that was said

    def label(self, language: str = "en") -> str:
        """The code's meaning in a language, else in English, else the code."""
        return _label(self.labels, language) or self.code


@dataclass(frozen=True)
class Legend:
    """Classes in order of id (the id is the index), and codes by name.

    Raises ConfigError for ids with gaps, more classes than fit into a byte, two classes of one
    name, a group in two families, a colour that is none, and codes of a class that isn't there.
    """

    classes: tuple[CropClass, ...]
    codes: Mapping[str, CropCode] = field(hash=False)

    def __post_init__(self) -> None:
        if [c.id for c in self.classes] != list(range(len(self.classes))):
            raise ConfigError("Legend: class ids must run 0, 1, 2, … without gaps.")
        if not 1 < len(self.classes) <= MOST + 1:
            raise ConfigError(
                "Legend: it holds {a} classes; use 1 to {b}.", a=len(self.classes) - 1, b=MOST
            )
        names: set[str] = set()
        families: dict[str, str] = {}
        for item in self.classes:
            if item.name.casefold() in names:
                raise ConfigError("Legend: two classes are called {a}; rename one.", a=item.name)
            names.add(item.name.casefold())
            if families.setdefault(item.group, item.family) != item.family:
                raise ConfigError(
                    "Legend: group {a} stands in two families; give it one.", a=repr(item.group)
                )
            if not COLOUR.fullmatch(item.colour):
                raise ConfigError(
                    "Legend: {a} is no colour; write one like #4ea48c (six digits).",
                    a=repr(item.colour),
                )
        for code in self.codes.values():
            if not 0 <= code.crop < len(self.classes):
                raise ConfigError(
                    "Legend: code {a} means class {b}: there is none.", a=code.code, b=code.crop
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

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages in which classes have names, in the order in which they come up."""
        return tuple(dict.fromkeys(language for c in self.classes for language in c.labels))

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
        raise ConfigError(
            "Level {a} is unknown; use one of {b}.", a=repr(level), b=", ".join(LEVELS)
        )
    return item.name if level == "class" else str(getattr(item, level))


def _label(labels: Mapping[str, str], language: str) -> str:
    return labels.get(language) or labels.get("en") or ""


def tidy(code: object) -> str:
    """A register's code as the legend knows it: capitals, without spaces around."""
    return code.strip().upper() if isinstance(code, str) else ""
