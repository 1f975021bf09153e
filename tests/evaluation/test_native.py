"""The native evaluator: threads, side-by-side use, failures, exploration, and what it refuses."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest
from helpers.populations import SMALL, arrays, assert_same_bits, population, start

import bierl_fast as bf
from bierl_fast.machine import available_cores
from bierl_fast.messages import F32, EvaluationBatch, NoiseKey, Population, Stream


@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "Hopper-v5"])
@pytest.mark.parametrize("noise", ["none", "evolved"])
def test_same_bits_at_any_thread_count(task: str, noise: str) -> None:
    """Twice, the second time with statistics absorbed from the first."""
    evaluators = [bf.make_evaluator(task, threads=n, action_noise=noise, **SMALL) for n in (1, 2, 3)]
    for generation in range(2):
        people = population(start(evaluators[0]), 12, key=NoiseKey(1, generation))
        first, *others = [evaluator.evaluate(people) for evaluator in evaluators]
        assert len(np.unique(first.returns_r)) > 2
        for evaluator, batch in zip(evaluators[1:], others, strict=True):
            assert_same_bits(first, batch)
            assert evaluator.reset_seed(people, 3) == evaluators[0].reset_seed(people, 3)
        for evaluator in evaluators:
            evaluator.absorb(first)


def test_two_evaluators_in_two_threads() -> None:
    evaluators = [bf.make_evaluator(task, threads=2, **SMALL) for task in ("Hopper-v5", "HalfCheetah-v5")]
    people = [population(start(evaluator), 10) for evaluator in evaluators]
    alone = [evaluator.evaluate(p) for evaluator, p in zip(evaluators, people, strict=True)]
    together: list[list[EvaluationBatch]] = [[], []]

    def work(who: int) -> None:
        for _ in range(5):
            together[who].append(evaluators[who].evaluate(people[who]))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for who in range(2):
        assert len(together[who]) == 5
        for batch in together[who]:
            assert_same_bits(alone[who], batch)


def test_one_evaluator_in_two_threads_takes_turns() -> None:
    evaluator = bf.make_evaluator("Hopper-v5", threads=2, **SMALL)
    people = population(start(evaluator), 10)
    alone = evaluator.evaluate(people)
    answers: list[EvaluationBatch] = []
    threads = [threading.Thread(target=lambda: answers.append(evaluator.evaluate(people))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    for batch in answers:
        assert_same_bits(alone, batch)


def test_evaluate_changes_nothing_and_only_inner_batches_are_absorbed() -> None:
    evaluator = bf.make_evaluator("Hopper-v5", threads=1, **SMALL)
    theta = start(evaluator)
    for stream in Stream:
        batch = evaluator.evaluate(population(theta, 4, key=NoiseKey(0, 0, stream)))
        assert evaluator.state()["obs_count"].tolist() == [0.0]
        evaluator.absorb(batch)
        seen = float(np.asarray(evaluator.state()["obs_count"], np.float64)[0])
        assert seen == (batch.steps if stream == Stream.INNER else 0.0)
        evaluator.load({"obs_count": np.zeros(1), "obs_mean": np.zeros(11), "obs_m2": np.zeros(11)})
    bare = bf.make_evaluator("Hopper-v5", threads=1, obs_norm=False, **SMALL)
    batch = bare.evaluate(population(theta, 4))
    bare.absorb(batch)
    assert batch.moments is None
    assert bare.state()["obs_count"].tolist() == [0.0]


def test_state_continues() -> None:
    one, other = (bf.make_evaluator("Hopper-v5", threads=1, **SMALL) for _ in range(2))
    people = population(start(one), 6)
    one.absorb(one.evaluate(people))
    other.load(one.state())
    assert_same_bits(one.evaluate(people), other.evaluate(people))
    with pytest.raises(ValueError, match="observation statistics are for size 11, expected 4"):
        bf.make_evaluator("InvertedPendulum-v5", threads=1).load(one.state())


def broken(theta: F32, value: float, rows: int = 8, row: int = 3) -> Population:
    """Row `row` runs a second base that holds one bad number; the others run theta."""
    bad = theta.copy()
    bad[-1] = value
    base_r = np.zeros(rows, np.int32)
    base_r[row] = 1
    return population(theta, rows, base_bp=np.stack([theta, bad]), base_r=base_r)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_diverged_row_touches_no_other(value: float) -> None:
    """A NaN or infinite bias gives a NaN or saturated control; only NaN breaks the simulation."""
    evaluator = bf.make_evaluator("Hopper-v5", threads=2, **SMALL)
    theta = start(evaluator)
    good, bad = evaluator.evaluate(population(theta)), evaluator.evaluate(broken(theta, value))
    others = np.arange(8) != 3
    assert_same_bits(good, bad, others)
    assert not good.failed_r.any()
    assert bad.failed_r.tolist() == [row == 3 and np.isnan(value) for row in range(8)]
    assert np.isfinite(bad.returns_r).all()
    assert_same_bits(good, evaluator.evaluate(population(theta)))  # the worker that failed is as good as new
    evaluator.absorb(bad)
    assert all(np.isfinite(np.asarray(array, np.float64)).all() for array in evaluator.state().values())


def test_every_row_diverges() -> None:
    options = {"reset_noise_scale": 1e11, "terminate_when_unhealthy": False}
    evaluator = bf.make_evaluator("Hopper-v5", threads=2, task_kwargs=options, **SMALL)
    batch = evaluator.evaluate(population(start(evaluator)))
    assert batch.failed_r.all()
    assert np.isfinite(batch.returns_r).all()
    assert (batch.lengths_r >= 1).all()
    assert (batch.lengths_r < 60).all()
    evaluator.absorb(batch)
    assert evaluator.state()["obs_count"].tolist() == [0.0]  # what a failed row saw is no statistic


@pytest.mark.parametrize("noise", ["fixed", "evolved"])
def test_exploration(noise: str) -> None:
    """Training rows explore, reproducibly by episode; reporting rows do not; -10 in ln is next to nothing."""
    noisy = bf.make_evaluator("Hopper-v5", threads=1, action_noise=noise, log_std=-0.5, **SMALL)
    bare = bf.make_evaluator("Hopper-v5", threads=1, **SMALL)
    theta, plain = start(noisy), start(bare)
    assert theta.size == plain.size + (3 if noise == "evolved" else 0)
    assert theta[plain.size :].tolist() == [-0.5] * (theta.size - plain.size)
    still: dict[str, Any] = {"sigma": 0.0}
    explored = noisy.evaluate(population(theta, 6, **still))
    assert_same_bits(explored, noisy.evaluate(population(theta, 6, **still)))
    np.testing.assert_array_equal(explored.returns_r[0::2], explored.returns_r[1::2])  # pairs share their episode
    assert len(np.unique(explored.returns_r)) == 3
    quiet = bare.evaluate(population(plain, 6, **still))
    assert (explored.returns_r != quiet.returns_r).all()
    key = NoiseKey(7, 3, Stream.EVALUATION)
    reported = noisy.evaluate(population(theta, 6, key=key, **still))
    expected = bare.evaluate(population(plain, 6, key=key, **still))
    np.testing.assert_array_equal(reported.returns_r, expected.returns_r)
    np.testing.assert_array_equal(reported.lengths_r, expected.lengths_r)


def test_entropy_is_relative_to_the_configured_log_std() -> None:
    evaluator = bf.make_evaluator("Hopper-v5", threads=1, action_noise="evolved", log_std=-0.5, **SMALL)
    theta = start(evaluator)
    theta[-3:] += np.array([0.25, 0.5, -0.125], np.float32)
    batch = evaluator.evaluate(population(theta, 2, sigma=0.0))
    assert batch.entropy_r is not None
    assert batch.entropy_r.tolist() == [0.625, 0.625]  # exact: eighths
    assert evaluator.policy.noise_scale(1.0) is None
    scale = evaluator.policy.noise_scale(0.5)
    assert scale is not None
    assert np.unique(scale[:-3]).tolist() == [1.0]
    assert scale[-3:].tolist() == [0.5] * 3


def test_behaviours() -> None:
    """Each descriptor's size; the `actions` of a one-step episode are that action four times."""
    sizes = {"none": 0, "final_position": 2, "final_observation": 11, "actions": 12}
    for name, size in sizes.items():
        evaluator = bf.make_evaluator("Hopper-v5", threads=1, behavior=name, hidden=(), episode_cap=1)
        theta = np.random.default_rng(0).normal(size=start(evaluator).size).astype(np.float32)
        people = population(theta, 4)
        described = evaluator.evaluate(people).behaviour_rd
        assert described is not None
        assert described.shape == (4, size)
        env = bf.NativeEnv("Hopper-v5")
        observation, _ = env.reset(seed=evaluator.reset_seed(people, 2))
        action = evaluator.policy.with_parameters(evaluator.parameters(people, 2)).act(observation)
        after, *_ = env.step(action)
        if name == "actions":
            np.testing.assert_array_equal(described[2].reshape(4, 3), np.tile(action, (4, 1)))
        if name == "final_observation":
            np.testing.assert_array_equal(described[2], after)
    # No root position there: the default falls back to the observation.
    pendulum = bf.make_evaluator("InvertedPendulum-v5", threads=1, episode_cap=3)
    described = pendulum.evaluate(population(start(pendulum), 2)).behaviour_rd
    assert described is not None
    assert described.shape == (2, 4)


