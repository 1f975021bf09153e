"""Encoder and generator as functions of weights and window."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from helpers.world import HP, RANGES, history

from bierl_fast.messages import F32
from bierl_fast.meta.encoder import ENCODERS, LinearEncoder, LstmEncoder, MeanEncoder, MlpEncoder
from bierl_fast.meta.generator import Constant, Generator, Network, make_generator
from bierl_fast.meta.history import Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import GeneratorSettings


def normal(*shape: int, seed: int = 0) -> F32:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_lstm_equals_torchs() -> None:
    """torch.nn.LSTM with the same weights, gates in its order (i, f, g, o), and 1 added to the forget gate's bias."""
    features, size, steps, members = 7, 5, 16, 3
    encoder = LstmEncoder(features, size)
    count = sum(layer.size for layer in encoder.layers)
    assert count == 4 * size * (features + size + 1)
    weights, window = 0.5 * normal(members, count), normal(steps, features, seed=1)
    codes = encoder(torch.from_numpy(weights), torch.from_numpy(window)[None, None])[:, 0]
    for member, code in zip(weights, codes, strict=True):
        official = torch.nn.LSTM(features, size)
        at = np.cumsum([4 * size * features, 4 * size * size])
        input_weight, recurrent_weight, bias = (torch.from_numpy(part.copy()) for part in np.split(member, at))
        bias[size : 2 * size] += 1.0
        with torch.no_grad():
            official.load_state_dict(
                {
                    "weight_ih_l0": input_weight.reshape(4 * size, features),
                    "weight_hh_l0": recurrent_weight.reshape(4 * size, size),
                    "bias_ih_l0": bias,
                    "bias_hh_l0": torch.zeros(4 * size),
                }
            )
            _, (hidden, _) = official(torch.from_numpy(window))
        # 16 steps of float32 sums over 12 numbers in another order, on values below 1.
        torch.testing.assert_close(code, hidden[0], rtol=0, atol=16 * 12 * 2**-24)


def test_mlp_sees_the_latest_generation_alone() -> None:
    encoder, windows = MlpEncoder(6, 3), normal(1, 2, 4, 6)
    weights = normal(2, 3 * 6 + 3, seed=1)
    codes = encoder(torch.from_numpy(weights), torch.from_numpy(windows)).numpy()
    for m, k in np.ndindex(2, 2):
        expected = np.tanh(weights[m, :18].reshape(3, 6) @ windows[0, k, -1] + weights[m, 18:])
        np.testing.assert_allclose(codes[m, k], expected, rtol=0, atol=8 * 2**-24)  # sums of 7 numbers near 1
    windows[:, :, :-1] = 9.0
    np.testing.assert_array_equal(codes, encoder(torch.from_numpy(weights), torch.from_numpy(windows)).numpy())


def test_mean_is_over_the_filled_rows() -> None:
    encoder, windows = MeanEncoder(6, 3), normal(1, 2, 4, 6)
    windows[..., -1] = 1.0
    windows[0, 0, :2] = 0.0  # two generations only
    weights = normal(2, 3 * 6 + 3, seed=1)
    codes = encoder(torch.from_numpy(weights), torch.from_numpy(windows)).numpy()
    for m, (k, rows) in itertools.product(range(2), ((0, slice(2, None)), (1, slice(None)))):
        expected = np.tanh(weights[m, :18].reshape(3, 6) @ windows[0, k, rows].mean(axis=0) + weights[m, 18:])
        np.testing.assert_allclose(codes[m, k], expected, rtol=0, atol=16 * 2**-24)  # two sums of a few numbers near 1
    empty = encoder(torch.from_numpy(weights), torch.zeros(1, 1, 4, 6)).numpy()
    np.testing.assert_allclose(empty[:, 0], np.tanh(weights[:, 18:]), rtol=0, atol=2**-23)  # two libraries' tanh


def test_linear_is_the_latest_row_and_an_average_that_fades() -> None:
    """Each generation keeps a share of the weight of those before it and adds its own row; rows not filled add none."""
    encoder, windows = LinearEncoder(6), normal(1, 2, 4, 6)
    windows[..., -1] = 1.0
    windows[0, 0, :2] = 0.0  # two generations only
    weights = np.array([[0.0], [1.5]], np.float32)
    codes = encoder(torch.from_numpy(weights), torch.from_numpy(windows)).numpy()
    assert encoder.size == 12
    for m, (k, rows) in itertools.product(range(2), ((0, slice(2, None)), (1, slice(None)))):
        kept = 1.0 / (1.0 + math.exp(weights[m, 0] - 0.5))
        mean, total = np.zeros(6), 0.0
        for row in windows[0, k, rows].astype(np.float64):
            mean, total = kept * mean + row, kept * total + 1.0
        expected = np.concatenate([windows[0, k, -1], mean / total])
        np.testing.assert_allclose(codes[m, k], expected, rtol=0, atol=32 * 2**-24)  # sums of four numbers near 1
    np.testing.assert_array_equal(encoder(torch.from_numpy(weights), torch.zeros(1, 1, 4, 6)).numpy(), 0.0)


