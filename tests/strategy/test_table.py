"""What every strategy in the table keeps: pure ask and stepped, resume bit for bit, no idle hyperparameter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.sphere import P, assert_same_population, assert_same_state, evaluate, key, parameters, train
from helpers.strategies import NAMES, hp_of, make

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast.messages import Hyperparameters
from bierl_fast.strategy import table
from bierl_fast.strategy.base import Strategy


def distance(strategy: Strategy) -> float:
    return float(np.linalg.norm(strategy.mean - 1.0))


@pytest.mark.parametrize("name", NAMES)
def test_sphere_improves(name: str) -> None:
    """From sqrt(70) = 8.4; noise of 16 candidates in 70 dimensions leaves a few tenths of that."""
    strategy = make(name)
    train(strategy, hp_of(name), range(100))
    assert distance(strategy) < 2.5


@pytest.mark.parametrize("name", NAMES)
def test_ask_is_pure(name: str) -> None:
    strategy, untouched = make(name), make(name)
    train(strategy, hp_of(name), range(3))
    train(untouched, hp_of(name), range(3))
    first = strategy.ask(hp_of(name), key(3))
    assert_same_population(first, strategy.ask(hp_of(name), key(3)))
    strategy.ask(hp_of(name), key(3), candidates=4)
    strategy.ask(Hyperparameters(sigma=9.0), key(9))
    assert_same_state(strategy, untouched)
    first.base_bp[:] = 7.0  # what was handed out is the caller's
    strategy.mean[:] = 7.0
    assert_same_state(strategy, untouched)


@pytest.mark.parametrize("name", NAMES)
def test_tell_equals_stepped_and_stepped_changes_nothing(name: str) -> None:
    strategy = make(name)
    train(strategy, hp_of(name), range(2))
    population = strategy.ask(hp_of(name), key(2))
    batch = evaluate(population, failed=(3,))
    before, theta = strategy.mean, population.base_bp[0].copy()
    stepped = strategy.stepped(population, batch)
    np.testing.assert_array_equal(stepped, strategy.stepped(population, batch, hp_of(name)))
    if "learning_rate" in strategy.declared:
        strategy.stepped(population, batch, hp_of(name, learning_rate=5.0))
    np.testing.assert_array_equal(strategy.mean, before)
    report = strategy.tell(population, batch)
    # Where there are several centres, `mean` may be another one; each is run in the next generation.
    known = np.vstack([strategy.mean, strategy.ask(hp_of(name), key(3)).base_bp])
    assert (known == stepped).all(axis=1).any()
    # A norm of 70 float32 differences: rounding of float32 twice.
    moves = [float(np.linalg.norm(stepped - start)) for start in (before, theta)]
    assert any(report.update_norm == pytest.approx(move, rel=1e-6) for move in moves)


@pytest.mark.parametrize("name", NAMES)
def test_resume_equals_uninterrupted(name: str) -> None:
    whole, first, second = make(name), make(name), make(name)
    train(whole, hp_of(name), range(8))
    train(first, hp_of(name), range(5))
    saved = first.state()
    train(first, hp_of(name), range(5, 6))  # the saved arrays are copies
    second.load(saved)
    train(second, hp_of(name), range(5, 8))
    assert_same_state(whole, second)


@pytest.mark.parametrize("name", NAMES)
def test_every_adaptable_hyperparameter_does_something(name: str) -> None:
    base = make(name)
    train(base, hp_of(name), range(3))
    complete = base.ask(hp_of(name), key(3)).hyperparameters
    assert set(complete) == set(base.declared)
    for moved, spec in base.declared.items():
        if not spec.adaptable:
            continue
        hp = complete.replace(**{moved: 0.5 * complete[moved] if complete[moved] else 0.5})
        population, other = base.ask(complete, key(3)), base.ask(hp, key(3))
        batch = evaluate(population)
        # Behaviours in another order than returns: what is new is not what is good.
        batch = replace(batch, behaviour_rd=np.sin(batch.returns_r)[:, None])
        # Entropy must outweigh the differences of return to change a rank.
        hp = hp.replace(entropy_weight=1e3) if moved == "entropy_weight" else hp
        changed = (population.sigma_r != other.sigma_r).any() or (
            base.stepped(population, batch, complete) != base.stepped(population, batch, hp)
        ).any()
        assert changed, f"{moved} changes neither ask nor stepped"


@pytest.mark.parametrize("name", NAMES)
def test_defaults_lie_inside_what_is_declared(name: str) -> None:
    for hyperparameter, spec in make(name).declared.items():
        assert spec.check(hyperparameter, spec.default) == spec.default


@pytest.mark.parametrize("name", NAMES)
def test_hyperparameters_out_of_range(name: str) -> None:
    strategy = make(name)
    for moved in strategy.declared.keys() & {"sigma", "learning_rate"}:
        for value in (0.0, -1.0):
            with pytest.raises(ValueError, match=f"{moved} must be finite and above 0, got {value}"):
                strategy.ask(Hyperparameters(**{moved: value}), key(0))
        for value in (np.nan, np.inf):
            with pytest.raises(ValueError, match=f"{moved} must be a finite number, got {value}"):
                strategy.ask(Hyperparameters(**{moved: value}), key(0))
            with pytest.raises(ValueError, match=f"{moved} must be finite and above 0, got {value}"):
                strategy.declared[moved].check(moved, value)
    with pytest.raises(ValueError, match=r"no hyperparameter of this strategy named 'sigm'.*did you mean 'sigma'"):
        strategy.ask(Hyperparameters(sigm=0.1), key(0))


@pytest.mark.parametrize("name", NAMES)
def test_all_failed_changes_nothing(name: str) -> None:
    strategy, untouched = make(name), make(name)
    train(strategy, hp_of(name), range(2))
    train(untouched, hp_of(name), range(2))
    population = strategy.ask(hp_of(name), key(2))
    batch = evaluate(population, failed=tuple(range(population.rows)))
    for act in (strategy.stepped, strategy.tell):
        with pytest.raises(ValueError, match="all 16 candidates failed"):
            act(population, batch)
    assert_same_state(strategy, untouched)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_or_state_of_another_size(name: str) -> None:
    strategy = make(name)
    population = strategy.ask(hp_of(name), key(0))
    with pytest.raises(ValueError, match=f"the batch answers 4 rows, the population has {population.rows}"):
        strategy.tell(population, evaluate(strategy.ask(hp_of(name), key(0), candidates=4)))
    state = strategy.state()
    with pytest.raises(ValueError, match=r"mean must be float32 of shape \(70,\), got float32 of shape \(3,\)"):
        strategy.load({**state, "mean": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match=r"the strategy's arrays must be \[.*'mean'.*\], got \['x'\]"):
        strategy.load({"x": np.zeros(3, np.float32)})
    assert_same_state(strategy, make(name))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", [name for name in NAMES if "pool" in table.options(name)])
def test_the_same_bits_at_any_thread_count(name: str, threads: int) -> None:
    """Every array of the state, after two generations over several jobs of 4096 parameters."""
    mean = np.zeros(20_000, np.float32)
    alone, shared = (make(name, mean, 4, pool=pool) for pool in (None, kernels.ThreadPool(threads)))
    for strategy in (alone, shared):
        train(strategy, hp_of(name, sigma=1e-3), range(2))  # so small that half of the candidates are better
    assert_same_state(alone, shared)
    assert any(np.any(array) for name, array in alone.state().items() if name in {"mean", "centers"})


@pytest.mark.parametrize("name", NAMES)
def test_the_centres_rows_run_the_centre(name: str) -> None:
    strategy = make(name, np.full(P, 0.5, np.float32), center_episodes=2)
    train(strategy, hp_of(name), range(2))
    population = strategy.ask(hp_of(name), key(2))
    own = np.flatnonzero(population.candidate_r < 0)
    assert population.candidates == 16
    assert (own.min(), own.size % 2) == (16, 0)
    # Several centres have rows of their own, each, and so has the best of them.
    assert sum(np.array_equal(parameters(population, int(row)), strategy.mean) for row in own) >= 2
    report = strategy.tell(population, evaluate(population))
    assert np.isfinite(report.center_return)


@pytest.mark.parametrize("name", NAMES)
def test_a_sigma_beyond_single_precision(name: str) -> None:
    strategy = make(name)
    with pytest.raises(bf.ArgumentError, match=r"sigma .*single precision.*1e\+39") as caught:
        strategy.ask(hp_of(name, sigma=1e39), key(0))
    assert caught.value.settings == ("sigma",)


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"no strategy named 'ess'; did you mean 'es'\? known: .*"):
        bf.make_strategy("ess", mean=np.zeros(2, np.float32))
