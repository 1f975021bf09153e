"""What `tpa` expects of a policy: where sigma and steps lie, when it leaves them, and for whom it expects nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.world import HP, RANGES, report

import bierl_fast as bf
from bierl_fast.config import sections
from bierl_fast.messages import GenerationReport, Hyperparameters
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.signals import FIRST, Memory
from bierl_fast.meta.two_point import (
    EXPECTED_STEP,
    LARGEST_FALL,
    LOST,
    STILL_EXPECTED,
    Expected,
    TwoPointAdaptation,
    TwoPointSettings,
)
from bierl_fast.run.build import make_parts

WIDE = {"sigma": Range(1e-6, 1e3), "learning_rate": Range(1e-6, 1e3)}
OBSERVATIONS = 16  # whose root is 4
PAIRS = 4  # whose root is 2: steps of 0.25 to 1
LOW, HIGH = 0.02, 0.1  # 0.08 and 0.4 over it
MIDDLE = math.sqrt(LOW * HIGH)


def level(ranges: dict[str, Range] = WIDE, noise: tuple[float, float] | None = (0.08, 0.4)) -> TwoPointAdaptation:
    return TwoPointAdaptation(HP, ranges, 1.5, TwoPointSettings(noise=noise), OBSERVATIONS, PAIRS)


def hyperparameters(sigma: float, rate: float) -> Hyperparameters:
    return HP.replace(sigma=sigma, learning_rate=rate)


def told(hp: Hyperparameters, step: float = 0.4, tpa: float = 0.0, drop: float = 0.0) -> GenerationReport:
    """A generation drawn with `hp`, whose step was `step` of its noise."""
    plain = report(0, hp)
    at = plain.strategy.mean_return + drop * float(np.std(plain.strategy.returns_n))
    return replace(plain, strategy=replace(plain.strategy, tpa=tpa, step_ratio=step, center_return=at))


def after(*reports: GenerationReport, ranges: dict[str, Range] = WIDE) -> History:
    past = History(length=2, quantiles=2, ranges=ranges, signals=(*FIRST, "tpa", "drop"))
    for each in reports:
        past.append(each)
    return past


@pytest.mark.parametrize(
    ("sigma", "wanted"),
    [(0.019, MIDDLE), (1e-4, MIDDLE), (0.1001, MIDDLE), (5.0, MIDDLE), (LOW, LOW), (0.06, 0.06), (HIGH, HIGH)],
)
def test_sigma_goes_to_the_middle_from_outside_alone(sigma: float, wanted: float) -> None:
    """At once, whatever max_move is: a sigma ten times off costs a generation, not six."""
    found = level().propose(after(told(hyperparameters(sigma, sigma))))
    assert found["sigma"] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("noise", [(0.5, 0.6), (1e-3, 2e-3)])
def test_the_ends_are_the_settings_over_the_root_of_the_observations(noise: tuple[float, float]) -> None:
    found = level(noise=noise).propose(after(told(hyperparameters(0.05, 0.05))))
    assert found["sigma"] == pytest.approx(math.sqrt(noise[0] * noise[1]) / 4.0, rel=1e-12)


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (0.4, 0.4),
        (0.25, 0.25),
        (1.0, 1.0),
        (0.13, 0.25),
        (0.12, 0.5),
        (1e-4, 0.5),
        (1.9, 1.0),
        (2.1, 0.5),
        (300.0, 0.5),
    ],
)
def test_steps_go_where_they_are_expected(step: float, wanted: float) -> None:
    """To the nearest end, from more than twice beyond it to the middle; steps are as long as the rate is large."""
    hp = hyperparameters(0.05, 0.03)
    found = level().propose(after(told(hp, step)))
    assert found["learning_rate"] == pytest.approx(hp["learning_rate"] * wanted / step, rel=1e-9)
    assert EXPECTED_STEP == (0.5, 2.0)


@pytest.mark.parametrize("sigma", [0.5, 0.002])
def test_the_rate_is_for_sigma_as_it_will_be(sigma: float) -> None:
    """Steps of half a sample's noise at a sigma that is about to change are no longer that."""
    found = level().propose(after(told(hyperparameters(sigma, 0.04), 0.5)))
    step = 0.5 * (sigma / 0.04) * (found["learning_rate"] / found["sigma"])
    assert min(max(step, 0.25), 1.0) == pytest.approx(step, rel=1e-9)
    assert found["sigma"] == pytest.approx(MIDDLE, rel=1e-9)