def test_a_linear_generator_has_no_sizes_of_its_own() -> None:
    outputs = Outputs(HP, RANGES)
    shapes = [GeneratorSettings(encoder_size=size, generator_hidden=hidden) for size, hidden in ((3, 5), (8, 0))]
    counts = {make_generator("linear", 6, shape, outputs).parameter_count for shape in shapes}
    assert counts == {1 + len(RANGES) * (12 + 1)}


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_windows_do_not_see_each_other(name: str) -> None:
    """One set of windows for all weights, or a set for each, give what each window alone does."""
    encoder = ENCODERS[name](6, 3)
    weights = torch.from_numpy(normal(2, sum(layer.size for layer in encoder.layers)))
    windows = torch.from_numpy(normal(1, 5, 4, 6))
    together, each = encoder(weights, windows), encoder(weights, windows.repeat(2, 1, 1, 1))
    # The same float32 sums, batched by torch in another order: a few ulp of values below 1.
    torch.testing.assert_close(together, each, rtol=0, atol=1e-6)
    for k in range(5):
        torch.testing.assert_close(together[:, k : k + 1], encoder(weights, windows[:, k : k + 1]), rtol=0, atol=1e-6)


def test_a_linear_generator_is_linear_in_its_code() -> None:
    encoder = MlpEncoder(6, 3)
    network = Network(encoder, 0, 2)
    weights, windows = torch.from_numpy(normal(1, 21 + 8)), torch.from_numpy(normal(1, 4, 5, 6))
    code = encoder(weights[:, :21], windows)[0].numpy()
    matrix, bias = weights[0, 21:27].reshape(2, 3).numpy(), weights[0, 27:].numpy()
    np.testing.assert_allclose(network(weights, windows)[0].numpy(), code @ matrix.T + bias, rtol=0, atol=8 * 2**-24)


def test_a_constant_is_its_weights() -> None:
    weights = normal(3, 2)
    made = Generator(Constant(2), Outputs(HP, RANGES))
    window = history().window()
    assert made.parameter_count == 2
    np.testing.assert_array_equal(made.raw(weights, window[None, None])[:, 0], weights)
    assert made.initial_weights(3).tolist() == [0.0, 0.0]


def test_relative_outputs_move_from_what_is_in_use() -> None:
    outputs = Outputs(HP, RANGES, "relative", max_move=2.0)
    used = {"sigma": 0.4, "learning_rate": 0.5}
    assert outputs.hyperparameters([0.0, 0.0], used) == HP.replace(**used)
    assert outputs.hyperparameters([0.0, 0.0], {}) == HP
    ends = outputs.hyperparameters([99.0, -99.0], used)
    assert ends["sigma"] == pytest.approx(0.8, rel=1e-12)  # exp and ln, an ulp or two
    assert ends["learning_rate"] == pytest.approx(0.25, rel=1e-12)
    assert outputs.hyperparameters([99.0, 0.0], {"sigma": 4.0})["sigma"] == RANGES["sigma"].high
    linear = Outputs(HP, {"sigma": Range(0.0, 0.4, "linear")}, "relative", max_move=math.e)
    assert linear.hyperparameters([99.0], {"sigma": 0.0})["sigma"] == pytest.approx(0.4, rel=1e-12)


def test_relative_moves_settle() -> None:
    """Half as long after `settling` generations, a tenth after three times as many; all together they are bounded."""
    outputs = Outputs(HP, RANGES, "relative", max_move=2.0, settling=10.0)
    assert [outputs.reach(t) for t in (0, 10, 30)] == [1.0, 0.5, 0.1]
    used = {"sigma": 0.4, "learning_rate": 0.5}
    for generations, factor in ((0, 2.0), (10, 2.0**0.5), (30, 2.0**0.1)):
        hp = outputs.hyperparameters([99.0, -99.0], used, generations)
        assert hp["sigma"] / 0.4 == pytest.approx(factor, rel=1e-12)  # exp and ln, an ulp or two
        assert 0.5 / hp["learning_rate"] == pytest.approx(factor, rel=1e-12)
    together = sum(outputs.reach(t) for t in range(1_000_000))
    assert together == pytest.approx(
        5 * math.pi + 0.5, abs=1e-3
    )  # the integral, half of the first term; the tail is 1e-4
    assert [outputs.settled(t) for t in (0, 69, 71, 10**6)] == [False, False, True, True]
    steady = Outputs(HP, RANGES, "relative")
    assert (steady.reach(10**6), steady.settled(10**6)) == (1.0, False)


