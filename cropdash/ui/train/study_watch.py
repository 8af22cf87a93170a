"""A search or a cross-validation as it is now: progress, trials, folds, what to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.figures import trials as figures
from cropdash.i18n import number, say
from cropdash.settings import classifiers, waits
from cropdash.settings import study as study_config
from cropdash.settings.study import Search
from cropdash.storage.store import StudyInfo
from cropdash.ui.shell import address, data, frame
from cropdash.ui.train import class_curves
from cropdash.ui.widgets import chart, job_watch, scores, settings_form
from cropdash.ui.widgets import table as widget
from cropdash.ui.widgets.job_watch import REFRESH_S

_JUDGED = ("score", "accuracy", "macro_f1")


def of_task(do: str) -> list[str]:
    """Ids of the studies of the kind that the page shows, newest first."""
    return [s.study_id for s in data.store().studies() if s.is_search == (do == "search")]


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


def watch(study_id: str, jobs: job_watch.Jobs) -> None:
    """The study as it is now; while it works, look again each second, and rerun at its end."""
    jobs.reap()
    live = not data.store().study(study_id).status.is_final
    st.fragment(_study, run_every=REFRESH_S if live else None)(study_id, jobs, live)


@frame.plainly()
def _study(study_id: str, jobs: job_watch.Jobs, live: bool) -> None:
    jobs.reap()
    study = data.store().study(study_id)
    if live and study.status.is_final:
        job_watch.say_end(study_id, study.status.state)
    job_watch.head(study_id, study.status.state)
    st.caption(_about(study))
    job_watch.progress(study.status)
    if study.is_search:
        _trials(study, data.store().trials(study_id))
    elif study.scores:
        _folds(study)
    _actions(study, jobs)
    with st.expander(say("Log and settings"), icon=":material/terminal:"):
        job_watch.show_log(jobs.log(study_id))
        st.json(study.config, expanded=False)


def _about(study: StudyInfo) -> str:
    if study.is_search:
        return say(
            "Training zones of {dataset}, each trial judged on those held out from it; score: mean of "
            "pixel accuracy and macro F1. Test zones take no part.",
            dataset=study.dataset,
        )
    return say(
        "Training zones of {dataset}, each scored by a model that never saw it. "
        "Test zones take no part.",
        dataset=study.dataset,
    )


# search ----------------------------------------------------------------------


def _trials(study: StudyInfo, trials: pd.DataFrame) -> None:
    scores.row(_headline(study, trials), "study")
    if not trials["score"].notna().any():
        return
    dark, dataset = frame.is_dark(), study.dataset
    chart.draw(
        say("Score by trial: held-out training zones of {dataset}", dataset=dataset),
        figures.scores_by_trial(trials, dark=dark),
        f"{study.study_id}:trials",
    )
    widget.show(
        _shown(trials), {"seconds": ",.0f", **dict.fromkeys(_JUDGED, ".3f"), **_forms(study)},
        columns=_columns(study), height=min(38 + 35 * len(trials), 388),
    )  # fmt: skip
    _take_home(trials, study, say("Trials (CSV)"))


def _headline(study: StudyInfo, trials: pd.DataFrame) -> list[tuple[str, str, str]]:
    finished = trials[trials["state"] == "done"].dropna(subset=["score"])
    ordered = finished.sort_values("score", ascending=False, kind="stable")
    best: Any = ordered.iloc[0] if len(ordered) else {}
    over = trials["state"].isin(["done", "pruned", "failed"]).sum()
    about = say("Of the finished trial with the best score, on the zones held out from it.")
    spent = waits.duration(float(trials["seconds"].sum()))
    early = number(int((trials["state"] == "pruned").sum()))
    return [
        (say("Trials"), f"{number(int(over))} / {number(_wanted(study))}",
         say("{n} of them were ended early. Time of all: {time}.", n=early, time=spent)),
        (say("Best score"), scores.share(best.get("score")), about),
        (say("Accuracy"), scores.share(best.get("accuracy")), about),
        (say("Macro F1"), scores.share(best.get("macro_f1")), about),
    ]  # fmt: skip


def _shown(trials: pd.DataFrame) -> pd.DataFrame:
    """Best first; those that have no score yet on top, as they are under way."""
    ordered = trials.sort_values("score", ascending=False, na_position="first", kind="stable")
    table = ordered.drop(columns=["best", *(["error"] if not trials["error"].any() else [])])
    return table.assign(trial=table["trial"] + 1, state=table["state"].map(job_watch.word))


def _columns(study: StudyInfo) -> dict[str, Any]:
    column = st.column_config.Column
    return {
        **{name: column(said) for name, said in _names(study).items()},
        "trial": column(say("Trial"), pinned=True),
        "state": column(say("State")),
        "score": column(say("Score")),
        "accuracy": column(say("Accuracy")),
        "macro_f1": column(say("Macro F1")),
        "seconds": column(say("Time [s]")),
        "error": column(say("Error")),
    }


def _forms(study: StudyInfo) -> dict[str, widget.Form]:
    """How the settings that are tried are written: a learning rate needs its digits."""
    return dict.fromkeys(_names(study), ",.4g")


def _names(study: StudyInfo) -> dict[str, str]:
    """The settings that are tried, and what they are called."""
    kind = classifiers.kind(study.config["classifier"]).settings
    return {s.name: settings_form.title(s.name, kind.model_fields[s.name]) for s in _space(study)}


def _space(study: StudyInfo) -> Any:
    config = study_config.parse(study.config)
    return config.space() if isinstance(config, Search) else ()


def _wanted(study: StudyInfo) -> int:
    config = study_config.parse(study.config)
    return config.n_trials if isinstance(config, Search) else 0


# cross-validation ------------------------------------------------------------


def _folds(study: StudyInfo) -> None:
    found = study.scores
    scores.row([_spread(found, *score) for score in scores.HEADLINE], "folds")
    table = fold_table(found)
    chart.draw(
        say("Scores by fold: training zones of {dataset}", dataset=study.dataset),
        figures.scores_by_fold(_long(table), dark=frame.is_dark()),
        f"{study.study_id}:folds",
    )
    judged = {f"{unit}_{key}": say(name) for name, unit, key in scores.HEADLINE}
    columns = {**judged, "fold": say("Fold"), "zones": say("Zones")}
    widget.show(table, dict.fromkeys(judged, ".3f"), columns=columns)
    _take_home(table, study, say("Folds (CSV)"))
    if found.get("curve"):
        class_curves.show(found["curve"], study.dataset, study.study_id)


def fold_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """fold (from 1), <unit>_<score>, zones: one row a fold."""
    rows = [
        {
            "fold": fold["fold"] + 1,
            **{f"{unit}_{key}": fold[unit][key] for _, unit, key in scores.HEADLINE},
            "zones": ", ".join(fold["zones"]),
        }
        for fold in found["folds"]
    ]
    return pd.DataFrame(rows)


def _long(table: pd.DataFrame) -> pd.DataFrame:
    called = {f"{unit}_{key}": say(name) for name, unit, key in scores.HEADLINE}
    wide = table.drop(columns="zones").rename(columns=called)
    return wide.melt("fold", var_name="score").astype({"value": float})


def _spread(found: Mapping[str, Any], name: str, unit: str, key: str) -> tuple[str, str, str]:
    spread, n = found["mean"][unit][key], number(len(found["folds"]))
    text = scores.share(spread["mean"])
    if spread["deviation"] is not None:
        text += f" ± {scores.share(spread['deviation'])}"
    return say(name), text, say("Mean and standard deviation over {n} folds.", n=n)


# both ------------------------------------------------------------------------


def _take_home(table: pd.DataFrame, study: StudyInfo, label: str) -> None:
    """The table as a file, once it is whole: one that changes each second can't be fetched in time."""
    if not study.status.is_final:
        return
    with st.container(horizontal=True):
        chart.download(label, lambda: data.csv(table), f"{study.study_id}.csv")
        chart.download(
            say("Everything (ZIP)"), lambda: _whole(study), f"{study.study_id}.zip",
            "application/zip", say("Settings, each trial or fold, learning curves, parcels."),
        )  # fmt: skip


def _whole(study: StudyInfo) -> bytes:
    """Every table of the study, and its settings."""
    tables = data.store().study_tables(study.study_id)
    files = {f"{name}.csv": data.csv(rows) for name, rows in tables.items()}
    return chart.zipped({"settings.json": json.dumps(study.config, indent=1), **files})


def _actions(study: StudyInfo, jobs: job_watch.Jobs) -> None:
    name, now = study.study_id, study.status
    with st.container(horizontal=True, vertical_alignment="center"):
        if not now.is_final:
            label = say("Stop the search") if study.is_search else say("Stop the cross-validation")
            job_watch.stop_button(name, label, jobs)
        elif now.state != "done":
            about = say("Go on with what is not finished, with the same settings.")
            job_watch.resume_button(name, about, jobs.resume)
        if study.is_search and data.store().best_settings(name):
            icon = ":material/model_training:"
            if st.button(say("Train with the best settings"), icon=icon, key=f"best:{name}"):
                address.put("like", name)
                address.put("do", "training")
                st.rerun()
