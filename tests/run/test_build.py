"""From settings to parts: what is filled in, what is refused, and how the refusal is worded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fakes import FakeStrategy

from bierl_fast.config import resolve
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError, RunDirectoryError, UnknownNameError
from bierl_fast.messages import F32, HyperparameterSpec
from bierl_fast.names import unknown
from bierl_fast.run import build
from bierl_fast.run.api import train
from bierl_fast.strategy.table import STRATEGIES, StrategyEntry

CONFIG = Config(task="Hopper-v5", meta="lstm", generations=1)


def test_open_settings_take_the_strategys_defaults() -> None:
    config = resolve.resolved(CONFIG.replace(learning_rate=0.5), FakeStrategy.declared)
    assert (config.sigma, config.learning_rate) == (0.1, 0.5)
    hyperparameters = resolve.configured(config, FakeStrategy.declared)
    assert dict(hyperparameters) == {"sigma": 0.1, "learning_rate": 0.5, "momentum": 0.9}


@pytest.mark.parametrize("error", [ValueError("no model keyword 'x'"), TypeError("no argument 'x'")])
def test_what_a_part_refuses_is_a_bad_setting(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: Config) -> Any:
        raise error

    monkeypatch.setattr(Config, "check_names", lambda self: None)
    monkeypatch.setattr(build, "make_evaluator", refuse)
    with pytest.raises(ConfigError, match=str(error)):
        build.make_parts(CONFIG)


def test_unknown_names_stay_unknown_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: Config) -> None:
        raise unknown("strategy", config.strategy, ["es"])

    monkeypatch.setattr(Config, "check_names", refuse)
    with pytest.raises(UnknownNameError, match=r"no strategy named 'ess'; did you mean 'es'\? known: es"):
        build.make_parts(CONFIG.replace(strategy="ess"))


def test_a_damaged_policy_is_refused(tmp_path: Path, fakes: object) -> None:
    (tmp_path / "policy.npz").write_bytes(b"no zip file")
    with pytest.raises(RunDirectoryError, match="cannot read the policy"):
        build.read_policy(tmp_path / "policy.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"weight_decay": 0.1},
            "strategy 'plain' has no hyperparameter weight_decay, got 0.1; it has sigma, learning_rate.*"
            "; weight_decay is for ",
        ),
        (
            {"shaping": "raw"},
            "strategy 'plain' takes no option shaping \\(got 'raw'\\); shaping is for es, esac",
        ),
        ({"strategy": "fixed", "meta": "lstm"}, "strategy 'fixed' leaves a meta-level nothing to move"),
    ],
)
def test_a_strategy_refuses_what_it_does_not_take(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Plain(FakeStrategy):
        def __init__(self, *, mean: F32, population: int = 8) -> None:
            super().__init__(mean, population)

    class Fixed(Plain):
        declared: Mapping[str, HyperparameterSpec] = {"sigma": HyperparameterSpec(default=0.1, adaptable=False)}

    for name, kind in (("plain", Plain), ("fixed", Fixed)):
        monkeypatch.setitem(STRATEGIES, name, StrategyEntry(kind))
    config = Config(task="Reacher-v5", strategy="plain", meta="none", hidden=(), generations=1)
    assert build.make_parts(config.replace(population=6)).config.learning_rate == 0.05
    with pytest.raises(ConfigError, match=message):
        build.make_parts(config.replace(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "entropy_weight 0.5 would change nothing: with action_noise 'none' .* take action_noise 'evolved'"),
        ({"action_noise": "fixed"}, "with action_noise 'fixed' every candidate's policy has the same entropy"),
        ({"entropy_weight": -1.0, "meta": "lstm", "adapt": ("entropy_weight",)}, "-1.0 would change nothing"),
        (
            {"entropy_weight": 0.0, "meta": "lstm", "adapt": ("entropy_weight",), "ranges": {"entropy_weight": (0, 1)}},
            "entropy_weight 0.0 would change nothing",
        ),
        ({"task": "quadratic", "dim": 3}, "a function has no policy with an entropy; leave entropy_weight out"),
        (
            {"policy": "helpers.torch_modules:sized", "workers": 1},
            "a torch policy evolves none; leave entropy_weight out",
        ),
    ],
)
def test_an_entropy_that_all_candidates_share_is_no_bonus(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build.make_parts(CONFIG.replace(**{"meta": "none", "entropy_weight": 0.5, **changes}))


@pytest.mark.parametrize("optimizer", ["gradient", "momentum", "adam", "clipup"])
def test_momentum_is_not_adapted_where_the_step_has_none(optimizer: str) -> None:
    config = CONFIG.replace(meta="lstm", strategy="es", optimizer=optimizer, adapt=("sigma", "momentum"))
    if optimizer == "gradient":
        with pytest.raises(ConfigError, match="plain step of optimizer 'gradient' has none; leave momentum out, or"):
            build.make_parts(config)
    else:
        assert build.make_parts(config).config.adapt == ("sigma", "momentum")


@pytest.mark.parametrize(
    "counts", [{"action_noise": "evolved"}, {"action_noise": "fixed", "reference": {"entropy": "differential"}}]
)
def test_an_entropy_that_differs_is_a_bonus(counts: dict[str, Any]) -> None:
    """Of evolved noise, and of any noise where it is summed over the steps of episodes of different lengths."""
    config = CONFIG.replace(meta="none", hidden=(), population=8, shaping="raw", **counts)
    plain, bonus = (train(config.replace(entropy_weight=weight)).parameters for weight in (0.0, 50.0))
    assert not np.array_equal(plain, bonus)
