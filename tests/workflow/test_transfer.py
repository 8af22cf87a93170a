"""What a model trained on the simulated landscape alone says of real fields."""

import numpy as np
import pytest

from bench import transfer
from cropdash import classify, train_config
from cropdash.domain import Cube, Sample
from cropdash.ingest.simulated import SimulatedSource
from cropdash.legend import load
from cropdash.prepare import composite, parcels
from cropdash.prepare.gapfill import fill_gaps

SHARE = 0.80  # of real maize and grass pixels that must be named right


def samples(source: SimulatedSource) -> list[Sample]:
    made = []
    for zone in source.zones():
        gappy = composite.stream(source.scenes(zone), source.periods)
        filled = fill_gaps(gappy.reflectance).astype(np.float32)
        cube = Cube(filled, gappy.clear_dates, gappy.periods, gappy.bands, gappy.grid)
        cleaned = parcels.clean(source.parcels(zone), zone, load(), source.zones())
        made.append(Sample(zone, cube, parcels.rasterize(cleaned.parcels, zone.grid)))
    return made


@pytest.mark.timeout(300)
def test_a_model_that_never_saw_a_real_pixel_names_real_fields(tmp_path) -> None:
    real = transfer.read_flanders()
    if real is None:
        pytest.skip("../shared/data/flanders_2018 is absent")
    cube, where = real
    config = train_config.parse({"classifier": "xgboost", "dataset": "demo", "trees": 80})
    model = classify.build(config)
    model.fit(
        samples(SimulatedSource(size=128, zones_per_region=3)),
        [],
        folder=tmp_path,
        on_epoch=lambda values: None,
        should_stop=lambda: False,
    )
    said = model.predict_proba(cube).argmax(0)
    right = sum(int((said[here] == crop).sum()) for crop, here in where.items())
    assert right / sum(int(here.sum()) for here in where.values()) >= SHARE
    # Neither crop at the other's cost.
    for crop, here in where.items():
        assert (said[here] == crop).mean() > 0.6
