"""Novelty strategies: who is drawn around, what enters the archive, how return and novelty mix, and nsra's weight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, evaluate, key
from reference import knn as reference

from bierl_fast import kernels
from bierl_fast.messages import F64, EvaluationBatch, Hyperparameters, NoiseKey, Population, Stream
from bierl_fast.strategy.behaviours import Archive, NoveltySettings
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.novelty import NoveltyAndReward, NoveltySearch
from bierl_fast.strategy.nsra import AdaptiveNoveltyAndReward

START = np.zeros(P, np.float32)
HP = Hyperparameters(sigma=0.1, learning_rate=0.1)


def answered(population: Population, returns_r: F64 | None = None, behaviour_rd: F64 | None = None) -> EvaluationBatch:
    batch = evaluate(population)
    return replace(
        batch,
        returns_r=batch.returns_r if returns_r is None else returns_r,
        behaviour_rd=batch.behaviour_rd if behaviour_rd is None else behaviour_rd,
    )


def test_every_centre_and_the_best_policy_run_once() -> None:
    strategy = NoveltySearch(mean=START, population=6, centers=3, center_episodes=2)
    population = strategy.ask(HP, key(0))
    assert population.candidates == 6
    assert population.candidate_r.tolist() == [0, 1, 2, 3, 4, 5] + [-1] * 8
    assert population.base_r.tolist() == [0] * 8 + [1, 1, 2, 2, 3, 3]
    assert population.base_bp.shape == (4, P)
    own = slice(6, None)
    assert population.episode_r[own].tolist() == [3, 4] * 4  # on the same episodes, which no candidate has
    assert not population.sign_r[own].any()
    assert strategy.ask(HP, key(0), candidates=4).candidate_r.tolist() == [0, 1, 2, 3]
    assert NoveltySearch(mean=START, population=6, center_episodes=0).ask(HP, key(0)).rows == 6 + 4


def test_the_archive_takes_each_centres_behaviour_once() -> None:
    """All of them in the first generation, then that of the centre updated in the generation before."""
    strategy = NoveltySearch(mean=START, population=4, centers=3)
    wanted: list[list[float]] = []
    updated: int | None = None
    for generation in range(6):
        population = strategy.ask(HP, key(generation))
        chosen = strategy.center(population.key)
        behaviour_rd = np.random.default_rng(generation).normal(size=(population.rows, 2))
        order = [chosen, *(center for center in range(3) if center != chosen)]
        row = {center: 4 + place for place, center in enumerate(order)}
        entering = range(3) if updated is None else [updated]
        wanted += [behaviour_rd[row[center]].tolist() for center in entering]
        report = strategy.tell(population, answered(population, behaviour_rd=behaviour_rd))
        assert report.center == chosen
        assert strategy.state()["archive"].tolist() == wanted
        updated = chosen


def test_a_failed_episode_without_a_behaviour_ends_nothing() -> None:
    """A diverged episode may leave nan in its descriptor: it ranks last, in tell and in what a meta-level is told."""
    strategy = NoveltySearch(mean=START, population=4, centers=2)
    for generation in range(2):
        population = strategy.ask(HP, key(generation))
        failed = evaluate(population, failed=(1,))
        assert failed.behaviour_rd is not None
        failed.behaviour_rd[1] = np.nan
        value_r = strategy.objective(failed, HP.replace(novelty_weight=0.5))
        assert np.isfinite(np.delete(value_r, 1)).all()
        strategy.tell(population, failed)
        assert np.isfinite(strategy.mean).all()


def test_a_failed_centre_enters_when_it_has_run() -> None:
    strategy = NoveltySearch(mean=START, population=4, centers=2)
    population = strategy.ask(HP, key(0))
    chosen = strategy.center(population.key)
    strategy.tell(population, evaluate(population, failed=(5,)))  # the other centre's row
    assert strategy.state()["archive"].shape == (1, 1)
    assert strategy.state()["due"].tolist() == [True, True]
    population = strategy.ask(HP, key(1))
    strategy.tell(population, evaluate(population))
    assert strategy.state()["archive"].shape == (3, 1)
    assert chosen in {0, 1}


def test_the_oldest_leave_a_full_archive() -> None:
    archive = Archive(np.zeros((0, 0)), NoveltySettings(archive_size=3))
    for value in range(5):
        archive = archive.added(np.array([[float(value)]]))
    assert archive.rows_nd.ravel().tolist() == [2.0, 3.0, 4.0]
    assert archive.added(np.arange(9.0)[:, None]).rows_nd.ravel().tolist() == [6.0, 7.0, 8.0]
    assert Archive(np.zeros((0, 2)), NoveltySettings()).novelty(np.ones((3, 2))).tolist() == [0.0, 0.0, 0.0]


def test_centres_are_drawn_in_proportion_to_their_novelty() -> None:
    strategy = NoveltySearch(mean=START, population=4, centers=3, neighbors=2)
    population = strategy.ask(HP, key(0))
    behaviour_rd = np.zeros((population.rows, 1))
    chosen = strategy.center(population.key)
    order = [chosen, *(center for center in range(3) if center != chosen)]
    for center, value in enumerate((0.0, 1.0, 4.0)):
        behaviour_rd[4 + order.index(center)] = value
    strategy.tell(population, answered(population, behaviour_rd=behaviour_rd))
    # Two nearest of {0, 1, 4}: itself at 0 and one other at 1, 1 and 3, so chances of 1, 1 and 3 in 5.
    drawn = np.bincount([strategy.center(NoiseKey(seed, 7)) for seed in range(4000)], minlength=3) / 4000
    # Standard error of a share of 4000 draws: below 0.008; five of them.
    np.testing.assert_allclose(drawn, [0.2, 0.2, 0.6], atol=0.04)
    meta = [strategy.center(NoiseKey(seed, 7, Stream.META)) for seed in range(200)]
    assert meta != [strategy.center(NoiseKey(seed, 7)) for seed in range(200)]  # a draw of its own


def test_all_centres_are_likely_before_any_ran() -> None:
    strategy = NoveltySearch(mean=START, population=4, centers=4)
    drawn = np.bincount([strategy.center(NoiseKey(seed, 0)) for seed in range(4000)], minlength=4) / 4000
    np.testing.assert_allclose(drawn, 0.25, atol=0.04)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_ranks_are_mixed(weight: float) -> None:
    """The plain step against its formula, (1 - w) R + w N; the archive has this generation's own rows already."""
    strategy = NoveltyAndReward(mean=START, population=8, centers=1, optimizer="gradient", neighbors=2)
    population = strategy.ask(HP.replace(learning_rate=1.0, novelty_weight=weight), key(0))
    rng = np.random.default_rng(0)
    behaviour_rd = rng.normal(size=(population.rows, 2))
    batch = answered(population, rng.normal(size=population.rows), behaviour_rd)
    novelty_n = reference.mean_distance(behaviour_rd[:8], behaviour_rd[8:9], 2)
    utility_n = (1 - weight) * kernels.centered_rank_utilities(batch.returns_r[:8].copy())
    utility_n = utility_n + weight * kernels.centered_rank_utilities(novelty_n)
    noise_np = np.stack([kernels.normals(key(0), row, P) for row in range(4)])
    wanted = (utility_n[0::2] - utility_n[1::2]) @ noise_np
    # Four products of float32 each.
    np.testing.assert_allclose(strategy.stepped(population, batch), wanted, rtol=0, atol=1e-6)


