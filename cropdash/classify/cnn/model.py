"""The network as a classifier: fit, predict whole zones, save, restore."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from cropdash.classify import features
from cropdash.classify.classifier import OnEpoch, ShouldStop
from cropdash.classify.cnn import fit as cnn_fit
from cropdash.classify.cnn import precision, tiles
from cropdash.classify.cnn.network import HybridNetwork, count_parameters
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.description import MODEL, STATISTICS, Frame, frame_of, replacing, write_json
from cropdash.classify.features import Statistics
from cropdash.domain import Cube, Float, Legend, Sample
from cropdash.domain.errors import InvalidRun

WEIGHTS = "model.safetensors"


class CnnClassifier:
    """Temporal convolution and U-Net; see `Classifier` for what each method does."""

    def __init__(self, config: CnnConfig, legend: Legend) -> None:
        self._config, self._legend = config, legend
        self._frame: Frame | None = None
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
        self._frame = frame_of(train)
        self._statistics = features.statistics_of(train, self._config.inputs, *self._config.context)
        torch.manual_seed(self._config.seed)
        self._network = self._new_network(self._frame, self._statistics)
        cnn_fit.fit(
            self._network,
            train,
            validation,
            self._statistics,
            self._frame,
            self._config,
            groups=self._legend.group_of("group"),
            scratch=folder,
            on_epoch=on_epoch,
            should_stop=should_stop,
        )

    def predict_proba(self, cube: Cube) -> Float:
        network, frame, statistics = self._trained()
        frame.check(cube)
        torch.set_num_threads(self._config.threads)
        seen = features.layers(cube, self._config.inputs, *self._config.context)
        chosen = list(frame.classes)
        half = precision.half(self._config)
        said = tiles.predict(network, statistics.standardise(seen), chosen, half=half)
        probabilities = np.zeros((self._legend.n_classes, *cube.grid.shape), dtype=np.float32)
        probabilities[chosen] = said
        return probabilities

    def save(self, folder: Path) -> None:
        network, frame, statistics = self._trained()
        with replacing(folder / WEIGHTS) as temporary:
            save_file({k: v.contiguous() for k, v in network.state_dict().items()}, temporary)
        write_json(folder / STATISTICS, statistics.to_json())
        write_json(
            folder / MODEL,
            {
                "config": self._config.model_dump(mode="json"),
                "legend_hash": self._legend.hash,
                "bands": frame.bands,
                "channels": statistics.channels,
                "n_periods": frame.n_periods,
                "classes": frame.classes,
                "parameters": count_parameters(network),
            },
        )

    def restore(self, folder: Path, model: Mapping[str, Any]) -> None:
        try:
            self._frame = Frame(tuple(model["bands"]), model["n_periods"], tuple(model["classes"]))
            written = json.loads((folder / STATISTICS).read_text(encoding="utf-8"))
            self._statistics = Statistics.from_json(written, tuple(model["channels"]))
            if features.context_of(self._statistics.channels) != self._config.context:
                raise KeyError("context")  # a setting that the run's own model does not know
            self._network = self._new_network(self._frame, self._statistics)
            self._network.load_state_dict(load_file(folder / WEIGHTS))
        except FileNotFoundError as error:
            raise InvalidRun(
                f"Run {folder.name} lacks {error.filename}: train it again."
            ) from error
        except (SafetensorError, RuntimeError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise InvalidRun(
                f"{WEIGHTS} of run {folder.name} is damaged: train it again."
            ) from error
        self._network.eval()

    def _new_network(self, frame: Frame, statistics: Statistics) -> HybridNetwork:
        network = HybridNetwork(
            len(statistics.channels),
            frame.n_periods,
            self._legend.n_classes,
            self._config,
            means=features.n_means(statistics.channels),
        )
        # The memory order in which convolutions run fastest on a CPU.
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def _trained(self) -> tuple[HybridNetwork, Frame, Statistics]:
        if self._network is None or self._frame is None or self._statistics is None:
            raise InvalidRun("This model is not trained yet: fit it first.")
        return self._network, self._frame, self._statistics
