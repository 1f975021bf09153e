"""Population-based training: one wide batch, members that train, selection, and what the run is to adopt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from helpers import sphere
from helpers.strategies import hp_of, make
from helpers.world import HP, KEY, RANGES, Evaluator, evaluated, history, meta, state_bytes, strategy

from bierl_fast.messages import (
    Arrays,
    EvaluatedGeneration,
    EvaluationBatch,
    Hyperparameters,
    MetaReport,
    NoiseKey,
    Population,
    Stream,
)
from bierl_fast.meta.history import Range
from bierl_fast.meta.population_based import MemberSettings, PopulationBasedTraining
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.table import STRATEGIES


def pbt(members: int = 4, interval: int = 2, hp: Hyperparameters = HP) -> PopulationBasedTraining:
    return PopulationBasedTraining(hp, RANGES, MemberSettings(members=members), interval)


def trained(level: PopulationBasedTraining, inner: Strategy, generations: int, first: int = 0) -> list[MetaReport]:
    """As the run loop does it."""
    past, reports = history(), []
    for generation in range(first, first + generations):
        key = NoiseKey(5, generation)
        population = inner.ask(level.propose(past), key)
        batch, before = sphere.evaluate(population), inner.state()
        inner.tell(population, batch)
        told = EvaluatedGeneration(population, batch, before)
        reports.append(level.improve(inner, Evaluator(), past, key.with_stream(Stream.META), told))
        adopted = reports[-1].adopt
        if adopted is not None:
            inner.load(adopted)
    return reports


def values(level: PopulationBasedTraining) -> Any:
    return np.asarray(level.state()["hyperparameters"], np.float64)


def member(level: PopulationBasedTraining, number: int) -> Arrays:
    prefix = f"member{number}_"
    return {name.removeprefix(prefix): a for name, a in level.state().items() if name.startswith(prefix)}


def test_one_wide_batch_of_all_but_the_leader() -> None:
    evaluator, level = Evaluator(), pbt(members=4)
    told = level.improve(strategy(), evaluator, history(), KEY, evaluated())
    (wide,) = evaluator.asked
    assert wide.key == KEY.with_stream(Stream.META)
    assert wide.rows == 3 * 9  # 8 candidates and the centre
    assert told.steps == int((10 + np.arange(wide.rows) % 3).sum())
    for name in ("noise_r", "sign_r", "episode_r"):  # common random numbers
        by_member = getattr(wide, name).reshape(3, 9)
        assert (by_member == by_member[0]).all(), name
    assert len(set(wide.sigma_r.tolist())) == 3
    value_kh = values(level)
    assert value_kh[0].tolist() == [HP["sigma"], HP["learning_rate"]]
    for column, bounds in enumerate(RANGES.values()):
        assert ((value_kh[:, column] >= bounds.low) & (value_kh[:, column] <= bounds.high)).all()


def test_steps_of_attempts_that_were_run_again_count() -> None:
    calm = pbt().improve(strategy(), Evaluator(), history(), KEY, evaluated())
    told = pbt().improve(strategy(), Evaluator(lost=1000), history(), KEY, evaluated())
    assert told.steps == calm.steps + 1000


def test_each_member_trains_as_it_would_alone() -> None:
    """From where the leader stood before its generation; two generations before the first selection."""
    level, alone = pbt(members=3, interval=9), strategy()
    start = evaluated()
    for generation in range(2):
        level.improve(strategy(), Evaluator(), history(), NoiseKey(5, generation), start)
    hp = HP.replace(**dict(zip(RANGES, values(level)[2].tolist(), strict=True)))
    for generation in range(2):
        population = alone.ask(hp, NoiseKey(5, generation, Stream.META))
        alone.tell(population, sphere.evaluate(population))
    assert state_bytes(member(level, 2)) == state_bytes(alone.state())


def test_selection() -> None:
    """The best leads, the leader before takes its place, the worst copies the best and is perturbed."""
    level, inner = pbt(members=4, interval=4), strategy()
    reports = trained(level, inner, 3)
    assert [told.adopt for told in reports] == [None] * 3
    before, states = values(level), [inner.state(), *(member(level, number) for number in (1, 2, 3))]
    scores = np.asarray(level.state()["scores"], np.float64)
    past = history()
    told = level.improve(inner, Evaluator(), past, NoiseKey(5, 3, Stream.META), evaluated())
    after = np.asarray(level.state()["scores"], np.float64)
    best = int(np.argmax(scores))
    assert best != 0  # as this seed has it: the configured values are far from the best here
    assert told.adopt is not None
    assert level.propose(past) == HP.replace(**dict(zip(RANGES, before[best].tolist(), strict=True)))
    np.testing.assert_array_equal(values(level)[best], before[0])
    assert state_bytes(member(level, best)) == state_bytes(states[0])
    assert after[0] == after.max()
    copies = [number for number in (1, 2, 3) if state_bytes(member(level, number)) == state_bytes(told.adopt)]
    assert len(copies) == 1
    for column, bounds in enumerate(RANGES.values()):
        allowed = [min(max(before[best, column] * factor, bounds.low), bounds.high) for factor in (0.8, 1.2)]
        assert values(level)[copies[0], column] in allowed


def test_from_a_wrong_start_it_gets_further_than_the_fixed_setting() -> None:
    hp = HP.replace(sigma=0.1, learning_rate=0.002)
    level, inner, fixed = pbt(members=6, interval=3, hp=hp), strategy(), strategy()
    reports = trained(level, inner, 60)
    sphere.train(fixed, hp, range(60))
    assert any(told.adopt is not None for told in reports)
    assert np.linalg.norm(inner.mean - 1.0) < 0.7 * np.linalg.norm(fixed.mean - 1.0)


def test_members_that_fail_stay_and_are_replaced() -> None:
    level, start = pbt(members=3, interval=2), evaluated()
    first = tuple(range(9))  # all rows of the first member
    told = level.improve(strategy(), Evaluator(failing=first), history(), KEY, start)
    assert told.failures == 9
    assert np.asarray(level.state()["scores"])[1] == -np.inf
    assert state_bytes(member(level, 1)) == state_bytes(start.before)
    level.improve(strategy(), Evaluator(), history(), KEY, start)
    assert np.isfinite(np.asarray(level.state()["scores"], np.float64)).all()


def test_a_failed_generation_is_forgotten_after_the_next() -> None:
    """Scores are averages over about `interval` generations; one that begins anew is the next generation's return."""
    level, start = pbt(members=3, interval=100), evaluated()
    for failing in ((), tuple(range(9)), ()):
        evaluator = Evaluator(failing=failing)
        level.improve(strategy(), evaluator, history(), KEY, start)
    scores = np.asarray(level.state()["scores"], np.float64)
    (last,) = evaluator.asked
    batch = sphere.evaluate(last)
    assert scores[1] == batch.returns_r[:9][last.candidate_r[:9] < 0].mean()  # of its centre
    assert np.isfinite(scores).all()


