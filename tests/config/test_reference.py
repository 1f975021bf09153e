"""The [reference] section: read, refused, written, typed on a command line, tied to a checkpoint, handed on."""

from __future__ import annotations

import dataclasses
import inspect
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference import authors

from bierl_fast.cli.main import entry
from bierl_fast.config import resolve, toml
from bierl_fast.config.config import Config
from bierl_fast.config.reference import CHOICES, ELSEWHERE, Reference
from bierl_fast.errors import CheckpointError, ConfigError
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.messages import NoiseKey
from bierl_fast.run import build
from bierl_fast.run.api import resume, train
from bierl_fast.strategy import table

SWITCHES = [field.name for field in dataclasses.fields(Reference)]
CONFIG = Config(task="Reacher-v5", population=8, hidden=(), meta="none", generations=2, threads=1)


def made(**changes: Any) -> build.Parts:
    parts = build.make_parts(CONFIG.replace(**changes))
    parts.evaluator.close()
    return parts


def test_every_switch_is_documented_and_off() -> None:
    assert CONFIG.reference == Reference()
    for field in dataclasses.fields(Reference):
        assert field.metadata["help"]
        if field.type == "str":
            assert field.default == field.metadata["choices"][0]
        assert f"{field.name}=" in CHOICES


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_is_some_strategys_argument_and_off_there_too(switch: str) -> None:
    users = [name for name in table.STRATEGIES if switch in table.options(name)]
    assert users
    for name in users:
        assert table.options(name)[switch] == getattr(Reference(), switch)


