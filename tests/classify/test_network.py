import numpy as np
import pytest
import torch
from torch import nn

from cropdash.classify.cnn import fit, precision, tiles
from cropdash.classify.cnn.network import HybridNetwork, count_parameters, for_inference
from cropdash.classify.cnn.patches import PixelBatch
from cropdash.classify.cnn.temporal import TemporalEncoder
from cropdash.classify.features import Standardised
from cropdash.classify.imbalance import Census
from cropdash.settings import classifiers

LIGHT = classifiers.parse({"classifier": "cnn", "dataset": "d"})
SEED = classifiers.parse(
    {"classifier": "cnn", "dataset": "d", **classifiers.preset_values("cnn", "seed")}
)
SMALL = LIGHT.model_copy(
    update={
        "unet_channels": (6, 8, 10),
        "embedding": 8,
        "temporal_channels": 5,
        "pixel_networks": 0,
    }
)


def alone(own):
    """Inputs of which a zone shares nothing."""
    return Standardised(own, np.zeros((len(own), 0), np.float32))


@pytest.mark.parametrize("width", [7, 24])  # below and above where the faster form changes
@pytest.mark.parametrize("kernel", [3, 5])
def test_temporal_encoder_equals_conv1d_at_each_pixel(kernel, width):
    config = SEED.model_copy(update={"temporal_kernel": kernel, "temporal_channels": width})
    encoder = TemporalEncoder(4, 12, config).eval()
    x = torch.rand(2, 12, 4, 5, 3)
    series = x.permute(0, 3, 4, 2, 1).reshape(2 * 5 * 3, 4, 12)  # [B*H*W, C, T]
    for convolution in encoder.convolutions:
        assert isinstance(convolution, nn.Conv1d)
        series = torch.relu(convolution(series))
    expected = series.amax(dim=2).reshape(2, 5, 3, width).permute(0, 3, 1, 2)  # (B, D, H, W)
    torch.testing.assert_close(encoder(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("few", [1, 16])  # both forms of the convolution
def test_what_a_zone_shares_may_be_given_once_or_for_each_pixel(layers, few, monkeypatch):
    """Against Conv1d on series, a height, a place and differences from the zone's means."""
    monkeypatch.setattr("cropdash.classify.cnn.temporal._FEW_CHANNELS", few)
    monkeypatch.setattr("cropdash.classify.cnn.temporal._STRIP", 2 * 5 * 3)
    series, means = torch.randn(5, 12, 3, 5, 3), torch.randn(5, 12, 3)
    height, place = torch.randn(5, 12, 1, 5, 3), torch.randn(5, 12, 2)
    settings = {"temporal_layers": layers, "temporal_kernel": 5, "temporal_channels": 7}
    encoder = TemporalEncoder(9, 12, SEED.model_copy(update=settings), means=3).eval()

    def spread(values):
        return values[..., None, None].expand(*values.shape, 5, 3)

    textbook = torch.cat([series, height, spread(place), series - spread(means)], dim=2)
    x = textbook.permute(0, 3, 4, 2, 1).reshape(5 * 5 * 3, 9, 12)
    for convolution in encoder.convolutions:
        x = torch.relu(convolution(x))
    expected = x.amax(dim=2).reshape(5, 5, 3, 7).permute(0, 3, 1, 2)
    own, shared = torch.cat([series, height], dim=2), torch.cat([place, means], dim=2)
    once = encoder(own, shared)
    torch.testing.assert_close(once, expected, atol=1e-5, rtol=1e-5)
    each = encoder(torch.cat([own, spread(shared)], dim=2))
    torch.testing.assert_close(each, expected, atol=1e-5, rtol=1e-5)
    weight = encoder.convolutions[0].weight
    for said in (once, each):
        found = torch.autograd.grad(said.square().sum(), weight, retain_graph=True)[0]
        wanted = torch.autograd.grad(expected.square().sum(), weight, retain_graph=True)[0]
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-4)


def test_a_whole_zone_is_answered_alike_in_strips_with_what_it_shares():
    torch.manual_seed(3)
    network = HybridNetwork(12, 12, 7, SMALL, means=5).eval()
    rng = np.random.default_rng(0)
    own = rng.normal(size=(12, 5, 70, 41)).astype(np.float32)
    shared = rng.normal(size=(12, 7)).astype(np.float32)
    tiled = tiles.predict(network, Standardised(own, shared), list(range(7)), side=32)
    spread = np.broadcast_to(shared[..., None, None], (12, 7, 70, 41))
    whole = torch.from_numpy(np.concatenate([own, spread], axis=1))
    expected = network(whole[None])[0].softmax(0).detach()
    np.testing.assert_allclose(tiled, expected, atol=2e-4)
    other = tiles.predict(network, Standardised(own, shared + 1), list(range(7)), side=32)
    assert np.abs(other - tiled).max() > 0.01


@pytest.mark.parametrize(("kernel", "temporal"), [(3, 832 + 12_352), (5, 1_344 + 20_544)])
def test_the_seed_preset_has_the_parameters_of_its_description(kernel, temporal):
    """By hand, K = 50 classes and 4 bands.

    Temporal: Conv1d 4 -> 64 and 64 -> 64 with bias: 4*64*k + 64, 64*64*k + 64.
    A double convolution a -> m -> b, 3x3 without bias, each with batch normalisation:
    9*a*m + 2m + 9*m*b + 2b.
    """

    def double(a, b, m=None):
        m = m or b
        return 9 * a * m + 2 * m + 9 * m * b + 2 * b

    down = [double(64, 64), double(64, 128), double(128, 256), double(256, 512), double(512, 512)]
    assert down == [73_984, 221_696, 885_760, 3_540_992, 4_720_640]
    # Up: bilinear (no parameters), joined with the skip, halved inside, left at the next width.
    up = [
        double(512 + 512, 256, 512),
        double(256 + 256, 128, 256),
        double(128 + 128, 64, 128),
        double(64 + 64, 64, 64),
    ]
    assert up == [5_899_776, 1_475_328, 369_024, 110_848]
    head = 64 * 50 + 50
    config = SEED.model_copy(update={"temporal_kernel": kernel})
    network = HybridNetwork(4, 12, 50, config)
    assert count_parameters(network) == temporal + sum(down) + sum(up) + head
    assert config.dropout == 0.3


def test_a_short_year_and_its_gradient_agree_with_conv1d():
    config = SEED.model_copy(update={"temporal_kernel": 5, "temporal_layers": 1})
    encoder = TemporalEncoder(4, 2, config).eval()  # fewer months than the kernel is long
    x = torch.rand(1, 2, 4, 3, 2)
    (convolution,) = encoder.convolutions
    series = x.permute(0, 3, 4, 2, 1).reshape(6, 4, 2)
    plain = torch.relu(convolution(series)).amax(dim=2).sum()
    torch.testing.assert_close(encoder(x).sum(), plain)
    fast = torch.autograd.grad(encoder(x).sum(), convolution.weight)[0]
    slow = torch.autograd.grad(plain, convolution.weight)[0]
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", [LIGHT, SEED.model_copy(update={"unet_channels": (6, 8)})])
def test_a_step_is_the_same_however_many_patches_are_taken_at_once(config, monkeypatch):
    torch.manual_seed(0)
    network = HybridNetwork(5, 12, 7, config.model_copy(update={"dropout": 0.0})).train()
    x = torch.randn(5, 12, 5, 6, 8)
    steps = []
    for pixels in (1, 2 * 6 * 8, 16_384):  # one patch, two and a rest of one, all
        monkeypatch.setattr("cropdash.classify.cnn.temporal._STRIP", pixels)
        logits = network(x)
        gradients = torch.autograd.grad(logits.square().sum(), list(network.temporal.parameters()))
        steps.append([logits, *gradients])
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
    whole = tiles.predict(network, alone(inputs), classes, side=4096)
    tiled = tiles.predict(network, alone(inputs), classes, side=32)
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
    exact = tiles.predict(network, alone(inputs), [3, 8, 41])
    half = tiles.predict(network, alone(inputs), [3, 8, 41], half=True)
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, exact, atol=0.02)