def test_without_novelty_it_is_the_evolution_strategy() -> None:
    novel = NoveltySearch(mean=START, population=8, centers=1)
    plain = EvolutionStrategy(mean=START, population=8)
    for generation in range(4):
        asked = novel.ask(HP.replace(novelty_weight=0.0), key(generation))
        novel.tell(asked, evaluate(asked))
        asked = plain.ask(HP, key(generation))
        plain.tell(asked, replace(evaluate(asked), entropy_r=None))
    np.testing.assert_array_equal(novel.state()["centers"][0], plain.mean)


def test_the_mean_is_the_best_policy_of_those_run_together() -> None:
    strategy = NoveltySearch(mean=START, population=4, centers=2)
    for generation in range(12):
        population = strategy.ask(HP, key(generation))
        returns_r = np.random.default_rng(generation).normal(size=population.rows)
        strategy.tell(population, answered(population, returns_r))
        best = int(np.argmax(returns_r[4:]))
        np.testing.assert_array_equal(strategy.mean, population.base_bp[population.base_r[4 + best]])


def test_a_failed_episode_is_never_the_best() -> None:
    strategy = NoveltySearch(mean=START, population=4, centers=2)
    for generation in range(3):
        population = strategy.ask(HP, key(generation))
        batch = evaluate(population)
        strategy.tell(population, batch)
    population = strategy.ask(HP, key(3))
    batch = evaluate(population, failed=(4, 5))
    batch.returns_r[4:6] = 1e9
    before = strategy.mean
    strategy.tell(population, batch)
    np.testing.assert_array_equal(strategy.mean, before)


