"""What every meta-level in the table keeps."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.world import HP, KEY, RANGES, Evaluator, evaluated, history, meta, state_bytes, strategy

import bierl_fast as bf
from bierl_fast.messages import Arrays
from bierl_fast.meta.table import META_LEVELS

NAMES = sorted(META_LEVELS)


@pytest.mark.parametrize("name", NAMES)
def test_starts_exactly_at_the_configured_values(name: str) -> None:
    """And stays there while nothing says otherwise; a schedule moves with time alone."""
    for generations in (0,) if name == "schedule" else (0, 1, 9):
        for seed in range(3):
            assert meta(name, seed=seed).propose(history(generations)) == HP


@pytest.mark.parametrize("name", NAMES)
def test_propose_is_pure(name: str) -> None:
    level, past = meta(name), history()
    level.improve(strategy(), Evaluator(), past, KEY, evaluated())
    before = state_bytes(level.state())
    assert level.propose(past) == level.propose(past)
    assert state_bytes(level.state()) == before


@pytest.mark.parametrize("name", NAMES)
def test_improve_leaves_strategy_and_history_alone(name: str) -> None:
    """The evaluator of this world refuses `absorb` and `load` by itself."""
    level, inner, past = meta(name), strategy(), history()
    before = state_bytes(inner.state()), state_bytes(past.state())
    evaluator = Evaluator()
    report = level.improve(inner, evaluator, past, KEY, evaluated())
    assert (state_bytes(inner.state()), state_bytes(past.state())) == before
    steps = sum(int((10 + np.arange(p.rows) % 3).sum()) for p in evaluator.asked)
    assert report.steps == steps
    assert report.failures == 0


@pytest.mark.parametrize("name", NAMES)
def test_resume_equals_uninterrupted(name: str) -> None:
    whole, first, second = meta(name), meta(name), meta(name, seed=8)
    for generation in range(6):
        whole.improve(strategy(), Evaluator(), history(generation + 1), KEY, evaluated())
    for generation in range(4):
        first.improve(strategy(), Evaluator(), history(generation + 1), KEY, evaluated())
    second.load(first.state())
    for generation in range(4, 6):
        second.improve(strategy(), Evaluator(), history(generation + 1), KEY, evaluated())
    assert state_bytes(whole.state()) == state_bytes(second.state())
    assert whole.propose(history()) == second.propose(history())


@pytest.mark.parametrize("name", [name for name in NAMES if META_LEVELS[name].learned])
def test_learned_ones_move_within_their_ranges(name: str) -> None:
    level, past = meta(name, max_move=1.5), history()
    for _ in range(5):
        level.improve(strategy(), Evaluator(), past, KEY, evaluated())
    proposal = level.propose(past)
    assert set(proposal) == set(HP)
    for adapted, bounds in RANGES.items():
        assert proposal[adapted] != HP[adapted]
        assert bounds.low <= proposal[adapted] <= bounds.high


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"pbt", "lra"}])
def test_due_is_false_before_the_interval(name: str) -> None:
    level = meta(name, interval=3)
    assert not level.due(history(2), 10**9, 0)
    assert level.due(history(3), 10**9, 0) == META_LEVELS[name].learned


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_another_are_refused(name: str) -> None:
    level = meta(name)
    kept = level.state()
    lacking: list[Arrays] = [{own: array for own, array in kept.items() if own != each} for each in kept]
    without_size: list[Arrays] = [{own: np.zeros((), array.dtype) for own, array in kept.items()}] if kept else []
    junk: Arrays = {"junk": np.zeros(3)}
    for wrong in (junk, *lacking, *without_size):
        with pytest.raises(bf.ArgumentError):
            level.load(wrong)
    assert state_bytes(level.state()) == state_bytes(kept)


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"no meta-level named 'ltsm'; did you mean 'lstm'. known: .*"):
        meta("ltsm")
