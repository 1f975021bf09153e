"""Several centres: each has its own window of the history, and is proposed for by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers import sphere
from helpers.world import HP, KEY, Evaluator, history, meta, report, state_bytes

from bierl_fast.messages import GenerationReport, NoiseKey, Stream
from bierl_fast.meta.history import History
from bierl_fast.strategy.base import center_of
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.novelty import NoveltyAndReward


def around(center: int, generation: int, sigma: float = 0.05) -> GenerationReport:
    plain = report(generation, HP.replace(sigma=sigma))
    return replace(plain, strategy=replace(plain.strategy, center=center))


def test_a_window_holds_the_generations_around_its_centre() -> None:
    mixed, alone = history(0), history(0)
    for generation, center in enumerate((0, 2, 2, 0, 2)):
        mixed.append(around(center, generation))
        if center == 2:
            alone.append(around(0, generation))
    np.testing.assert_array_equal(mixed.window(2), alone.window())
    assert (mixed.window(0) != mixed.window(2)).any()
    assert not mixed.window(1).any()
    assert mixed.window(1).shape == mixed.window(0).shape
    assert (mixed.latest(1), mixed.generations) == ({}, 5)


@pytest.mark.parametrize("centers", [(0, 0, 0), (1, 2, 1, 1, 2)])
def test_resume(centers: tuple[int, ...]) -> None:
    whole, resumed = history(0), history(1)
    for generation, center in enumerate(centers):
        whole.append(around(center, generation))
    resumed.load(whole.state())
    for past in (whole, resumed):
        past.append(around(1, 9))
    assert state_bytes(whole.state()) == state_bytes(resumed.state())


def test_the_proposal_is_of_the_centres_own_window() -> None:
    level = meta()
    level.improve(EvolutionStrategy(mean=np.zeros(sphere.P, np.float32), population=8), Evaluator(), history(), KEY)
    past, alone = history(0), history(0)
    for generation in range(6):
        past.append(around(generation % 2, generation, 0.04 + 0.02 * (generation % 2)))
        if generation % 2:
            alone.append(around(0, generation, 0.06))
    assert level.propose(past, 1) == level.propose(alone)
    assert level.propose(past, 0) != level.propose(past, 1)


def test_which_centre() -> None:
    start = np.zeros(sphere.P, np.float32)
    assert center_of(EvolutionStrategy(mean=start, population=4), KEY) == 0
    several = NoveltyAndReward(mean=start, population=4)
    drawn = {center_of(several, NoiseKey(seed, 0)) for seed in range(50)}
    assert drawn == {0, 1, 2}


def test_a_meta_update_reads_the_window_of_the_centre_it_draws_around() -> None:
    """Told from the outside: the answer changes with that centre's window alone."""
    strategy = NoveltyAndReward(mean=np.zeros(sphere.P, np.float32), population=8)
    center = center_of(strategy, KEY.with_stream(Stream.META))

    def weights(past: History) -> bytes:
        level = meta()
        level.improve(strategy, Evaluator(), past, KEY)
        return level.state()["weights"].tobytes()

    base, own, other = history(0), history(0), history(0)
    own.append(around(center, 1))
    other.append(around((center + 1) % 3, 1))
    assert weights(base) == weights(other)
    assert weights(base) != weights(own)
