"""What every strategy in the table keeps: pure ask and stepped, resume bit for bit, no idle hyperparameter."""

from __future__ import annotations

import numpy as np
import pytest
from strategy.sphere import P, assert_same_population, assert_same_state, evaluate, key, train

import bierl_fast as bf
from bierl_fast.messages import Hyperparameters
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.table import STRATEGIES

NAMES = sorted(STRATEGIES)
HP = Hyperparameters(sigma=0.1, learning_rate=0.1)


def make(name: str) -> Strategy:
    return bf.make_strategy(name, mean=np.zeros(P, np.float32), population=16)


def distance(strategy: Strategy) -> float:
    return float(np.linalg.norm(strategy.mean - 1.0))


@pytest.mark.parametrize("name", NAMES)
def test_sphere_improves(name: str) -> None:
    """From sqrt(70) = 8.4; noise of 16 candidates in 70 dimensions leaves a few tenths of that."""
    strategy = make(name)
    train(strategy, HP, range(100))
    assert distance(strategy) < 2.5


@pytest.mark.parametrize("name", NAMES)
def test_ask_is_pure(name: str) -> None:
    strategy, untouched = make(name), make(name)
    train(strategy, HP, range(3))
    train(untouched, HP, range(3))
    first = strategy.ask(HP, key(3))
    assert_same_population(first, strategy.ask(HP, key(3)))
    strategy.ask(HP, key(3), candidates=4)
    strategy.ask(Hyperparameters(sigma=9.0), key(9))
    assert_same_state(strategy, untouched)
    first.base_bp[:] = 7.0  # what was handed out is the caller's
    strategy.mean[:] = 7.0
    assert_same_state(strategy, untouched)


@pytest.mark.parametrize("name", NAMES)
def test_tell_equals_stepped_and_stepped_changes_nothing(name: str) -> None:
    strategy = make(name)
    train(strategy, HP, range(2))
    population = strategy.ask(HP, key(2))
    batch = evaluate(population, failed=(3,))
    before, theta = strategy.mean, population.base_bp[0].copy()
    stepped = strategy.stepped(population, batch)
    np.testing.assert_array_equal(stepped, strategy.stepped(population, batch, HP))
    strategy.stepped(population, batch, Hyperparameters(learning_rate=5.0))
    np.testing.assert_array_equal(strategy.mean, before)
    report = strategy.tell(population, batch)
    # Where there are several centres, `mean` may be another one; each is run in the next generation.
    assert (strategy.ask(HP, key(3)).base_bp == stepped).all(axis=1).any()
    # A norm of 70 float32 differences: rounding of float32 twice.
    assert report.update_norm == pytest.approx(float(np.linalg.norm(stepped - theta)), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_resume_equals_uninterrupted(name: str) -> None:
    whole, first, second = make(name), make(name), make(name)
    train(whole, HP, range(8))
    train(first, HP, range(5))
    saved = first.state()
    train(first, HP, range(5, 6))  # the saved arrays are copies
    second.load(saved)
    train(second, HP, range(5, 8))
    assert_same_state(whole, second)


@pytest.mark.parametrize("name", NAMES)
def test_every_adaptable_hyperparameter_does_something(name: str) -> None:
    base = make(name)
    train(base, HP, range(3))
    complete = base.ask(HP, key(3)).hyperparameters
    assert set(complete) == set(base.declared)
    for moved, spec in base.declared.items():
        if not spec.adaptable:
            continue
        hp = complete.replace(**{moved: 0.5 * complete[moved] if complete[moved] else 0.5})
        population, other = base.ask(complete, key(3)), base.ask(hp, key(3))
        batch = evaluate(population)
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
    for value in (0.0, -1.0, np.nan, np.inf):
        for moved in ("sigma", "learning_rate"):
            with pytest.raises(ValueError, match=f"{moved} must be finite and above 0, got"):
                strategy.ask(Hyperparameters(**{moved: value}), key(0))
    with pytest.raises(ValueError, match=r"no hyperparameter of this strategy named 'sigm'.*did you mean 'sigma'"):
        strategy.ask(Hyperparameters(sigm=0.1), key(0))


@pytest.mark.parametrize("name", NAMES)
def test_all_failed_changes_nothing(name: str) -> None:
    strategy, untouched = make(name), make(name)
    train(strategy, HP, range(2))
    train(untouched, HP, range(2))
    population = strategy.ask(HP, key(2))
    batch = evaluate(population, failed=tuple(range(population.rows)))
    for act in (strategy.stepped, strategy.tell):
        with pytest.raises(ValueError, match="all 16 candidates failed"):
            act(population, batch)
    assert_same_state(strategy, untouched)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_or_state_of_another_size(name: str) -> None:
    strategy = make(name)
    population = strategy.ask(HP, key(0))
    with pytest.raises(ValueError, match=f"the batch answers 4 rows, the population has {population.rows}"):
        strategy.tell(population, evaluate(strategy.ask(HP, key(0), candidates=4)))
    with pytest.raises(ValueError, match=r"mean must be float32 of shape \(70,\), got float32 of shape \(3,\)"):
        strategy.load({"mean": np.zeros(3, np.float32)})


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"no strategy named 'ess'; known: es(, \w+)*; did you mean 'es'\?"):
        bf.make_strategy("ess", mean=np.zeros(2, np.float32))
