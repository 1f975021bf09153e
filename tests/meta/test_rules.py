"""`tpa` and `lra`: the rules, their bounds, whom they refuse, and a noisy quadratic from wrong starts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.world import HP, KEY, RANGES, Evaluator, evaluated, report, state_bytes, strategy

import bierl_fast as bf
from bierl_fast.messages import F32, EvaluatedGeneration, GenerationReport, Hyperparameters
from bierl_fast.meta.constant_snr import ALPHA, BETA, ConstantSignalToNoise
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.signals import FIRST, SHARE, Memory
from bierl_fast.meta.two_point import TwoPointAdaptation, sigma_move

RULES = {"tpa": TwoPointAdaptation, "lra": ConstantSignalToNoise}
QUADRATIC: dict[str, Any] = {
    "task": "quadratic",
    "dim": 60,
    "task_kwargs": {"condition": 30.0, "noise": 3.0},
    "crn": "none",
    "population": 64,
    "generations": 150,
    "threads": 1,
    "seed": 4,
}
START = {"sigma": 0.3, "learning_rate": 0.3}


def told(tpa: float = 0.0, drop: float = 0.2, hp: Hyperparameters = HP, center: int = 0) -> GenerationReport:
    """A generation whose riders say `tpa` and whose candidates stand `drop` spreads below a centre without gain."""
    plain = report(0, hp)
    strategy_ = plain.strategy
    spread = float(np.std(strategy_.returns_n))
    at = strategy_.mean_return + drop * spread
    return replace(plain, strategy=replace(strategy_, tpa=tpa, center_return=at, center=center))


def after(*reports: GenerationReport) -> History:
    past = History(length=2, quantiles=2, ranges=RANGES, signals=(*FIRST, "tpa", "drop"))
    for each in reports:
        past.append(each)
    return past


@pytest.mark.parametrize(
    ("tpa", "times", "move"),
    [
        (0.0, 1, 0.0),
        (0.6, 1, 0.0),
        (1.0, 30, 0.35),
        (-0.9, 30, -0.2),
        (0.29, 30, 0.0),
        (-0.49, 30, 0.0),
        (math.nan, 1, 0.0),
    ],
)
def test_the_rate_goes_by_the_riders(tpa: float, times: int, move: float) -> None:
    """By what they say for some time, beyond what chance lets them say."""
    proposal = TwoPointAdaptation(HP, RANGES, 9.0).propose(after(*[told(tpa)] * times))
    assert math.log(proposal["learning_rate"] / HP["learning_rate"]) == pytest.approx(move, abs=1e-3)
    assert proposal["sigma"] == pytest.approx(HP["sigma"], rel=1e-12)


@pytest.mark.parametrize(("tpa", "edge"), [(0.7, 0.3), (-0.9, -0.5)])
def test_the_rate_moves_by_what_the_average_leaves_its_band_by(tpa: float, edge: float) -> None:
    proposal = TwoPointAdaptation(HP, RANGES, 9.0).propose(after(*[told(tpa)] * 3))
    average = tpa * (1 - (1 - SHARE) ** 3)
    assert math.log(proposal["learning_rate"] / HP["learning_rate"]) == pytest.approx((average - edge) / 2, abs=1e-12)


@pytest.mark.parametrize(("ratio", "factor"), [(1.9, 1.0), (5.0, 0.4), (2e3, 1e-3), (0.0, 1.0), (math.nan, 1.0)])
def test_a_step_far_beyond_the_noise_brings_the_rate_down(ratio: float, factor: float) -> None:
    """To where it is twice as long as a sample's noise, unless the riders say for some time that it was too short."""
    plain = told(1.0)
    long = replace(plain, strategy=replace(plain.strategy, step_ratio=ratio))
    wide = {"sigma": RANGES["sigma"], "learning_rate": Range(HP["learning_rate"] / 1e6, HP["learning_rate"] * 10)}
    past = History(length=2, quantiles=2, ranges=wide, signals=(*FIRST, "tpa", "drop"))
    past.append(long)
    proposal = TwoPointAdaptation(HP, wide, 1e4).propose(past)
    assert proposal["learning_rate"] / HP["learning_rate"] == pytest.approx(factor, rel=1e-9)
    past.append(long)
    assert TwoPointAdaptation(HP, wide, 1e4).propose(past)["learning_rate"] > HP["learning_rate"]


