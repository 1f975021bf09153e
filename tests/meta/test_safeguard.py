"""The safeguard: what it takes for a collapse, where it goes back to, and what it makes smaller."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import sphere
from helpers.sphere import assert_same_population, key
from helpers.strategies import hp_of, make
from helpers.world import Evaluator, state_bytes

from bierl_fast.messages import Arrays
from bierl_fast.meta.credit import objective_mk
from bierl_fast.meta.safeguard import MOST, PATIENCE, SMALLER, Safeguard
from bierl_fast.strategy.base import Strategy


class Remembering(Evaluator):
    """An evaluator whose state says how many generations it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def state(self) -> Arrays:
        return {"seen": np.array([self.seen])}

    def load(self, arrays: Arrays) -> None:
        self.seen = int(arrays["seen"][0])


class World:
    """A strategy whose candidates return what the test says: `level` and a spread of 1 around it."""

    def __init__(self, scale: float = 1.0, population: int = 16, name: str = "es") -> None:
        self.strategy = make(name, population=population, center_episodes=1)
        self.evaluator = Remembering()
        self.guard = Safeguard(self.strategy)
        self.scale = scale
        self.states: list[Arrays] = []  # before each generation
        self._rng = np.random.default_rng(0)

    def generation(self, level: float, center: float = math.nan, spread: float = 1.0) -> str | None:
        number = len(self.states)
        population = self.strategy.ask(self.guard.tempered(hp_of("es")), key(number))
        batch = sphere.evaluate(population)
        returns = level + spread * self._rng.normal(size=population.rows)
        returns[-1] = center
        self.states.append(self.strategy.state())
        batch = replace(batch, returns_r=self.scale * returns, failed_r=np.isnan(returns))
        self.guard.look(population, batch, self.strategy, self.evaluator)
        self.strategy.tell(population, batch)
        self.evaluator.seen += 1
        return self.guard.act(self.strategy, self.evaluator)

    def at(self) -> int:
        """The generation that the strategy stands before."""
        now = state_bytes(self.strategy.state())
        return next(number for number, state in enumerate(self.states) if state_bytes(state) == now)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_after_a_collapse_the_best_centre_is_back(scale: float) -> None:
    world = World(scale)
    for level in (0.0, 20.0, 50.0, 100.0, 90.0):
        assert world.generation(level) is None
    found = [world.generation(level) for level in (10.0, 20.0, 10.0)]
    assert found == [None] * (PATIENCE - 1) + ["rollback"]
    assert world.at() == 3  # the state that the generation at 100 was drawn from
    assert world.evaluator.seen == 3
    hp = hp_of("es")
    assert world.guard.tempered(hp) == hp.replace(**{name: hp[name] * factor for name, factor in SMALLER.items()})


def test_after_a_collapse_at_the_start_it_begins_again() -> None:
    world = World()
    for level in (0.0, -30.0, -40.0):
        assert world.generation(level) is None
    assert world.generation(-50.0) == "restart"
    assert world.at() == 0
    assert world.evaluator.seen == 0


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        ([0.0, 50.0, 100.0] + [60.0] * 9, "less than half of what was gained is lost"),
        ([0.0, 50.0, 100.0] + [10.0, 10.0, 80.0] * 4, "never three in a row"),
        ([0.0] + [-2.0] * 9, "two deviations are no fall"),
        ([100.0] * 12, "nothing happens"),
        ([0.0, 2.0, 0.4, 0.1, 0.2, 0.3, 0.1], "half of next to nothing"),
    ],
)
def test_the_ups_and_downs_of_a_run_are_no_collapse(levels: list[float], why: str) -> None:
    world = World()
    assert [world.generation(level) for level in levels] == [None] * len(levels), why


def test_candidates_that_fall_where_the_centre_does_not_are_no_collapse() -> None:
    """It is sigma that has grown then, and a meta-level's business."""
    world = World()
    for level in (0.0, 50.0, 100.0):
        world.generation(level, center=level)
    assert [world.generation(-50.0, center=95.0) for _ in range(6)] == [None] * 6
    assert [world.generation(-50.0, center=-40.0) for _ in range(3)][-1] == "rollback"


def test_two_candidates_take_a_larger_fall() -> None:
    """Whose means differ by three deviations of returns by chance: 3 standard errors of two of them."""
    world = World(population=2)
    levels = [0.0] + [-1.5] * 20
    assert [world.generation(level) for level in levels] == [None] * 21
    assert [world.generation(-40.0) for _ in range(3)][-1] in {"restart", "rollback"}


