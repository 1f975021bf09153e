"""Pre-training: problems by address, whole runs as credit, and files that carry generators over."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.world import state_bytes

from bierl_fast.errors import ArchiveError
from bierl_fast.messages import Hyperparameters, NoiseKey, Stream
from bierl_fast.meta.generator import Generator, make_generator
from bierl_fast.meta.generator_file import GeneratorShape, WarmStart
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import GeneratorSettings
from bierl_fast.pretraining import problems
from bierl_fast.pretraining.inner_runs import run_side_by_side
from bierl_fast.pretraining.judging import ranked
from bierl_fast.pretraining.plan import ADAPTED, PretrainSettings
from bierl_fast.pretraining.problem import FUNCTIONS
from bierl_fast.pretraining.trainer import Pretraining

KEY = NoiseKey(3, 4, Stream.PRETRAIN)
WINDOW = {"length": 4, "quantiles": 5}
SMALL = PretrainSettings(horizon=5, generators=6, problems=2, generations=(6, 9), tasks=("quadratic", "ackley"))


def generator() -> Generator:
    ranges = {name: Range(0.01, 1.0) for name in ADAPTED}
    features = History(length=4, quantiles=5, ranges=ranges).features
    outputs = Outputs(Hyperparameters(sigma=0.1, learning_rate=0.1), ranges, "relative")
    return make_generator("mlp", features, GeneratorSettings(encoder_size=6, generator_hidden=5), outputs)


def test_a_problem_is_a_function_of_its_address() -> None:
    first, again = (problems.sample(KEY, 1, (), 9) for _ in range(2))
    assert (first.name, first.start, first.key) == (again.name, again.start, again.key)
    np.testing.assert_array_equal(first.fresh().mean, again.fresh().mean)
    starts = {problems.sample(KEY, index, (), 9).start["sigma"] for index in range(5)}
    assert len(starts) == 5


SHORT = {name: each for name, each in problems.DISTRIBUTIONS.items() if isinstance(each, problems.Distribution)}


@pytest.mark.parametrize("name", sorted(SHORT))
def test_problems_come_from_the_whole_distribution(name: str) -> None:
    drawn_from = SHORT[name]
    found = [problems.sample(KEY, index, (), 60, distribution=name) for index in range(150)]
    assert {problem.name for problem in found} == {*drawn_from.functions, *drawn_from.environments}
    assert set(drawn_from.functions) == set(FUNCTIONS)
    for problem in found:
        short = problem.name in drawn_from.environments
        assert problem.generations == (drawn_from.environment_generations if short else 60)
        sensible = 0.05 if short else 0.15
        assert abs(math.log(problem.start["sigma"] / sensible)) <= math.log(problems.MIS_SET)
    ratios = [math.log(problem.start["sigma"] / 0.15) for problem in found if problem.name in FUNCTIONS]
    assert min(ratios) < -2.0 < 2.0 < max(ratios)  # both ways, far


def test_distributions_differ_by_what_they_say() -> None:
    """Of the common random numbers: where pairs share them alone, a pair's two rows have the same resets."""
    shared = {}
    for name in SHORT:
        populations = [
            problems.sample(KEY, index, ("ackley",), 5, distribution=name)
            .fresh()
            .ask(Hyperparameters(sigma=0.1, learning_rate=0.1), KEY)
            for index in range(12)
        ]
        shared[name] = {bool(p.episode_r[0] == p.episode_r[1]) for p in populations}
    assert shared == {"standard": {True}, "wide": {True, False}}
    with pytest.raises(ValueError, match="distribution of problems"):
        problems.sample(KEY, 0, (), 5, distribution="narrow")


def test_chosen_tasks() -> None:
    assert {problems.sample(KEY, index, ("ackley",), 5).name for index in range(8)} == {"ackley"}


def test_runs_side_by_side_are_the_runs_alone() -> None:
    """A generator's run does not depend on who runs beside it, to the bit of what the strategy sees."""
    made = generator()
    weights_mp = np.stack([made.initial_weights(seed) + np.float32(0.3) for seed in range(3)])
    problem = problems.sample(KEY, 0, ("rosenbrock",), 8)
    together, steps = run_side_by_side(made, weights_mp, problem, WINDOW)
    alone = [run_side_by_side(made, weights[None], problem, WINDOW) for weights in weights_mp]
    # torch sums a batch of three in another order than one: a few ulp in ln(sigma), carried through eight steps.
    np.testing.assert_allclose(together, np.concatenate([values for values, _ in alone]), rtol=1e-3)
    assert steps == sum(spent for _, spent in alone)
    assert together.shape == (3, 8)
    assert len(np.unique(together[:, -1])) == 3


