"""Optimizers of other libraries: pycma's objects, evosax's functions in both shapes, and what cannot be had."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import cma
import numpy as np
import pytest
from helpers.sphere import P, evaluate, key, parameters

import bierl_fast as bf
from bierl_fast.messages import F32, F64, Hyperparameters
from bierl_fast.strategy.base import Strategy

NONE = Hyperparameters()


def run(strategy: Strategy, generations: int) -> None:
    for generation in range(generations):
        population = strategy.ask(NONE, key(generation))
        strategy.tell(population, evaluate(population))


def pycma(population: int = 16) -> Any:
    return cma.CMAEvolutionStrategy(np.zeros(P), 0.5, {"popsize": population, "seed": 1, "verbose": -10})


@dataclass(frozen=True)
class State:
    mean: F64
    told: int = 0


class Functional:
    """A (mu, lambda) search in evosax's shape; a key is a seed."""

    def ask(self, key: int, state: State, params: float) -> tuple[F64, State]:
        noise = np.random.default_rng(key).standard_normal((12, P))
        return state.mean + params * noise, state

    def best_half(self, population: F64, fitness: F32, state: State) -> State:
        assert fitness.shape == (12,)
        return State(population[np.argsort(fitness)[:6]].mean(axis=0), state.told + 1)


class Older(Functional):
    def tell(self, population: F64, fitness: F32, state: State, params: float) -> State:
        return self.best_half(population, fitness, state)


class Newer(Functional):
    def tell(
        self, key: int, population: F64, fitness: F32, state: State, params: float
    ) -> tuple[State, dict[str, int]]:
        assert isinstance(key, int)
        return self.best_half(population, fitness, state), {}


class Plain:
    """Random search without a mean: three candidates a generation."""

    def __init__(self) -> None:
        self.rng, self.asked, self.losses = np.random.default_rng(0), 0, [0.0]

    def ask(self) -> list[F64]:
        self.asked += 1
        return [self.rng.standard_normal(P), self.rng.standard_normal(P), self.rng.standard_normal(P)]

    def tell(self, candidates: Any, losses: list[float], /) -> None:
        assert isinstance(candidates, list)  # its own, not ours
        self.losses = losses


@pytest.mark.slow
def test_pycma_improves_the_sphere() -> None:
    strategy = bf.AskTell(pycma())
    run(strategy, 60)
    assert float(np.linalg.norm(strategy.mean - 1.0)) < 5.0  # from sqrt(70) = 8.4


@pytest.mark.parametrize("kind", [Older, Newer])
def test_functional_improves_the_sphere(kind: type[Functional]) -> None:
    start = State(np.zeros(P))
    strategy = bf.AskTell.functional(kind(), start, 0.3, itertools.count(7))
    np.testing.assert_array_equal(strategy.mean, np.zeros(P, np.float32))
    run(strategy, 60)
    assert float(np.linalg.norm(strategy.mean - 1.0)) < 5.0
    assert start.told == 0
    assert strategy.mean.dtype == np.float32


def test_on_a_task() -> None:
    """Returns reach the optimizer with their sign turned, candidate by candidate."""
    evaluator = bf.make_evaluator("Reacher-v5", hidden=(), threads=1)
    size = evaluator.policy.initial_parameters().size
    inner = Plain()
    inner.ask = lambda: [np.full(size, value) for value in (0.0, 0.1, 0.2)]  # type: ignore[method-assign]
    strategy = bf.AskTell(inner)
    population = strategy.ask(NONE, key(0))
    batch = evaluator.evaluate(population)
    report = strategy.tell(population, batch)
    np.testing.assert_array_equal(inner.losses, -batch.returns_r)
    assert report.max_return == batch.returns_r.max()
    assert np.isnan(report.update_norm)  # there was no centre before
    np.testing.assert_array_equal(strategy.mean, population.base_bp[np.argmax(batch.returns_r)])


