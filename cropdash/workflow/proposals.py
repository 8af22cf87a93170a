"""What a search tries next, by Optuna, from its seed and the trials before."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from cropdash.settings.classifiers import Between, OneOf, Value
from cropdash.settings.study import Point, Search
from cropdash.settings.train import TrainConfig
from cropdash.storage.studies import Trial

_WARM_UP = 4  # looks at a trial before it is compared with others: a fifth of its training
_STARTUP = 4  # trials that are never ended early: there is no median yet to speak of
_RANDOM = 8  # trials drawn at random before they follow from each other
_STATES = {
    "done": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def ask(config: Search, finished: Sequence[Trial]) -> tuple[optuna.Trial, Point]:
    """The next trial, as Optuna's own (to report to), and its settings.

    It is seeded by its number and follows from the trials' files alone, so that it is the same
    after a break.
    """
    study, number = _replayed(config, finished), len(finished)
    seed = (config.draws * 1_000_003 + number) % 2**32
    study.sampler = TPESampler(seed=seed, n_startup_trials=_RANDOM)
    point = config.grid()[number] if config.kind == "grid" else None
    if config.kind == "optuna" and number == 0:
        point = config.first_point()
    if point is not None:
        study.enqueue_trial(point)
    asked = study.ask(_distributions(config))
    return asked, {s.name: _tidy(s, asked.params[s.name]) for s in config.space()}


def _replayed(config: Search, finished: Sequence[Trial]) -> optuna.Study:
    """Optuna's own view of the trials so far, in memory: the trials' files are what is kept."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=_WARM_UP)
    study = optuna.create_study(
        direction="maximize", pruner=pruner if config.prune else NopPruner()
    )
    kinds = _distributions(config)
    for trial in finished:
        known = trial.settings.keys() == kinds.keys()  # else its file is damaged: nothing to learn
        study.add_trial(
            optuna.trial.create_trial(
                state=_STATES[trial.state] if known else TrialState.FAIL,
                params=dict(trial.settings) if known else {},
                distributions=kinds if known else {},
                value=trial.score if known and trial.state == "done" else None,
                intermediate_values=dict(trial.curve) if known else {},
            )
        )
    return study


def _tidy(setting: Between | OneOf, value: Value) -> Value:
    """The value with no more digits than a person would type."""
    if isinstance(setting, OneOf) or not isinstance(value, float):
        return value
    return min(max(float(f"{value:.3g}"), setting.low), setting.high)


def _distributions(config: Search) -> dict[str, BaseDistribution]:
    kind = type(config.training())
    return {setting.name: _distribution(setting, kind) for setting in config.space()}


def _distribution(setting: Between | OneOf, kind: type[TrainConfig]) -> BaseDistribution:
    if isinstance(setting, OneOf):
        return CategoricalDistribution(setting.values)
    if kind.model_fields[setting.name].annotation is int:
        return IntDistribution(int(setting.low), int(setting.high), log=setting.log)
    return FloatDistribution(setting.low, setting.high, log=setting.log)
