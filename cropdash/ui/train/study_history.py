"""Which searches or cross-validations there are."""

from __future__ import annotations

from cropdash.i18n import say
from cropdash.storage.store import StudyInfo
from cropdash.ui.shell import data


def of_task(do: str) -> tuple[StudyInfo, ...]:
    """Studies of the kind that the page shows, newest first."""
    return tuple(s for s in data.store().studies() if s.is_search == (do == "search"))


def title(do: str) -> str:
    """Heading above the chosen one."""
    return say("Search") if do == "search" else say("Cross-validation")


def empty(do: str) -> str:
    """What is said while there is none."""
    if do == "search":
        return say(
            "No search was made yet. A search trains a model many times under settings that differ, "
            "and shows which score best on training zones that it holds out."
        )
    return say(
        "No cross-validation was made yet. It trains a model once a fold, so that every training "
        "zone is scored by a model that never saw it: how good the settings are, and how much that "
        "differs between zones."
    )
