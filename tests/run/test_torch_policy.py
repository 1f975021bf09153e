"""Whole runs with a torch module as the policy: the same bits at any number of workers, after a stop, and on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import torch_modules
from helpers.outcomes import fails, lines
from helpers.pool_evaluators import WALK

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.errors import ConfigError, RunDirectoryError, RunWarning

HERE = "helpers.torch_modules:"
CONFIG = bf.Config(
    task=WALK,
    policy=f"{HERE}Recurrent",
    population=4,
    generations=4,
    sigma=0.1,
    meta="lstm",
    meta_interval=2,
    meta_budget=0.9,
    meta_pairs=1,
    meta_candidates=2,
    encoder_size=4,
    workers=2,
    eval_interval=2,
    eval_episodes=2,
)


@pytest.mark.slow  # each worker of each evaluator imports torch
@pytest.mark.parametrize(
    ("path", "function", "changes"),
    [
        (f"{HERE}Recurrent", torch_modules.Recurrent, {}),
        (f"{HERE}sized", torch_modules.sized, {"obs_norm": False, "action_noise": "fixed", "episode_cap": 5}),
    ],
    ids=["recurrent", "sized"],
)
def test_workers_a_stop_and_the_function_itself_change_nothing(
    path: str, function: Any, changes: dict[str, Any], tmp_path: Path
) -> None:
    config = CONFIG.replace(policy=path, **changes)
    assert config.meta == "lstm"
    torch.manual_seed(1)
    whole = bf.train(config, tmp_path / "whole")
    assert whole.metrics[-1]["meta_updates"] >= 1
    torch.manual_seed(2)  # the run has a seed of its own
    bf.train(config.replace(policy=function, generations=2, workers=1), tmp_path / "parts")
    parts = bf.resume(tmp_path / "parts", generations=4)
    assert lines(whole) == lines(parts)
    assert f'policy = "{path}"' in (tmp_path / "parts/config.toml").read_text()
    for name in ("checkpoint.npz", "policy.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert bf.evaluate(tmp_path / "whole", episodes=3, workers=1)["task"] == WALK
    with np.load(tmp_path / "whole/policy.npz") as file:
        assert bool(file["obs_count"].any()) == (config.obs_norm is not False)
    with pytest.warns(match="already reached its end"):
        again = bf.resume(tmp_path / "whole")
    np.testing.assert_array_equal(again.policy.act(np.ones(2)), whole.policy.act(np.ones(2)))


@pytest.mark.slow
def test_a_native_task_runs_in_worker_processes(tmp_path: Path) -> None:
    config = CONFIG.replace(task="Swimmer-v5", policy=f"{HERE}sized", meta="none", episode_cap=5, eval_interval=0)
    result = bf.train(config, tmp_path / "run")
    assert isinstance(result.policy, bf.TorchPolicy)
    assert result.parameters.size == 8 * 3 + 3 + 3 * 2 + 2


@pytest.mark.slow
def test_a_factory_without_an_import_path_trains_but_does_not_resume(tmp_path: Path) -> None:
    with pytest.warns(
        RunWarning, match=r"the policy <.*lambda>> cannot be imported by name: .* policy=\.\.\. in Python"
    ):
        result = bf.train(CONFIG.replace(policy=lambda: torch.nn.Linear(2, 1), generations=2), tmp_path / "run")
    assert bf.evaluate(result.policy, episodes=2, workers=1)["episodes"] == 2  # its module is at hand
    with pytest.raises(ConfigError, match=r"the policy was the Python function <.*lambda>>, which cannot be imported"):
        bf.resume(tmp_path / "run", generations=4)
    with pytest.raises(RunDirectoryError, match=r"without its module .*; read it with bf\.TorchPolicy\.load\(path, m"):
        bf.evaluate(tmp_path / "run")
    loaded = bf.TorchPolicy.load(tmp_path / "run/policy.npz", torch.nn.Linear(2, 1))
    np.testing.assert_array_equal(loaded.parameters, result.parameters)


@pytest.mark.slow
def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import torch\n\nclass Plain(torch.nn.Linear):\n    pass\n\ndef make():\n    return Plain(4, 2)\n"
    (tmp_path / "users_policy.py").write_text(code, encoding="utf-8")
    words = "train CartPole-v1 --policy users_policy:make --generations 2 --population 4 --workers 1 --run-dir run"
    assert entry([*words.split(), "--quiet"]) == 0
    assert entry(["resume", "run", "--generations", "3", "--quiet"]) == 0
    capsys.readouterr()
    assert entry(["evaluate", "run", "--episodes", "2", "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "CartPole-v1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("no_module_of_mine:make", "cannot import the policy 'no_module_of_mine:make': No module named"),
        (f"{HERE}nowhere", "module 'helpers.torch_modules' has no attribute 'nowhere'"),
        ("torch_modules", "cannot import the policy 'torch_modules': an import path is module:function"),
        (f"{HERE}nothing", f"the policy '{HERE}nothing' must return a torch.nn.Module, got NoneType"),
        (f"{HERE}failing", f"the policy '{HERE}failing' raised OSError: the weights are gone"),
        (f"{HERE}one_size", "must take nothing, or observation and action size; it needs (observation_size)"),
        (f"{HERE}too_wide", "the module does not answer an observation of shape (2,): RuntimeError: "),
        (f"{HERE}in_batches", "the module does not answer an observation of shape (2,): ValueError: "),
        ("torch.nn:Tanh", "every parameter of the module must be float32, got none at all"),
        (f"{HERE}sized --hidden 8", "a torch policy brings its own network: leave out hidden, got (8,)"),
        (f"{HERE}sized --activation relu", "leave out activation, got 'relu'"),
        (f"{HERE}sized --log-std-noise-scale 2", "leave out log_std_noise_scale, got 2.0"),
        (f"{HERE}sized --action-noise evolved", "no log standard deviations to evolve, as action_noise would; take"),
        (f"{HERE}sized --strategy meps", "as action_noise would; take another strategy, or leave policy out"),
        (f"{HERE}sized --strategy esac", "strategy 'esac' needs the compiled network, whose layers it knows"),
        (f"{HERE}sized --evaluator native", "a TorchPolicy runs in worker processes alone; take evaluator 'pool'"),
        (f"{HERE}sized --dim 4", "and takes no policy (got"),
    ],
)
def test_bad_policies_exit_with_2(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    task = "Swimmer-v5" if "native" in words else "quadratic" if "--dim" in words else WALK
    workers = "" if "--dim" in words else "--workers 1"
    line = f"train {task} --meta none --generations 1 {workers} --run-dir nowhere --policy {words}"
    fails(capsys, 2, message, *line.split())
    assert not Path("nowhere").exists()


def test_a_module_in_place_of_its_factory() -> None:
    with pytest.raises(ConfigError, match="got a module itself, Linear; give a function that returns it"):
        bf.train(CONFIG.replace(policy=torch.nn.Linear(2, 1)))
    with pytest.raises(ConfigError, match="policy must be a string or a Python function or none, got <"):
        CONFIG.replace(policy=bf.TorchPolicy(torch.nn.Linear(2, 1)))
