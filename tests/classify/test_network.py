import numpy as np
import pytest
import torch
from torch import nn

from cropdash.classify.cnn import precision, tiles
from cropdash.classify.cnn.network import (
    HybridNetwork,
    SeriesEncoder,
    count_parameters,
    for_inference,
)
from cropdash.classify.cnn.seed import SeedNetwork
from cropdash.settings import classifiers

LIGHT = classifiers.parse({"classifier": "cnn", "dataset": "d"})
SEED = classifiers.parse(
    {"classifier": "cnn", "dataset": "d", **classifiers.preset_values("cnn", "seed")}
)
SMALL = LIGHT.model_copy(
    update={"unet_channels": (6, 8, 10), "embedding": 8, "temporal_channels": 5}
)


@pytest.mark.parametrize("periods", [2, 12])  # two are fewer than a kernel is long
@pytest.mark.parametrize("kernel", [3, 5])
def test_the_series_encoder_equals_conv1d_at_each_pixel(kernel, periods, monkeypatch):
    monkeypatch.setattr("cropdash.classify.cnn.network._STRIP", 5 * 3)  # one patch at a time
    config = LIGHT.model_copy(update={"temporal_kernel": kernel, "temporal_channels": 7})
    encoder = SeriesEncoder(4, periods, config).eval()
    x = torch.rand(2, periods, 4, 5, 3)
    series = x.permute(0, 3, 4, 2, 1).reshape(2 * 5 * 3, 4, periods)  # [B*H*W, C, T]
    convolved = torch.relu(encoder.convolution(series))  # (B*H*W, D, T)
    year = convolved.transpose(1, 2).reshape(2, 5, 3, periods * 7).permute(0, 3, 1, 2)
    expected = encoder.mix(year)
    torch.testing.assert_close(encoder(x), expected, atol=1e-5, rtol=1e-5)
    weight = encoder.convolution.weight
    found = torch.autograd.grad(encoder(x).square().sum(), weight)[0]
    wanted = torch.autograd.grad(encoder.mix(year).square().sum(), weight)[0]
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-3)


def test_a_step_is_the_same_however_many_patches_are_taken_at_once(monkeypatch):
    torch.manual_seed(0)
    network = HybridNetwork(5, 12, 7, SMALL.model_copy(update={"dropout": 0.0})).train()
    x, steps = torch.randn(5, 12, 5, 6, 8), []
    for pixels in (1, 2 * 6 * 8, 16_384):  # one patch, two and a rest of one, all
        monkeypatch.setattr("cropdash.classify.cnn.network._STRIP", pixels)
        said = sum(network.answers(x))
        gradients = torch.autograd.grad(said.square().sum(), list(network.series.parameters()))
        steps.append([said, *gradients])
    for other in steps[1:]:
        for a, b in zip(steps[0], other, strict=True):
            torch.testing.assert_close(a, b, atol=1e-3 * float(a.detach().abs().max()), rtol=1e-3)


@pytest.mark.parametrize("config", [LIGHT, SMALL])
@pytest.mark.parametrize("shape", [(16, 24), (17, 23), (64, 32), (9, 41)])
def test_logits_have_the_shape_of_the_grid(config, shape):
    network = HybridNetwork(5, 12, 50, config).eval()
    assert network(torch.rand(2, 12, 5, *shape)).shape == (2, 50, *shape)


@pytest.mark.parametrize("shape", [(96, 130), (101, 67)])
def test_tiles_meet_without_a_seam(shape):
    torch.manual_seed(0)
    network = HybridNetwork(5, 12, 50, SMALL).eval()
    inputs = np.random.default_rng(0).normal(size=(12, 5, *shape)).astype(np.float32)
    classes = [3, 8, 41]
    whole = tiles.predict(network, inputs, classes, side=4096)
    tiled = tiles.predict(network, inputs, classes, side=32)
    assert whole.shape == (3, *shape)
    np.testing.assert_allclose(tiled, whole, atol=2e-4)
    np.testing.assert_allclose(whole.sum(axis=0), 1, atol=1e-5)


def test_half_precision_is_used_only_where_the_processor_has_it(monkeypatch):
    monkeypatch.setattr(precision, "_has_instructions", lambda: False)
    assert not precision.half(LIGHT)
    monkeypatch.setattr(precision, "_has_instructions", lambda: True)
    assert precision.half(LIGHT)
    assert not precision.half(SEED)


def test_half_precision_says_nearly_the_same():
    torch.manual_seed(0)
    network = HybridNetwork(5, 12, 50, SMALL).eval()
    inputs = np.random.default_rng(0).normal(size=(12, 5, 19, 26)).astype(np.float32)
    exact = tiles.predict(network, inputs, [3, 8, 41])
    half = tiles.predict(network, inputs, [3, 8, 41], half=True)
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, exact, atol=0.02)


