"""in_batch: groups of one population that act on proposals, are judged by their next candidates, and are averaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import sphere
from helpers.settings import taken
from helpers.sphere import assert_same_population, assert_same_state, key
from helpers.strategies import hp_of, make
from helpers.world import KEY, Evaluator, report, state_bytes

import bierl_fast as bf
from bierl_fast.messages import EvaluatedGeneration
from bierl_fast.meta.credit import Credit
from bierl_fast.meta.fitness import META_FITNESS, Trial
from bierl_fast.meta.groups import Groups, averaged, joins, undivided
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.in_batch import InBatchMeta
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings
from bierl_fast.meta.table import META_LEVELS, MetaParts, make_meta
from bierl_fast.strategy.riders import ALONG_STEP

DIVISIBLE = ("ars", "es", "meps", "pgpe", "snes")
GENERATORS = [name for name, entry in META_LEVELS.items() if entry.learned and name != "bo"]
RANGES = {"sigma": Range(1e-3, 10.0), "learning_rate": Range(1e-4, 100.0)}
HALVES = np.array([[0.3, -0.5], [-0.3, 0.5]])
RUN: dict[str, Any] = {
    "task": "quadratic",
    "dim": 11,
    "task_kwargs": {"noise": 0.5},
    "population": 24,
    "generations": 9,
    "threads": 1,
    "meta": "direct",
    "meta_fitness": "in_batch",
}
SMALL: dict[str, Any] = {"encoder_size": 4, "generator_hidden": 4, "quantiles": 4, "history": 4}


def groups(name: str = "es", count: int = 2, population: int = 24, center: int = 1, **options: Any) -> Groups:
    whole = make(name, population=population, center_episodes=center, **options)
    part = make(name, population=population // count, **options)
    return Groups(whole, part, count, RANGES, center)


def train(strategy: Groups, name: str, generations: range) -> None:
    sphere.train(strategy, hp_of(name), generations)


def divide(strategy: Groups, generations: int = 1, moves: np.ndarray = HALVES) -> None:
    strategy.load(strategy.divided(moves, generations))


@pytest.mark.parametrize("name", DIVISIBLE)
def test_what_is_not_divided_is_as_without_groups(name: str) -> None:
    own, plain = groups(name), make(name, population=24, center_episodes=1)
    train(own, name, range(3))
    sphere.train(plain, hp_of(name), range(3))
    assert_same_state(own, plain)
    assert_same_population(own.ask(hp_of(name), key(3)), plain.ask(hp_of(name), key(3)))
    assert undivided(own) is not own
    assert undivided(plain) is plain


@pytest.mark.parametrize("name", DIVISIBLE)
def test_groups_share_noise_and_resets_and_differ_by_their_hyperparameters(name: str) -> None:
    strategy = groups(name, count=4)
    train(strategy, name, range(2))
    divide(strategy, moves=np.array([[0.2, 0.1], [-0.2, -0.1], [0.0, 1.0], [0.0, -1.0]]))
    population = strategy.ask(hp_of(name), key(2))
    each = 24 // 4
    assert population.rows == 24 + 1
    assert population.candidates == 24
    assert population.hyperparameters["sigma"] == hp_of(name)["sigma"]
    for group in range(1, 4):
        rows = slice(group * each, (group + 1) * each)
        for field in ("noise_r", "sign_r", "episode_r"):
            np.testing.assert_array_equal(getattr(population, field)[rows], getattr(population, field)[:each])
    ratios = population.sigma_r[:24:each] / population.sigma_r[12]
    np.testing.assert_allclose(ratios, np.exp([0.2, -0.2, 0.0, 0.0]), rtol=1e-6)
    np.testing.assert_array_equal(sphere.parameters(population, 24), strategy.mean)
    assert population.episode_r[24] not in population.episode_r[:24]


@pytest.mark.parametrize("name", DIVISIBLE)
def test_each_group_steps_as_it_would_alone(name: str) -> None:
    strategy, alone = groups(name), make(name, population=12)
    train(strategy, name, range(2))
    alone.load(strategy.state())
    divide(strategy)
    population = strategy.ask(hp_of(name), key(2))
    batch = sphere.evaluate(population)
    stepped = strategy.stepped(population, batch)
    told = strategy.tell(population, batch)
    np.testing.assert_array_equal(strategy.mean, stepped)
    assert told.returns_n.size == 24
    state = strategy.state()
    own = alone.state()
    for group, (sigma, rate) in enumerate(HALVES):
        alone.load(own)
        hp = hp_of(name)
        moved = hp.replace(sigma=hp["sigma"] * np.exp(sigma), learning_rate=hp["learning_rate"] * np.exp(rate))
        asked = alone.ask(moved, key(2))
        alone.tell(asked, sphere.evaluate(asked))
        np.testing.assert_array_equal(state[f"group{group}_mean"], alone.mean)
    assert not joins(own)
    assert joins(state)


@pytest.mark.parametrize("generations", [1, 3])
def test_after_k_generations_of_their_own_all_are_alike_and_then_joined(generations: int) -> None:
    strategy = groups("ars", count=4)
    train(strategy, "ars", range(2))
    divide(strategy, generations, np.zeros((4, 2)) + np.array([[0.4], [-0.4], [0.1], [-0.1]]))
    for generation in range(2, 2 + generations):
        population = strategy.ask(hp_of("ars"), key(generation))
        assert len(set(population.sigma_r[:24].tolist())) == 4
        assert not joins(strategy.state())
        strategy.tell(population, sphere.evaluate(population))
    population = strategy.ask(hp_of("ars"), key(9))
    assert len(set(population.sigma_r.tolist())) == 1
    assert joins(strategy.state())
    centers = np.unique(population.base_bp, axis=0)
    assert centers.shape[0] == 5  # four groups, and their mean
    strategy.tell(population, sphere.evaluate(population))
    assert set(strategy.state()) == set(make("ars").state())


def test_the_mean_of_equal_states_is_that_state() -> None:
    strategy = make("es")
    sphere.train(strategy, hp_of("es"), range(3))
    for count in (2, 6, 10):
        assert state_bytes(averaged([strategy.state()] * count)) == state_bytes(strategy.state())


@pytest.mark.parametrize("name", DIVISIBLE)
@pytest.mark.parametrize("at", [2, 3, 4])
def test_resume_while_divided(name: str, at: int) -> None:
    whole, first, second = groups(name), groups(name), groups(name)
    for strategy, generations in ((whole, range(2, 6)), (first, range(2, at))):
        train(strategy, name, range(2))
        divide(strategy, 2)
        train(strategy, name, generations)
    second.load(first.state())
    train(second, name, range(at, 6))
    assert_same_state(whole, second)


def test_a_group_that_failed_altogether_stays_where_it_is() -> None:
    strategy = groups("es")
    train(strategy, "es", range(2))
    before = strategy.mean
    divide(strategy)
    population = strategy.ask(hp_of("es"), key(2))
    strategy.tell(population, sphere.evaluate(population, failed=tuple(range(12))))
    np.testing.assert_array_equal(strategy.state()["group0_mean"], before)
    assert (strategy.state()["group1_mean"] != before).any()
    population = strategy.ask(hp_of("es"), key(3))
    with pytest.raises(ValueError, match="all 24 candidates failed"):
        strategy.tell(population, sphere.evaluate(population, failed=tuple(range(25))))
    with pytest.raises(ValueError, match="the batch answers 3 rows, the population has 25"):
        strategy.tell(population, sphere.evaluate(population).part(0, 3))


def judged(moves: np.ndarray, failed: tuple[int, ...] = (), **settings: Any) -> Any:
    """What the groups are found worth, after one generation of their own."""
    strategy = groups("ars", count=moves.shape[0], **settings)
    train(strategy, "ars", range(2))
    divide(strategy, 1, moves)
    train(strategy, "ars", range(2, 3))
    before = strategy.state()
    population = strategy.ask(hp_of("ars"), key(3))
    generation = EvaluatedGeneration(population, sphere.evaluate(population, failed), before)
    trial = Trial(strategy, Evaluator(), key(3), Credit(1, 1), RANGES, hp_of("ars"), generation=generation)
    return META_FITNESS["in_batch"].judge(trial, [hp_of("ars")] * moves.shape[0])


def test_the_better_step_is_found_the_better() -> None:
    """On the sphere a learning rate a hundredth of what is right loses in every column, far beyond the noise."""
    found = judged(np.array([[0.0, 0.0], [0.0, -4.6]]))
    assert (found.value_mk[0] > found.value_mk[1]).mean() > 0.9
    assert found.fitness_m[0] > found.fitness_m[1]
    assert (found.steps, found.failures) == (0, 0)
    assert found.value_mk.shape == (2, 12)
    alike = judged(np.zeros((2, 2)))
    np.testing.assert_array_equal(alike.value_mk[0], alike.value_mk[1])


def test_failed_rows_count_as_the_worst_and_a_failed_group_is_out() -> None:
    found = judged(HALVES, failed=(1, *range(12, 24)))
    assert found.failed_m.tolist() == [False, True]
    assert found.value_mk[0, 1] == found.value_mk[0].min()
    assert np.isfinite(found.value_mk).all()


def comparable(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


@pytest.mark.parametrize("meta", GENERATORS)
@pytest.mark.parametrize("credit", [1, 2])
def test_a_run_spends_nothing_and_resumes(meta: str, credit: int, tmp_path: Path) -> None:
    config = bf.Config(**taken({**RUN, **SMALL, "meta": meta, "meta_credit": credit, "meta_budget": 0.0}))
    whole = bf.train(config)
    last = whole.metrics[-1]
    assert last["meta_steps"] == 0
    assert last["env_steps"] == last["inner_steps"] == 9 * 25
    # After the first generation, and then after each k + 1.
    updates = [record["generation"] for record in whole.metrics if record["meta"] is not None]
    assert updates == list(range(0, 9, credit + 1))
    assert whole.metrics[updates[1]]["meta"]["updates"] == 1.0
    assert len({record["sigma"] for record in whole.metrics}) > 2
    for cut in (1, 2, 4):
        folder = tmp_path / str(cut)
        bf.train(config.replace(generations=cut), folder)
        resumed = bf.resume(folder, generations=9, threads=2)
        np.testing.assert_array_equal(resumed.parameters, whole.parameters)
        assert comparable(list(resumed.metrics)) == comparable(list(whole.metrics))


@pytest.mark.parametrize("name", DIVISIBLE)
def test_every_strategy_that_can_be_averaged(name: str, tmp_path: Path) -> None:
    task: dict[str, Any] = {
        "task": "InvertedPendulum-v5",
        "dim": None,
        "task_kwargs": {},
        "hidden": (4,),
        "episode_cap": 20,
    }
    run = taken({**RUN, **SMALL, "strategy": name, **(task if name == "meps" else {})})
    whole = bf.train(bf.Config(**run))
    bf.train(bf.Config(**{**run, "generations": 3}), tmp_path / "run")
    np.testing.assert_array_equal(bf.resume(tmp_path / "run", generations=9).parameters, whole.parameters)


@pytest.mark.parametrize("riders", [("tpa",), ("tpa", "sigma_probe")])
@pytest.mark.parametrize("count", [2, 4])
def test_riders_ride_in_every_group(riders: tuple[str, ...], count: int) -> None:
    strategy = groups("es", count=count, population=48, riders=riders)
    train(strategy, "es", range(2))
    divide(strategy, moves=np.zeros((count, 2)))
    population = strategy.ask(hp_of("es"), key(2))
    assert population.riders_n is not None
    along = np.flatnonzero(population.riders_n == ALONG_STEP)
    assert along.size == 2 * count
    assert -1.0 < strategy.tell(population, sphere.evaluate(population)).tpa <= 1.0


@pytest.mark.parametrize("name", ["linear", "lstm"])
def test_a_pre_trained_generator_goes_on_learning(name: str) -> None:
    run = {**RUN, "meta": name, "warm_start": name, "meta_budget": 0.0}
    learning = bf.train(bf.Config(**run))
    as_it_is = bf.train(bf.Config(**{**run, "meta_fitness": "one_step"}))
    assert learning.metrics[-1]["meta_steps"] == as_it_is.metrics[-1]["meta_steps"] == 0
    assert learning.metrics[0]["sigma"] == as_it_is.metrics[0]["sigma"]
    assert [r["sigma"] for r in learning.metrics] != [r["sigma"] for r in as_it_is.metrics]


def test_one_whose_moves_have_settled_resumes(tmp_path: Path) -> None:
    """No proposals are under way from then on."""
    warm: dict[str, Any] = {"meta": "linear", "warm_start": "linear", "population": 4, "dim": 2}
    config = bf.Config(**RUN | warm | {"generations": 80})
    whole = bf.train(config)
    assert whole.metrics[-2]["meta"] is whole.metrics[-1]["meta"] is None
    bf.train(config.replace(generations=78), run_dir=tmp_path)
    assert (bf.resume(tmp_path, generations=80).parameters == whole.parameters).all()


def test_a_wrong_learning_rate_is_mended_at_no_cost() -> None:
    """A noisy quadratic with a rate ten times too small; the same steps as with fixed values."""
    run = {**RUN, "dim": 40, "population": 64, "generations": 120, "optimizer": "gradient", "sigma": 0.3,
           "learning_rate": 0.03, "center_episodes": 1}  # fmt: skip
    fixed_run = {name: value for name, value in run.items() if name != "meta_fitness"} | {"meta": "none"}
    moved, fixed = (bf.train(bf.Config(**each)) for each in (run, fixed_run))
    end = [np.mean([record["center_return"] for record in found.metrics[-10:]]) for found in (moved, fixed)]
    assert end[0] > 0.5 * end[1]
    assert moved.metrics[-1]["env_steps"] == fixed.metrics[-1]["env_steps"]


def test_an_update_wants_groups() -> None:
    past = History(length=4, quantiles=4, ranges=RANGES)
    past.append(report(0, hp_of("es")))
    level = make_meta("mlp", MetaParts(hp_of("es"), past, MetaSettings(fitness="in_batch"), GeneratorSettings()))
    assert isinstance(level, InBatchMeta)
    with pytest.raises(ValueError, match=r"judges groups of a population, .* got EvolutionStrategy"):
        level.improve(make("es"), Evaluator(), past, KEY)


def test_credit_holds_proposals_and_others_take_none() -> None:
    assert MetaSettings(fitness="in_batch").candidates == 2
    assert MetaSettings().candidates == 8
    assert MetaSettings(fitness="in_batch", candidates=6, credit_generations=4).proposals == 6


def test_diagnosis_of_a_divided_run(tmp_path: Path) -> None:
    """Its estimate is one_step's, from the groups' mean; nothing of the run changes."""
    bf.train(bf.Config(**{**RUN, "generations": 4}), tmp_path / "run")
    before = (tmp_path / "run" / "checkpoint.npz").read_bytes()
    found = bf.diagnose(tmp_path / "run", proposals=4, generations=(1,), episodes=2)
    assert found["meta_fitness"] == "one_step"
    assert (tmp_path / "run" / "checkpoint.npz").read_bytes() == before


NOVELTY: dict[str, Any] = {"strategy": "nsr", "task": "InvertedPendulum-v5", "dim": None, "task_kwargs": {}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 2}, "2 groups of whole pairs, which takes a multiple of 4 candidates and at least 4, got pop"),
        ({"population": 26}, "a multiple of 4 candidates and at least 4, got population 26"),
        ({"population": 8, "meta_candidates": 8}, "8 groups of whole pairs.* at least 16, got population 8"),
        ({"population": 8, "riders": ("tpa", "sigma_probe")}, "each with its riders, .* at least 16, got population 8"),
        ({"meta_credit": 0}, "meta_credit must be at least 1 and .*, got 0"),
        ({"meta_credit": -3}, "meta_credit must be at least 1 and .*, got -3"),
        ({"meta_credit": 2, "meta_fitness": "one_step"}, "meta_fitness 'one_step' takes no meta_credit, got 2"),
        ({"meta_candidates": 3}, "meta_candidates must be even"),
        ({"meta": "bo"}, "'in_batch' is for generators' proposals, got meta 'bo'"),
        ({**NOVELTY, "centers": 3}, "around another of its 3 centers than the proposal is for; take 'one_step'"),
        ({**NOVELTY, "centers": 1}, "strategies that learn from returns alone, .* 'nsr'; take another strategy"),
        ({"strategy": "cmaes"}, "leaves a meta-level nothing to move"),
    ],
)
def test_bad_input(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(bf.ConfigError, match=message) as caught:
        bf.train(bf.Config(**{**RUN, **settings}))
    assert "\n" not in str(caught.value)


def test_states_of_another_division_are_refused() -> None:
    strategy = groups("es")
    divide(strategy)
    with pytest.raises(ValueError, match="there are 4 groups with 2 hyperparameters, saved were"):
        groups("es", count=4).load(strategy.state())
    with pytest.raises(ValueError, match=r"moves must be \(2, 2\), one row for each group, got \(4, 2\)"):
        strategy.divided(np.zeros((4, 2)), 1)
    assert replace(strategy.ask(hp_of("es"), key(0), candidates=8)).rows == 8  # around the mean, without groups