def test_what_is_an_ordinary_setting_says_so() -> None:
    settings = {field.name for field in dataclasses.fields(Config)} | {"bo_memory"}
    for name, instead in ELSEWHERE.items():
        assert instead.split(" = ")[0] in settings
        with pytest.raises(ConfigError, match=f"{name} is no reference switch: the setting is {instead}"):
            CONFIG.replace(reference={name: True})


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"mirored": False}, r"no reference switch named 'mirored'; did you mean 'mirrored'\? known: .*"),
        ({"mirrored": "no"}, "reference.mirrored must be true or false, got 'no'"),
        ({"mirrored": 0}, "reference.mirrored must be true or false, got 0"),
        ({"ties": "bst"}, r"no reference.ties named 'bst'; did you mean 'best'\? known: best, share"),
        ({"amt": 3}, "reference.amt must be a string, got 3"),
        ("mirrored", "reference must hold switches by name, such as mirrored = false, got 'mirrored'"),
    ],
)
def test_a_wrong_switch_is_refused(reference: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CONFIG.replace(reference=reference)
    with pytest.raises(ValueError, match=message):
        toml.compose({"task": "Reacher-v5"}, {"reference": reference})


def test_layers_win_switch_by_switch_and_toml_gives_them_back(tmp_path: Path) -> None:
    first = {"task": "Reacher-v5", "reference": {"mirrored": False, "ties": "best"}}
    config = toml.compose(first, {}, {"reference": {"mirrored": True, "amt": "raw_returns"}}, {"seed": 3})
    assert config.reference == Reference(ties="best", amt="raw_returns")
    path = tmp_path / "config.toml"
    path.write_text(toml.dumps(config), encoding="utf-8")
    assert toml.compose(toml.read(path)) == config
    assert set(tomllib.loads(toml.dumps(config))["reference"]) == set(SWITCHES)


def test_a_switch_that_the_strategy_does_not_use_is_refused() -> None:
    message = (
        "strategy 'ars' does not use the reference switch mirrored, got False; it uses none of them|"
        "strategy 'es' does not use the reference switch amt, got 'raw_returns'; "
        "it uses mirrored, ties, step_scale, entropy$"
    )
    for changes in (
        {"strategy": "ars", "reference": {"mirrored": False}},
        {"strategy": "es", "reference": {"amt": "raw_returns"}},
    ):
        with pytest.raises(ConfigError, match=message):
            made(**changes)
    assert (
        made(strategy="ars", reference={"mirrored": True}).config.reference == Reference()
    )  # off is nothing to refuse


def test_on_a_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words need no quotes; a typed switch wins over the preset's and leaves its others."""
    typed = ["train", "Reacher-v5", "--hidden", "none", "--meta", "none", "--generations", "1", "--quiet"]
    file = tmp_path / "some.toml"
    file.write_text('[reference]\nties = "best"\nmirrored = false\n', encoding="utf-8")
    switches = ["--reference", "mirrored=true", "--reference", "step_scale=reference", "--shaping", "log_rank"]
    run = tmp_path / "run"
    assert entry([*typed, "--config", str(file), *switches, "--run-dir", str(run)]) == 0
    assert toml.compose(toml.read(run / "config.toml")).reference == Reference(ties="best", step_scale="reference")
    for wrong, message in (
        ("mirored=false", "did you mean 'mirrored'?"),
        ("mirrored=nein", "reference.mirrored must be true or false, got 'nein'"),
        ("mirrored", "'mirrored' is not name=value"),
        ("clip_actions=false", "the setting is squash = 'none'"),
    ):
        assert entry([*typed, "--reference", wrong, "--run-dir", str(tmp_path / "none")]) == 2
        assert message in capsys.readouterr().err


def test_a_switch_ties_a_checkpoint(tmp_path: Path) -> None:
    train(CONFIG, tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace("mirrored = true", "mirrored = false"), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"other settings .*: reference\.mirrored was True, is False"):
        resume(tmp_path, generations=4)


def test_the_differential_entropy_is_the_policys_own() -> None:
    """-1.25 a step on Walker2d at the authors' weight of 0.1 and log_std of -3.5; the batch's is relative to it."""
    noisy: dict[str, Any] = {"action_noise": "evolved", "log_std": -3.5, "entropy_weight": 0.1}
    config = CONFIG.replace(task="Walker2d-v5", strategy="meps", sigma=0.05, **noisy)
    parts = build.make_parts(config.replace(reference={"entropy": "differential"}))
    policy = parts.evaluator.policy
    assert isinstance(policy, MlpPolicy)
    assert policy.starting_entropy() == pytest.approx(authors.differential_entropy(np.full(6, -3.5)), rel=1e-15)
    assert 0.1 * policy.starting_entropy() == pytest.approx(-1.25, abs=2e-3)
    hp = resolve.configured(parts.config, parts.strategy.declared)
    population = parts.strategy.ask(hp, NoiseKey(0, 0))
    batch = parts.evaluator.evaluate(population)
    strategy: Any = parts.strategy
    fitness_r = strategy.objective(batch, hp)
    for row in range(population.rows):
        log_std_a = parts.evaluator.parameters(population, row)[-6:].astype(np.float64)
        bonus = 0.1 * int(batch.lengths_r[row]) * authors.differential_entropy(log_std_a)
        # Relative entropies are float32 log standard deviations' differences; returns are of order 10 and more.
        assert fitness_r[row] == pytest.approx(batch.returns_r[row] + bonus, rel=1e-9)
    parts.evaluator.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "a policy without action noise has no differential entropy; set action_noise to 'evolved'"),
        ({"task": "quadratic", "dim": 4, "hidden": (64, 64)}, "entropy = 'differential' needs a policy network"),
    ],
)
def test_differential_entropy_needs_noise(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(reference={"entropy": "differential"}, **changes)


def test_a_linear_sigma_range() -> None:
    linear: dict[str, Any] = {"sigma": 0.05, "sigma_range": (0.02, 0.08), "sigma_scale": "linear"}
    parts = made(meta="lstm", adapt=("sigma", "learning_rate"), **linear)
    ranges = parts.history.ranges
    assert (ranges["sigma"].scale, ranges["learning_rate"].scale) == ("linear", "log")
    assert ranges["sigma"].position(0.05) == pytest.approx(0.5)
    with pytest.raises(ConfigError, match="sigma_scale = 'linear' needs sigma_range, the low,high that sigma may move"):
        made(meta="lstm", sigma_scale="linear")


def test_a_meta_level_under_the_reference_step_runs(tmp_path: Path) -> None:
    """Independent candidates serve the meta-level, too, and a stop in the run changes nothing."""
    config = CONFIG.replace(
        meta="lstm",
        meta_interval=2,
        meta_budget=0.7,
        meta_pairs=1,
        meta_sigma=0.05,
        shaping="log_rank_full",
        squash="none",
        reference={"mirrored": False, "ties": "best", "step_scale": "reference"},
    )
    whole = train(config.replace(generations=7), tmp_path / "whole")
    assert whole.metrics[-1]["meta_updates"] > 0
    train(config.replace(generations=4, threads=2), tmp_path / "stopped")
    resume(tmp_path / "stopped", generations=7)
    for file in ("checkpoint.npz", "policy.npz"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes(), file


def test_settings_of_a_reference_are_keywords() -> None:
    assert all(p.kind is p.KEYWORD_ONLY for p in inspect.signature(Reference).parameters.values())
