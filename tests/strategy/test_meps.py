"""The strategy `meps`: its bonus decides between equal returns, and it makes the policy one that has an entropy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, evaluate, key

import bierl_fast as bf
from bierl_fast.config import resolve
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError
from bierl_fast.run import build

CONFIG = Config(task="Reacher-v5", strategy="meps", meta="none", hidden=(), population=4, threads=1, generations=1)


def test_between_equal_returns_entropy_decides() -> None:
    strategy = bf.make_strategy("meps", mean=np.zeros(P, np.float32), population=2)
    population = strategy.ask(bf.Hyperparameters(), key(0))
    noise = bf.kernels.normals(population.key, 0, P)
    for entropy, sign in (([0.0, 0.1], -1), ([0.1, 0.0], 1)):
        batch = replace(evaluate(population), returns_r=np.ones(2), entropy_r=np.array(entropy))
        assert sign * float(strategy.stepped(population, batch) @ noise) > 0


def test_it_switches_an_evolved_log_std_on() -> None:
    parts = build.make_parts(CONFIG)
    assert (parts.config.action_noise, parts.config.log_std_noise_scale) == ("evolved", 5.0)
    plain = build.make_parts(CONFIG.replace(strategy="es"))
    assert (plain.config.action_noise, plain.config.log_std_noise_scale) == ("none", 1.0)
    actions = 2
    assert parts.strategy.mean.size == plain.strategy.mean.size + actions
    population = parts.strategy.ask(resolve.configured(parts.config, parts.strategy.declared), key(0))
    assert population.scale_bp is not None
    assert population.scale_bp[0, -actions:].tolist() == [5.0, 5.0]
    assert (population.scale_bp[0, :-actions] == 1.0).all()
    batch = parts.evaluator.evaluate(population)
    assert batch.entropy_r is not None
    # Relative to the reference: the centre's is zero, and candidates stand either side of it.
    np.testing.assert_allclose(batch.entropy_r[0:4:2], -batch.entropy_r[1:4:2], rtol=0, atol=1e-6)  # float32 log std
    assert abs(float(batch.entropy_r[-1])) < 1e-6
    assert np.abs(batch.entropy_r[:4]).min() > 1e-3


@pytest.mark.parametrize("given", ["none", "fixed"])
def test_another_action_noise_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match=f"strategy 'meps' needs action_noise 'evolved', got '{given}'; leave action"):
        build.make_parts(CONFIG.replace(action_noise=given))


def test_a_function_has_no_policy_to_switch_it_on_in() -> None:
    with pytest.raises(ConfigError, match="strategy 'meps' needs a policy network, which a function task has not"):
        build.make_parts(Config(task="quadratic", dim=4, strategy="meps", meta="none"))


def test_said_outright_it_is_taken() -> None:
    parts = build.make_parts(CONFIG.replace(action_noise="evolved", log_std_noise_scale=2.0))
    assert parts.config.log_std_noise_scale == 2.0


def test_on_the_command_line_none_is_said_outright(capsys: pytest.CaptureFixture[str]) -> None:
    """For this setting "none" is a value; elsewhere it leaves a setting open."""
    from bierl_fast.cli.main import entry

    typed: list[Any] = ["train", "Reacher-v5", "--strategy", "meps", "--meta", "none", "--generations", "1"]
    assert entry([*typed, "--action-noise", "none", "--quiet"]) == 2
    assert "needs action_noise 'evolved', got 'none'" in capsys.readouterr().err