def test_what_a_step_was_is_smoothed_over_generations() -> None:
    """One long step, as chance has it, does not bring the rate down; several do."""
    hp = hyperparameters(0.05, 0.03)
    usual, long = told(hp, 0.5), told(hp, 3.0)
    assert level().propose(after(*[usual] * 5, long))["learning_rate"] == hp["learning_rate"]
    assert level().propose(after(*[usual] * 5, *[long] * 9))["learning_rate"] < hp["learning_rate"]


@pytest.mark.parametrize(("tpa", "way"), [(0.45, 0), (-0.65, 0), (0.9, 1), (-0.95, -1)])
def test_riders_move_the_rate_inside_when_they_lead_all_one_way(tpa: float, way: int) -> None:
    hp = hyperparameters(0.05, 0.03)
    found = level().propose(after(*[told(hp, tpa=tpa)] * 30))["learning_rate"]
    edge = STILL_EXPECTED[1] if way > 0 else STILL_EXPECTED[0]
    wanted = 0.5 * (tpa - edge) if way else 0.0
    assert math.log(found / hp["learning_rate"]) == pytest.approx(wanted, abs=1e-3)


def memory(drop: float, gain: float) -> Memory:
    return Memory(
        generations=9.0, start=1.0, start_spread=2.0, center=1.0 + gain, best=1.0 + gain, drop=drop, reach=0.0
    )


@pytest.mark.parametrize(("drop", "share"), [(LOST, 0.0), (-2.0, 0.0), (LOST + 0.2, 0.4), (4.0, 1.0)])
def test_sigma_falls_inside_where_candidates_lose_what_was_gained(drop: float, share: float) -> None:
    """By as much as was gained beside the first spread: before that the drop says nothing. It never grows."""
    expected = level()._expected
    assert expected is not None
    assert expected.sigma_move(memory(drop, 6.0), 0.06) == pytest.approx(-share * LARGEST_FALL * 6.0 / 8.0, rel=1e-9)
    assert expected.sigma_move(memory(drop, 0.0), 0.06) == expected.sigma_move(memory(drop, -3.0), 0.06) == 0.0
    assert expected.sigma_move(memory(4.0, 6.0), LOW) == pytest.approx(0.0, abs=1e-12)  # not below the low end


def test_returns_at_both_ends_of_floats_leave_a_number() -> None:
    """What was gained is beyond floats: all of it is in what was gained and the spread."""
    far = replace(memory(1.0, 0.0), start=-1.5e308, center=1.5e308)
    assert far.gain == math.inf
    move = Expected(LOW, HIGH, EXPECTED_STEP).sigma_move(far, HIGH)
    assert move == -min((1.0 - LOST) / 2.0, LARGEST_FALL)


@pytest.mark.parametrize("name", ["sigma", "learning_rate"])
def test_one_of_both_alone(name: str) -> None:
    hp = hyperparameters(0.05, 0.05)
    alone = {name: WIDE[name]}
    start = TwoPointAdaptation(hp, alone, 1.5, None, OBSERVATIONS, PAIRS)
    found = start.propose(after(told(hyperparameters(0.05, 0.05), 5.0), ranges=alone))
    other = "learning_rate" if name == "sigma" else "sigma"
    assert found[other] == hp[other]
    assert found["learning_rate"] == pytest.approx(0.05 if name == "sigma" else 0.005, rel=1e-9)


def test_a_strategy_without_a_rate() -> None:
    """Sigma goes where it is expected; there is nothing else to move."""
    hp = Hyperparameters(sigma=5.0)
    alone = {"sigma": WIDE["sigma"]}
    rule = TwoPointAdaptation(hp, alone, 1.5, None, OBSERVATIONS, PAIRS)
    found = rule.propose(after(replace(told(HP), hyperparameters=hp), ranges=alone))
    assert dict(found) == pytest.approx({"sigma": MIDDLE}, rel=1e-12)


@pytest.mark.parametrize("known", [(None, OBSERVATIONS), ((0.08, 0.4), None)])
def test_without_expectations_the_rules_are_the_plain_ones(known: tuple[Any, int | None]) -> None:
    noise, observations = known
    plain = TwoPointAdaptation(HP, RANGES, 9.0)
    past = after(*[told(HP, 5.0, tpa=0.9, drop=0.6)] * 4, ranges=RANGES)
    found = TwoPointAdaptation(HP, RANGES, 9.0, TwoPointSettings(noise=noise), observations).propose(past)
    assert found == plain.propose(past)
    assert found != TwoPointAdaptation(HP, RANGES, 9.0, None, OBSERVATIONS).propose(past)


