"""What two runs hold probable for one parcel."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cropdash.domain import Float, Prediction
from cropdash.figures import probabilities
from cropdash.i18n import say
from cropdash.ui.shell import data, frame
from cropdash.ui.widgets import chart
from cropdash.ui.widgets import parcel as parcel_card
from cropdash.ui.widgets.run_pair import Pair


def probabilities_chart(pair: Pair, parcel: int) -> bool:
    """Both models' most probable classes; False where the parcel holds no pixel."""
    first, second = (answer_of(p, parcel) for p in pair.predictions)
    if first is None or second is None:
        st.warning(say("This parcel is too small to hold a pixel: no model has an answer for it."))
        return False
    declared = data.parcels(pair.dataset, pair.zone.zone_id).set_index("parcel_id")["crop"]
    rows = probabilities.table(
        pair.names, (first, second), int(declared.loc[parcel]), data.legend(pair.dataset)
    )
    own = parcel_card.named(pair.dataset, pair.zone.zone_id, parcel)
    said = say("Most probable classes of parcel {id}, mean over its pixels", id=own)
    figure = probabilities.bars(rows, pair.names, dark=frame.is_dark())
    chart.draw(said, figure, "probabilities")
    file = (pair.zone.zone_id, "parcel", parcel, "probabilities")
    chart.button(say("Probabilities (CSV)"), lambda: rows, pair.dataset, *file)
    return True


def answer_of(prediction: Prediction, parcel: int) -> Float | None:
    """(K,) probabilities of the parcel, None if it holds no pixel."""
    row = np.flatnonzero(prediction.parcel_ids == parcel)
    return prediction.parcel_probabilities[row[0]] if len(row) else None
