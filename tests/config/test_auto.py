"""What meta "auto" stands for: one rule, whoever asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.config.auto import decided
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.run.build import read_policy
from bierl_fast.strategy.table import STRATEGIES

SMALL: dict[str, Any] = {"task": "rastrigin", "dim": 5, "generations": 3, "threads": 1}

RULE: list[tuple[dict[str, Any], str]] = [
    ({}, "tpa"),
    ({"strategy": "ars", "population": 4}, "tpa"),
    ({"strategy": "snes", "population": 8}, "tpa"),
    ({"optimizer": "momentum", "momentum": 0.3}, "tpa"),
    ({"optimizer": "gradient", "riders": ("tpa", "sigma_probe")}, "tpa"),
    ({"adapt": ("learning_rate",)}, "tpa"),
    ({"optimizer": "clipup"}, "linear"),
    ({"strategy": "ars", "population": 2}, "linear"),
    ({"riders": ("sigma_probe",)}, "linear"),
    ({"reference": {"mirrored": False}}, "linear"),
    ({"strategy": "cmaes"}, "none"),
    ({"center_episodes": 0}, "none"),
    ({"meta_fitness": "in_batch"}, "lstm"),
    ({"encoder_size": 9}, "lstm"),
    ({"adapt": ("sigma", "momentum"), "optimizer": "adam"}, "lstm"),
    ({"sigma_scale": "linear", "sigma_range": (0.001, 0.1)}, "lstm"),
    ({"warm_start_task": "quadratic", "warm_start_limit": 300}, "lstm"),
    ({"warm_start": "linear", "meta_budget": 0.0}, "linear"),
]


@pytest.mark.filterwarnings("ignore:.* before (the|its) first (meta-)?update:bierl_fast.RunWarning")
@pytest.mark.parametrize(("given", "meta"), RULE)
def test_the_rule(given: dict[str, Any], meta: str) -> None:
    """A run of it says what it was; no env step is spent on it unless somebody asked for what learns."""
    seen: list[dict[str, Any]] = []
    config = bf.Config(**{**SMALL, "population": 16, **given})
    assert config.meta == "auto"
    if "warm_start" not in given:
        assert decided(config).meta == meta
    bf.train(config, observer=seen.append)
    if meta != "lstm":
        assert seen[-1]["meta_steps"] == 0


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_has_one(strategy: str) -> None:
    found = decided(bf.Config(task="Hopper-v5", strategy=strategy, generations=1))
    assert found.meta in {"tpa", "linear", "none"}
    assert not found.safeguard or not (STRATEGIES[strategy].transitions or STRATEGIES[strategy].behaviors)


def test_what_is_named_stays() -> None:
    for meta in ("none", "lstm", "csa"):
        config = bf.Config(**SMALL, meta=meta)
        assert decided(config) is config


def test_what_is_given_wins() -> None:
    assert not decided(bf.Config(**SMALL, safeguard=False)).safeguard
    assert decided(bf.Config(**SMALL)).safeguard
    assert decided(bf.Config(**SMALL, warm_start=None)).meta == "tpa"
    found = WarmStart.load("lstm")
    assert decided(bf.Config(**SMALL), found).meta == found.shape.meta


def test_files_and_names_hold_what_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["train", "ackley", "--dim", "4", "--population", "8", "--generations", "2", "--quiet"]
    assert entry(command) == 0
    run = Path("runs/ackley-es-tpa-s0-1")
    saved = toml.read(run / "config.toml")
    assert (saved["meta"], saved["riders"], saved["safeguard"]) == ("tpa", ["tpa"], True)
    assert entry(["resume", str(run), "--generations", "4", "--quiet"]) == 0
    whole = bf.train(bf.Config(task="ackley", dim=4, population=8, generations=4))
    assert whole.policy.parameters.tobytes() == read_policy(run / "policy.npz").parameters.tobytes()


@pytest.mark.filterwarnings("ignore:.* before (the|its) first (meta-)?update:bierl_fast.RunWarning")
def test_a_run_of_an_earlier_default_goes_on_as_it_was(tmp_path: Path) -> None:
    """Its config.toml names the meta-level that was the default then."""
    small = {**SMALL, "population": 8, "meta": "lstm", "encoder_size": 8, "generator_hidden": 8}
    bf.train(bf.Config(**small), tmp_path / "run")
    assert toml.read(tmp_path / "run" / "config.toml")["meta"] == "lstm"
    resumed = bf.resume(tmp_path / "run", generations=9)
    assert resumed.metrics[-1]["generation"] == 8
    assert toml.read(tmp_path / "run" / "config.toml")["meta"] == "lstm"
