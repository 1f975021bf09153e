"""What rollouts record of their steps: equal to a replay, in row order, of inner rows that did not fail."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.populations import assert_same_bits, population

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast.errors import EpisodeWarning
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.messages import F32, NoiseKey, Population, Stream


def recording(task: str, threads: int = 2, cap: int | None = None) -> Evaluator:
    return bf.make_evaluator(
        task, hidden=(16,), squash="tanh", obs_norm=False, transitions=True, threads=threads, episode_cap=cap
    )


def replayed(evaluator: Evaluator, people: Population, row: int, cap: int) -> F32:
    """The row's steps in the native environment, one by one from Python."""
    env = bf.NativeEnv(evaluator.policy.task)
    policy = evaluator.policy.with_parameters(evaluator.parameters(people, row))
    observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
    records = []
    for _ in range(cap):
        action = policy.act(observation)
        after, reward, terminated, truncated, _ = env.step(action)
        records.append(np.concatenate([observation, action, [reward], after, [float(terminated)]]))
        observation = after
        if terminated or truncated:
            break
    return np.array(records, np.float32)


@pytest.mark.parametrize("task", ["Hopper-v5", "InvertedPendulum-v5", "Reacher-v5"])
def test_recorded_steps_equal_a_replay(task: str) -> None:
    """Bit for bit: one C++ object, and float32 of the same float64 numbers."""
    cap = 30
    evaluator = recording(task, cap=cap)
    people = population(evaluator.policy.initial_parameters(1), 6, 0.5)
    batch = evaluator.evaluate(people)
    assert batch.transitions_tw is not None
    expected = np.concatenate([replayed(evaluator, people, row, cap) for row in range(6)])
    np.testing.assert_array_equal(batch.transitions_tw, expected)
    assert len(expected) == batch.steps


def test_a_time_limit_does_not_terminate() -> None:
    """Hopper falls at different steps; a cap of 25 steps truncates those that stand."""
    evaluator = recording("Hopper-v5", cap=25)
    people = population(evaluator.policy.initial_parameters(1), 20, 0.5)
    batch = evaluator.evaluate(people)
    assert batch.transitions_tw is not None
    ends = np.cumsum(batch.lengths_r) - 1
    terminated = batch.transitions_tw[:, -1]
    assert 0 < np.count_nonzero(batch.lengths_r < 25) < 20
    np.testing.assert_array_equal(terminated[ends[batch.lengths_r < 25]], 1.0)
    assert np.count_nonzero(terminated) <= np.count_nonzero(terminated[ends])  # nowhere but at an end
    standing = ends[(batch.lengths_r == 25) & (terminated[ends] == 0.0)]
    assert standing.size > 0
    for start, end in itertools.pairwise(np.concatenate([[0], np.cumsum(batch.lengths_r)])):
        steps = batch.transitions_tw[start:end]
        np.testing.assert_array_equal(steps[1:, :11], steps[:-1, 15:26])  # each begins where the one before ended


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_order_is_of_rows_at_any_number_of_threads(threads: int) -> None:
    """Noise of several sizes, so that rows start in another order than they stand."""
    people = population(recording("Hopper-v5").policy.initial_parameters(1), 16, 0.1)
    people.sigma_r[:] = np.linspace(1.0, 0.01, 16)
    one, other = (recording("Hopper-v5", count).evaluate(people) for count in (1, threads))
    assert one.transitions_tw is not None
    assert other.transitions_tw is not None
    np.testing.assert_array_equal(one.transitions_tw, other.transitions_tw)


def test_recording_changes_no_result() -> None:
    with_, without = recording("Hopper-v5"), bf.make_evaluator("Hopper-v5", hidden=(16,), squash="tanh", obs_norm=False)
    people = population(with_.policy.initial_parameters(1), 8, 0.3)
    assert without.evaluate(people).transitions_tw is None
    assert_same_bits(with_.evaluate(people), without.evaluate(people))


@pytest.mark.parametrize("stream", [Stream.META, Stream.EVALUATION, Stream.PRETRAIN])
def test_only_inner_rows_are_recorded(stream: Stream) -> None:
    evaluator = recording("InvertedPendulum-v5")
    people = population(evaluator.policy.initial_parameters(1), 4, 0.3, NoiseKey(1, 2, stream))
    assert evaluator.evaluate(people).transitions_tw is None