@pytest.mark.parametrize(
    ("settings", "observations"),
    [
        ({"task": "Swimmer-v5", "strategy": "ars"}, 8),
        ({"task": "Hopper-v5", "strategy": "es", "hidden": (4,)}, 11),
        ({"task": "Swimmer-v5", "strategy": "pgpe"}, None),  # whose noise is sigma times what it learned
        ({"task": "Swimmer-v5", "strategy": "snes"}, None),
        ({"task": "quadratic", "dim": 5, "strategy": "es"}, None),  # no policy
    ],
)
def test_it_is_expected_of_policies_whose_noise_is_sigma(settings: dict[str, Any], observations: int | None) -> None:
    parts = make_parts(bf.Config(**{"meta": "tpa", "center_episodes": 1, "population": 8, "threads": 1, **settings}))
    parts.evaluator.close()
    assert isinstance(parts.meta, TwoPointAdaptation)
    expected = parts.meta._expected
    assert (expected is None) == (observations is None)
    if expected is not None and observations is not None:
        assert expected.low * math.sqrt(observations) == pytest.approx(0.08, rel=1e-12)


@pytest.mark.parametrize("noise", [(0.3, 0.08), (0.0, 0.1), (0.1, 0.1), (-1.0, 1.0), (0.1, math.inf)])
def test_what_can_be_no_band(noise: tuple[float, float]) -> None:
    with pytest.raises(bf.ConfigError, match="tpa_noise") as caught:
        bf.Config(task="Swimmer-v5", meta="tpa", tpa_noise=noise)
    assert caught.value.settings == ("tpa_noise",)


def test_none_is_a_value() -> None:
    assert bf.Config(task="Swimmer-v5", meta="tpa", tpa_noise=None).tpa_noise is None
    assert "tpa_noise" in sections.hints()


def test_a_memory_of_before_has_no_reach() -> None:
    """States that were saved without it load, and expect nothing of steps until one was made."""
    now = Memory().after(told(HP, 0.5).strategy, HP)
    assert now.reach == pytest.approx(math.log(0.5 * HP["sigma"] / HP["learning_rate"]), rel=1e-12)
    before = Memory.of(now.array()[:-1])
    assert math.isnan(before.reach)
    assert replace(before, reach=now.reach) == now
    with pytest.raises(bf.ArgumentError, match="8 numbers"):
        Memory.of(now.array()[:-2])


def first_generation(rate: float, **settings: Any) -> tuple[bf.Config, Any]:
    config = bf.Config(
        task="Swimmer-v5",
        strategy="ars",
        **{
            "population": 8,
            "sigma": 0.05,
            "learning_rate": rate,
            "center_episodes": 1,
            "generations": 3,
            "episode_cap": 20,
            "threads": 1,
            **settings,
        },
    )
    return config, bf.train(config)


@pytest.mark.parametrize("safeguard", [False, True])
def test_the_first_step_is_no_longer_than_steps_are_expected_to_be(safeguard: bool) -> None:
    """A rate far too large has not thrown the centre before anything was measured; it is recorded as it was."""
    _, result = first_generation(2.0, meta="tpa", safeguard=safeguard)
    noise = 0.05 * math.sqrt(result.policy.parameters.size / 4)  # of four pairs
    first = result.metrics[0]
    middle = math.sqrt(math.prod(EXPECTED_STEP))
    assert first["update_norm"] == pytest.approx(middle * noise, rel=1e-5)  # of single precision's step
    assert 0.02 < first["learning_rate"] < 2.0
    rates = [record["learning_rate"] for record in result.metrics]
    assert max(rates[1:]) < 3.0 * rates[0]


@pytest.mark.parametrize("settings", [{"meta": "none"}, {"meta": "tpa", "tpa_noise": None}, {"meta": "csa"}])
def test_nobody_else_changes_a_step(settings: dict[str, Any]) -> None:
    _, result = first_generation(5.0, **settings)
    assert result.metrics[0]["learning_rate"] == 5.0
    assert result.metrics[0]["update_norm"] > 0.05 * math.sqrt(result.policy.parameters.size)


def test_a_first_step_that_may_be_right_is_made_as_it_was_configured() -> None:
    _, result = first_generation(0.05, meta="tpa")
    assert result.metrics[0]["learning_rate"] == 0.05


def test_expecting_nothing_is_resumed_so(tmp_path: Path) -> None:
    """It is not the default, and no number."""
    config, _ = first_generation(2.0, meta="tpa", tpa_noise=None)
    whole = bf.train(config.replace(generations=4))
    bf.train(config.replace(generations=2), tmp_path)
    resumed = bf.resume(tmp_path, generations=4)
    assert resumed.parameters.tobytes() == whole.parameters.tobytes()
    other = bf.train(config.replace(generations=4, tpa_noise=(0.08, 0.4)))
    assert other.parameters.tobytes() != whole.parameters.tobytes()
