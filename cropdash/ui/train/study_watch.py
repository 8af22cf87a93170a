"""A search or a cross-validation as it is now: progress, trials, folds, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from cropdash.figures import trials as figures
from cropdash.i18n import number, say
from cropdash.settings import classifiers
from cropdash.settings import study as study_config
from cropdash.settings.classifiers import Between
from cropdash.settings.study import Search
from cropdash.storage.store import StudyInfo
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import job_watch, scores, settings_form
from cropdash.ui.widgets.job_watch import REFRESH_S

_SCORES = (
    ("pixel", "accuracy"),
    ("pixel", "macro_f1"),
    ("parcel", "accuracy"),
    ("parcel", "macro_f1"),
)


class Jobs(job_watch.Jobs, Protocol):
    """What starts and stops workers; the page hands it in."""

    def resume_study(self, study_id: str) -> None: ...


def watch(study_id: str, jobs: Jobs) -> None:
    """The study as it is now; while it works, look again each second, and rerun at its end."""
    jobs.reap()
    live = not data.store().study(study_id).status.is_final
    st.fragment(_study, run_every=REFRESH_S if live else None)(study_id, jobs, live)


@frame.plainly()
def _study(study_id: str, jobs: Jobs, live: bool) -> None:
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
    scores.row(_headline(study, trials))
    if not trials["score"].notna().any():
        return
    dark, dataset = frame.is_dark(), study.dataset
    _chart(
        say("Score by trial: held-out training zones of {dataset}", dataset=dataset),
        figures.scores_by_trial(trials, dark=dark),
        f"{study.study_id}:trials",
    )
    st.dataframe(
        _shown(trials), hide_index=True, column_config=_columns(study), placeholder=scores.DASH,
        height=min(38 + 35 * len(trials), 388),
    )  # fmt: skip
    _take_home(trials, study, say("Trials (CSV)"))
    with st.expander(say("Score over each setting"), icon=":material/scatter_plot:"):
        varied = [name for name in trials if trials[name].nunique() > 1]
        names = {name: said for name, said in _names(study).items() if name in varied}
        logarithmic = [s.name for s in _space(study) if isinstance(s, Between) and s.log]
        _chart(
            say("Score over each setting: held-out training zones of {dataset}", dataset=dataset),
            figures.scores_by_setting(trials, names, logarithmic, dark=dark),
            f"{study.study_id}:settings",
        )


def _headline(study: StudyInfo, trials: pd.DataFrame) -> list[tuple[str, str, str]]:
    finished = trials[trials["state"] == "done"].dropna(subset=["score"])
    ordered = finished.sort_values("score", ascending=False, kind="stable")
    best: Any = ordered.iloc[0] if len(ordered) else {}
    over = trials["state"].isin(["done", "pruned", "failed"]).sum()
    about = say("Of the finished trial with the best score, on the zones held out from it.")
    spent = job_watch.duration(float(trials["seconds"].sum()))
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
    decimals = st.column_config.NumberColumn
    return {
        **{name: st.column_config.Column(said) for name, said in _names(study).items()},
        "trial": decimals(say("Trial"), pinned=True),
        "state": st.column_config.TextColumn(say("State")),
        "score": decimals(say("Score"), format="%.3f"),
        "accuracy": decimals(say("Accuracy"), format="%.3f"),
        "macro_f1": decimals(say("Macro F1"), format="%.3f"),
        "seconds": decimals(say("Time [s]"), format="%.0f"),
        "error": st.column_config.TextColumn(say("Error")),
    }


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
    scores.row([_spread(found, unit, name) for unit, name in _SCORES])
    table = fold_table(found)
    _chart(
        say("Scores by fold: training zones of {dataset}", dataset=study.dataset),
        figures.scores_by_fold(_long(table), dark=frame.is_dark()),
        f"{study.study_id}:folds",
    )
    number_ = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        f"{unit}_{name}": number_(_called(unit, name), format="%.3f") for unit, name in _SCORES
    }
    columns |= {"fold": say("Fold"), "zones": say("Zones")}
    st.dataframe(table, hide_index=True, column_config=columns, placeholder=scores.DASH)
    _take_home(table, study, say("Folds (CSV)"))


def fold_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """fold (from 1), <unit>_<score>, zones: one row a fold."""
    rows = [
        {
            "fold": fold["fold"] + 1,
            **{f"{unit}_{name}": fold[unit][name] for unit, name in _SCORES},
            "zones": ", ".join(fold["zones"]),
        }
        for fold in found["folds"]
    ]
    return pd.DataFrame(rows)


def _long(table: pd.DataFrame) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "fold": table["fold"],
                "score": _called(u, n),
                "value": table[f"{u}_{n}"].astype(float),
            }
        )
        for u, n in _SCORES
    ]
    return pd.concat(parts, ignore_index=True)


def _spread(found: Mapping[str, Any], unit: str, name: str) -> tuple[str, str, str]:
    spread, n = found["mean"][unit][name], number(len(found["folds"]))
    text = scores.share(spread["mean"])
    if spread["deviation"] is not None:
        text += f" ± {scores.share(spread['deviation'])}"
    return _called(unit, name), text, say("Mean and standard deviation over {n} folds.", n=n)


def _called(unit: str, name: str) -> str:
    return {
        ("pixel", "accuracy"): say("Pixel accuracy"),
        ("pixel", "macro_f1"): say("Pixel macro F1"),
        ("parcel", "accuracy"): say("Parcel accuracy"),
        ("parcel", "macro_f1"): say("Parcel macro F1"),
    }[unit, name]


# both ------------------------------------------------------------------------


def _chart(title: str, figure: Any, key: str) -> None:
    st.markdown(f"**{literal(title)}**")
    st.plotly_chart(figure, theme=None, width="stretch", key=key, alt=title)


def _take_home(table: pd.DataFrame, study: StudyInfo, label: str) -> None:
    """The table as a file, once it is whole: one that changes each second can't be fetched in time."""
    if not study.status.is_final:
        return
    st.download_button(
        label, data.csv(table), f"{study.study_id}.csv", "text/csv",
        icon=":material/download:", key=f"csv:{study.study_id}", on_click="ignore",
    )  # fmt: skip


def _actions(study: StudyInfo, jobs: Jobs) -> None:
    name, now = study.study_id, study.status
    with st.container(horizontal=True, vertical_alignment="center"):
        if not now.is_final:
            label = say("Stop the search") if study.is_search else say("Stop the cross-validation")
            job_watch.stop_button(name, label, jobs)
        elif now.state != "done":
            about = say("Go on with what is not finished, with the same settings.")
            job_watch.resume_button(name, about, jobs.resume_study)
        if study.is_search and data.store().best_settings(name):
            icon = ":material/model_training:"
            if st.button(say("Train with the best settings"), icon=icon, key=f"best:{name}"):
                address.put("like", name)
                address.put("do", "training")
                st.rerun()