def test_a_member_whose_parameters_overflow_scores_lowest() -> None:
    class Random(Evaluator):
        def evaluate(self, population: Population) -> EvaluationBatch:
            returns_r = np.random.default_rng(population.key.generation).normal(size=population.rows)
            failed_r, lengths_r = np.zeros(population.rows, np.bool_), np.ones(population.rows, np.int32)
            return EvaluationBatch(returns_r=returns_r, lengths_r=lengths_r, failed_r=failed_r)

    ranges = {"learning_rate": Range(3e37, 3e38)}
    level = PopulationBasedTraining(HP, ranges, MemberSettings(members=8), 100)
    for generation in range(20):
        level.improve(strategy(), Random(), history(), NoiseKey(5, generation), evaluated())
    assert np.isneginf(np.asarray(level.state()["scores"], np.float64)).any()
    for number in range(1, 8):
        assert np.isfinite(np.asarray(member(level, number)["mean"], np.float64)).all()


def test_the_state_before_the_first_generation_loads() -> None:
    level, other = pbt(), pbt()
    other.load(level.state())
    for each in (level, other):
        trained(each, strategy(), 3)
    assert state_bytes(level.state()) == state_bytes(other.state())
    with pytest.raises(ValueError, match=r"there are 3 members with 2 hyperparameters, saved were \(4, 2\)"):
        pbt(members=3).load(level.state())


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"cmaes", "esac"}))
def test_over_every_strategy(name: str) -> None:
    """`cmaes` adapts nothing, `esac` is refused by a run; the others train, and resume as if never stopped."""
    hp = make(name).ask(hp_of(name), sphere.key(0)).hyperparameters
    levels = [pbt(3, 2, hp) for _ in range(2)]
    whole, stopped = make(name, population=8), make(name, population=8)
    reports = trained(levels[0], whole, 6)
    trained(levels[1], stopped, 3)
    resumed, again = pbt(3, 2, hp), make(name, population=8)
    resumed.load(levels[1].state())
    again.load(stopped.state())
    trained(resumed, again, 3, first=3)
    assert state_bytes(levels[0].state()) == state_bytes(resumed.state())
    sphere.assert_same_state(whole, again)
    assert all(told.steps == reports[0].steps > 0 for told in reports)


def test_bad_parts() -> None:
    with pytest.raises(ValueError, match="pbt_members must be at least 2 and at most 65536, got 1"):
        pbt(members=1)
    with pytest.raises(ValueError, match="pbt needs the generation just evaluated"):
        meta("pbt").improve(strategy(), Evaluator(), history(), KEY)
    assert math.isnan(float(pbt().state()["scores"][0]))
