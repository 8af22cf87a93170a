"""A legend of twelve Dutch classes that knows the codes of two registers."""

from __future__ import annotations

from pathlib import Path

from cropdash import legend
from cropdash.domain import Legend

# name, group, family, English (some have none), Dutch, and what of the French legend they stand for
_CLASSES = (
    ("wintergraan", "graan", "akkerbouw", "Winter grain", "Wintergraan", ("winter_cereal",)),
    ("zomergraan", "graan", "akkerbouw", "Spring grain", "Zomergraan", ("spring_cereal",)),
    ("gerst", "graan", "akkerbouw", "Barley & co", "Gerst", ("barley",)),
    ("mais", "mais", "akkerbouw", "Maize (all)", "Maïs", ("maize",)),
    ("groente", "groente", "akkerbouw", "", "Groente", ("vegetable", "root_crop")),
    ("olie_vezel", "olie", "akkerbouw", "Oil, fibre", "Olie en vezel", ("oilseed_fibre",)),
    ("vlinderbloemig", "peul", "akkerbouw", "Pulses", "Peulvruchten", ("grain_legume",)),
    ("luzerne", "peul", "akkerbouw", "Lucerne", "Luzerne", ("forage_legume",)),
    ("gras", "gras", "grasland", "Grass", "Gras", ("grassland",)),
    ("braak", "braak", "grasland", "Fallow", "Braak", ("fallow_buffer",)),
    ("boomgaard", "hout", "blijvend", "Orchard", "Boomgaard", ("orchard",)),
    ("wijngaard", "hout", "blijvend", "Vineyard", "Wijngaard", ("vineyard",)),
)


def write(folder: Path) -> Path:
    """The folder of the legend: classes.csv and codes.csv."""
    home = folder / "own"
    home.mkdir()
    lines = [f'{c[0]},{c[1]},{c[2]},"{c[3]}",{c[4]}' for c in _CLASSES]
    head = "name,group,family,label_en,label_nl"
    (home / "classes.csv").write_text("\n".join([head, *lines]), encoding="utf-8")
    codes = [f"{500 + i},{c[0]},nl" for i, c in enumerate(_CLASSES)]
    french = legend.load()
    for code in french.codes.values():
        group = french.classes[code.crop].group
        codes += [f"{code.code},{c[0]},rpg" for c in _CLASSES if group in c[5]]
    head = "code,class,register"
    (home / "codes.csv").write_text("\n".join([head, *codes]), encoding="utf-8")
    return home


def load(folder: Path) -> Legend:
    return legend.load(write(folder))
