"""The network as a classifier: fit, predict whole zones, save, restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from cropdash.classify import description, features
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.cnn import KIND, precision, tiles
from cropdash.classify.cnn import fit as cnn_fit
from cropdash.classify.cnn.network import HybridNetwork, count_parameters
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.description import STATISTICS, TrainingSchema
from cropdash.classify.features import Statistics
from cropdash.domain import Cube, Float, Legend, Sample
from cropdash.domain.errors import InvalidRun
from cropdash.files import atomic


class CnnClassifier:
    """Temporal convolution and U-Net; see `Classifier` for what each method does."""

    def __init__(self, config: CnnConfig, legend: Legend) -> None:
        self._config, self._legend = config, legend
        self._schema: TrainingSchema | None = None
        self._statistics: Statistics | None = None
        self._network: HybridNetwork | None = None

    @property
    def config(self) -> CnnConfig:
        return self._config

    def fit(
        self,
        train: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        folder: Path,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        torch.set_num_threads(self._config.threads)
        self._schema = description.schema_of(train, self._config)
        self._statistics = features.statistics_of(train, self._schema.inputs)
        torch.manual_seed(self._config.seed)
        self._network = self._new_network(self._schema, self._statistics)
        cnn_fit.fit(
            self._network,
            train,
            validation,
            self._statistics,
            self._schema,
            self._config,
            groups=self._legend.group_of("group"),
            scratch=folder,
            on_epoch=on_epoch,
            should_stop=should_stop,
        )

    def predict_proba(self, cube: Cube) -> Float:
        network, schema, statistics = self._trained()
        schema.check(cube)
        torch.set_num_threads(self._config.threads)
        chosen = list(schema.classes)
        half = precision.half(self._config)
        said = tiles.predict(network, statistics.standardise(cube), chosen, half=half)
        probabilities = np.zeros((self._legend.n_classes, *cube.grid.shape), dtype=np.float32)
        probabilities[chosen] = said
        return probabilities

    def save(self, folder: Path) -> None:
        network, schema, statistics = self._trained()
        tensors = {k: v.contiguous() for k, v in network.state_dict().items()}
        with atomic.replacing(folder / KIND.weights) as temporary:
            temporary.write_bytes(save(tensors))  # not save_file: its full disk is no OSError
        description.write(
            folder,
            self._config,
            self._legend,
            schema,
            statistics.to_json(),
            channels=statistics.channels,
            parameters=count_parameters(network),
        )

    def restore(self, folder: Path, model: Mapping[str, Any]) -> None:
        try:
            self._schema = description.schema_in(model, self._config)
            written = STATISTICS.read(folder)
            channels = tuple(model["channels"])
            self._statistics = Statistics.from_json(written, channels, self._schema.inputs)
            self._network = self._new_network(self._schema, self._statistics)
            self._network.load_state_dict(load_file(folder / KIND.weights))
        except (SafetensorError, RuntimeError) as error:
            raise description.damaged(folder, KIND.weights) from error
        self._network.eval()

    def _new_network(self, schema: TrainingSchema, statistics: Statistics) -> HybridNetwork:
        network = HybridNetwork(
            len(statistics.channels),
            schema.n_periods,
            self._legend.n_classes,
            self._config,
            means=features.n_means(statistics.channels),
        )
        # The memory order in which convolutions run fastest on a CPU.
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def _trained(self) -> tuple[HybridNetwork, TrainingSchema, Statistics]:
        if self._network is None or self._schema is None or self._statistics is None:
            raise InvalidRun("This model is not trained yet: fit it first.")
        return self._network, self._schema, self._statistics
