"""Runs of native tasks in wrappers: saved, resumed, evaluated and filmed as they were trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.own_tasks import arm

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.evaluation.policy.saved import load_policy

TABLES: list[dict[str, Any]] = [
    {"wrapper": "RepeatAction", "num_repeats": 3},
    {"wrapper": "NoisyObservation", "scale": 0.1},
    {"wrapper": "ScaleReward", "scale": 0.25},
    {"wrapper": "FrameStackObservation", "stack_size": 2},
]
SETTINGS: dict[str, Any] = {
    **{"generations": 2, "population": 4, "meta": "none", "strategy": "es", "hidden": (4,), "threads": 1, "seed": 1},
}


def returns(run: Path) -> list[float]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["mean_return"] for line in lines]


@pytest.mark.slow
def test_what_was_trained_is_what_goes_on_and_is_evaluated(tmp_path: Path) -> None:
    config = bf.Config(task="Swimmer-v5", task_kwargs={"wrappers": TABLES}, **SETTINGS)
    bf.train(config, tmp_path / "two")
    bf.resume(tmp_path / "two", generations=4)
    bf.train(config.replace(generations=4), tmp_path / "four")
    assert returns(tmp_path / "two") == returns(tmp_path / "four")
    evaluated = bf.evaluate(tmp_path / "two", episodes=2, threads=1)
    assert evaluated["mean_length"] == 334  # 1,000 steps, three at a time
    in_processes = bf.evaluate(tmp_path / "two", episodes=2, threads=1, evaluator="pool")
    assert in_processes["mean_return"] == evaluated["mean_return"]
    plain = bf.train(config.replace(task_kwargs={}, generations=1), tmp_path / "plain")
    assert plain.metrics[0]["mean_return"] != returns(tmp_path / "four")[0]


def test_a_policy_sees_what_the_wrappers_show(tmp_path: Path) -> None:
    bf.train(bf.Config(task="Swimmer-v5", task_kwargs={"wrappers": TABLES}, **SETTINGS), tmp_path / "run")
    policy: Any = load_policy(tmp_path / "run" / "policy.npz")
    assert policy.spec.observation_size == 16
    assert policy.spec.task_kwargs == {"wrappers": TABLES}
    env = bf.NativeEnv(policy.spec.task, **policy.spec.task_kwargs)
    observation, _ = env.reset(seed=0)
    assert np.shape(observation) == (16,)
    assert np.shape(policy.act(observation)) == (2,)


def test_threads_change_nothing() -> None:
    results = []
    for threads in (1, 3):
        evaluator = bf.make_evaluator("Hopper-v5", task_kwargs={"wrappers": TABLES}, threads=threads, hidden=(8,))
        strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=10)
        population = strategy.ask(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), bf.NoiseKey(0, 0))
        results.append(evaluator.evaluate(population).returns_r.tobytes())
        evaluator.close()
    assert results[0] == results[1]


def test_the_command_line_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = [
        *("--generations", "1", "--population", "4", "--meta", "none", "--strategy", "es", "--hidden", "4"),
        *("--threads", "1", "--quiet"),
    ]
    given = 'wrappers=[{wrapper="FrameStackObservation", stack_size=5}]'
    assert entry(["train", "Swimmer-v5", *flags, "--task-kwarg", given, "--run-dir", "run"]) == 0
    assert entry(["train", "--config", "run/config.toml", "--run-dir", "again", "--quiet"]) == 0
    assert returns(Path("run")) == returns(Path("again"))
    policy: Any = load_policy(Path("run/policy.npz"))
    assert policy.spec.observation_size == 40


def test_a_task_file_says_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arm(tmp_path)
    (tmp_path / "wrapped.toml").write_text(
        """
        model = "arm.xml"
        episode_steps = 20
        observation = [{ term = "joint_positions" }]
        reward = [{ term = "body_heights", bodies = "lower" }]
        wrappers = [
            { wrapper = "RepeatAction", num_repeats = 4 },
            { wrapper = "FrameStackObservation", stack_size = 3, padding_type = "zero" },
        ]
        """,
        encoding="utf-8",
    )
    bf.train(bf.Config(task="wrapped.toml", **SETTINGS), "run")
    evaluated = bf.evaluate("run", episodes=2, threads=1)
    assert evaluated["mean_length"] == 5
    cases: list[tuple[dict[str, Any], int]] = [({}, 6), ({"wrappers": []}, 2)]
    for kwargs, size in cases:
        evaluator: Any = bf.make_evaluator("wrapped.toml", task_kwargs=kwargs, threads=1)
        assert evaluator.policy.spec.observation_size == size
