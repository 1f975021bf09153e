"""Meta-fitness: what each kind asks, what it costs, and what it measures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from helpers import sphere
from helpers.world import HP, KEY, Evaluator, report, state_bytes, strategy

from bierl_fast.messages import (
    EvaluatedGeneration,
    EvaluationBatch,
    Hyperparameters,
    NoiseKey,
    Population,
    Stream,
)
from bierl_fast.meta.credit import Credit, Estimate, objective_mk
from bierl_fast.meta.fitness import META_FITNESS, Trial
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.meta.table import MetaParts, make_meta
from bierl_fast.strategy.base import Strategy

META = KEY.with_stream(Stream.META)
HPS = [HP.replace(sigma=sigma, learning_rate=rate) for sigma, rate in ((0.01, 0.2), (0.05, 0.1), (0.2, 0.02))]
BOTH = ("sigma", "learning_rate")
CREDIT = Credit(pairs=3, episodes=2)
APART = sorted(name for name, kind in META_FITNESS.items() if not kind.in_batch)  # with episodes of their own


def told(inner: Strategy) -> EvaluatedGeneration:
    """One generation after which the strategy has learned from it, as in a run."""
    population = inner.ask(HP, NoiseKey(5, 8))
    generation = EvaluatedGeneration(population, sphere.evaluate(population), inner.state())
    inner.tell(population, generation.batch)
    return generation


def trial(inner: Strategy, **changes: Any) -> Trial:
    given: dict[str, Any] = {"evaluator": Evaluator(), "key": META, "credit": CREDIT, "adapted": BOTH, "used": HP}
    return Trial(strategy=inner, **{**given, **changes})


@pytest.mark.parametrize("adapted", [BOTH, ("sigma",), ("learning_rate",)])
@pytest.mark.parametrize("name", APART)
def test_rows_are_what_the_table_says_and_steps_are_counted(name: str, adapted: tuple[str, ...]) -> None:
    inner, evaluator = strategy(), Evaluator()
    generation = told(inner)
    before = state_bytes(inner.state())
    estimate = META_FITNESS[name].judge(trial(inner, evaluator=evaluator, adapted=adapted, generation=generation), HPS)
    assert state_bytes(inner.state()) == before
    assert sum(p.rows for p in evaluator.asked) == 3 * META_FITNESS[name].rows(CREDIT, adapted)
    assert estimate.steps == sum(int((10 + np.arange(p.rows) % 3).sum()) for p in evaluator.asked)
    assert estimate.value_mk.shape == (3, 2)
    assert not estimate.failed_m.any()
    assert all(p.key == META for p in evaluator.asked)


@pytest.mark.parametrize("name", APART)
def test_proposals_that_are_equal_are_judged_equal(name: str) -> None:
    """Common random numbers: nothing but the hyperparameters tells proposals apart."""
    inner = strategy()
    generation = told(inner)
    estimate = META_FITNESS[name].judge(trial(inner, generation=generation), [HPS[0], HPS[1], HPS[0]])
    np.testing.assert_array_equal(estimate.value_mk[0], estimate.value_mk[2])
    assert (estimate.value_mk[0] != estimate.value_mk[1]).any()


def test_reuse_judges_the_learning_rate_on_the_step_that_tell_took() -> None:
    """Where a proposal is the setting in use, its stepped centre is the strategy's own next centre, bit for bit."""
    inner, evaluator = strategy(), Evaluator()
    generation = told(inner)
    judge = META_FITNESS["one_step_reuse"].judge
    judge(trial(inner, evaluator=evaluator, adapted=("learning_rate",), generation=generation), [HP, HPS[0]])
    (centers,) = evaluator.asked
    np.testing.assert_array_equal(centers.base_bp[0], inner.mean)
    assert (centers.base_bp[1] != inner.mean).any()


def test_reuse_is_the_mean_of_its_two_halves() -> None:
    inner = strategy()
    generation = told(inner)
    judge = META_FITNESS["one_step_reuse"].judge
    both, rate, sigma = (
        judge(trial(inner, adapted=adapted, generation=generation), HPS)
        for adapted in (BOTH, ("learning_rate",), ("sigma",))
    )
    np.testing.assert_array_equal(both.value_mk, (rate.value_mk + sigma.value_mk) / 2)
    one = META_FITNESS["one_step"].judge(trial(inner), [HP.replace(sigma=hp["sigma"]) for hp in HPS])
    np.testing.assert_array_equal(sigma.value_mk, one.value_mk)


def test_reuse_without_a_generation() -> None:
    with pytest.raises(ValueError, match="one_step_reuse needs the generation just evaluated"):
        META_FITNESS["one_step_reuse"].judge(trial(strategy()), HPS)


def test_a_proposal_is_out_when_every_candidate_failed_somewhere() -> None:
    """One failed episode of two is a failed candidate, as for the strategy's own update."""
    inner = strategy(episodes_per_candidate=2)
    first = tuple(range(0, 12, 2))  # of the first proposal: one episode of each candidate
    second = (12, 14)  # of the second: one episode of two candidates
    estimate = META_FITNESS["one_step"].judge(trial(inner, evaluator=FirstOnly(failing=(*first, *second))), HPS)
    assert estimate.failed_m.tolist() == [True, False, False]
    assert estimate.failures == 8


class FirstOnly(Evaluator):
    """Rows fail in the first evaluation alone, where the proposals' steps are drawn."""

    def evaluate(self, population: Population) -> EvaluationBatch:
        if self.asked:
            self._failing = ()
        return super().evaluate(population)


