"""Crop types at 10 m from a year of Sentinel-2, and the means to judge the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cropdash.api.datasets import Dataset, build, datasets, open_dataset
    from cropdash.api.models import Run, add_classifier, open_run, predict, runs, train
    from cropdash.api.scores import areas, compare, score

# The library's names and where they are: each is loaded where it is asked for.
_WHERE = {
    "Dataset": "datasets",
    "build": "datasets",
    "datasets": "datasets",
    "open_dataset": "datasets",
    "Run": "models",
    "add_classifier": "models",
    "open_run": "models",
    "predict": "models",
    "runs": "models",
    "train": "models",
    "areas": "scores",
    "compare": "scores",
    "score": "scores",
}
__all__ = (
    "Dataset",
    "Run",
    "add_classifier",
    "areas",
    "build",
    "compare",
    "datasets",
    "open_dataset",
    "open_run",
    "predict",
    "runs",
    "score",
    "train",
)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'cropdash' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"cropdash.api.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
