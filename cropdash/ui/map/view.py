"""The map of two runs: four linked panels, two layers and a divider, or one layer."""

from __future__ import annotations

from cropdash import i18n
from cropdash.figures import maps, palette
from cropdash.i18n import say
from cropdash.ui.map import layers, legends
from cropdash.ui.map.choices import View
from cropdash.ui.map.layers import Look
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets import pictures
from cropdash.ui.widgets.run_pair import Pair

_PLAIN = Look()  # what the map is first drawn with; choices come as commands
_SAYS = {"first": (0,), "second": (1,), "agreement": (0, 1)}  # models of a panel's tooltips


def show(pair: Pair, view: View, look: Look, opacity: float) -> None:
    """Draw the map, or tell the one that is there what to show now."""
    zone = pair.zone.zone_id
    options = maps.legend_options(palette.of_theme(frame.is_dark()).text)
    chart = maps.zone_map(
        pair.zone.grid,
        component.parcels_url(pair.dataset, zone),
        _panels(pair, view),
        options | {"swipe": say("Move the divider")} | pictures.ground()[0],
        layers.answers_url(pair),
    )
    ids = ":".join(run.run_id for run in pair.runs)
    key = f"map:{pair.dataset}:{zone}:{ids}:{view.name}:{i18n.current()}"
    state = maps.command(_state(pair, view, look, opacity))
    component.show(chart, state, key=key, of=(pair.dataset, zone))


def _state(pair: Pair, view: View, look: Look, opacity: float) -> dict[str, object]:
    urls = [layers.url(pair, layer, look) for layer in view.layers]
    swiped, names = view.name == "swipe", layers.titles(pair)
    return {
        "selected": component.selected(pair.dataset, pair.zone.zone_id),
        "base": layers.url(pair, "imagery", look),
        "background": pictures.ground()[1],
        "opacity": opacity,
        "fill": 0,
        "only": look.classes,
        "agree": look.agreement,
        "overlays": urls[:1] if swiped else urls,
        "over": urls[1] if swiped else None,
        "captions": [names[layer] for layer in view.layers],
        "groups": data.legend(pair.dataset).group_of(look.level).tolist(),
        "legend": legends.parts(pair, view.layers, look),
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
