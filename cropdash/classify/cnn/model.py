"""The network as a classifier: fit, predict whole zones, save, restore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from cropdash.classify import description
from cropdash.classify.classifier import Learned, OnEpoch, ShouldStop
from cropdash.classify.cnn import precision, tiles
from cropdash.classify.cnn.encoding import Encoding
from cropdash.classify.cnn.network import HybridNetwork, count_parameters
from cropdash.classify.cnn.seed import SeedNetwork
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.domain import Cube, Float, Sample


class CnnClassifier(Learned[CnnConfig]):
    """Temporal convolution and U-Net; see `Classifier` for what each method does."""

    def fit(
        self,
        train: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        folder: Path,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        """See `Classifier.fit`."""
        # Lightning takes seconds to load, and answers need none of it.
        from cropdash.classify.cnn import fit as cnn_fit

        torch.set_num_threads(self._config.threads)
        self._schema = description.schema_of(train, self._config)
        self._encoding = Encoding.of(train, self._schema)
        self._statistics = self._encoding.to_json()
        torch.manual_seed(self._config.seed)
        self._network = self._new_network()
        cnn_fit.fit(
            self._network,
            train,
            validation,
            self._encoding,
            self._schema,
            self._config,
            scratch=folder,
            on_epoch=on_epoch,
            should_stop=should_stop,
        )

    def _said(self, cube: Cube) -> Float:
        torch.set_num_threads(self._config.threads)
        half = precision.half(self._config)
        return tiles.predict(
            self._network, self._encoding.of_cube(cube), self.schema.classes, half=half
        )

    def _packed(self) -> bytes:
        return save({k: v.contiguous() for k, v in self._network.state_dict().items()})

    def _unpack(self, raw: bytes) -> None:
        self._encoding = Encoding.from_json(self._statistics, self.schema)
        self._network = self._new_network()
        try:
            tensors = load(raw)
            self._network.load_state_dict(tensors)
        except (SafetensorError, RuntimeError) as error:
            raise ValueError("The weights are not those of the settings.") from error
        if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
            raise ValueError("A weight is no number.")
        self._network.eval()

    def _told(self) -> dict[str, Any]:
        return {
            "channels": self._encoding.names,
            "parameters": count_parameters(self._network),
        }

    def _new_network(self) -> nn.Module:
        channels, config, k = len(self._encoding.names), self._config, self._legend.n_classes
        network: nn.Module = (
            SeedNetwork(channels, k, config)
            if config.network == "seed"
            else HybridNetwork(channels, self.schema.n_periods, k, config)
        )
        # The memory order in which convolutions run fastest on a CPU.
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