@pytest.mark.parametrize(
    ("drop", "move"), [(0.2, 0.0), (0.0, 0.1), (-3.0, 0.1), (0.4, -0.1), (0.7, -0.25), (9.0, -0.25)]
)
def test_sigma_goes_by_the_drop(drop: float, move: float) -> None:
    """(0.2 - drop) / 2, cut at a tenth upwards and a quarter downwards."""
    proposal = TwoPointAdaptation(HP, RANGES, 9.0).propose(after(told(drop=drop)))
    assert math.log(proposal["sigma"] / HP["sigma"]) == pytest.approx(move, abs=1e-9)
    assert sigma_move(Memory()) == 0.0


def test_moves_are_cut_at_max_move_and_at_the_ranges() -> None:
    ranges = {"sigma": Range(0.049, 0.051), "learning_rate": RANGES["learning_rate"]}
    past = after(*[told(1.0, drop=3.0)] * 9)
    proposal = TwoPointAdaptation(HP, ranges, 1.1).propose(past)
    assert proposal["sigma"] == 0.049
    assert proposal["learning_rate"] == pytest.approx(1.1 * HP["learning_rate"], rel=1e-12)


def test_centres_go_their_own_ways() -> None:
    level = TwoPointAdaptation(HP, RANGES, 9.0)
    past = after(*[told(1.0, center=0), told(-1.0, center=2)] * 3)
    assert level.propose(past, 0)["learning_rate"] > HP["learning_rate"] > level.propose(past, 2)["learning_rate"]
    assert level.propose(past, 1) == HP


def generation(theta_p: F32, hp: Hyperparameters = HP) -> EvaluatedGeneration:
    inner = strategy()
    population = replace(inner.ask(hp, KEY), base_bp=theta_p[None].copy())
    return EvaluatedGeneration(population, evaluated().batch, inner.state())


@pytest.mark.parametrize(("steps", "sign"), [("one way", 1.0), ("to and fro", -1.0)])
def test_steps_that_lead_one_way_may_be_longer(steps: str, sign: float) -> None:
    level, inner = ConstantSignalToNoise(HP, RANGES, 1.5), strategy()
    direction = np.full(inner.mean.size, 1e-3, np.float32)
    past = after(told())
    for count in range(30):
        way = direction if steps == "one way" or count % 2 else -direction
        found = level.improve(inner, Evaluator(), past, KEY, generation(inner.mean - way))
        assert (found.steps, found.failures) == (0, 0)
    moved = math.log(level.propose(past)["learning_rate"] / HP["learning_rate"])
    assert moved == pytest.approx(sign * BETA, rel=1e-6)


def test_the_signal_to_noise_is_the_papers() -> None:
    level, inner, rng = ConstantSignalToNoise(HP, RANGES, 1.5), strategy(), np.random.default_rng(3)
    size = inner.mean.size
    mean, square = np.zeros(size), 0.0
    for _ in range(12):
        step = (0.01 + 0.05 * rng.normal(size=size)).astype(np.float32)
        before = (inner.mean - step).astype(np.float32)
        found = level.improve(inner, Evaluator(), after(told()), KEY, generation(before))
        delta = (inner.mean - before).astype(float) / HP["learning_rate"]
        mean, square = (1 - BETA) * mean + BETA * delta, (1 - BETA) * square + BETA * float(delta @ delta)
        signal = float(mean @ mean)
        snr = (signal - BETA / (2 - BETA) * square) / (square - signal)
        assert found.diagnostics["signal_to_noise"] == pytest.approx(snr, rel=1e-4)
        eta = float(np.linalg.norm(step)) * math.sqrt(4) / (HP["sigma"] * math.sqrt(size))
        assert found.diagnostics["eta"] == pytest.approx(eta, rel=1e-4)
        move = BETA * min(max(snr / (ALPHA * eta) - 1, -1), 1)
        proposal = level.propose(after(told()))
        assert math.log(proposal["learning_rate"] / HP["learning_rate"]) == pytest.approx(move, abs=1e-5)


def test_lra_resumes() -> None:
    whole, first, second = (ConstantSignalToNoise(HP, RANGES, 1.5) for _ in range(3))
    assert state_bytes(whole.state()) == state_bytes(second.state())
    for level, rounds in ((whole, 5), (first, 3)):
        for _ in range(rounds):
            level.improve(strategy(), Evaluator(), after(told()), KEY, evaluated())
    second.load(first.state())
    for _ in range(2):
        second.improve(strategy(), Evaluator(), after(told()), KEY, evaluated())
    assert state_bytes(whole.state()) == state_bytes(second.state())


