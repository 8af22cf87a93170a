"""Which period maps open with: that in which crops stand, by date and not by position."""

import pytest

from cropdash.domain import Season
from cropdash.ui.widgets.names import middle


@pytest.mark.parametrize(
    ("season", "every", "south", "expected"),
    [
        ("2023", "month", False, "2023-05"),
        ("2022-10..2023-09", "month", False, "2023-05"),
        ("2022-10..2023-09", "dekad", False, "2023-05-11_2023-05-20"),
        ("2022-10..2023-09", "16d", False, "2023-05-13_2023-05-28"),
        ("2023-07..2024-06", "month", True, "2023-11"),
        ("2023", "month", True, "2023-11"),
        ("2022-10..2023-02", "month", False, "2023-02"),  # no May in it: the nearest
        ("2023-06..2023-10", "month", False, "2023-06"),
        ("2023-12..2024-04", "month", True, "2023-12"),
    ],
)
def test_crops_stand_in_the_middle_of_may_or_of_november(season, every, south, expected):
    periods = [period.id for period in Season.of(season, every).periods]
    assert middle(periods, south) == expected