def test_failed_rows_are_left_out() -> None:
    """A control that is not a number ends row 2; its neighbors' steps stand side by side."""
    evaluator = recording("HalfCheetah-v5", cap=10)
    theta = evaluator.policy.initial_parameters(1)
    people = population(theta, 4, base_bp=np.stack([theta, np.full_like(theta, np.nan)]))
    people.base_r[2], people.sign_r[2] = 1, 0
    batch = evaluator.evaluate(people)
    assert batch.failed_r.tolist() == [False, False, True, False]
    assert batch.transitions_tw is not None
    expected = np.concatenate([replayed(evaluator, people, row, 10) for row in (0, 1, 3)])
    np.testing.assert_array_equal(batch.transitions_tw, expected)


def test_no_recording_under_normalised_observations() -> None:
    with pytest.raises(ValueError, match="who learns from them needs obs_norm=False"):
        bf.make_evaluator("Hopper-v5", transitions=True)


def test_an_actor_around_an_environment_of_pythons_records_the_same() -> None:
    """The process pool's workers use the native rollout's own recorder; here around the native environment."""
    evaluator = recording("Hopper-v5", cap=30)
    people = population(evaluator.policy.initial_parameters(1), 6, 0.5)
    batch = evaluator.evaluate(people)
    policy = evaluator.policy
    assert isinstance(policy, MlpPolicy)
    env = bf.NativeEnv("Hopper-v5")
    records, action = np.empty((30, 27), np.float32), np.empty(3, np.float32)
    actor = core.EpisodeActor(policy.shape, "none")
    recorded = []
    for row in range(6):
        actor.begin(
            core.Normalizer(),
            evaluator.parameters(people, row),
            people.key,
            0,
            False,
            None,
            None,
            transitions=records,
        )
        observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
        steps, over = 0, False
        while steps < 30 and not over:
            actor.act(observation, action)
            observation, reward, over, _, _ = env.step(action)
            actor.answered(float(reward), over)
            steps += 1
        actor.finish(observation)
        recorded.append(records[:steps].copy())
    assert batch.transitions_tw is not None
    np.testing.assert_array_equal(batch.transitions_tw, np.concatenate(recorded))


def test_an_actor_refuses_what_it_cannot_record() -> None:
    policy = recording("Hopper-v5").policy
    assert isinstance(policy, MlpPolicy)
    actor = core.EpisodeActor(policy.shape, "none")
    observation, action = np.zeros(11), np.empty(3, np.float32)
    arguments = core.Normalizer(), policy.initial_parameters(), NoiseKey(0, 0), 0, False, None, None
    with pytest.raises(ValueError, match=r"transitions must be .* shape \(any, 27\), got shape \(2, 26\)"):
        actor.begin(*arguments, transitions=np.empty((2, 26), np.float32))
    actor.begin(*arguments, transitions=np.empty((1, 27), np.float32))
    with pytest.raises(ValueError, match="act first"):
        actor.answered(1.0, False)
    actor.act(observation, action)
    with pytest.raises(ValueError, match="transitions have room for 1 steps, and the episode goes on"):
        actor.act(observation, action)


@pytest.mark.parametrize("workers", [1, 3])
def test_worker_processes_record_the_same(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gymnasium's Hopper, whose steps are the native ones bit for bit; row 3 fails; other streams record nothing."""
    monkeypatch.chdir(tmp_path)  # Gymnasium's side writes MUJOCO_LOG.TXT
    native = recording("Hopper-v5", cap=30)
    theta = native.policy.initial_parameters(1)
    people = population(theta, 8, 0.5, base_bp=np.stack([theta, np.full_like(theta, np.nan)]))
    people.base_r[3], people.sign_r[3] = 1, 0
    expected = native.evaluate(people).transitions_tw
    assert expected is not None
    options: dict[str, Any] = {"hidden": (16,), "squash": "tanh", "obs_norm": False, "episode_cap": 30}
    pool = bf.make_evaluator("Hopper-v5", evaluator="pool", transitions=True, workers=workers, **options)
    try:
        for _ in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EpisodeWarning)
                batch = pool.evaluate(people)
            assert batch.failed_r.tolist() == [row == 3 for row in range(8)]
            assert batch.transitions_tw is not None
            np.testing.assert_array_equal(batch.transitions_tw, expected)
        other = population(theta, 2, 0.5, NoiseKey(1, 2, Stream.META))
        assert pool.evaluate(other).transitions_tw is None
    finally:
        pool.close()
