"""`bf.configure` and `bierl train`: the same words, the same settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import starts, toml
from bierl_fast.config.reference import Reference

MINE = 'task = "InvertedPendulum-v5"\nstrategy = "ars"\nmeta = "none"\npopulation = 10\nsigma = 0.125\n'


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(MINE)


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("InvertedPendulum-v5 --population 8", {"task": "InvertedPendulum-v5", "population": "8"}),
        ("InvertedPendulum-v5 --strategy snes", {"task": "InvertedPendulum-v5", "strategy": "snes"}),
        ("--preset ars-swimmer --sigma 0.07 --meta none", {"preset": "ars-swimmer", "sigma": 0.07, "meta": "none"}),
        ("Reacher-v5 --preset none --seed 3", {"task": "Reacher-v5", "preset": "none", "seed": 3}),
        ("--config mine.toml --population 4 --top 2", {"file": Path("mine.toml"), "population": 4.0, "top": 2}),
        ("--preset ars-swimmer --config mine.toml", {"preset": "ars-swimmer", "file": "mine.toml"}),
        ("quadratic --dim 3 --meta none", {"task": "quadratic", "dim": 3, "meta": "none"}),
    ],
)
def test_it_is_what_the_command_takes(typed: str, given: dict[str, Any]) -> None:
    assert entry(["train", *typed.split(), "--generations", "1", "--run-dir", "typed", "--quiet"]) == 0
    config = bf.configure(**given, generations=1)
    assert isinstance(config, bf.Config)
    bf.train(config, "given")
    assert Path("given/config.toml").read_text() == Path("typed/config.toml").read_text()


def test_the_start_of_the_task_that_config_has_not() -> None:
    config = bf.configure("Hopper-v5", total_steps=5)
    assert (config.strategy, config.population) == ("ars", starts.STARTS["Hopper-v5"]["population"])
    assert config.given >= starts.STARTS["Hopper-v5"].keys()
    assert bf.Config(task="Hopper-v5").strategy == "es"
    assert bf.configure("Hopper-v5", population=np.int64(64)).top == 16


def test_a_task_that_is_an_object() -> None:
    def bowl(x: Any) -> float:
        return -float((x**2).sum())

    config = bf.configure(bowl, dim=3, preset="ars-hopper", file="mine.toml")
    assert (config.task, config.strategy) == (bowl, "ars")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "ars-swimer"}, "no preset named 'ars-swimer'; did you mean 'ars-swimmer'?"),
        ({"preset": "noen"}, "no preset named 'noen'; did you mean 'none'?"),
        ({"file": "absent.toml"}, "cannot read absent.toml"),
        ({"file": ""}, "file must name a file"),
        ({"preset": "paper"}, "no task given"),
        ({}, "no task given"),
        ({"task": "Hopper-v5", "populaton": 3}, "did you mean 'population'?"),
        ({"task": "Hopper-v5", "population": "many"}, "population must be an integer"),
        ({"task": "Hopper-v5", "adapt": "sigma"}, "adapt must be"),
        ({"task": "Hopper-v5", "sigma_range": (0.1, 0.2)}, r"\(the task's start sets sigma: --strategy NAME leaves"),
        ({"task": "Swimmer-v5", "preset": "paper", "sigma": 1.0}, r"\(preset 'paper' sets sigma_range: "),
    ],
)
def test_what_cannot_be_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(bf.ConfigError, match=said):
        bf.configure(**given)


def test_old_names_are_read() -> None:
    with pytest.warns(bf.OldNameWarning, match="neighbors"):
        assert bf.configure("Hopper-v5", strategy="ns", neighbours=7).neighbors == 7


@pytest.mark.parametrize(("name", "there"), [("preset", "--preset"), ("config", "--config"), ("file", "file=")])
def test_where_it_is_no_setting_its_place_is_said(name: str, there: str) -> None:
    with pytest.raises(bf.UnknownNameError, match=rf"{name} is no setting.*bf\.configure.*{there}"):
        bf.Config(task="Hopper-v5", **{name: "ars-swimmer"})
    Path("with.toml").write_text(f'{name} = "ars-swimmer"\n')
    with pytest.raises(bf.UnknownNameError, match=rf"{name} is no setting"):
        bf.configure(file="with.toml")


def test_a_config_shows_what_somebody_set() -> None:
    config = bf.configure("Hopper-v5", generations=3, ranges={"momentum": (0.5, 0.9)}, reference={"ties": "best"})
    assert len(repr(config)) < 600
    assert eval(repr(config), {"Config": bf.Config, "Reference": Reference}) == config
    assert repr(bf.Config(task="Hopper-v5")) == "Config(task='Hopper-v5')"


def test_the_presets_by_name() -> None:
    found = bf.presets()
    assert list(found) == list(toml.presets())
    assert all(text.endswith(".") for text in found.values())
