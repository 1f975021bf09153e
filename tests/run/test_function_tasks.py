"""Whole runs on functions: every call counted, saved by import path, refused where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import functions
from helpers.outcomes import fails, lines
from helpers.settings import taken

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError, RunWarning
from bierl_fast.messages import F32
from bierl_fast.run import metrics
from bierl_fast.run.directory import default_directory

Captured = pytest.CaptureFixture[str]

PLAIN: dict[str, Any] = {"population": 8, "sigma": 0.1, "learning_rate": 0.1}
SMALL: dict[str, Any] = {**PLAIN, "meta_pairs": 1, "meta_interval": 2, "meta_budget": 0.7}
NATIVE = Config(
    task="rastrigin",
    dim=12,
    task_kwargs={"noise": 0.1, "rotation_seed": 1, "shift_radius": 1.0},
    generations=12,
    **SMALL,
)


@pytest.mark.slow
def test_every_call_is_a_step_with_a_meta_level_too() -> None:
    functions.CALLS["hill"] = 0
    config = Config(task=functions.hill, dim=60, sigma=0.05, learning_rate=0.05, population=32, total_steps=12_000)
    result = bf.train(config.replace(meta="lstm"))
    last = result.metrics[-1]
    assert last["meta_updates"] > 0
    assert functions.CALLS["hill"] == last["env_steps"] >= 12_000
    assert last["env_steps"] == last["inner_steps"] + last["meta_steps"]
    assert result.metrics[0]["center_return"] == -60.0  # from zeros, 1 away in each of 60
    assert last["mean_return"] > -30.0
    assert result.policy.task == "helpers.functions:hill"
    np.testing.assert_array_equal(result.policy.parameters, result.parameters)


@pytest.mark.parametrize("meta", ["none", "lstm"])
def test_reporting_calls_are_counted_apart(meta: str) -> None:
    functions.CALLS["hill"] = 0
    small = taken({**SMALL, "meta": meta})
    result = bf.train(Config(task=functions.hill, dim=3, generations=7, eval_interval=3, eval_episodes=5, **small))
    last = result.metrics[-1]
    assert last["eval_steps"] == 2 * 5
    assert functions.CALLS["hill"] == last["env_steps"] + last["eval_steps"]


def same(one: bf.Result, other: bf.Result) -> None:
    assert one.run_dir is not None
    assert other.run_dir is not None
    assert lines(one) == lines(other)
    for name in ("checkpoint.npz", "policy.npz"):
        assert (one.run_dir / name).read_bytes() == (other.run_dir / name).read_bytes()


@pytest.mark.parametrize(
    "config",
    [
        NATIVE,
        Config(task=functions.hills, dim=5, vectorized=True, task_kwargs={"top": 2.0}, generations=12, **SMALL),
        Config(task=functions.hill, dim=5, meta="none", generations=12, **PLAIN),
        NATIVE.replace(meta="csa"),
    ],
    ids=["native", "vectorized", "plain", "csa"],
)
def test_threads_and_a_stop_change_nothing(config: Config, tmp_path: Path) -> None:
    whole = bf.train(config.replace(threads=1), tmp_path / "whole")
    same(whole, bf.train(config.replace(threads=3), tmp_path / "threads"))
    bf.train(config.replace(generations=5), tmp_path / "stopped")
    same(whole, bf.resume(tmp_path / "stopped", generations=12))
    saved = toml.compose(toml.read(tmp_path / "whole" / "config.toml"))
    assert saved.task == config.task_name
    assert whole.run_dir is not None
    assert bf.evaluate(whole.run_dir, episodes=3) == bf.evaluate(whole.policy, episodes=3)


def test_a_function_without_an_import_path_trains_but_does_not_resume(tmp_path: Path) -> None:
    def local(x: F32) -> float:
        return -float(x @ x)

    with pytest.warns(RunWarning, match=r"local> cannot be imported by name: .*give it again, task=\.\.\. in Python"):
        result = bf.train(Config(task=local, dim=4, meta="none", generations=3, **PLAIN), tmp_path / "run")
    assert bf.evaluate(result.policy, episodes=2)["episodes"] == 2  # its function is at hand
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    message = (
        r"the task was the Python function <.*<locals>.local>, which cannot be imported: a lambda, a local function"
    )
    with pytest.raises(ConfigError, match=message):
        bf.resume(tmp_path / "run", generations=6)
    with pytest.raises(ValueError, match=message):
        bf.evaluate(tmp_path / "run")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_an_exception_of_the_function_saves_what_was_done(tmp_path: Path) -> None:
    calls = []

    def failing(x: F32) -> float:
        calls.append(x)
        if len(calls) > 30:
            raise ZeroDivisionError("too often")
        return 0.5 * float(x[0])

    with pytest.warns(RunWarning), pytest.raises(ZeroDivisionError, match="too often") as caught:
        bf.train(Config(task=failing, dim=4, meta="none", generations=9, **PLAIN), tmp_path / "run")
    assert any("failing> in row 3 of the population" in note for note in caught.value.__notes__)  # 3 * 9 + 3 went well
    assert len(metrics.read(tmp_path / "run" / "metrics.jsonl")) == 3


def test_failed_calls_are_counted(tmp_path: Path) -> None:
    result = bf.train(
        Config(task=lambda x: float("nan") if x[0] > 0.15 else float(x[1]), dim=2, meta="none", generations=5, **PLAIN)
    )
    assert 0 < result.metrics[-1]["episode_failures"] < result.metrics[-1]["env_steps"] == 45


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": (8,)}, r"has no policy network and no episodes, and takes no hidden \(got \(8,\)\)"),
        ({"obs_norm": False}, r"takes no obs_norm \(got False\)"),
        ({"behavior": "actions"}, r"takes no behavior \(got 'actions'\)"),
        ({"log_std_noise_scale": 2.0}, "log_std_noise_scale must be 1, got 2.0"),
        ({"dim": None}, "needs dim, the number of its parameters"),
        ({"vectorized": True}, "vectorized is for Python functions"),
        ({"task": "rastrigan"}, r"no function named 'rastrigan'; did you mean 'rastrigin'\? known: ackley, "),
    ],
)
def test_what_does_not_apply_is_a_bad_setting(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bf.train(NATIVE.replace(**changes))


def test_default_directories_have_plain_names(tmp_path: Path) -> None:
    for task, name in ((functions.hill, "helpers.functions_hill"), ("m:f", "m_f"), (lambda x: 0.0, "_tests.run.")):
        with default_directory(Config(task=task, dim=3), tmp_path) as path:
            assert path.name.startswith(name)
            assert not set(path.name) & set("<>:/ ")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a module of a user's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_module.py").write_text("def fn(x):\n    return -float(x @ x) + x[0]\n", encoding="utf-8")
    return tmp_path


def test_the_command_line_runs_functions(elsewhere: Path, capsys: Captured) -> None:
    train = ["train", "users_module:fn", "--dim", "3", "--population", "8", "--quiet"]
    assert entry([*train, "--generations", "4"]) == 0
    run = "runs/users_module_fn-es-tpa-s0-1"
    assert entry(["resume", run, "--generations", "6", "--quiet"]) == 0
    capsys.readouterr()
    assert entry(["evaluate", run, "--episodes", "2"]) == 0
    assert capsys.readouterr().out.startswith("users_module:fn: 2 fresh episodes, seed 0\n")
    assert entry(["train", "rastrigin", "--dim", "4", "--total-steps", "300", "--quiet"]) == 0
    assert (elsewhere / "runs/rastrigin-es-tpa-s0-1").is_dir()
    assert entry(["tasks"]) == 0
    assert "Functions, with --dim N: quadratic, rosenbrock, rastrigin, ackley" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("rastrigan --dim 3", "did you mean 'rastrigin'?"),
        ("rastrigin --dim 0", "dim must be at least 1 and at most 1073741824, got 0"),
        (
            "rastrigin --vectorized",
            "vectorized is for Python functions; a native",
        ),
        ("no_module_of_mine:fn --dim 3", "No module named 'no_module_of_mine'"),
        ("users_module:gn --dim 3", "cannot import the task 'users_module:gn': AttributeError"),
        ("quadratic --dim 3 --task-kwarg condition=0", "condition must be finite and at least 1, got 0"),
    ],
)
def test_bad_function_tasks_exit_with_2(arguments: str, message: str, elsewhere: Path, capsys: Captured) -> None:
    fails(capsys, 2, message, "train", *arguments.split(), "--generations", "1")
    assert [path.name for path in elsewhere.iterdir() if path.name != "__pycache__"] == ["users_module.py"]


@pytest.mark.parametrize("times", [0.1, 10.0])
@pytest.mark.parametrize("dim", [5, 20, 100])
def test_csa_converges_from_wrong_starts_whatever_the_number_of_parameters(dim: int, times: float) -> None:
    """32 pairs: more than there are parameters, or fewer."""
    sizes: dict[str, Any] = {"sigma": 0.3 * times, "learning_rate": 0.3 * times}
    result = bf.train(Config(task="quadratic", dim=dim, meta="csa", population=64, generations=400, threads=1, **sizes))
    first, last = result.metrics[0], result.metrics[-1]
    assert last["sigma"] < 0.05 * first["sigma"]
    assert last["mean_return"] > 0.01 * first["mean_return"]


def test_csa_takes_the_plain_step_and_refuses_momentum() -> None:
    config = NATIVE.replace(meta="csa", generations=30)
    result = bf.train(config)
    last = result.metrics[-1]
    assert (last["meta_steps"], last["meta_updates"]) == (0, 0)
    assert last["sigma"] / last["learning_rate"] == pytest.approx(1.0, rel=1e-9)  # 30 roundings of float64
    assert last["sigma"] != 0.1
    np.testing.assert_array_equal(result.parameters, bf.train(config.replace(optimizer="gradient")).parameters)
    with pytest.raises(ConfigError, match=r"meta 'csa' needs optimizer 'gradient' or a momentum of at most 0\.5, got"):
        config.replace(optimizer="adam")
    config.replace(optimizer="adam", momentum=0.3)
    with pytest.raises(ConfigError, match="adapt must name a hyperparameter for the meta-level 'csa', got none"):
        config.replace(adapt=())
    with pytest.raises(ConfigError, match="csa multiplies sigma and learning rate, and cannot adapt momentum"):
        bf.train(config.replace(optimizer="adam", momentum=0.3, adapt=("sigma", "momentum")))


@pytest.mark.parametrize("seed", range(3))
def test_csa_moves_sigma_alone_where_steps_are_in_units_of_it(seed: int) -> None:
    """With both, three of four such runs diverged."""
    settings: dict[str, Any] = {"task_kwargs": {"noise": 0.5}, "strategy": "snes", "meta": "csa", "population": 16}
    config = Config(task="quadratic", dim=10, generations=350, threads=1, seed=seed, **settings)
    result = bf.train(config)
    assert len({record["learning_rate"] for record in result.metrics}) == 1
    assert len({record["sigma"] for record in result.metrics}) > 300
    assert result.metrics[-1]["mean_return"] > result.metrics[0]["mean_return"]
    with pytest.raises(ConfigError, match="over strategy 'snes' moves sigma alone"):
        bf.train(config.replace(adapt=("sigma", "learning_rate")))


@pytest.mark.parametrize("strategy", ["ns", "nsr", "nsra"])
def test_novelty_has_nothing_to_compare(strategy: str) -> None:
    with pytest.raises(ConfigError, match=f"strategy '{strategy}' compares what episodes do, and a function has none"):
        bf.train(NATIVE.replace(strategy=strategy))