def test_asking_again_gives_the_same() -> None:
    inner = Plain()
    strategy = bf.AskTell(inner, episodes_per_candidate=2)
    first, second = strategy.ask(NONE, key(0)), strategy.ask(NONE, key(0))
    np.testing.assert_array_equal(first.base_bp, second.base_bp)
    assert inner.asked == 1
    assert first.candidate_r.tolist() == [0, 0, 1, 1, 2, 2]
    assert first.episode_r.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(parameters(first, 3), first.base_bp[1])
    shared = bf.AskTell(inner, episodes_per_candidate=2, crn="population")
    assert shared.ask(NONE, key(0)).episode_r.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_failed_candidate_is_the_worst() -> None:
    inner = Plain()
    strategy = bf.AskTell(inner)
    population = strategy.ask(NONE, key(0))
    strategy.tell(population, evaluate(population, failed=(1,)))
    assert np.isfinite(inner.losses).all()
    assert int(np.argmax(inner.losses)) == 1


def test_a_centre_of_ones_own() -> None:
    strategy = bf.AskTell(Plain(), center=lambda: [1.0] * P)
    np.testing.assert_array_equal(strategy.mean, np.ones(P, np.float32))


def test_out_of_turn() -> None:
    strategy = bf.AskTell(Plain())
    population = strategy.ask(NONE, key(0))
    batch = evaluate(population)
    with pytest.raises(ValueError, match="all 3 candidates failed"):
        strategy.tell(population, replace(batch, failed_r=np.ones(3, np.bool_)))
    strategy.tell(population, batch)  # an answer that was refused spoils nothing
    with pytest.raises(ValueError, match="the population is not the one that was asked last"):
        strategy.tell(population, batch)


def test_what_cannot_be_had() -> None:
    strategy = bf.AskTell(Plain())
    population = strategy.ask(NONE, key(0))
    batch = evaluate(population)
    for call, what in (
        (lambda: strategy.stepped(population, batch), "try a step out, as a meta-level does"),
        (strategy.state, "be saved"),
        (lambda: strategy.load({}), "be resumed"),
    ):
        with pytest.raises(NotImplementedError, match=f"AskTell around Plain cannot {what}"):
            call()


class Rewarded(Plain):
    """Remembers what it asked."""

    def tell(self, rewards: list[float]) -> None:  # type: ignore[override]  # what is refused
        self.losses = rewards


def test_other_arguments_are_refused_before_anything_is_evaluated() -> None:
    with pytest.raises(
        TypeError, match=r"an optimizer has ask\(\) and tell\(candidates, losses\); Rewarded has tell\(rew"
    ):
        bf.AskTell(Rewarded())
    with pytest.raises(TypeError, match=r"an optimizer has ask\(\) .*; Newer has ask\(key.*state.*params"):
        bf.AskTell(Newer())
    with pytest.raises(TypeError, match=r"functions are ask\(key, state, params\) and .*; Plain has ask\(\)"):
        bf.AskTell.functional(Plain(), None, None, itertools.count())


def test_bad_input() -> None:
    with pytest.raises(TypeError, match=r"has ask\(\) and tell\(candidates, losses\); int has no ask"):
        bf.AskTell(3)
    with pytest.raises(ValueError, match="no kind of common random numbers named 'pair'; known: none, population"):
        bf.AskTell(Plain(), crn="pair")
    with pytest.raises(ValueError, match="episodes_per_candidate must be at least 1, got 0"):
        bf.AskTell(Plain(), episodes_per_candidate=0)
    with pytest.raises(ValueError, match="Plain has no attribute mean, and nothing was told yet"):
        _ = bf.AskTell(Plain()).mean
    with pytest.raises(ValueError, match="AskTell takes no hyperparameters, Plain has its own; got sigma"):
        bf.AskTell(Plain()).ask(Hyperparameters(sigma=0.1), key(0))
    with pytest.raises(ValueError, match="Plain gives 3 candidates at a time, asked for 4"):
        bf.AskTell(Plain()).ask(NONE, key(0), candidates=4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"ask\(\) of Plain must give N vectors of P numbers: "),
        ([np.zeros(2), np.zeros(3)], "must give N vectors of P numbers: all input arrays must have the same shape"),
        ([], "must give N vectors of P numbers: need at least one array"),
        ([1.0, 2.0], r"must give N vectors of P finite numbers, got shape \(2,\), 0 not finite"),
        ([np.array([1.0, np.nan])], r"got shape \(1, 2\), 1 not finite"),
        ([["a"]], "must give N vectors of P numbers: could not convert"),
    ],
)
def test_bad_candidates(given: Any, message: str) -> None:
    inner = Plain()
    inner.ask = lambda: given  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=message):
        bf.AskTell(inner).ask(NONE, key(0))
