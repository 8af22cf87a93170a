"""What can be asked for on paper: audits of a map, dossiers of parcels, reports of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from cropdash import i18n
from cropdash.domain.errors import ConfigError, quoted
from cropdash.domain.message import Message

DECLARED = "declared"  # in place of a run: what the register declares, as a map
MOST_PARCELS = 500  # dossiers in one file


class Order(BaseModel):
    """What all of them share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["audit", "dossier", "report"] = Field(title="Kind")
    dataset: str = Field(title="Dataset", max_length=64)
    language: str = Field("en", title="Language")

    @field_validator("language")
    @classmethod
    def _is_spoken(cls, value: str) -> str:
        if value not in i18n.LANGUAGES:
            raise ValueError(
                Message(
                    "There is no language {a}: use {b}.",
                    a=quoted(value),
                    b=", ".join(i18n.LANGUAGES),
                )
            )
        return value


class Audit(Order):
    """A probability sample of the parcels that a run has predicted."""

    kind: Literal["audit"] = "audit"
    run: str = Field(title="Map to judge", max_length=80)
    against: str | None = Field(None, title="Another map, or 'declared'", max_length=80)
    design: Literal["simple", "class", "disagreement"] = Field("class", title="Strata")
    standard_error: float = Field(0.02, ge=0.002, le=0.2, title="Standard error wanted")
    expected: float | None = Field(None, ge=0.05, le=0.99, title="Accuracy expected")
    least: int = Field(10, ge=2, le=1000, title="Parcels of each stratum at least")
    allocation: Literal["proportional", "neyman", "equal"] = Field("proportional", title="Shared")
    decided: Literal["left_out", "drawn"] = Field("left_out", title="Parcels decided before")
    seed: str = Field("", max_length=64, title="Random seed", pattern=r"^[\w .:-]*$")

    @model_validator(mode="after")
    def _two_maps_disagree(self) -> Audit:
        if self.design == "disagreement" and self.against is None:
            raise ValueError("Strata by disagreement need a second map: name one to judge beside.")
        if self.against == self.run:
            raise ValueError("The two maps of the audit are the same run: name two.")
        return self


class Dossiers(Order):
    """One or more parcels, a page or two each."""

    kind: Literal["dossier"] = "dossier"
    parcels: tuple[str, ...] = Field(title="Register ids", min_length=1, max_length=MOST_PARCELS)
    runs: tuple[str, ...] = Field(title="Runs", min_length=1, max_length=2)


class RunReport(Order):
    """A run, or two beside each other."""

    kind: Literal["report"] = "report"
    run: str = Field(title="Run", max_length=80)
    against: str | None = Field(None, title="Another run", max_length=80)


_KINDS: dict[str, type[Order]] = {"audit": Audit, "dossier": Dossiers, "report": RunReport}


def parse(values: Mapping[str, Any]) -> Order:
    """A checked order from names and values; raises ConfigError in one sentence."""
    kind = _KINDS.get(str(values.get("kind")))
    if kind is None:
        raise ConfigError("It is neither an audit, nor a dossier, nor a report: order one of them.")
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(item) for item in error.errors())) from error


def _sentence(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    name = ".".join(map(str, item["loc"]))
    return (
        f"Setting {name!r} is {quoted(item['input'])}: {item['msg'][0].lower()}{item['msg'][1:]}."
    )
