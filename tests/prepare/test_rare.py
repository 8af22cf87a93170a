import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import IGNORE
from cropdash.prepare import rare
from tests import worlds

K = 9
counts = st.lists(st.integers(0, 40), min_size=K, max_size=K).map(np.array)
groups = st.lists(st.integers(0, 3), min_size=K, max_size=K).map(np.array)


@given(counts, groups, st.integers(0, 45))
def test_only_rare_classes_change_and_none_is_learned_as_a_rare_one(parcels, group_of, least):
    few = (parcels < least) & (np.arange(K) > 0)
    for rule in ("keep", "drop", "merge"):
        target = rare.learned_as(parcels, group_of, least, rule)
        assert (target[~few] == np.flatnonzero(~few)).all()
        if rule == "keep":
            assert (target == np.arange(K)).all()
        elif rule == "drop":
            assert (target[few] == IGNORE).all()
        else:
            for crop in np.flatnonzero(few):
                peers = [k for k in range(1, K) if group_of[k] == group_of[crop] and not few[k]]
                if not peers:
                    assert target[crop] == IGNORE
                else:
                    assert target[crop] in peers
                    assert parcels[target[crop]] == max(parcels[k] for k in peers)


def test_labels_are_rewritten_and_the_rest_stays():
    labels = worlds.labels()
    kinds = np.unique(labels.crop[(labels.crop > 0) & (labels.crop < IGNORE)])
    target = np.arange(50, dtype=np.uint8)
    target[kinds[0]], target[kinds[1]] = IGNORE, kinds[-1]
    new = rare.relabel(labels, target)
    assert (new.crop[labels.crop == kinds[0]] == IGNORE).all()
    assert (new.crop[labels.crop == kinds[1]] == kinds[-1]).all()
    untouched = ~np.isin(labels.crop, kinds[:2])
    assert (new.crop[untouched] == labels.crop[untouched]).all()
    assert (new.parcel_id == labels.parcel_id).all()
