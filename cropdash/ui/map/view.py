"""The map of two runs: four linked panels, two layers and a divider, or one layer."""

from __future__ import annotations

from cropdash import i18n
from cropdash.domain import indices
from cropdash.figures import layers as drawn
from cropdash.figures import maps, palette, periods
from cropdash.i18n import say
from cropdash.ui.map import layers
from cropdash.ui.map.choices import View
from cropdash.ui.map.layers import Look
from cropdash.ui.shell import frame
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets import pictures
from cropdash.ui.widgets.run_pair import Pair

HEIGHT = 640  # [px] of the map
LEGEND = 70  # [px] of the legend below it
_PLAIN = Look()  # what the map is first drawn with; choices come as commands
_SAYS = {"first": (0,), "second": (1,), "agreement": (0, 1)}  # models of a panel's tooltips


def show(pair: Pair, view: View, look: Look, opacity: float) -> None:
    """Draw the map, or tell the one that is there what to show now."""
    zone = pair.zone.zone_id
    chart = maps.zone_map(
        pair.zone.grid,
        component.parcels_url(pair.dataset, zone),
        _panels(pair, view),
        HEIGHT,
        _legend(pair),
        layers.answers_url(pair),
    )
    ids = ":".join(run.run_id for run in pair.runs)
    key = f"map:{pair.dataset}:{zone}:{ids}:{view.name}:{i18n.current()}"
    command = maps.command(_state(pair, view, look, opacity))
    component.show(chart, command, key=key, height=HEIGHT + LEGEND)


def _state(pair: Pair, view: View, look: Look, opacity: float) -> dict[str, object]:
    urls = [layers.url(pair, layer, look) for layer in view.layers]
    swiped, names = view.name == "swipe", layers.titles(pair)
    modes = [look.shows] if set(view.layers) & set(layers.MODELS) else []
    modes += ["agreement"] if "agreement" in view.layers else []
    modes += [look.picture] if look.picture in indices.TABLE else []
    return {
        "selected": component.selected(pair.dataset, pair.zone.zone_id),
        "base": layers.url(pair, "imagery", look),
        "opacity": opacity,
        "fill": 0,
        "only": look.classes,
        "agree": look.agreement,
        "overlays": urls[:1] if swiped else urls,
        "over": urls[1] if swiped else None,
        "captions": [names[layer] for layer in view.layers],
        "mode": " ".join(modes),
    }


def _panels(pair: Pair, view: View) -> list[maps.Panel]:
    """What the map starts with: the same for all choices but that of the view."""
    base, names = layers.url(pair, "imagery", _PLAIN), layers.titles(pair)
    if view.name == "four":
        return [
            maps.Panel(
                names[layer], base, layers.url(pair, layer, _PLAIN), says=_SAYS.get(layer, ())
            )
            for layer in view.layers
        ]
    first = layers.url(pair, "declared", _PLAIN)
    over = layers.url(pair, "first", _PLAIN) if view.name == "swipe" else None
    return [maps.Panel("", base, first, over=over, says=(0, 1))]


def _legend(pair: Pair) -> dict[str, object]:
    """What the colours of agreement and confidence mean."""
    names = layers.agreement_names(pair)
    agreement = [
        {"colour": colour, "label": name, "mode": "agreement"}
        for name, (_, colour) in zip(names, drawn.AGREEMENT, strict=True)
    ]
    low, high = drawn.CONFIDENCE
    ramp = {
        "colour": f"linear-gradient(90deg, {low}, {high})",
        "label": say("Confidence, 0 to 100 %"),
        "mode": "confidence",
    }
    return {
        "legend": [*periods.scales(pictures.modes(pair.dataset)), ramp, *agreement],
        "legendName": say("Legend of the map"),
        "swipe": say("Move the divider"),
        "ink": palette.of_theme(frame.is_dark()).text,
    }
