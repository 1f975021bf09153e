"""Cumulative step-size adaptation: the factor, its bounds, and a sphere from wrong starts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import sphere
from helpers.world import HP, RANGES, meta, report

from bierl_fast.messages import GenerationReport, Hyperparameters
from bierl_fast.meta.csa import CumulativeStepSize
from bierl_fast.meta.history import History, Range
from bierl_fast.strategy.es import EvolutionStrategy


def told(ratio: float, rate: float = 0.5, hp: Hyperparameters = HP, center: int = 0) -> GenerationReport:
    plain = report(0, hp)
    return replace(plain, strategy=replace(plain.strategy, path_ratio=ratio, path_rate=rate, center=center))


def after(*reports: GenerationReport, ranges: dict[str, Range] | None = None) -> History:
    past = History(length=2, quantiles=2, ranges=RANGES if ranges is None else ranges)
    for each in reports:
        past.append(each)
    return past


@pytest.mark.parametrize(
    ("ratio", "factor"),
    [(1.0, 1.0), (1.3, math.exp(0.15)), (0.8, math.exp(-0.1)), (9.0, 1.5), (0.0, math.exp(-0.5)), (math.nan, 1.0)],
)
def test_both_are_multiplied_by_one_factor(ratio: float, factor: float) -> None:
    """exp(rate * (ratio - 1)), cut at max_move; -0.5 is cut too."""
    hp = HP.replace(sigma=0.02)
    proposal = meta("csa", max_move=1.5).propose(after(told(ratio, hp=hp)))
    for name, value in proposal.items():
        assert value == pytest.approx(hp[name] * max(factor, 1 / 1.5), rel=1e-12)
    if factor == 1.0:
        assert proposal == hp


def test_where_one_range_ends_all_stop() -> None:
    """So that the ratio of sigma to the step stays what was configured."""
    ranges = {"sigma": Range(0.045, 0.055), "learning_rate": RANGES["learning_rate"]}
    level = CumulativeStepSize(HP, ranges, 1.5)
    up, down = (level.propose(after(told(ratio), ranges=ranges)) for ratio in (2.0, 0.0))
    assert (up["sigma"], down["sigma"]) == pytest.approx((0.055, 0.045), rel=1e-12)
    for proposal in (up, down):
        assert proposal["learning_rate"] / proposal["sigma"] == pytest.approx(2.0, rel=1e-12)
        assert ranges["sigma"].low <= proposal["sigma"] <= ranges["sigma"].high


def test_centres_go_their_own_ways() -> None:
    level = meta("csa")
    past = after(told(1.2, center=0), told(0.9, center=2, hp=HP.replace(sigma=0.1)))
    assert level.propose(past, 0)["sigma"] == pytest.approx(0.05 * math.exp(0.1), rel=1e-12)
    assert level.propose(past, 2)["sigma"] == pytest.approx(0.1 * math.exp(-0.05), rel=1e-12)
    assert level.propose(past, 1) == HP


def test_a_linear_range_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot adapt momentum, which has a linear scale; leave it out of adapt"):
        CumulativeStepSize(HP, {"momentum": Range(0.0, 1.0, "linear")}, 1.5)


def test_what_is_no_part_of_a_step_is_refused_on_any_scale() -> None:
    with pytest.raises(ValueError, match="cannot adapt momentum; leave it out of adapt"):
        CumulativeStepSize(HP, {**RANGES, "momentum": Range(0.1, 0.9)}, 1.5)


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
def test_a_sphere_from_wrong_starts(factor: float) -> None:
    """70 parameters, 300 generations of 16 with the plain step: near from each start, where fixed ones stay far."""

    def distance(adapting: bool) -> float:
        strategy = EvolutionStrategy(mean=np.zeros(sphere.P, np.float32), population=16, optimizer="gradient")
        hp = Hyperparameters(**{**strategy.ask(Hyperparameters(), sphere.key(0)).hyperparameters})
        hp = hp.replace(sigma=0.1 * factor, learning_rate=0.5 * factor)
        ranges = {name: Range(hp[name] / 1e4, hp[name] * 1e4) for name in ("sigma", "learning_rate")}
        past = History(length=2, quantiles=2, ranges=ranges)
        level = CumulativeStepSize(hp, ranges, 1.5)
        for generation in range(300):
            used = level.propose(past) if adapting else hp
            population = strategy.ask(used, sphere.key(generation))
            batch = sphere.evaluate(population)
            past.append(GenerationReport(generation, batch.steps, strategy.tell(population, batch), used))
        return float(np.linalg.norm(strategy.mean - 1.0))

    assert distance(True) < 0.05
    if factor != 1.0:
        assert distance(False) > 0.3