def weights_over(returns: list[float], **options: Any) -> list[float]:
    """nsra's weight of novelty after each generation; the centres' rows return these, the candidates spread by 1."""
    strategy = AdaptiveNoveltyAndReward(mean=START, population=4, **options)
    weights = []
    for generation, value in enumerate(returns):
        population = strategy.ask(HP, key(generation))
        returns_r = np.full(population.rows, value)
        returns_r[:4] += [-1.0, 1.0, -1.0, 1.0]
        strategy.tell(population, answered(population, returns_r))
        weights.append(round(float(strategy.state()["progress"][0]), 9))
    return weights


def test_nsra_turns_to_novelty_while_the_return_stagnates() -> None:
    assert weights_over([0.0] * 9) == [0.0] * 5 + [0.05, 0.1, 0.15, 0.2]  # the first return is an improvement
    assert weights_over([0.0] * 4, patience=1, novelty_delta=0.4) == [0.0, 0.4, 0.8, 1.0]


def test_nsra_turns_back_with_every_improvement() -> None:
    assert weights_over([0.0] * 8 + [1.0, 1.0, 2.0, 1.5]) == [0.0] * 5 + [0.05, 0.1, 0.15, 0.1, 0.1, 0.05, 0.05]
    assert weights_over([float(value) for value in range(6)]) == [0.0] * 6


def test_bad_arguments() -> None:
    bad: list[tuple[type[NoveltySearch], dict[str, Any], str]] = [
        (NoveltySearch, {"centers": 0}, "centers must be at least 1 and at most 65536, got 0"),
        (NoveltySearch, {"neighbors": 0}, "neighbors must be at least 1 and at most 1048576, got 0"),
        (NoveltySearch, {"archive_size": 0}, "archive_size must be at least 1 and at most 1048576, got 0"),
        (NoveltySearch, {"population": 5}, "population must be even"),
        (NoveltySearch, {"center_episodes": -1}, "center_episodes at least 0, got 1 and -1"),
        (NoveltySearch, {"optimizer": "adm"}, "no optimizer named 'adm'.*did you mean 'adam'"),
        (AdaptiveNoveltyAndReward, {"patience": 0}, "patience must be at least 1 and at most"),
        (
            AdaptiveNoveltyAndReward,
            {"novelty_delta": 0.0},
            "novelty_delta must be finite and above 0.0 .*, got 0.0",
        ),
        (
            AdaptiveNoveltyAndReward,
            {"novelty_delta": 1.5},
            "novelty_delta must be finite and above 0.0 .*, got 1.5",
        ),
    ]
    for kind, change, message in bad:
        with pytest.raises(ValueError, match=message):
            kind(**{"mean": START, **change})


@pytest.mark.parametrize("none", [None, np.zeros((8, 0))])
def test_a_batch_without_behaviours_names_the_setting(none: F64 | None) -> None:
    strategy = NoveltySearch(mean=START, population=4)
    population = strategy.ask(HP, key(0))
    with pytest.raises(ValueError, match=r"novelty needs a behavior .*; set behavior to 'final_position'"):
        strategy.tell(population, replace(evaluate(population), behaviour_rd=none))


def test_nsra_leaves_its_weight_to_no_one() -> None:
    strategy = AdaptiveNoveltyAndReward(mean=START, population=4)
    with pytest.raises(ValueError, match="no hyperparameter of this strategy named 'novelty_weight'"):
        strategy.ask(HP.replace(novelty_weight=0.5), key(0))


@pytest.mark.parametrize("change", [{"behaviours": np.zeros((2, 1))}, {"archive": np.zeros((4, 3))}])
def test_a_state_that_does_not_fit_changes_nothing(change: dict[str, Any]) -> None:
    strategy = NoveltySearch(mean=START, population=4)
    population = strategy.ask(HP, key(0))
    strategy.tell(population, evaluate(population))
    before = strategy.state()
    with pytest.raises(ValueError, match=r"behaviours must be \(3, D\) and archive \(n, D\)"):
        strategy.load({**before, **change})
    assert {name: array.tobytes() for name, array in strategy.state().items()} == {
        name: array.tobytes() for name, array in before.items()
    }
