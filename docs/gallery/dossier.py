"""All that is known of one parcel: what was declared, what a model says, and its season.

python -m docs.gallery.dossier RUN ZONE PARCEL FILE.csv
"""

from __future__ import annotations

import sys
from typing import Any

import cropdash


def main(run: str, zone: str, parcel: str, file: str) -> dict[str, Any]:
    """Say what is known, and write the parcel's season as a table."""
    opened = cropdash.open_run(run)
    found = opened.dossier(zone, parcel)
    facts, labels = found["facts"], opened.dataset.classes()["label"]
    print(f"Parcel {parcel}, {facts['area_ha']:.2f} ha")
    print(f"declared: {labels[facts['crop']]} (code {facts['code']})")
    print(f"predicted: {labels[facts['predicted']]}, confidence {facts['confidence']:.0%}")
    chances = facts.filter(regex="^p_").astype(float).nlargest(3)
    for name, chance in chances.items():
        print(f"  {chance:.0%} {labels[int(str(name).removeprefix('p_'))]}")
    found["series"].to_csv(file)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
