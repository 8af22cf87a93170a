"""The legend of the map: classes in its own colours by area, agreement, scales; and as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cropdash.domain import Level
from cropdash.figures import layers as drawn
from cropdash.figures import periods, wording
from cropdash.i18n import number, say
from cropdash.ui.map import counts, layers
from cropdash.ui.map.layers import Look
from cropdash.ui.shell import data
from cropdash.ui.widgets import scores
from cropdash.ui.widgets.run_pair import Pair


def parts(pair: Pair, shown: tuple[str, ...], look: Look) -> list[dict[str, Any]]:
    """What `maps.command` takes as legend, for the layers that are shown."""
    found = []
    if "agreement" in shown:
        found.append(_agreement(pair, look))
    if look.shows == "confidence" and set(shown) & set(layers.MODELS):
        low, high = drawn.CONFIDENCE
        ramp = f"linear-gradient(90deg, {low}, {high})"
        entry = {"colour": ramp, "label": say("Confidence, 0 to 100 %"), "ramp": True}
        found.append({"title": say("Confidence"), "entries": [entry]})
    if scale := periods.scale(look.picture or ""):
        found.append({"title": say("Imagery"), "entries": scale})
    found.append(_classes(pair, look))
    return found


def _classes(pair: Pair, look: Look) -> dict[str, Any]:
    """Classes or groups by declared area; a click shows them alone."""
    legend = data.legend(pair.dataset)
    table = by_level(pair, look.level)
    names, colours = legend.groups(look.level), drawn.group_colours(legend, look.level)
    labels = wording.group_labels(legend, look.level)
    group_of = legend.group_of(look.level)
    entries = []
    for row in table.to_dict("records"):
        k = int(row["group"])
        members = np.flatnonzero(group_of == k).tolist()
        models = zip(pair.names, (row["first"], row["second"]), strict=True)
        entries.append(
            {
                "name": names[k],
                "label": labels[k],
                "colour": colours[k],
                "classes": members,
                "amount": number(row["declared"], ",.1f") if row["declared"] else scores.DASH,
                "about": " · ".join(f"{name} {number(ha, ',.1f')} ha" for name, ha in models),
                "also": " ".join(t for m in members for t in legend.classes[m].labels.values()),
            }
        )
    chosen = {int(group_of[k]) for k in look.classes}
    return {
        "title": say("Declared [ha]"),
        "kind": "classes",
        "chosen": [names[k] for k in sorted(chosen)],
        "entries": entries,
        "note": "" if entries else say("No mapped crop is declared in this zone."),
    }


def _agreement(pair: Pair, look: Look) -> dict[str, Any]:
    """How often the models agree; a click shows that alone."""
    shares = counts.of_agreement(pair, look.unit, look.level)["share"]
    rows = zip(layers.agreement_names(pair), drawn.AGREEMENT, shares, strict=True)
    entries = [
        {"name": str(code), "label": name, "colour": colour, "hatch": is_hatched,
         "amount": number(share, ".0%")}
        for code, (name, (_, colour, is_hatched), share) in enumerate(rows)
    ]  # fmt: skip
    chosen = [str(code) for code in look.agreement]
    return {"title": say("Agreement"), "kind": "agree", "chosen": chosen, "entries": entries}


def by_level(pair: Pair, level: Level) -> pd.DataFrame:
    """group, declared, first, second [ha] of what is declared or named in the zone, by area."""
    table = counts.of_classes(pair, "hectares")
    group = data.legend(pair.dataset).group_of(level)[table["class_id"].to_numpy(dtype=int)]
    whole = table.drop(columns="class_id").groupby(group).sum().rename_axis("group").reset_index()
    return whole.sort_values(["declared", "first"], ascending=False, ignore_index=True)


def whole_legend(pair: Pair) -> pd.DataFrame:
    """class_id, labels by language, name, group, family, colour, and the counts in all units."""
    items, table = data.legend(pair.dataset).classes, counts.of_classes(pair)[["class_id"]].copy()
    rows = [items[k] for k in table["class_id"]]
    for language in data.legend(pair.dataset).languages:
        table[f"label_{language}"] = [item.labels.get(language, "") for item in rows]
    for field in ("name", "group", "family", "colour"):
        table[field] = [getattr(item, field) for item in rows]
    for unit in counts.UNITS:
        of_unit = counts.of_classes(pair, unit)
        named = {f"{source}_{unit}": of_unit[source].to_numpy() for source in counts.SOURCES}
        table = table.assign(**named)
    return table
