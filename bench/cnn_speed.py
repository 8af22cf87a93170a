"""How much faster the network's formulation is than the plain one, at equal outputs.

    python -m bench.cnn_speed [--rounds 11] [--side 1000] [--threads 2]

The plain network is the one of the textbook: each pixel's series through Conv1d on
[B*H*W, C, T], memory in the order (B, C, H, W), float32. Ours has the same weights. Both are timed
in turn, round after round, on the same random numbers:

- a training step (forward, loss, backward, AdamW) on a batch of patches of the default size;
- inference of one whole tile of 256 pixels a side;
- and, of ours and of XGBoost with their default settings, a whole zone of the simulated landscape
  of `--side` pixels a side, reading aside.

The share of the machine's own speed in multiplying matrices that a training step reaches is printed first.
Medians of the rounds are printed with their ratio, the largest difference of a probability and
the share of pixels that are given the same class.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from cropdash import classify, legend
from cropdash.classify.cnn import precision
from cropdash.classify.cnn.network import HybridNetwork, SeriesEncoder, for_inference
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.domain import Sample
from cropdash.prepare import composite, parcels
from cropdash.prepare.gapfill import fill_gaps
from cropdash.settings import classifiers
from cropdash.simulate.source import SimulatedSource

BANDS = 4
TILE = 256  # [px]
PLAIN, OURS, HALF = "plain", "ours", "ours, bfloat16"


class PlainEncoder(nn.Module):
    """The encoder of series as the textbook has it, with the weights of another."""

    def __init__(self, other: SeriesEncoder) -> None:
        super().__init__()
        self.convolution, self.mix, self.dropout = other.convolution, other.mix, other.dropout

    def forward(self, x: Tensor) -> Tensor:
        b, t, c, h, w = x.shape
        series = x.permute(0, 3, 4, 2, 1).reshape(b * h * w, c, t)
        convolved = F.relu(self.convolution(series))  # (B*H*W, D, T)
        grid = convolved.transpose(1, 2).reshape(b, h, w, -1).permute(0, 3, 1, 2).contiguous()
        dropped: Tensor = self.dropout(self.mix(grid))
        return dropped


def plain(network: HybridNetwork) -> HybridNetwork:
    """The same network in the plain formulation, with weights of its own."""
    twin = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    twin.series = PlainEncoder(twin.series)  # type: ignore[assignment]
    return twin


def timed(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, taken in turn so that a busy moment hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for name in work:
        work[name]()
    for _ in range(rounds):
        for name, do in work.items():
            start = time.perf_counter()
            do()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def step(network: nn.Module, x: Tensor, classes: Tensor, way: str) -> Callable[[], None]:
    optimiser = torch.optim.AdamW(network.parameters(), 1e-4)

    def do() -> None:
        network.train()
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=way == HALF):
            logits = network(x)
        F.cross_entropy(logits.float(), classes).backward()
        optimiser.step()

    return do


def inference(network: nn.Module, tile: Tensor, way: str) -> Callable[[], Tensor]:
    def do() -> Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=way == HALF):
            logits: Tensor = network(tile).float()
        return logits

    return do


def compare(rounds: int) -> None:
    config = classifiers.parse({"classifier": "cnn", "dataset": "d"})
    assert isinstance(config, CnnConfig)
    torch.manual_seed(0)
    k, channels = legend.load().n_classes, BANDS + len(config.indices)
    ours = HybridNetwork(channels, 12, k, config).to(memory_format=torch.channels_last)
    with torch.no_grad():
        for head in (ours.own, ours.correction):
            head.weight *= 20  # probabilities as far apart as a trained network's
    twin = plain(ours).eval()
    side = config.patch_size
    patches = torch.rand(config.batch_size, 12, channels, side, side)
    classes = torch.randint(0, k, (config.batch_size, side, side))
    tile = torch.rand(1, 12, channels, TILE, TILE)
    networks = {PLAIN: twin, OURS: ours}
    if precision.half(config):
        networks[HALF] = ours
    reference = inference(twin, tile, PLAIN)().softmax(1)
    fast = {way: twin if way == PLAIN else for_inference(ours) for way in networks}
    ways = {way: inference(fast[way], tile, way) for way in networks}
    apart = {name: float((do().softmax(1) - reference).abs().max()) for name, do in ways.items()}
    same = {
        name: float((do().argmax(1) == reference.argmax(1)).float().mean())
        for name, do in ways.items()
    }
    infer = timed(ways, rounds)
    train = timed({way: step(networks[way], patches, classes, way) for way in networks}, rounds)
    print(share_of_speed(step(ours, patches, classes, OURS), rounds))
    print(f"\n{config.batch_size} patches of {side} px a step; tile of {TILE} px")
    print(
        f"{'':<16}{'step ms':>9}{'ratio':>7}{'tile ms':>9}{'ratio':>7}{'kpx/s':>7}{'apart':>9}{'same':>8}"
    )
    for name in networks:
        t, i = train[name], infer[name]
        print(
            f"{name:<16}{t * 1e3:9.0f}{train[PLAIN] / t:7.2f}{i * 1e3:9.0f}"
            f"{infer[PLAIN] / i:7.2f}{TILE**2 / i / 1e3:7.0f}{apart[name]:9.1e}{same[name]:8.2%}"
        )


def share_of_speed(do: Callable[[], object], rounds: int) -> str:
    """What a float32 training step computes a second, beside one product of large matrices."""
    with FlopCounterMode(display=False) as counted:
        do()
    a, b = torch.rand(1536, 1536), torch.rand(1536, 1536)
    taken = timed({"step": do, "product": lambda: a @ b}, rounds)
    ours, best = counted.get_total_flops() / taken["step"], 2 * 1536**3 / taken["product"]
    return (
        f"a step is {counted.get_total_flops() / 1e9:.1f} GFLOP at {ours / 1e9:.0f} GFLOP/s, "
        f"{ours / best:.0%} of the {best / 1e9:.0f} of a product of large matrices"
    )


def whole_zone(side: int, rounds: int) -> None:
    """Seconds that each model with its default settings takes for a large zone."""
    learned = [simulated(128, 5 * i) for i in range(6)]
    large = simulated(side, 0)
    print(f"\na simulated zone of {side} x {side} px, default settings")
    for kind in ("cnn", "xgboost"):
        config = classifiers.parse({"classifier": kind, "dataset": "d"})
        model = classify.build(config)
        with tempfile.TemporaryDirectory() as folder:
            model.fit(
                learned, [], folder=Path(folder), on_epoch=lambda values: None,
                should_stop=lambda: False,
            )  # fmt: skip
        seconds = timed({kind: lambda model=model: model.predict_proba(large.cube)}, rounds)[kind]
        print(f"{kind:<16}{seconds:6.1f} s{side**2 / seconds / 1e3:9.0f} kpx/s")


def simulated(side: int, number: int) -> Sample:
    """One zone of the landscape, composited and filled."""
    source = SimulatedSource(seed=0, size=side)
    zone = source.zones()[number]
    gappy = composite.stream(source.scenes(zone), source.season.periods)
    cube = replace(gappy, reflectance=fill_gaps(gappy.reflectance).astype(np.float32))
    cleaned = parcels.clean(source.parcels(zone), zone, legend.load(), source.zones())
    return Sample(zone, cube, parcels.rasterize(cleaned.parcels, zone.grid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    compare(arguments.rounds)
    whole_zone(arguments.side, min(arguments.rounds, 3))


if __name__ == "__main__":
    main()
