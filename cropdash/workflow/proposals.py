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

from cropdash.storage.studies import Trial
from cropdash.study_config import Between, OneOf, Search
from cropdash.train_config import TrainConfig

_WARM_UP = 4  # looks at a trial before it is compared with others: a fifth of its training
_STARTUP = 4  # trials that are never ended early: there is no median yet to speak of
_RANDOM = 8  # trials drawn at random before they follow from each other
_STATES = {
    "done": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def replayed(config: Search, finished: Sequence[Trial]) -> optuna.Study:
    """Optuna's own view of the trials so far, in memory: the trials' files are what is kept."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=_WARM_UP)
    study = optuna.create_study(
        direction="maximize", pruner=pruner if config.prune else NopPruner()
    )
    kinds = _distributions(config)
    for trial in finished:
        study.add_trial(
            optuna.trial.create_trial(
                state=_STATES[trial.state],
                params=dict(trial.settings),
                distributions=kinds,
                value=trial.score if trial.state == "done" else None,
                intermediate_values=dict(trial.curve),
            )
        )
    return study


def ask(study: optuna.Study, config: Search, number: int) -> optuna.Trial:
    """The trial of that number; seeded by it, so that it is the same after a break."""
    seed = (config.draws * 1_000_003 + number) % 2**32
    study.sampler = TPESampler(seed=seed, n_startup_trials=_RANDOM)
    point = config.grid()[number] if config.kind == "grid" else None
    if config.kind == "optuna" and number == 0:
        point = config.first_point()
    if point is not None:
        study.enqueue_trial(point)
    return study.ask(_distributions(config))


def tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    """What came of a trial that is over."""
    study.tell(asked, trial.score if trial.state == "done" else None, _STATES[trial.state])


def _distributions(config: Search) -> dict[str, BaseDistribution]:
    kind = type(config.training())
    return {setting.name: _distribution(setting, kind) for setting in config.space()}


def _distribution(setting: Between | OneOf, kind: type[TrainConfig]) -> BaseDistribution:
    if isinstance(setting, OneOf):
        return CategoricalDistribution(setting.values)
    if kind.model_fields[setting.name].annotation is int:
        return IntDistribution(int(setting.low), int(setting.high), log=setting.log)
    return FloatDistribution(setting.low, setting.high, log=setting.log)
