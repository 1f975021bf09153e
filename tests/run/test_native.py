"""Whole runs on a native task: the same bits at any number of threads, and across a stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.outcomes import lines

from bierl_fast.archive import read_archive, write_archive
from bierl_fast.config.config import Config
from bierl_fast.errors import CheckpointError, ConfigError, RunDirectoryError
from bierl_fast.evaluation.table import make_evaluator
from bierl_fast.messages import Arrays, Hyperparameters, NoiseKey
from bierl_fast.run.api import evaluate, resume, train
from bierl_fast.run.result import Result
from bierl_fast.strategy.table import make_strategy

# Reacher's episodes last 50 steps, so meta-updates are cheap; the wide budget lets them run often.
CONFIG = Config(
    task="Reacher-v5",
    population=8,
    generations=20,
    hidden=(8,),
    meta_interval=3,
    meta_budget=0.7,
    meta_pairs=1,
    seed=2**40 + 1,
    eval_interval=7,
    eval_episodes=2,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """20 generations without a stop, on one thread."""
    return train(CONFIG.replace(threads=1), tmp_path_factory.mktemp("whole") / "run")


def same(one: Result, other: Result) -> None:
    assert one.run_dir is not None
    assert other.run_dir is not None
    assert lines(one) == lines(other)
    np.testing.assert_array_equal(one.parameters, other.parameters)
    for name in ("checkpoint.npz", "policy.npz"):
        assert (one.run_dir / name).read_bytes() == (other.run_dir / name).read_bytes()


def test_the_meta_level_took_part(whole: Result) -> None:
    last = whole.metrics[-1]
    assert last["meta_updates"] >= 3
    assert 0 < last["meta_steps"] <= CONFIG.meta_budget * last["env_steps"]
    assert last["eval_steps"] == 2 * 2 * 50
    assert len({line["sigma"] for line in whole.metrics}) > 1


def test_a_resume_on_another_number_of_threads_changes_nothing(whole: Result, tmp_path: Path) -> None:
    train(CONFIG.replace(threads=2, generations=10), tmp_path / "run")
    same(whole, resume(tmp_path / "run", generations=CONFIG.generations, threads=1))
    with pytest.raises(ConfigError, match="threads must be at least 1 and at most 1024, got 0"):
        resume(tmp_path / "run", threads=0)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(threads: int, whole: Result, tmp_path: Path) -> None:
    same(whole, train(CONFIG.replace(threads=threads), tmp_path / "run"))


def test_a_stop_changes_nothing(whole: Result, tmp_path: Path) -> None:
    train(CONFIG.replace(generations=10), tmp_path / "run")
    same(whole, resume(tmp_path / "run", generations=20))


def test_evaluation_is_the_saved_policys(whole: Result) -> None:
    assert whole.run_dir is not None
    saved = evaluate(whole.run_dir, episodes=4, seed=1)
    assert saved == evaluate(whole.policy, episodes=4, seed=1, threads=1)
    assert saved["mean_length"] == 50
    assert saved["mean_return"] != evaluate(whole.policy, episodes=4, seed=2)["mean_return"]


def without(name: str) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        del arrays[name]

    return change


def reshaped(name: str) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[name] = np.append(arrays[name], arrays[name][:1])

    return change


def renamed(name: str, other: str) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[other] = arrays.pop(name)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("strategy/mean"), r"arrays must be \['mean', .*, got \["),
        (without("strategy/optimizer_second"), "the strategy's arrays must be"),
        (renamed("strategy/optimizer_first", "strategy/optimizer_velocity"), "the strategy's arrays must be"),
        (reshaped("strategy/mean"), r"mean must be float32 of shape \(\d+,\), got float32 of shape"),
        (reshaped("strategy/optimizer_first"), "optimizer_first must be float32 of shape"),
        (reshaped("strategy/optimizer_count"), r"optimizer_count must be int64 of shape \(1,\), got .* \(2,\)"),
        (without("evaluator/obs_m2"), r"observation statistics must be \['obs_count', 'obs_m2', 'obs_mean'\], got"),
        (reshaped("evaluator/obs_count"), r"obs_count must be float64 of shape \(1,\)"),
        (reshaped("evaluator/obs_mean"), r"observation statistics are for size \d+, expected"),
        (reshaped("evaluator/obs_m2"), "obs_m2 must be float64 of shape"),
        (without("history/counts"), r"the history's arrays must be \['counts', .*got \['latest'"),
    ],
)
def test_a_refused_resume_changes_no_file(change: Callable[[Arrays], None], message: str, tmp_path: Path) -> None:
    train(CONFIG.replace(generations=2, meta="none", threads=1), tmp_path)
    header, arrays = read_archive(tmp_path / "checkpoint.npz")
    change(arrays)
    write_archive(tmp_path / "checkpoint.npz", header, arrays)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CheckpointError, match=message):
        resume(tmp_path, generations=4)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_resume_without_its_metrics_changes_no_file(tmp_path: Path) -> None:
    train(CONFIG.replace(generations=3, meta="none", threads=1), tmp_path)
    lines_of = (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "metrics.jsonl").write_text(lines_of[0] + lines_of[2], encoding="utf-8")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RunDirectoryError, match="does not hold generations 0 to 2"):
        resume(tmp_path, generations=4)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("optimizer", ["adam", "gradient", "momentum", "clipup"])
@pytest.mark.parametrize("steps", [0, 1])
def test_every_optimizers_state_is_taken_back(optimizer: str, steps: int) -> None:
    evaluator = make_evaluator("Reacher-v5", hidden=())
    mean = evaluator.policy.initial_parameters(seed=0)
    strategies = [make_strategy("es", mean=mean, population=2, optimizer=optimizer) for _ in range(2)]
    for generation in range(steps):
        population = strategies[0].ask(Hyperparameters(), NoiseKey(0, generation))
        strategies[0].tell(population, evaluator.evaluate(population))
    strategies[1].load(strategies[0].state())
    for name, array in strategies[0].state().items():
        np.testing.assert_array_equal(strategies[1].state()[name], array)


def test_a_run_without_a_meta_level_needs_no_budget() -> None:
    config = CONFIG.replace(generations=1, population=2, meta="none", adapt=(), eval_interval=0)
    assert len(train(config).metrics) == 1
    with pytest.raises(ConfigError, match=r"meta 'none' takes no meta_budget \(got 0\.0\)"):
        train(config.replace(meta_budget=0.0))


def test_reporting_evaluations_run_whole_episodes_where_training_cuts_them() -> None:
    config = Config(task="Reacher-v5", meta="none", episode_cap=7, population=4, generations=2, eval_interval=1)
    result = train(config)
    per_generation = (config.population + config.center_episodes) * 7
    assert [record["inner_steps"] for record in result.metrics] == [per_generation, 2 * per_generation]
    assert [record["evaluation"]["mean_length"] for record in result.metrics] == [50.0, 50.0]
    assert result.metrics[-1]["eval_steps"] == 2 * config.eval_episodes * 50
    uncut = train(config.replace(episode_cap=None, eval_interval=0))
    assert uncut.metrics[-1]["inner_steps"] == 2 * 5 * 50
