"""The strategy `cmaes`: cma's own run on the same normals, what a checkpoint holds, sizes, and a missing package."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import Any

import cma
import numpy as np
import pytest
from helpers.sphere import P, assert_same_population, assert_same_state, evaluate, key, parameters, train
from threadpoolctl import threadpool_limits

from bierl_fast import kernels
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError, InstallationError
from bierl_fast.evaluation.table import make_evaluator
from bierl_fast.messages import F32, F64, Hyperparameters
from bierl_fast.run import build
from bierl_fast.strategy.cmaes import LARGEST_FULL, CovarianceMatrixAdaptation

START: F32 = np.linspace(-1, 2, P).astype(np.float32)
HP = Hyperparameters(sigma=0.5)


@pytest.mark.parametrize("separable", [False, True])
def test_it_is_cmas_own_run(separable: bool) -> None:
    """The same normals, the same losses: the same candidates and mean, bit for bit."""
    ours = CovarianceMatrixAdaptation(mean=START, population=10, separable=separable)
    generation = 0

    def normals(rows: int, size: int) -> F64:
        return np.stack([kernels.normals(key(generation), row, size) for row in range(rows)]).astype(np.float64)

    options = {"popsize": 10, "randn": normals, "seed": math.nan, "CMA_diagonal": separable, "CMA_mirrors": 0}
    theirs = cma.CMAEvolutionStrategy(START.astype(np.float64), 0.5, {**options, "verbose": -10, "verb_log": 0})
    for generation in range(5):
        population = ours.ask(HP, key(generation))
        solutions = theirs.ask()
        np.testing.assert_array_equal(population.base_bp, np.array(solutions, np.float32))
        batch = replace(evaluate(population), entropy_r=None)
        ours.tell(population, batch)
        theirs.tell(solutions, (-batch.returns_r).tolist())
    np.testing.assert_array_equal(ours.mean, theirs.mean.astype(np.float32))


def test_only_the_first_sigma_is_taken() -> None:
    one, other = (CovarianceMatrixAdaptation(mean=START, population=8) for _ in range(2))
    for strategy, sigmas in ((one, [0.3, 0.3]), (other, [0.3, 9.0])):
        for generation, sigma in enumerate(sigmas):
            train(strategy, Hyperparameters(sigma=sigma), range(generation, generation + 1))
    assert_same_state(one, other)
    assert one.declared["sigma"].adaptable is False


def test_a_failed_candidate_ranks_last() -> None:
    """A NaN, or a record, is the same step as a return far below all others."""
    strategy = CovarianceMatrixAdaptation(mean=START, population=8)
    population = strategy.ask(HP, key(0))
    batch = evaluate(population, failed=(2,))
    lowest, record = batch.returns_r.copy(), batch.returns_r.copy()
    lowest[2], record[2] = -1e6, 1e9
    expected = strategy.stepped(population, replace(batch, returns_r=lowest, failed_r=np.zeros(8, np.bool_)))
    for returns_r in (batch.returns_r, record):
        np.testing.assert_array_equal(strategy.stepped(population, replace(batch, returns_r=returns_r)), expected)


def test_a_scale_of_its_own_for_each_parameter() -> None:
    scale = np.where(np.arange(P) < 35, 0.1, 10.0).astype(np.float32)
    strategy = CovarianceMatrixAdaptation(mean=START, population=64, scale=scale)
    moved_bp = strategy.ask(HP, key(0)).base_bp - START
    # 64 candidates by 35 parameters: a standard deviation to about 1.5 percent.
    np.testing.assert_allclose(moved_bp[:, :35].std(), 0.05, rtol=0.08)
    np.testing.assert_allclose(moved_bp[:, 35:].std(), 5.0, rtol=0.08)


def test_episodes_and_the_centre() -> None:
    strategy = CovarianceMatrixAdaptation(mean=START, population=4, episodes_per_candidate=2, center_episodes=1)
    population = strategy.ask(HP, key(0))
    assert population.base_r.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert population.candidate_r.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, -1]
    assert not population.sign_r.any()
    np.testing.assert_array_equal(parameters(population, 8), START)
    small = strategy.ask(HP, key(0), candidates=2)
    assert (small.rows, small.base_bp.shape) == (4, (2, P))


def test_threads_of_the_linear_algebra_change_nothing() -> None:
    """At this size OpenBLAS shares a decomposition out, and rounds otherwise."""
    means = []
    for threads in (1, 2):
        strategy = CovarianceMatrixAdaptation(mean=np.full(150, 0.1, np.float32), population=20)
        evaluator = make_evaluator("rosenbrock", dim=150, threads=1)
        with threadpool_limits(threads, user_api="blas"):
            for generation in range(60):
                population = strategy.ask(HP, key(generation))
                strategy.tell(population, evaluator.evaluate(population))
        means.append(strategy.mean)
    np.testing.assert_array_equal(means[0], means[1])


def test_what_was_asked_elsewhere_is_refused() -> None:
    strategy = CovarianceMatrixAdaptation(mean=START, population=8)
    old, small = strategy.ask(HP, key(0)), strategy.ask(HP, key(0), candidates=4)
    with pytest.raises(ValueError, match="cmaes learns from 8 candidates at a time, got 4"):
        strategy.tell(small, evaluate(small))
    strategy.tell(old, evaluate(old))
    untouched = strategy.state()
    with pytest.raises(ValueError, match="was asked from another state of cmaes; tell each before asking the next"):
        strategy.tell(old, evaluate(old))
    np.testing.assert_array_equal(strategy.state()["losses"], untouched["losses"])


def test_a_resumed_one_asks_the_same() -> None:
    first, second = (CovarianceMatrixAdaptation(mean=START, population=8) for _ in range(2))
    train(first, HP, range(4))
    second.load(first.state())
    assert_same_population(first.ask(HP, key(4)), second.ask(HP, key(4)))


def test_a_replay_that_leads_elsewhere_is_refused() -> None:
    strategy = CovarianceMatrixAdaptation(mean=START, population=8)
    train(strategy, HP, range(3))
    saved, before = strategy.state(), strategy.state()
    saved["losses"] = saved["losses"][:, ::-1].copy()
    with pytest.raises(ValueError, match="replaying the saved generations did not lead to the saved mean"):
        strategy.load(saved)
    for name, array in before.items():
        np.testing.assert_array_equal(strategy.state()[name], array)


def test_too_many_parameters() -> None:
    mean = np.zeros(LARGEST_FULL + 1, np.float32)
    with pytest.raises(ValueError, match=r"takes at most 2000 parameters, got 2001: .* separable=True \(--separable\)"):
        CovarianceMatrixAdaptation(mean=mean)
    diagonal = CovarianceMatrixAdaptation(mean=mean, separable=True, population=4)
    train(diagonal, HP, range(2))
    assert np.any(diagonal.mean)
    config = Config(task="HalfCheetah-v5", strategy="cmaes", meta="none", threads=1)
    with pytest.raises(ConfigError, match="take separable=True"):
        build.make_parts(config)
    assert build.make_parts(config.replace(separable=True)).config.separable


def test_a_learned_meta_level_has_nothing_to_move() -> None:
    config = Config(task="Reacher-v5", strategy="cmaes", meta="lstm", hidden=(), threads=1)
    with pytest.raises(ConfigError, match="strategy 'cmaes' leaves a meta-level nothing to move; take meta = 'none'"):
        build.make_parts(config)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(
        InstallationError,
        match=r"strategy 'cmaes' needs the packages cma and threadpoolctl; pip install 'bierl-fast\[cmaes\]'",
    ):
        CovarianceMatrixAdaptation(mean=START)
    with pytest.raises(InstallationError, match=r"pip install 'bierl-fast\[cmaes\]'"):
        build.make_parts(Config(task="Reacher-v5", strategy="cmaes", meta="none", hidden=(), threads=1))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"population": 7}, "population must be even"),
    ({"population": 2}, "population must be at least 4 for cmaes, got 2"),
    ({"mean": np.zeros(1, np.float32)}, "cmaes needs at least 2 parameters, got 1"),
    ({"scale": np.zeros(P, np.float32)}, "scale must be above 0, got 0.0"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_arguments(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CovarianceMatrixAdaptation(**{"mean": START, **change})


def test_nothing_is_printed_or_written(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    train(CovarianceMatrixAdaptation(mean=START, population=4), HP, range(3))
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_numpys_own_generator_is_left_alone() -> None:
    def words() -> Any:
        state: Any = np.random.get_state()  # noqa: NPY002 - the global generator is what cma would seed
        return state[1].copy()

    before = words()
    train(CovarianceMatrixAdaptation(mean=START, population=4), HP, range(2))
    np.testing.assert_array_equal(words(), before)
