"""Which round of a training is kept, and when it ends: by the loss on the zones held out.

One odd zone held out must not destroy a model: its loss may rise from the first round on, so no
round before half of those asked for is kept, and single rounds count less than those around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.message import Message

_FLOOR = 0.5  # share of the rounds that is always learned
_WINDOW = 16  # the loss is a mean over one in so many of the rounds, two at least
_FEW = 50  # parcels
_UNLIKE = 0.5  # share of the parcels that would have to be of another class


def kept(losses: Sequence[float], rounds: int) -> int:
    """Position of the round to keep, of those told so far; before the floor the latest."""
    floor = int(np.ceil(_FLOOR * rounds))
    if len(losses) <= floor:
        return len(losses) - 1
    window = min(max(2, rounds // _WINDOW), floor)
    smooth = np.convolve(losses, np.full(window, 1 / window), "valid")  # each with those before it
    return floor - 1 + int(np.nanargmin(smooth[floor - window :]))


def is_over(losses: Sequence[float], rounds: int, patience: int) -> bool:
    """True once `patience` rounds have passed that were not better."""
    return len(losses) - 1 - kept(losses, rounds) >= patience


def doubts(learned: NDArray[np.integer], held: NDArray[np.integer]) -> Iterator[str]:
    """Why the zones held out may be no guide, by the (K,) parcels of each class on both sides."""
    n, total = int(held.sum()), int(learned.sum())
    if n < _FEW:
        yield Message(
            "The zones held out have {n} parcels, too few to tell when to stop: use more or larger"
            " zones, or fewer folds.",
            n=n,
        )
    elif total:
        apart = float(np.abs(held / n - learned / total).sum() / 2)
        if apart > _UNLIKE:
            yield Message(
                "The zones held out grow other crops than those learned from ({share} % of the"
                " parcels): use another validation fold, or more zones.",
                share=round(100 * apart),
            )
