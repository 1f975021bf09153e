"""Schedules: the way from the configured to the end values, by generations or env steps."""

from __future__ import annotations

import math
from typing import Any

import pytest
from helpers.world import HP, RANGES, report

from bierl_fast.meta.history import History, Range
from bierl_fast.meta.schedule import SHAPES, Schedule, ScheduleSettings

END = (0.01, 0.4)


def past(generations: int, steps: int = 5) -> History:
    made = History(length=2, quantiles=2, ranges=RANGES)
    for generation in range(generations):
        made.append(report(generation, steps=steps))
    return made


def schedule(**settings: Any) -> Schedule:
    return Schedule(HP, RANGES, ScheduleSettings(**{"horizon": 8, "end": END, **settings}))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_from_the_configured_to_the_end_value(shape: str) -> None:
    level = schedule(shape=shape)
    values = [level.propose(past(generations))["sigma"] for generations in range(12)]
    assert values[0] == HP["sigma"]
    assert values[8:] == [END[0]] * 4
    assert values == sorted(values, reverse=True)
    rising = [level.propose(past(generations))["learning_rate"] for generations in range(12)]
    assert (rising[0], rising[8]) == (HP["learning_rate"], END[1])
    assert rising == sorted(rising)


@pytest.mark.parametrize(
    ("shape", "middle", "quarter"),
    [
        ("linear", 0.03, 0.04),
        ("cosine", 0.03, 0.01 + 0.04 * (1 + math.sqrt(0.5)) / 2),
        ("exponential", math.sqrt(0.05 * 0.01), 0.05 * 0.2**0.25),
        ("hold", 0.05, 0.05),
    ],
)
def test_known_values(shape: str, middle: float, quarter: float) -> None:
    level = schedule(shape=shape)
    sigma = [level.propose(past(generations))["sigma"] for generations in (4, 2)]
    assert sigma == pytest.approx([middle, quarter], rel=1e-12)


def test_by_env_steps() -> None:
    """A generation of this world has 12 episodes."""
    level = schedule(horizon=240, unit="steps")
    assert level.propose(past(2, steps=5))["sigma"] == pytest.approx(0.03, rel=1e-12)
    assert level.propose(past(1, steps=10))["sigma"] == pytest.approx(0.03, rel=1e-12)
    assert level.propose(past(5))["sigma"] == END[0]


def test_a_tenth_unless_told_otherwise() -> None:
    assert dict(schedule(end=None).propose(past(8))) == pytest.approx({"sigma": 0.005, "learning_rate": 0.01})


def test_a_tenth_that_is_outside_the_range_says_what_to_give() -> None:
    with pytest.raises(
        ValueError, match=r"without schedule_end, a tenth .* range \[0.02, 5\], got 0.005; give schedule_"
    ):
        Schedule(HP, {"sigma": Range(0.02, 5.0)}, ScheduleSettings(horizon=2))


def test_what_is_not_adapted_stays() -> None:
    level = Schedule(HP, {"learning_rate": RANGES["learning_rate"]}, ScheduleSettings(horizon=2, end=(0.02,)))
    assert dict(level.propose(past(5))) == {"sigma": 0.05, "learning_rate": 0.02}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": None}, "needs schedule_horizon, the generations .* got none"),
        ({"horizon": 0}, "schedule_horizon must be at least 1 and at most"),
        ({"end": (0.1,)}, r"one value for each hyperparameter in adapt \(sigma, learning_rate\), got 1: \[0.1\]"),
        ({"end": (9.0, 0.1)}, r"end value of sigma in schedule_end must lie in its range \[0.0005, 5\], got 9"),
        ({"unit": "step"}, "no schedule_unit named 'step'.*did you mean 'steps'"),
        ({"shape": "cosin"}, "no schedule_shape named 'cosin'.*did you mean 'cosine'"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule(**settings)


def test_no_exponential_to_zero() -> None:
    ranges = {"momentum": Range(0.0, 1.0, "linear")}
    settings = ScheduleSettings(horizon=2, shape="exponential", end=(0.0,))
    with pytest.raises(ValueError, match="exponential schedule of momentum needs values of one sign, neither 0, got"):
        Schedule(HP.replace(momentum=0.9), ranges, settings)