def test_zero_weights_keep_what_was_given() -> None:
    """What `wins` is measured against."""
    made = generator()
    problem = problems.sample(KEY, 0, ("quadratic",), 4)
    zeros = np.zeros((1, made.parameter_count), np.float32)
    values, _ = run_side_by_side(made, zeros, problem, WINDOW)
    strategy = problem.fresh()
    for t in range(4):
        population = strategy.ask(problem.start, NoiseKey(problem.key.run_seed, t, problem.key.stream))
        batch = problem.evaluator.evaluate(population)
        assert strategy.tell(population, batch).center_return == values[0, t]


def test_ranks_do_not_know_scales() -> None:
    value_mt = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 6.0], [-np.inf, -np.inf]])
    fitness_m = ranked(value_mt)
    np.testing.assert_allclose(fitness_m, ranked(np.column_stack([value_mt[:, 0] * 1e9, value_mt[:, 1] - 7])))
    # Generation 2 counts twice as much: ranks (-1/6, 1/6, 1/2, -1/2) and (1/6, -1/6, 1/2, -1/2), in float32.
    np.testing.assert_allclose(fitness_m, [1 / 18, -1 / 18, 1 / 2, -1 / 2], atol=1e-6)
    assert not ranked(np.full((3, 2), -np.inf)).any()


def test_training_resumes_as_if_it_had_never_stopped() -> None:
    whole, first, second = (Pretraining(generator(), WINDOW, SMALL) for _ in range(3))
    wins = [whole.advance() for _ in range(4)]
    for _ in range(2):
        first.advance()
    second.load(first.state())
    assert [second.advance() for _ in range(2)] == wins[2:]
    assert state_bytes(whole.state()) == state_bytes(second.state())
    assert (second.rounds, second.steps) == (4, whole.steps)
    assert all(0.0 <= share <= 1.0 for share in wins)
    assert (whole.weights != generator().initial_weights(0)).any()


@pytest.mark.slow
def test_threads_change_nothing() -> None:
    settings = replace(SMALL, tasks=("ackley", "InvertedPendulum-v5"), problems=3)
    assert {settings.problem(0, index).name for index in range(3)} == set(settings.tasks)
    one, three = (Pretraining(generator(), WINDOW, settings, threads) for threads in (1, 3))
    with closing(three):
        assert [one.advance() for _ in range(2)] == [three.advance() for _ in range(2)]
    assert state_bytes(one.state()) == state_bytes(three.state())


def test_the_learning_rate_falls_to_the_horizon_and_stays() -> None:
    rates = [PretrainSettings(horizon=10, learning_rate=0.5).rate(round_) for round_ in (0, 5, 10, 11, 1000)]
    np.testing.assert_allclose(rates, [0.5, 0.275, 0.05, 0.05, 0.05], rtol=1e-12)


@pytest.mark.slow
def test_training_finds_what_helps() -> None:
    """On one kind of problem with much to gain, rounds enough for a small network: it beats what it was given."""
    settings = PretrainSettings(horizon=25, generators=10, problems=3, generations=(12,), tasks=("quadratic",))
    training = Pretraining(generator(), WINDOW, settings)
    wins = [training.advance() for _ in range(25)]
    assert np.mean(wins[:2]) <= 0.5
    assert np.mean(wins[-8:]) > 0.6


def shape() -> GeneratorShape:
    return GeneratorShape("mlp", 6, 5, "relative", 1.5, ADAPTED, 4, 5)


def test_files_round_trip(tmp_path: Path) -> None:
    training = Pretraining(generator(), WINDOW, SMALL)
    training.advance()
    written = WarmStart(shape(), training.weights, training.steps, {"credit": "run"}, training.state())
    written.save(tmp_path / "start.npz")
    read = WarmStart.load(tmp_path / "start.npz")
    assert (read.shape, read.steps, read.made) == (written.shape, written.steps, written.made)
    np.testing.assert_array_equal(read.weights, written.weights)
    assert state_bytes(dict(read.training)) == state_bytes(dict(written.training))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no file"):
        WarmStart.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("nothing")
    with pytest.raises(ArchiveError, match="damaged"):
        WarmStart.load(tmp_path / "text.npz")
    bad = WarmStart(shape(), np.array([math.nan], np.float32), 0, {})
    bad.save(tmp_path / "nan.npz")
    with pytest.raises(ArchiveError, match=r"is not a warm start of format 1 \(its weights are not a finite vector\)"):
        WarmStart.load(tmp_path / "nan.npz")