def test_actions_are_the_first_and_last_two() -> None:
    evaluator = bf.make_evaluator("HalfCheetah-v5", threads=1, behavior="actions", hidden=(8,), episode_cap=7)
    people = population(start(evaluator), 2, sigma=0.5)
    described = evaluator.evaluate(people).behaviour_rd
    assert described is not None
    env = bf.NativeEnv("HalfCheetah-v5")
    observation, _ = env.reset(seed=evaluator.reset_seed(people, 1))
    policy = evaluator.policy.with_parameters(evaluator.parameters(people, 1))
    taken = []
    for _ in range(7):
        taken.append(policy.act(observation))
        observation, *_ = env.step(taken[-1])
    np.testing.assert_array_equal(described[1].reshape(4, 6), np.stack([taken[i] for i in (0, 1, -2, -1)]))


def test_whole_episodes_are_not_cut() -> None:
    capped, uncapped = (bf.make_evaluator("Reacher-v5", threads=1, hidden=(), episode_cap=cap) for cap in (7, None))
    people = population(start(capped), 4)
    whole = dataclasses.replace(people, whole=True)
    assert_same_bits(uncapped.evaluate(people), capped.evaluate(whole))
    assert_same_bits(uncapped.evaluate(people), uncapped.evaluate(whole))
    assert capped.evaluate(people).lengths_r.tolist() == [7] * 4


def test_an_empty_population_is_an_empty_batch() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=2, **SMALL)
    batch = evaluator.evaluate(population(start(evaluator), 0))
    assert batch.steps == 0
    assert all(len(array) == 0 for array in arrays(batch).values())


def test_available_cores() -> None:
    assert available_cores() >= 1
