"""Encoder and generator as functions of weights and window."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from meta.world import HP, RANGES, history

from bierl_fast.messages import F32
from bierl_fast.meta.encoder import LstmEncoder
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.history import Range


def normal(*shape: int, seed: int = 0) -> F32:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_lstm_equals_torchs() -> None:
    """torch.nn.LSTM with the same weights, gates in its order (i, f, g, o), and 1 added to the forget gate's bias."""
    features, size, steps, members = 7, 5, 16, 3
    encoder = LstmEncoder(features, size)
    count = sum(layer.size for layer in encoder.layers)
    assert count == 4 * size * (features + size + 1)
    weights, window = 0.5 * normal(members, count), normal(steps, features, seed=1)
    codes = encoder(torch.from_numpy(weights), torch.from_numpy(window))
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


def generator(window_features: int) -> Generator:
    return Generator(LstmEncoder(window_features, 6), 5, HP, RANGES)


def test_members_do_not_see_each_other() -> None:
    window = history().window()
    made = generator(window.shape[1])
    weights = normal(4, made.parameter_count)
    together = made.propose(weights, window)
    for member, hp in zip(weights, together, strict=True):
        (alone,) = made.propose(member[None], window)
        for name in hp:
            # The same float32 sums, batched by torch in another order: a few ulp, and exp of them.
            assert alone[name] == pytest.approx(hp[name], rel=1e-4)


@pytest.mark.parametrize("size", [0.1, 3.0, 1e3, 1e30])
def test_proposals_stay_in_their_ranges(size: float) -> None:
    window = history().window()
    made = generator(window.shape[1])
    with np.errstate(over="ignore"):
        weights = np.float32(size) * normal(64, made.parameter_count)
    for hp in made.propose(weights, window):
        assert set(hp) == set(HP)
        for name, bounds in RANGES.items():
            assert bounds.low <= hp[name] <= bounds.high


def test_both_ends_can_be_reached() -> None:
    window = history().window()
    made = generator(window.shape[1])
    weights = made.initial_weights(0)[None]
    for bias, end in ((50.0, "high"), (-50.0, "low")):
        weights[0, -len(RANGES) :] = bias
        (hp,) = made.propose(weights, window)
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
    assert made.propose(weights, window) != made.propose(weights, other)


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
