"""The state of a training in progress as one safetensors file: nothing in it is executed.

Lightning's own checkpoints are pickles; this keeps its resuming and changes only the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from cropdash.classify import classifier
from cropdash.classify.cnn import KIND
from cropdash.domain.errors import InvalidRun
from cropdash.files import atomic

_STATE = "state"  # where the header keeps everything that is not a tensor
_TENSOR, _ITEMS = "tensor", "items"


class SafetensorsIO(CheckpointIO):
    """Writes and reads Lightning's checkpoints without pickle, each whole or not at all."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        tensors: dict[str, Tensor] = {}
        state = json.dumps(_encoded(checkpoint, tensors))
        with atomic.replacing(Path(path)) as temporary:
            # Not save_file, whose word for a full disk is no OSError.
            temporary.write_bytes(save(tensors, metadata={_STATE: state}))

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        try:
            tensors = load_file(path)
            with safe_open(path, framework="pt") as file:
                state = json.loads(file.metadata()[_STATE])
            decoded: dict[str, Any] = _decoded(state, tensors)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise InvalidRun(
                "{a} is damaged: delete it, and the training starts anew.", a=Path(path).name
            ) from error
        return decoded

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


def find(folder: Path, settings: Mapping[str, Any]) -> Path | None:
    """The checkpoint to go on from; None if there is none or it was made with other settings.

    One that is damaged is none, which the log says.
    """
    path = folder / KIND.checkpoint
    if not path.is_file():
        return None
    try:
        known = SafetensorsIO().load_checkpoint(path).get("settings")
    except InvalidRun as error:
        classifier.warn_of_checkpoint(path, error)
        return None
    return path if known == json.loads(json.dumps(dict(settings))) else None


def _encoded(value: Any, tensors: dict[str, Tensor]) -> Any:
    """`value` as JSON; its tensors move to `tensors` and leave their names."""
    if isinstance(value, Tensor):
        name = f"{len(tensors):05d}"
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {_TENSOR: name}
    if isinstance(value, Mapping):
        # Pairs, because JSON would turn the optimiser's whole-number keys into text.
        return {_ITEMS: [[k, _encoded(v, tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_encoded(v, tensors) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"A checkpoint can't hold a {type(value).__name__}.")


def _decoded(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_decoded(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return tensors[value[_TENSOR]]
    return {k: _decoded(v, tensors) for k, v in value[_ITEMS]}
