"""Returns of any finite size: the same ranks, finite means, no error; for every strategy, shaping and meta-level."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast import finite
from bierl_fast.messages import F32, EvaluationBatch, NoiseKey
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run.reporting import summary
from bierl_fast.strategy.shaping import SHAPINGS
from bierl_fast.strategy.table import STRATEGIES

MOST = sys.float_info.max
SCALES = [2.0**1019, 2.0**-1000]
OF_FUNCTIONS = ["ars", "cmaes", "es", "pgpe", "snes"]


def exact_mean(values: list[float]) -> float:
    return float(sum(map(Fraction, values)) / len(values))


@pytest.mark.parametrize(
    "values", [[MOST, MOST, MOST], [MOST, -MOST, 3.0], [-MOST, -2.5e307, -MOST], [4e-310, 2e-310], [1.0, 2.0, 4.5]]
)
def test_the_mean_is_the_exact_one(values: list[float]) -> None:
    assert float(finite.mean(values)) == pytest.approx(exact_mean(values), rel=1e-15)
    found = finite.mean_of_groups(np.array([*values, 7.0]), np.array([0] * len(values) + [1]))
    assert found[0] == pytest.approx(exact_mean(values), rel=1e-15)
    assert found[1] == 7.0


def test_groups_keep_what_is_not_finite() -> None:
    values = np.array([np.nan, 1.0, np.inf, 1.0, MOST, MOST])
    np.testing.assert_array_equal(finite.mean_of_groups(values, np.array([0, 0, 1, 1, 2, 2])), [np.nan, np.inf, MOST])


@pytest.mark.parametrize("scale", SCALES)
def test_deviations_scale(scale: float) -> None:
    values = np.array([[1.0, -3.0, 11.0], [2.0, 2.5, 0.25]])
    np.testing.assert_array_equal(finite.std(values * scale, axis=1), values.std(axis=1) * scale)
    assert finite.middle(np.array([MOST, MOST / 2])) == MOST * 0.75


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shaping", SHAPINGS)
def test_shapings_give_the_same_order(shaping: str, scale: float) -> None:
    fitness_n = np.array([3.0, -2.0, 7.5, 7.0, -7.75, 0.0, 1.0, 2.0])
    failed_n = np.array([False] * 7 + [True])
    usual_n, weight_n = (SHAPINGS[shaping](fitness_n * each, failed_n, 4) for each in (1.0, scale))
    assert np.isfinite(weight_n).all()
    np.testing.assert_array_equal(np.argsort(weight_n, kind="stable"), np.argsort(usual_n, kind="stable"))
    if shaping != "raw":  # whose weights are the returns' own
        np.testing.assert_array_equal(weight_n, usual_n)


def bowl(scale: float) -> Callable[[F32], float]:
    return lambda x: -float(((x - 1.0) ** 2).sum()) * scale


def trained(**settings: Any) -> bf.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", bf.RunWarning)
        return bf.train(bf.Config(**{"dim": 5, "population": 8, "generations": 5, "threads": 1, **settings}))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("strategy", OF_FUNCTIONS)
def test_strategies_take_the_same_steps(strategy: str, scale: float) -> None:
    usual, run = (
        trained(task=bowl(each), strategy=strategy, meta="none", episodes_per_candidate=3) for each in (1.0, scale)
    )
    np.testing.assert_array_equal(run.parameters, usual.parameters)
    assert all(line["mean_return"] is not None for line in run.metrics)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("meta", META_LEVELS)
def test_meta_levels_see_the_same(meta: str, scale: float) -> None:
    settings: dict[str, Any] = {"pbt": {"meta_interval": 2}, "schedule": {"schedule_horizon": 8}}.get(meta, {})
    if META_LEVELS[meta].learned:
        settings = {"meta_interval": 2, "meta_budget": 0.9}
    usual, run = (trained(task=bowl(each), meta=meta, generations=8, **settings) for each in (1.0, scale))
    np.testing.assert_array_equal(run.parameters, usual.parameters)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", sorted(STRATEGIES.keys() - set(OF_FUNCTIONS)))
def test_strategies_of_policies(strategy: str) -> None:
    run = trained(
        task="HalfCheetah-v5",
        task_kwargs={"forward_reward_weight": 3e306},
        dim=None,
        strategy=strategy,
        meta="none",
        hidden=(3,),
        episode_cap=20,
        episodes_per_candidate=2,
    )
    assert np.isfinite(run.parameters).all()
    assert all(line["mean_return"] is not None for line in run.metrics)


def test_reports_are_finite() -> None:
    lengths_r, failed_r = np.ones(3, np.int32), np.array([False, False, True])
    found = summary(EvaluationBatch(np.array([MOST, -MOST, 5.0]), lengths_r, failed_r))
    assert found["mean_return"] == pytest.approx(-MOST / 3)
    assert found["std_return"] == pytest.approx(MOST * (8 / 9) ** 0.5)


def test_a_step_beyond_single_precision_is_not_taken() -> None:
    strategy = bf.make_strategy("es", mean=np.ones(4, np.float32), population=4, optimizer="gradient")
    hp = bf.Hyperparameters(weight_decay=3e38, learning_rate=1e3)
    population = strategy.ask(hp, NoiseKey(0, 3))
    batch = EvaluationBatch(np.arange(4.0), np.ones(4, np.int32), np.zeros(4, np.bool_), key=population.key)
    before = strategy.state()
    with pytest.raises(bf.DivergedError, match=r"generation 3 left 4 of 4 parameters.*weight_decay 3e\+38"):
        strategy.tell(population, batch)
    assert all(np.array_equal(array, before[name], equal_nan=True) for name, array in strategy.state().items())


@pytest.mark.parametrize("strategy", ["es", "nsr", "esac"])
def test_a_run_that_diverges_keeps_what_it_has(strategy: str, tmp_path: Any) -> None:
    config = bf.Config(
        task="InvertedPendulum-v5",
        strategy=strategy,
        meta="none",
        population=8,
        weight_decay=1e5,
        optimizer="gradient",
        hidden=(3,),
        learning_rate=1.0,
        generations=60,
        threads=1,
        episode_cap=5,
    )
    with pytest.raises(bf.DivergedError, match="weight_decay 100000"):
        bf.train(config, tmp_path / "run")
    policy = bf.Policy.load(tmp_path / "run" / "policy.npz")
    assert np.isfinite(policy.parameters).all()
    assert policy.parameters.any()


def test_usual_numbers_take_numpys_way() -> None:
    values = np.random.default_rng(3).normal(size=(64, 7)) * 1e40
    np.testing.assert_array_equal(finite.mean(values, axis=1), values.mean(axis=1))
    np.testing.assert_array_equal(finite.std(values, axis=0), values.std(axis=0))
    group = np.arange(64) // 4
    expected = np.bincount(group, weights=values[:, 0]) / np.bincount(group)
    np.testing.assert_array_equal(finite.mean_of_groups(values[:, 0], group), expected)
