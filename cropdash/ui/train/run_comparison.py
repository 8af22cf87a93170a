"""Several runs beside each other: the settings in which they differ, their scores and curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.domain.errors import ConfigError
from cropdash.i18n import say
from cropdash.settings import classifiers
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data
from cropdash.ui.widgets import chart, scores, settings_form, table


def show(runs: Sequence[RunInfo]) -> None:
    """The comparison, once two or more runs are chosen in the table."""
    if len(runs) < 2:
        return
    st.header(say("Chosen runs compared"), anchor=False)
    st.caption(
        say("Scores on the held-out test zones, then the settings in which the runs differ.")
    )
    beside = side_by_side(runs)
    table.show(beside)
    chart.download(say("Comparison (CSV)"), lambda: data.csv(beside), "compared_runs.csv")


def side_by_side(runs: Sequence[RunInfo]) -> pd.DataFrame:
    """One column a run; rows: scores, then the settings that are not the same in all."""
    what = say("What")
    rows = [
        {what: say(name)}
        | {r.run_id: scores.share(scores.value_of(r.scores, unit, key)) for r in runs}
        for name, unit, key in scores.HEADLINE
    ]
    rows += [
        {what: _title(name, runs)} | {r.run_id: _text(r.config.get(name)) for r in runs}
        for name in differing(runs)
    ]
    return pd.DataFrame(rows)


def differing(runs: Sequence[RunInfo]) -> list[str]:
    """Settings that are not the same in all runs, in the order of their models."""
    names = dict.fromkeys(name for run in runs for name in run.config)
    return [name for name in names if len({_text(run.config.get(name)) for run in runs}) > 1]


def _title(name: str, runs: Sequence[RunInfo]) -> str:
    for run in runs:
        try:
            kind = type(classifiers.parse(run.config))
        except ConfigError:
            continue  # of a version whose settings are no longer known
        if name in kind.model_fields:
            return settings_form.title(name, kind.model_fields[name])
    return name


def _text(value: Any) -> str:
    if value is None:
        return scores.DASH
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
