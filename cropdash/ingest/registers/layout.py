"""How a register names its layer and columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from cropdash.domain.errors import InvalidRegister
from cropdash.settings.build import BuildConfig

ID, CODE = "ID_PARCEL", "CODE_CULTU"
NONE = "none"  # in place of a crop column: outlines alone, of which nobody declared what they bear
FID = "fid"  # asks for the number that a GeoPackage gives each feature
# File and layer of the parcels: PARCELLES_GRAPHIQUES up to RPG 2.2 (2023), RPG_Parcelles from
# RPG 3.0 (2024) on; the case differs from one edition, and from one export, to the next.
NAMES = ("parcelles_graphiques", "rpg_parcelles")


@dataclass(frozen=True)
class Layout:
    """Where to find the parcels of a register that is not laid out as the RPG is.

    What is None is looked for as in the RPG: columns ID_PARCEL and CODE_CULTU, layer
    PARCELLES_GRAPHIQUES or RPG_Parcelles, else the only layer. Case does not matter.
    """

    id_column: str | None = None
    code_column: str | None = None
    layer: str | None = None
    carry: tuple[str, ...] = ()  # further columns, kept with each parcel

    @property
    def has_no_codes(self) -> bool:
        """True where the register is said to hold outlines alone."""
        return (self.code_column or "").lower() == NONE

    def columns(self, fields: Iterable[str], where: str) -> tuple[str, str]:
        """The register's own names of the id and code columns; InvalidRegister if one lacks."""
        fields = list(fields)
        wanted = (self.id_column or ID, self.code_column or CODE)
        found = [_in_any_case(name, fields) for name in wanted]
        found = [found[0], NONE] if self.has_no_codes else found
        missing = [name for name, match in zip(wanted, found, strict=True) if match is None]
        if missing:
            raise InvalidRegister(
                "{a}: no column {b}; it has {c}. Name the columns of the parcels' id (in a"
                " GeoPackage, fid for the feature's own number) and crop code (none for"
                " outlines alone): --id-column, --code-column.",
                a=where,
                b=" or ".join(missing),
                c=", ".join(fields) or "none",
            )
        return str(found[0]), str(found[1])

    def carried(self, fields: Iterable[str], where: str) -> tuple[str, ...]:
        """The register's own names of the columns that are carried; InvalidRegister if one lacks."""
        fields = list(fields)
        found = {name: _in_any_case(name, fields) for name in self.carry}
        if missing := [name for name, match in found.items() if match is None]:
            raise InvalidRegister(
                "{a}: no column {b} to carry; it has {c}.",
                a=where,
                b=" or ".join(missing),
                c=", ".join(fields),
            )
        return tuple(dict.fromkeys(str(match) for match in found.values()))

    def choose_layer(self, layers: list[str], where: str) -> str:
        """The layer that holds the parcels; InvalidRegister if that is not clear."""
        names = (self.layer.lower(),) if self.layer else NAMES
        found = next((layer for layer in layers if layer.lower() in names), None)
        if found is None and len(layers) == 1 and not self.layer:
            found = layers[0]
        if found is None:
            raise InvalidRegister(
                "{a} has no layer {b}; it has {c}. Name the layer of the parcels: --layer.",
                a=where,
                b=self.layer or "PARCELLES_GRAPHIQUES",
                c=", ".join(layers) or "none",
            )
        return found


def layout_of(config: BuildConfig) -> Layout:
    """The columns that the settings of a build name."""
    own, code, layer = (getattr(config, n, None) for n in ("id_column", "code_column", "layer"))
    return Layout(own, code, layer, tuple(getattr(config, "carry", ())))


def as_text(values: pd.Series) -> pd.Series:
    """Ids or codes as text: 311 and 311.0 are "311", what is missing is ""."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("string").fillna("").str.strip().astype(object)


def _in_any_case(name: str, fields: list[str]) -> str | None:
    if name in fields:
        return name
    return next((field for field in fields if field.lower() == name.lower()), None)