@pytest.mark.parametrize("pixel_networks", [0, 2])
@pytest.mark.parametrize("strip", [16_384, 100, 1])  # the whole tile, three rows, one row
def test_the_copy_for_inference_gives_the_same_logits(strip, pixel_networks, monkeypatch):
    monkeypatch.setattr("cropdash.classify.cnn.temporal._STRIP", strip)
    torch.manual_seed(1)
    config = SMALL.model_copy(update={"pixel_networks": pixel_networks})
    network = HybridNetwork(5, 12, 7, config)
    network.train()
    for _ in range(3):  # so that the running statistics are not those of a new network
        network(torch.randn(2, 12, 5, 17, 23) * 3 + 1)
    network.eval()
    x = torch.randn(1, 12, 5, 19, 33)
    fast = for_inference(network)
    assert not [m for m in fast.modules() if isinstance(m, nn.BatchNorm2d)]
    torch.testing.assert_close(fast(x), network(x), atol=1e-5, rtol=1e-5)
    assert [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]  # left as it was


def test_the_answer_is_mostly_of_the_surroundings_and_partly_the_pixels_own():
    torch.manual_seed(2)
    network = HybridNetwork(5, 12, 7, SMALL.model_copy(update={"auxiliary_pixel_loss": 0.5})).eval()
    x = torch.randn(1, 12, 5, 19, 33)
    elsewhere = x.clone()
    elsewhere[..., 0, :] += 3
    joint, own = network.answers(x)
    moved, still = network.answers(elsewhere)
    torch.testing.assert_close(network(x), 0.7 * joint + 0.3 * own)
    torch.testing.assert_close(own[..., 1:, :], still[..., 1:, :])  # blind to its neighbours
    assert (joint - moved)[..., 1:, :].abs().max() > 1e-5


