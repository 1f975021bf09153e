"""Bayesian optimisation of hyperparameters: what it tries, remembers, forgets and chooses."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from helpers import sphere
from helpers.world import HP, KEY, RANGES, Evaluator, history, meta, report, state_bytes, strategy

from bierl_fast.cli.main import entry
from bierl_fast.messages import NoiseKey
from bierl_fast.meta import bayesian
from bierl_fast.meta.bayesian import BayesianMeta, BayesianSettings
from bierl_fast.meta.history import Range
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.strategy.es import EvolutionStrategy


def improved(level: Any, updates: int, evaluator: Evaluator | None = None) -> None:
    for update in range(updates):
        level.improve(strategy(), evaluator or Evaluator(), history(), NoiseKey(5, update))


def test_the_value_in_use_is_tried_again_beside_new_ones_of_the_whole_range() -> None:
    evaluator = Evaluator()
    past = history(0)
    past.append(report(0, HP.replace(sigma=0.07)))
    meta("bo", candidates=6, pairs=2).improve(strategy(), evaluator, past, KEY)
    first, _ = evaluator.asked
    sigma = first.sigma_r.reshape(6, 4)[:, 0]
    assert sigma[0] == pytest.approx(0.07, rel=1e-6)  # float32, and a logarithm and back
    assert len(set(sigma)) == 6
    bounds = RANGES["sigma"]
    assert ((sigma >= bounds.low) & (sigma <= bounds.high)).all()
    assert np.log(sigma).std() > 0.5  # of 9.2 nats


def test_it_finds_a_better_learning_rate() -> None:
    """On a quadratic that a hundredth of the best step is set for: the choice is at least ten times larger."""
    hp = HP.replace(sigma=0.1, learning_rate=0.02)
    level = BayesianMeta(hp, RANGES, MetaSettings(candidates=4, pairs=8, episodes=1), own=BayesianSettings())
    inner = EvolutionStrategy(mean=np.zeros(sphere.P, np.float32), population=16, optimizer="gradient")
    past = history(0)
    past.append(report(0, hp))
    for update in range(5):
        told = level.improve(inner, Evaluator(), past, NoiseKey(5, update))
    chosen = level.state()["best"]
    assert chosen[1] > 0.2
    assert told.diagnostics["wanted_move_learning_rate"] == pytest.approx(math.log(chosen[1] / 0.02))


def test_what_it_wants_arrives_by_max_move() -> None:
    level, past = meta("bo", max_move=1.2), history()
    improved(level, 2, Evaluator(noise=3))
    moves = {name: value / HP[name] for name, value in level.propose(past).items()}
    assert all(1 / 1.2001 < move < 1.2001 for move in moves.values())
    assert any(move != 1.0 for move in moves.values())


def test_only_the_latest_trials_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayesian, "WINDOW", 3)
    level, other = meta("bo"), meta("bo")
    improved(level, 1)
    first = level.state()
    improved(level, 1)
    state = level.state()
    assert (first["positions"].shape, state["positions"].shape, state["values"].shape) == ((2, 2), (3, 2), (3,))
    # What was forgotten does not count: from its own remembered trials it goes on alike.
    other.load(state)
    for each in (level, other):
        each.improve(strategy(), Evaluator(), history(), NoiseKey(5, 77))
    assert state_bytes(level.state()) == state_bytes(other.state())


def test_restart_remembers_nothing() -> None:
    level = BayesianMeta(HP, RANGES, MetaSettings(candidates=4), own=BayesianSettings(memory="restart"))
    improved(level, 2)
    assert level.state()["positions"].shape == (0, 2)
    alone = BayesianMeta(HP, RANGES, MetaSettings(candidates=4), own=BayesianSettings(memory="restart"))
    alone.improve(strategy(), Evaluator(), history(), NoiseKey(5, 1))
    np.testing.assert_array_equal(alone.state()["best"], level.state()["best"])


def test_values_are_standardised_within_an_update_and_failures_stand_below() -> None:
    level = meta("bo", candidates=4, pairs=2, episodes=2)
    level.improve(strategy(), Evaluator(), history(), KEY)
    value_m = np.asarray(level.state()["values"], np.float64)
    assert (value_m.mean(), value_m.std()) == pytest.approx((0.0, 1.0), abs=1e-12)
    other = meta("bo", candidates=4, pairs=2, episodes=2)
    other.improve(strategy(), Evaluator(failing=(0, 1, 2, 3)), history(), KEY)  # two centres' rows too
    failed_m = np.asarray(other.state()["values"], np.float64)
    assert failed_m[0] == failed_m[2:].min() - 1.0
    everything = tuple(range(100))
    before = other.state()
    told = other.improve(strategy(), Evaluator(failing=everything), history(), KEY)
    assert told.failures == 4 * 4 + 4 * 2
    np.testing.assert_array_equal(other.state()["values"], before["values"])


def test_optuna_says_nothing_and_keeps_its_own_setting(capfd: pytest.CaptureFixture[str]) -> None:
    import optuna

    before = optuna.logging.get_verbosity()
    improved(meta("bo"), 2)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


def test_bad_parts() -> None:
    with pytest.raises(ValueError, match="2 hyperparameters are adapted, in the saved trials 3"):
        meta("bo").load({**meta("bo").state(), "best": np.zeros(3)})


@pytest.mark.parametrize("package", ["optuna", "scipy"])
def test_without_the_extra(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    arguments = ["train", "quadratic", "--dim", "4", "--meta", "bo", "--generations", "1"]
    assert entry([*arguments, "--run-dir", str(tmp_path / "run")]) == 1
    assert "pip install 'bierl-fast[bo]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_value_at_the_end_of_its_range_is_tried_again() -> None:
    """ln and back may leave the range by an ulp, which Optuna would refuse."""
    for value in (3.0, 7.0, 0.3, 0.1 + 0.2):
        ranges = {"sigma": Range(value / 100, value)}
        level = BayesianMeta(HP.replace(sigma=value), ranges, MetaSettings(candidates=2), own=BayesianSettings())
        past = history(0, ranges)
        past.append(report(0, HP.replace(sigma=value)))
        for update in range(2):
            level.improve(strategy(), Evaluator(), past, NoiseKey(5, update))
        assert level.propose(past)["sigma"] <= value