def test_all_alike_and_bad_is_a_collapse() -> None:
    """A pendulum after a step far too long: every candidate falls at once, and nothing in ranks tells it."""
    world = World()
    for level in (60.0, 62.0):
        world.generation(level, spread=20.0)
    assert [world.generation(27.0, spread=0.0) for _ in range(3)][-1] == "restart"


def test_values_shrink_at_each_return_and_no_further_than_they_can() -> None:
    world, hp = World(), hp_of("es")
    for count in range(1, MOST + 3):
        world.generation(0.0)
        assert [world.generation(-90.0) for _ in range(PATIENCE)][-1] in {"restart", "rollback"}
        expected = hp["learning_rate"] * SMALLER["learning_rate"] ** min(count, MOST)
        assert world.guard.tempered(hp)["learning_rate"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cut", [0, 1, 4, 6, 8])
def test_resume(cut: int) -> None:
    levels = [0.0, 40.0, 90.0, 80.0, 0.0, -5.0, 3.0, 90.0, 0.0, 0.0, 0.0]
    whole, other = World(), World()
    found = [whole.generation(level) for level in levels]
    assert found.count("rollback") == 2
    again = [other.generation(level) for level in levels[:cut]]
    fresh = Safeguard(other.strategy)
    fresh.load(other.guard.state())
    assert state_bytes(fresh.state()) == state_bytes(other.guard.state())
    other.guard = fresh
    assert again + [other.generation(level) for level in levels[cut:]] == found
    assert state_bytes(other.strategy.state()) == state_bytes(whole.strategy.state())
    assert state_bytes(other.guard.state()) == state_bytes(whole.guard.state())


def test_returns_at_both_ends_of_floats_leave_a_state_that_loads() -> None:
    world = World()
    for _ in range(3):
        population = world.strategy.ask(hp_of("es"), key(0))
        batch = sphere.evaluate(population)
        returns = np.where(np.arange(population.rows) % 2, 1.79e308, -1.79e308)
        batch = replace(batch, returns_r=returns, failed_r=np.zeros(population.rows, bool))
        world.guard.look(population, batch, world.strategy, world.evaluator)
        assert world.guard.act(world.strategy, world.evaluator) is None
    state = world.guard.state()
    assert np.isfinite(state["numbers"]).all()
    other = Safeguard(world.strategy)
    other.load(state)
    assert state_bytes(other.state()) == state_bytes(state)


def test_a_meta_level_sees_its_proposals_at_the_values_they_would_have() -> None:
    world, hp = World(), hp_of("es")
    assert world.guard.view(world.strategy) is world.strategy  # before the first return
    for level in (0.0, -90.0, -90.0, -90.0):
        world.generation(level)
    view, smaller = world.guard.view(world.strategy), world.guard.tempered(hp)
    assert smaller["sigma"] < hp["sigma"]
    assert_same_population(view.ask(hp, key(9), candidates=4), world.strategy.ask(smaller, key(9), candidates=4))
    population = world.strategy.ask(smaller, key(9))
    batch = sphere.evaluate(population)
    np.testing.assert_array_equal(
        view.stepped(population, batch, hp), world.strategy.stepped(population, batch, smaller)
    )
    np.testing.assert_array_equal(view.stepped(population, batch), world.strategy.stepped(population, batch))
    np.testing.assert_array_equal(view.mean, world.strategy.mean)
    # A strategy's own fitness is told by isinstance, which from Python 3.12 on asks the class and not __getattr__.
    assert inspect.getattr_static(view, "objective") is not None
    rows = batch.part(0, 16)
    np.testing.assert_array_equal(
        objective_mk(view, rows, 2, "fitness", hp), objective_mk(world.strategy, rows, 2, "fitness", hp)
    )


class Several:
    """Of a strategy, its centres."""

    centers, declared = 3, make("es").declared

    def center(self, key: Any) -> int:
        return 0

    def center_thetas(self) -> Any:
        return np.zeros((3, 4), np.float32)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (Several(), "safeguard goes back to one best centre, and the strategy has 3; leave safeguard out"),
        (make("cmaes"), "the strategy has neither to change; leave safeguard out"),
    ],
)
def test_what_it_cannot_take_back(strategy: Strategy, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Safeguard(strategy)