def test_without_its_loss_a_network_has_no_answer_of_the_pixel_alone():
    network = HybridNetwork(5, 12, 7, SMALL.model_copy(update={"auxiliary_pixel_loss": 0.0}))
    assert network.answers(torch.randn(1, 12, 5, 9, 8))[1] is None
    assert not [name for name, _ in network.named_parameters() if "pixel_head" in name]


def test_most_of_the_answer_is_that_of_the_pixel_networks_where_there_are_any():
    torch.manual_seed(2)
    settings = {"pixel_networks": 2, "auxiliary_pixel_loss": 0.5}
    network = HybridNetwork(5, 12, 7, SMALL.model_copy(update=settings)).eval()
    x = torch.randn(1, 12, 5, 19, 33)
    elsewhere = x.clone()
    elsewhere[..., 0, :] += 3
    one, other = (member(x) for member in network.pixel)
    assert (one - other).abs().max() > 1e-3
    joint, own = network.answers(x)
    beside = 0.7 * joint + 0.3 * own
    torch.testing.assert_close(network(x), 0.4 * beside + 0.3 * (one + other))
    moved = network.pixel[0](elsewhere)
    torch.testing.assert_close(moved[..., 1:, :], one[..., 1:, :])  # blind to its neighbours
    assert (moved - one).abs().max() > 1e-3


def test_each_pixel_network_learns_from_pixels_of_its_own():
    torch.manual_seed(4)
    network = HybridNetwork(5, 12, 7, SMALL.model_copy(update={"pixel_networks": 3})).train()
    x = torch.randn(3, 12, 5, 4, 11)
    logits = network.alone(x)
    assert logits.shape == (3, 7, 4, 11)
    logits[1].square().sum().backward()
    moved = [any(p.grad.any() for p in member.parameters()) for member in network.pixel]
    assert moved == [False, True, False]
    assert all(p.grad is None for p in network.temporal.parameters())


def test_a_mixture_is_learned_as_both_of_its_crops_by_their_shares():
    torch.manual_seed(5)
    config = SMALL.model_copy(update={"pixel_networks": 2, "logit_adjustment": 0.0})
    network = HybridNetwork(5, 12, 7, config).eval()
    found = Census(np.full(7, 100), np.full(7, 10))
    module = fit.Training(network, config, found, np.zeros(7, np.int64), steps=1)
    inputs, share = torch.randn(2, 12, 5, 3, 4), torch.rand(2, 3, 4)
    classes = torch.randint(0, 7, (2, 3, 4)), torch.randint(0, 7, (2, 3, 4))
    loss = module._loss_alone(PixelBatch(inputs, classes, (share, 1 - share)))
    soft = share[..., None] * nn.functional.one_hot(classes[0], 7)
    soft = soft + (1 - share)[..., None] * nn.functional.one_hot(classes[1], 7)
    said = network.alone(inputs).log_softmax(1).permute(0, 2, 3, 1)
    torch.testing.assert_close(loss, -(soft * said).sum(-1).mean())