@pytest.mark.parametrize("episodes", [1, 2, 5])
def test_sample_mean_draws_as_ask_does(episodes: int) -> None:
    """K candidates a proposal, no inner step; the first K of the pairs that `ask` names."""
    inner, evaluator = strategy(), Evaluator()
    credit = Credit(pairs=1, episodes=episodes)
    estimate = META_FITNESS["sample_mean"].judge(trial(inner, evaluator=evaluator, credit=credit), HPS)
    (wide,) = evaluator.asked
    assert wide.rows == 3 * episodes
    asked = inner.ask(HPS[2], META, candidates=episodes + episodes % 2)
    rows = [sphere.parameters(asked, row) for row in range(episodes)]
    np.testing.assert_array_equal([sphere.parameters(wide, 2 * episodes + row) for row in range(episodes)], rows)
    np.testing.assert_array_equal(estimate.value_mk[2], sphere.evaluate(asked).returns_r[:episodes])


def test_sample_mean_prefers_a_small_sigma_and_ignores_the_learning_rate() -> None:
    judge = META_FITNESS["sample_mean"].judge
    credit = Credit(pairs=1, episodes=64)
    small_first = judge(trial(strategy(), credit=credit), [HP.replace(sigma=s) for s in (0.01, 0.1, 1.0)]).fitness_m
    assert small_first[0] > small_first[1] > small_first[2]
    rates = judge(trial(strategy()), [HP.replace(learning_rate=rate) for rate in (0.01, 1.0)]).value_mk
    np.testing.assert_array_equal(rates[0], rates[1])


def test_the_objective_of_a_strategy() -> None:
    """`fitness` is what the update climbs at the hyperparameters in use; `return` what the task pays."""
    inner = strategy()
    batch = sphere.evaluate(inner.ask(HP, META))
    hp = inner.ask(HP.replace(alive_offset=2.0), META).hyperparameters
    part = batch.part(0, 6)
    np.testing.assert_array_equal(objective_mk(inner, part, 3, "return", hp), part.returns_r.reshape(3, 2))
    expected = (part.returns_r - 2.0 * part.lengths_r).reshape(3, 2)
    np.testing.assert_array_equal(objective_mk(inner, part, 3, "fitness", hp), expected)


def test_a_strategy_without_a_fitness_of_its_own() -> None:
    batch = sphere.evaluate(strategy().ask(HP, META)).part(0, 2)
    with pytest.raises(ValueError, match="no fitness besides the return; take meta_objective 'return'"):
        objective_mk(object(), batch, 2, "fitness", HP)  # type: ignore[arg-type]  # the point of the test


def test_signal_to_noise_is_f_of_the_two_way_table() -> None:
    """Means 1 and 3 over two common episodes, what is left over being +-1/2: F = 2 * 2 / 1."""
    value_mk = np.array([[0.5, 1.5], [3.5, 2.5]])
    shifted = value_mk + np.array([0.0, 100.0])  # a common episode's difficulty is no noise
    for values in (value_mk, shifted):
        estimate = Estimate(values, np.zeros(2, np.bool_), 0, 0)
        assert estimate.signal_to_noise == pytest.approx(4.0, rel=1e-9)
    assert np.isnan(Estimate(value_mk, np.array([True, False]), 0, 0).signal_to_noise)
    assert np.isnan(Estimate(value_mk[:, :1], np.zeros(2, np.bool_), 0, 0).signal_to_noise)


def test_the_spread_over_episodes_is_of_those_that_did_not_fail() -> None:
    value_mk = np.array([[1.0, 2.0], [1.0, 3.0], [math.nan, 5.0]])
    assert Estimate(value_mk, np.array([False, False, True]), 0, 0).episode_spread == 0.75
    assert math.isnan(Estimate(value_mk, np.ones(3, np.bool_), 0, 0).episode_spread)


@pytest.mark.parametrize("episodes", [1, 3])
@pytest.mark.parametrize("name", APART)
def test_a_run_can_use_it(name: str, episodes: int) -> None:
    """From the learned meta-level: its cost is what `due` predicted, to the row."""
    ranges = {"sigma": Range(0.0005, 5.0), "learning_rate": Range(0.001, 10.0)}
    past = History(length=4, quantiles=8, ranges=ranges)
    for number in range(5):
        past.append(report(number, steps=12))
    inner, evaluator = strategy(episodes_per_candidate=episodes), Evaluator()
    generation = told(inner)
    settings = MetaSettings(fitness=name, candidates=4, episodes_per_candidate=episodes)
    level = make_meta("direct", MetaParts(HP, past, settings))
    assert level.reads_generation == (name == "one_step_reuse")
    rows = 4 * META_FITNESS[name].rows(Credit(4, 2, episodes), ranges)
    needed = rows * 12 / 0.2 * 0.8  # inner steps at which the update is just within its budget
    assert level.due(past, int(needed) + 1, 0)
    assert not level.due(past, int(needed) - 1, 0)
    spent = level.improve(inner, evaluator, past, KEY, generation)
    assert sum(p.rows for p in evaluator.asked) == rows
    assert spent.steps <= rows * 12
    assert isinstance(level.propose(past), Hyperparameters)


def test_rounding_is_no_noise() -> None:
    """Episodes that all return the same leave a rest of some 1e-17, not of exactly 0."""
    value_mk = np.repeat(np.random.default_rng(0).normal(-5.0, 0.1, (16, 1)), 10, axis=1)
    assert np.isnan(Estimate(value_mk, np.zeros(16, np.bool_), 0, 0).signal_to_noise)
    value_mk[3, 4] += 1e-9
    assert Estimate(value_mk, np.zeros(16, np.bool_), 0, 0).signal_to_noise > 1e6
