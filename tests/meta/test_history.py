"""The history: positions on their ranges, the window, resume."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.world import HP, RANGES, history, report, state_bytes

from bierl_fast.errors import ArgumentError
from bierl_fast.meta.history import History, Range, default_range
from bierl_fast.meta.signals import FIRST, Memory, numbers


def test_an_empty_history_is_zeros() -> None:
    assert not history(0).window().any()
    assert history(0).window().shape == (4, history(0).features)


def test_the_window_does_not_depend_on_the_population() -> None:
    past = history(0)
    for generation, population in enumerate((2, 40, 400, 6, 8)):
        past.append(report(generation, population=population))
        assert past.window().shape == (4, 8 + len(RANGES) + len(FIRST) + 6)
    assert past.generations == 5
    assert past.longest_episode == 10


def test_hyperparameters_in_use_stand_on_their_ranges() -> None:
    """-1 at the low end, 1 at the high one, on the range's scale."""
    past = History(length=3, quantiles=2, ranges={"sigma": Range(0.01, 1.0), "momentum": Range(0.0, 1.0, "linear")})
    for sigma, momentum in ((0.01, 0.0), (0.1, 0.5), (1.0, 0.75)):
        past.append(report(0, HP.replace(sigma=sigma, momentum=momentum)))
    # ln of float64, then float32.
    np.testing.assert_allclose(past.window()[:, 6], [-1, 0, 1], atol=1e-7)
    np.testing.assert_allclose(past.window()[:, 7], [-1, 0, 0.5], atol=1e-7)


def test_signals_stand_behind_the_positions_and_are_cut() -> None:
    past, told = history(0), report(0)
    cases = [
        ((0.5, math.e**2, -1.0), (0.5, 1.0, -0.5)),
        ((-1.0, 1e-30, 100.0), (-1.0, -4.0, 4.0)),
        ((math.nan, math.nan, math.nan), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, math.inf), (1.0, 0.0, 4.0)),
    ]
    for (odd, step, alignment), expected in cases:
        strategy = replace(told.strategy, odd_share=odd, step_ratio=step, alignment=alignment)
        assert tuple(numbers(FIRST, strategy, Memory())) == pytest.approx(expected, rel=1e-15)
        past.append(replace(told, strategy=strategy))
        at = 8 + 4 + len(RANGES)
        np.testing.assert_array_equal(past.window()[-1, at : at + len(FIRST)], np.array(expected, np.float32))


@pytest.mark.parametrize("generations", [0, 1, 4, 7])
def test_resume(generations: int) -> None:
    whole, resumed = history(generations), history(0)
    resumed.load(whole.state())
    for generation in range(generations, generations + 5):
        assert state_bytes(whole.state()) == state_bytes(resumed.state())
        whole.append(report(generation))
        resumed.append(report(generation))


@pytest.mark.parametrize("told", [None, np.array([0.7, 0.1])])
def test_states_of_before_go_on(told: np.ndarray | None) -> None:
    """Format 1 began without what the strategy told, then with the first two numbers of it."""
    saved = history(3).state()
    del saved["told"]
    resumed = history(0)
    resumed.load(saved if told is None else {**saved, "told": told})
    expected = [math.nan, math.nan] if told is None else told.tolist()
    np.testing.assert_array_equal(list(resumed.told().values()), [*expected, math.nan])
    np.testing.assert_array_equal(resumed.window(), history(3).window())
    with pytest.raises(ArgumentError):
        resumed.load({**saved, "told": np.zeros(4)})


def test_the_window_is_a_copy() -> None:
    past = history()
    past.window()[:] = 7.0
    assert (past.window() != 7.0).all()


def test_default_ranges() -> None:
    assert default_range(0.02, "log") == Range(0.0002, 2.0)
    assert default_range(0.9, "linear") == Range(0.0, 1.8, "linear")
    assert default_range(0.0, "linear") == Range(0.0, 1.0, "linear")


def test_a_move_beyond_every_float_ends_at_the_ranges_end() -> None:
    bounds = Range(0.5, 4.0)
    assert bounds.moved(1.0, 1e6) == 4.0
    assert bounds.moved(1.0, -1e6) == 0.5
    assert Range(-1.0, 1.0, "linear").moved(0.0, 1.7e308) == 1.0