@pytest.mark.parametrize("name", RULES)
def test_what_they_cannot_multiply(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} multiplies sigma and learning rate, and cannot adapt momentum"):
        RULES[name](HP, {**RANGES, "momentum": Range(0.1, 0.9)}, 1.5)
    with pytest.raises(ValueError, match="cannot adapt sigma, which has a linear scale"):
        RULES[name](HP, {"sigma": Range(0.0, 0.9, "linear")}, 1.5)


def final(**settings: Any) -> float:
    metrics = bf.train(bf.Config(**{**QUADRATIC, **START, **settings})).metrics
    assert metrics[-1]["env_steps"] == metrics[-1]["inner_steps"] == 150 * 65  # nothing of its own
    return float(np.mean([record["center_return"] for record in metrics[-10:]]))


@pytest.mark.parametrize("start", [{"sigma": 0.03}, {"sigma": 3.0}, {"learning_rate": 0.03}, {"learning_rate": 3.0}])
@pytest.mark.parametrize("strategy_", ["es", "ars"])
@pytest.mark.parametrize("name", RULES)
def test_a_noisy_quadratic_from_a_wrong_start(name: str, strategy_: str, start: dict[str, float]) -> None:
    """At most half of what the best of the wrong starts leaves when nothing moves."""
    fixed = {"es": -9.0, "ars": -4.0}[strategy_]  # of the best of them
    assert final(meta=name, strategy=strategy_, **start) > fixed


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("strategy_", ["es", "ars", "pgpe", "snes", "meps"])
def test_resume_of_a_run(name: str, strategy_: str, tmp_path: Path) -> None:
    task: dict[str, Any] = {"task": "quadratic", "dim": 12} if strategy_ != "meps" else {
        "task": "InvertedPendulum-v5", "hidden": (4,), "episode_cap": 20}  # fmt: skip
    config = bf.Config(**task, strategy=strategy_, meta=name, population=16, generations=7, threads=1)
    whole = bf.train(config)
    bf.train(config.replace(generations=4), tmp_path / "run")
    resumed = bf.resume(tmp_path / "run", generations=7, threads=2)
    np.testing.assert_array_equal(whole.parameters, resumed.parameters)
    drop = ("seconds",)
    for one, other in zip(whole.metrics, resumed.metrics, strict=True):
        assert {k: v for k, v in one.items() if k not in drop} == {k: v for k, v in other.items() if k not in drop}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"meta": "tpa", "strategy": "cmaes"},
            "meta 'tpa' reads what riders tpa tell here, and strategy 'cmaes'",
        ),
        ({"meta": "tpa", "riders": ("sigma_probe",)}, r"give riders = \['sigma_probe', 'tpa'\]"),
        ({"meta": "tpa", "center_episodes": 0}, "center_episodes 0 leaves that out; take center_episodes 1, or adapt"),
        ({"meta": "lra", "center_episodes": 0}, "center_episodes 0 leaves that out"),
        ({"meta": "tpa", "optimizer": "adam"}, "meta 'tpa' needs optimizer 'gradient' or a momentum of at most 0.5"),
        ({"meta": "lra", "optimizer": "clipup", "momentum": 0.8}, "meta 'lra' needs optimizer 'gradient'"),
        ({"meta": "tpa", "population": 2}, "needs 4 candidates drawn in pairs, got 2"),
        (
            {"meta": "lra", "strategy": "nsr", "task": "InvertedPendulum-v5", "dim": None},
            "lra averages the steps of one",
        ),
    ],
)
def test_bad_input(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(bf.ConfigError, match=message) as caught:
        bf.train(bf.Config(**{"task": "quadratic", "dim": 5, "generations": 1, "population": 8, **settings}))
    assert "\n" not in str(caught.value)


def test_tpa_without_the_centre_moves_the_rate_alone() -> None:
    """With Adam of little momentum, too."""
    run = {"task": "quadratic", "dim": 5, "generations": 5, "population": 8, "center_episodes": 0, "meta": "tpa",
           "adapt": ("learning_rate",), "optimizer": "adam", "momentum": 0.3}  # fmt: skip
    metrics = bf.train(bf.Config(**run)).metrics
    assert len({record["learning_rate"] for record in metrics}) > 2
    assert len({record["sigma"] for record in metrics}) == 1