@pytest.mark.parametrize(
    ("kind", "settling", "message"),
    [
        ("relative", 0.0, "meta_settling must be positive and finite, got 0.0"),
        ("relative", math.nan, "meta_settling must be positive and finite, got nan"),
        ("absolute", 5.0, "meta_settling needs generator_output 'relative', got 'absolute'"),
    ],
)
def test_bad_settling(kind: str, settling: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Outputs(HP, RANGES, kind, settling=settling)


def test_unknown_kind_of_output() -> None:
    with pytest.raises(ValueError, match=r"no kind of generator output named 'relativ'.*did you mean 'relative'"):
        Outputs(HP, RANGES, "relativ")


def generator(window_features: int) -> Generator:
    return Generator(Network(LstmEncoder(window_features, 6), 5, len(RANGES)), Outputs(HP, RANGES))


def test_members_do_not_see_each_other() -> None:
    window = history().window()
    made = generator(window.shape[1])
    weights = normal(4, made.parameter_count)
    together = made.propose(weights, window, {})
    for member, hp in zip(weights, together, strict=True):
        (alone,) = made.propose(member[None], window, {})
        for name in hp:
            # The same float32 sums, batched by torch in another order: a few ulp, and exp of them.
            assert alone[name] == pytest.approx(hp[name], rel=1e-4)


@pytest.mark.parametrize("size", [0.1, 3.0, 1e3, 1e30])
def test_proposals_stay_in_their_ranges(size: float) -> None:
    window = history().window()
    made = generator(window.shape[1])
    with np.errstate(over="ignore"):
        weights = np.float32(size) * normal(64, made.parameter_count)
    for hp in made.propose(weights, window, {}):
        assert set(hp) == set(HP)
        for name, bounds in RANGES.items():
            assert bounds.low <= hp[name] <= bounds.high


def test_both_ends_can_be_reached() -> None:
    window = history().window()
    made = generator(window.shape[1])
    weights = made.initial_weights(0)[None]
    for bias, end in ((50.0, "high"), (-50.0, "low")):
        weights[0, -len(RANGES) :] = bias
        (hp,) = made.propose(weights, window, {})
        for name, bounds in RANGES.items():
            assert hp[name] == pytest.approx(getattr(bounds, end), rel=1e-12)  # exp and ln, an ulp or two each


def test_the_code_matters() -> None:
    """With a last layer that is not zero, other windows give other proposals."""
    window = history().window()
    made = generator(window.shape[1])
    weights = made.initial_weights(0)[None]
    last = len(RANGES) * 5 + len(RANGES)
    weights[0, -last:] = normal(last, seed=3)
    other = window.copy()
    other[0, 0] += 1.0  # the oldest generation
    assert made.propose(weights, window, {}) != made.propose(weights, other, {})


def test_ranges_on_their_scale() -> None:
    log = Range(0.01, 100.0)
    assert log.position(1.0) == pytest.approx(0.5, abs=1e-15)
    assert (log.position(0.01), log.position(100.0)) == (0.0, 1.0)
    assert log.width == pytest.approx(math.log(1e4), rel=1e-15)
    assert log.moved(0.3, 0.0) == 0.3
    assert log.moved(1.0, math.log(3)) == pytest.approx(3.0, rel=1e-15)
    assert (log.moved(1.0, 99.0), log.moved(1.0, -99.0)) == (100.0, 0.01)
    assert log.distance(2.0, 4.0) == pytest.approx(math.log(2), rel=1e-15)
    linear = Range(-1.0, 3.0, "linear")
    assert (linear.position(0.0), linear.width) == (0.25, 4.0)
    assert (linear.moved(0.5, 0.25), linear.moved(0.5, 9.0), linear.moved(0.5, -9.0)) == (0.75, 3.0, -1.0)


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (1.0, math.inf), (math.nan, 1.0)])
def test_ranges_that_are_none(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"a range (needs finite low < high|on a log scale needs low > 0), got \["):
        Range(*bounds)
