"""Review: declared against predicted, parcel by parcel; which declarations deserve a second look."""

from cropdash.ui import data, frame

frame.begin("Review", "Declarations that deserve a second look, with the evidence.")
names = [name for name in data.datasets() if data.usable_runs(name)]
if not names:
    frame.stop_with(
        "There is no prediction yet: train a model, it then predicts the test zones.",
        "pages/2_Train.py",
        "Train a model",
    )
