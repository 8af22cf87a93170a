"""The map of two runs: four linked panels, or two layers and a divider between them."""

from __future__ import annotations

from collections.abc import Mapping

from cropdash import language
from cropdash.figures import imagery, maps, palette
from cropdash.language import say
from cropdash.ui import compare_maps, frame, map_layers
from cropdash.ui import maps as component
from cropdash.ui.compare_maps import Pair
from cropdash.ui.map_layers import Look

HEIGHT = 640  # [px] of the map
LEGEND = 40  # [px] of the scale below it
FOUR = ("declared", "first", "second", "agreement")
_PLAIN = Look()  # what the map is first drawn with; choices come as commands


def show(pair: Pair, look: Look, opacity: float, swiped: tuple[str, str] | None) -> None:
    """Draw the map, or tell the one that is there what to show now."""
    zone = pair.zone.zone_id
    layers = FOUR if swiped is None else swiped
    chart = maps.zone_map(
        pair.zone.grid,
        component.parcels_url(pair.dataset, zone),
        _four(pair) if swiped is None else _swipe(pair, swiped),
        HEIGHT,
        _scale(),
    )
    urls = [map_layers.url(pair, layer, look) for layer in layers]
    state = {
        "selected": component.selected(pair.dataset, zone),
        "opacity": opacity,
        "fill": 0,
        "only": look.classes,
        "overlays": urls if swiped is None else urls[:1],
        "over": None if swiped is None else urls[1],
        "captions": None
        if swiped is None
        else [map_layers.titles(pair)[layer] for layer in swiped],
        "mode": "confidence" if look.confidence else "class",
    }
    ids = ":".join(run.run_id for run in pair.runs)
    view = "four" if swiped is None else "swipe"
    key = f"map:{pair.dataset}:{zone}:{ids}:{view}:{language.current()}"
    component.show(chart, maps.command(state), key=key, height=HEIGHT + LEGEND)


def _four(pair: Pair) -> list[maps.Panel]:
    base, names = map_layers.url(pair, "imagery", _PLAIN), map_layers.titles(pair)
    return [
        maps.Panel(names[layer], base, map_layers.url(pair, layer, _PLAIN), _labels(pair, layer))
        for layer in FOUR
    ]


def _swipe(pair: Pair, layers: tuple[str, str]) -> list[maps.Panel]:
    base = map_layers.url(pair, "imagery", _PLAIN)
    labels = {k: v for layer in ("first", "second") for k, v in _labels(pair, layer).items()}
    both = {
        k: f"{_labels(pair, 'first').get(k, '')}; {_labels(pair, 'second').get(k, '')}"
        for k in labels
    }
    # The same pictures whatever the layers: the command that follows names those that are wanted.
    first = map_layers.url(pair, "declared", _PLAIN)
    second = map_layers.url(pair, "first", _PLAIN)
    return [maps.Panel("", base, first, both, over=second)]


def _labels(pair: Pair, layer: str) -> Mapping[str, str]:
    if layer not in ("first", "second"):
        return {}
    i = ("first", "second").index(layer)
    return compare_maps.tooltips(pair.predictions[i], pair.names[i])


def _scale() -> dict[str, object]:
    """The scale of confidence, shown with it."""
    low, high = imagery.CONFIDENCE
    entry = {
        "colour": f"linear-gradient(90deg, {low}, {high})",
        "label": say("Confidence, 0 to 100 %"),
        "mode": "confidence",
    }
    return {
        "legend": [entry],
        "legendName": say("Legend of the map"),
        "swipe": say("Move the divider"),
        "ink": palette.of_theme(frame.is_dark()).text,
    }