@pytest.mark.parametrize("kind", ["hybrid", "seed"])
@pytest.mark.parametrize("strip", [16_384, 100, 1])  # the whole tile, three rows, one row
def test_the_copy_for_inference_gives_the_same_logits(strip, kind, monkeypatch):
    monkeypatch.setattr("cropdash.classify.cnn.network._STRIP", strip)
    torch.manual_seed(1)
    network = HybridNetwork(5, 12, 7, SMALL) if kind == "hybrid" else SeedNetwork(5, 7, SEED)
    network.train()
    for _ in range(3):  # so that the running statistics are not those of a new network
        network(torch.randn(2, 12, 5, 17, 23) * 3 + 1)
    network.eval()
    x = torch.randn(1, 12, 5, 19, 33)
    fast = for_inference(network)
    assert not [m for m in fast.modules() if isinstance(m, nn.BatchNorm2d)]
    torch.testing.assert_close(fast(x), network(x), atol=1e-4, rtol=1e-4)
    assert [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]  # left as it was


def test_the_surroundings_add_to_the_pixels_own_answer():
    torch.manual_seed(2)
    network = HybridNetwork(5, 12, 7, SMALL).eval()
    x = torch.randn(1, 12, 5, 19, 33)
    elsewhere = x.clone()
    elsewhere[..., 0, :] += 3
    own, correction = network.answers(x)
    still, moved = network.answers(elsewhere)
    torch.testing.assert_close(network(x), own + correction)
    torch.testing.assert_close(own[..., 1:, :], still[..., 1:, :])  # blind to its neighbours
    assert (correction - moved)[..., 1:, :].abs().max() > 1e-5


def test_in_training_some_patches_are_named_without_their_surroundings():
    torch.manual_seed(3)
    config = SMALL.model_copy(update={"context_dropout": 0.4, "dropout": 0.0})
    network = HybridNetwork(5, 12, 7, config).train()
    x = torch.randn(400, 12, 5, 4, 4)
    own, correction = network.answers(x)
    missing = (network(x) - own).abs().flatten(1).amax(dim=1) < 1e-6
    assert float(missing.float().mean()) == pytest.approx(0.4, abs=0.08)
    both = own + correction
    torch.testing.assert_close(network(x)[~missing].shape, both[~missing].shape)
    assert not bool((both - own).abs().flatten(1).amax(dim=1).min() < 1e-6)


@pytest.mark.parametrize(("kernel", "values"), [(3, 13_447_090), (5, 13_447_090 + 8_704)])
def test_the_seed_network_has_the_values_of_its_description(kernel, values):
    """4 * 64 + 64 * 64 = 4,352 weights a month that a kernel sees more."""
    config = SEED.model_copy(update={"temporal_kernel": kernel})
    assert count_parameters(SeedNetwork(4, 50, config)) == values


class Textbook(nn.Module):
    """The seed's network as its description has it, with Conv1d on each pixel's series."""

    def __init__(self, other: SeedNetwork) -> None:
        super().__init__()
        self.other = other

    def forward(self, x):
        b, t, c, h, w = x.shape
        series = x.permute(0, 3, 4, 2, 1).reshape(-1, c, t)
        for layer in self.other.series.layers:
            if isinstance(layer, nn.Conv2d):
                series = nn.functional.conv1d(
                    series, layer.weight[..., 0], layer.bias, padding=layer.kernel_size[0] // 2
                )
            elif isinstance(layer, nn.BatchNorm2d):
                series = nn.functional.batch_norm(
                    series, layer.running_mean, layer.running_var, layer.weight, layer.bias
                )
            elif isinstance(layer, nn.ReLU):
                series = series.clamp(min=0)
        x, skips = series.max(dim=2).values.reshape(b, h, w, 64).permute(0, 3, 1, 2), []
        for level, block in enumerate(self.other.down):
            x = block(nn.MaxPool2d(2)(x) if level else x)
            skips.append(x)
        for level, block in enumerate(self.other.up):
            skip = skips[3 - level]
            x = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)(x)
            wide = skip.new_zeros(*x.shape[:2], *skip.shape[2:])
            top, left = ((skip.shape[i] - x.shape[i]) // 2 for i in (2, 3))
            wide[:, :, top : top + x.shape[2], left : left + x.shape[3]] = x
            x = block(torch.cat([skip, wide], dim=1))
        return self.other.head(x)


@pytest.mark.parametrize("side", [24, 25, 32, 48])
def test_the_seed_network_is_the_function_of_its_description(side):
    torch.manual_seed(4)
    network = SeedNetwork(4, 9, SEED).train()
    network(torch.randn(2, 12, 4, 24, 24))
    network.eval()
    x = torch.randn(1, 12, 4, side, side)
    with torch.no_grad():
        torch.testing.assert_close(network(x), Textbook(network)(x), atol=1e-5, rtol=1e-4)


def test_a_network_can_be_exported_and_says_the_same():
    """As it trains and as it predicts: nothing in it depends on the values that it sees."""
    torch.manual_seed(0)
    network, x = HybridNetwork(5, 12, 9, SMALL).eval(), torch.rand(1, 12, 5, 24, 40)
    for module in (network, for_inference(network)):
        exported = torch.export.export(module, (x,)).module()
        for seen in (x, torch.rand(x.shape)):
            torch.testing.assert_close(exported(seen), network(seen), atol=1e-5, rtol=1e-5)
