"""What models hold probable for one parcel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Float, Legend
from cropdash.figures import palette, wording
from cropdash.i18n import headed, label, probability

TOP = 3  # most probable classes of each model that are shown


def table(
    names: tuple[str, str], answers: tuple[Float, Float], declared: int, legend: Legend
) -> pd.DataFrame:
    """The classes that either model has among its first, and the declared one, most probable first.

    answers: (K,) probabilities of each model. Columns: class_id, class, declared, then the names.
    """
    first, second = answers
    wanted = {int(k) for a in answers for k in np.argsort(-a, kind="stable")[:TOP] if a[k] > 0}
    wanted |= {declared} if declared else set()
    order = sorted(wanted, key=lambda k: -max(first[k], second[k]))
    return pd.DataFrame(
        {
            "class_id": order,
            "class": [label(legend.classes[k]) for k in order],
            "declared": [k == declared for k in order],
            names[0]: [float(first[k]) for k in order],
            names[1]: [float(second[k]) for k in order],
        }
    )


def bars(rows: pd.DataFrame, names: tuple[str, str], *, dark: bool = False) -> go.Figure:
    """Two bars a class, one a model; the declared class is set in bold.

    rows: what `table` gives.
    """
    labels = [
        f"<b>{name}</b>" if is_declared else name
        for name, is_declared in zip(
            wording.shorten_all(list(rows["class"])), rows["declared"], strict=True
        )
    ]
    figure = go.Figure()
    for name, colour in zip(names, palette.model_colours(dark), strict=True):
        figure.add_bar(
            y=list(range(len(rows))),
            x=rows[name],
            name=name,
            orientation="h",
            marker={"color": colour},
            text=[probability(p) for p in rows[name]],
            textposition="outside",
            cliponaxis=False,
            customdata=rows["class"],
            hovertemplate="%{customdata}<br>" + headed(name, "%{text}<extra></extra>"),
        )
    figure.update_xaxes(
        palette.axis(
            dark,
            range=[0, 1.12],
            tickangle=0,
            tickvals=[0, 0.5, 1],
            ticktext=["0", *(probability(p) for p in (0.5, 1.0))],
        )
    )
    ticks = {"tickvals": list(range(len(rows))), "ticktext": labels}
    figure.update_yaxes(palette.axis(dark, **ticks, autorange="reversed", showgrid=False))
    on_top = palette.legend_above(traceorder="normal")
    margin = {"l": 8, "r": 16, "t": 32, "b": 28}
    return figure.update_layout(
        palette.base_layout(
            dark, height=76 + 42 * len(rows), margin=margin, legend=on_top, bargap=0.25
        )
    )
