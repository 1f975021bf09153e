"""The process pool: the same bits at any number of workers, equal to Gymnasium's loop and to native rollouts."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers import pool_envs
from helpers.pool_evaluators import WALK, Evaluator, make, people_of, replay
from helpers.populations import BAD, arrays, assert_same_bits, population
from helpers.tolerance import EXACT, tolerance

import bierl_fast as bf
from bierl_fast.errors import EpisodeWarning
from bierl_fast.messages import NoiseKey, Stream


@pytest.mark.slow
def test_same_bits_at_any_number_of_workers() -> None:
    """Twice, the second time with statistics absorbed from the first."""
    evaluators = [make(workers=n, action_noise="evolved", behavior="actions") for n in (1, 2, 3)]
    assert [len(evaluator.workers) for evaluator in evaluators] == [1, 2, 3]
    for generation in range(2):
        people = people_of(evaluators[0], 20, key=NoiseKey(1, generation))
        first, *others = [evaluator.evaluate(people) for evaluator in evaluators]
        assert len(np.unique(first.returns_r)) == 20
        assert len(np.unique(first.lengths_r)) > 1
        for batch in others:
            assert_same_bits(first, batch)
        for evaluator in evaluators:
            evaluator.absorb(first)
    for evaluator in evaluators:
        evaluator.close()


@pytest.mark.parametrize("task", [pool_envs.make_walk, pool_envs.walk_beneath])
def test_what_an_environment_draws_from_its_space_of_actions_has_an_address(task: Any) -> None:
    options: dict[str, Any] = {"task_kwargs": {"trouble": "samples"}, "fresh_env": "never"}
    with make(task, **options) as one, make(task, workers=2, **options) as other:
        people = people_of(one, 12, 0.0)
        batch = one.evaluate(people)
        assert len(np.unique(batch.returns_r)) == 6
        for evaluator in (one, other):
            assert_same_bits(batch, evaluator.evaluate(people))


@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "Hopper-v5", "HalfCheetah-v5"])
def test_native_and_pool_agree(task: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, statistics, noise and descriptors included, where the step parity is."""
    assert tolerance(task) == EXACT
    monkeypatch.chdir(tmp_path)  # Gymnasium's side writes MUJOCO_LOG.TXT
    options: dict[str, Any] = {"hidden": (8,), "action_noise": "evolved", "behavior": "actions", "episode_cap": 60}
    native = bf.make_evaluator(task, threads=1, **options)
    with make(task, evaluator="pool", **options) as pool:
        for generation in range(2):
            people = population(native.policy.initial_parameters(1), 6, 0.2, NoiseKey(2, generation))
            batches = [evaluator.evaluate(people) for evaluator in (native, pool)]
            assert_same_bits(*batches)
            assert len(np.unique(batches[0].behaviour_rd)) > 6  # type: ignore[arg-type]
            for evaluator in (native, pool):
                evaluator.absorb(batches[0])


@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "HalfCheetah-v5"])
def test_raw_actions_reach_the_task(task: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """squash = none: native, pool and a loop over Gymnasium agree bit for bit, and clipped ones do not."""
    assert tolerance(task) == EXACT
    monkeypatch.chdir(tmp_path)  # Gymnasium's side writes MUJOCO_LOG.TXT
    options: dict[str, Any] = {"hidden": (), "behavior": "actions", "obs_norm": False, "episode_cap": 60}
    raw, clipped = (bf.make_evaluator(task, threads=1, squash=squash, **options) for squash in ("none", "clip"))
    people = population(raw.policy.initial_parameters(1), 6, 30.0)
    batch = raw.evaluate(people)
    with make(task, evaluator="pool", squash="none", **options) as pool:
        assert_same_bits(batch, pool.evaluate(people))
    highest = gymnasium.make(task).action_space.high.max()  # type: ignore[attr-defined]
    assert np.abs(batch.behaviour_rd).max() > highest  # type: ignore[arg-type]
    assert np.abs(clipped.evaluate(people).behaviour_rd).max() <= highest  # type: ignore[arg-type]
    for row in range(2):
        env = gymnasium.make(task, max_episode_steps=60)
        assert replay(raw, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])


@pytest.mark.parametrize("task", ["LunarLander-v3", "BipedalWalker-v3", "CartPole-v1", "Pendulum-v1", WALK])
def test_rows_replay_in_gymnasium(task: str) -> None:
    pytest.importorskip("Box2D")
    with make(task, workers=2) as evaluator:
        people = people_of(evaluator, 4)
        evaluator.absorb(evaluator.evaluate(people))
        batch = evaluator.evaluate(people)
        for row in range(4):
            env = gymnasium.make(task)
            assert replay(evaluator, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])
            env.close()


@pytest.mark.slow  # hundreds of episodes in one worker process
def test_small_and_large_populations_take_turns(walk: Evaluator) -> None:
    """The shared block grows, and is used by smaller ones afterwards."""
    small, large = people_of(walk, 2), people_of(walk, 300)
    first = walk.evaluate(small)
    whole = walk.evaluate(large)
    assert_same_bits(first, walk.evaluate(small))
    assert_same_bits(whole, walk.evaluate(large))
    assert not walk.evaluate(people_of(walk, 0)).returns_r.size


def test_scales_bases_and_the_centre(walk: Evaluator) -> None:
    theta = walk.policy.initial_parameters(1)
    scale = np.linspace(0.5, 2, theta.size).astype(np.float32)
    people = population(
        theta,
        4,
        base_bp=np.stack([theta, -theta]),
        base_r=np.array([0, 0, 1, 1], np.int32),
        scale_bp=np.stack([scale, 3 * scale]),
    )
    people.sign_r[0] = 0
    batch = walk.evaluate(people)
    env = gymnasium.make("pool_tests/Walk-v0")
    for row in range(4):
        assert replay(walk, people, row, env)[0] == batch.returns_r[row]


def test_evaluate_changes_nothing_and_only_inner_batches_are_absorbed(walk: Evaluator) -> None:
    before = walk.state()
    for stream in Stream:
        batch = walk.evaluate(people_of(walk, 2, key=NoiseKey(0, 0, stream)))
        if stream != Stream.INNER:
            walk.absorb(batch)
    assert all((array == walk.state()[name]).all() for name, array in before.items())


def test_no_statistics_without_normalisation() -> None:
    with make(obs_norm=False) as evaluator:
        batch = evaluator.evaluate(people_of(evaluator))
        assert batch.moments is None
        assert "count_r" not in arrays(batch)


def test_behaviour_of_a_users_function() -> None:
    with make(behavior=pool_envs.describe) as evaluator:
        people = people_of(evaluator)
        described = evaluator.evaluate(people).behaviour_rd
        assert described is not None
        assert described.shape == (8, 3)
        np.testing.assert_array_equal(described[:, 2], 1.0)
        assert len(np.unique(described[:, 0])) == 8
    with make() as evaluator:  # no root position known there: the observation
        described = evaluator.evaluate(people).behaviour_rd
        assert described is not None
        assert described.shape == (8, 2)


def test_a_behaviour_of_another_size_is_refused() -> None:
    wrong = pytest.raises(ValueError, match=r"must return 3 numbers for every episode.*got shape \(2,\)")
    with make(behavior=pool_envs.describe_unevenly) as evaluator, wrong:
        evaluator.evaluate(people_of(evaluator))


def test_a_behaviour_that_is_no_number_is_a_failed_episode() -> None:
    warned = pytest.warns(EpisodeWarning, match=r"the behavior function gave \[nan\], which is not finite")
    with make(behavior=pool_envs.describe_badly) as evaluator, warned:
        batch = evaluator.evaluate(people_of(evaluator, 12))
    assert batch.behaviour_rd is not None
    assert np.isfinite(batch.behaviour_rd).all()
    assert 0 < batch.failed_r.sum() < 12


def test_whole_episodes_are_cut_by_the_tasks_own_limit_alone(walk: Evaluator) -> None:
    people = people_of(walk)
    whole = dataclasses.replace(people, whole=True)
    wanted = walk.evaluate(people)
    assert_same_bits(wanted, walk.evaluate(whole))
    with make(episode_cap=5) as capped:
        cut = capped.evaluate(people)
        assert (cut.lengths_r == 5).all()
        assert_same_bits(wanted, capped.evaluate(whole))
        assert_same_bits(cut, capped.evaluate(people))
    with make("helpers.pool_envs:pool_tests/Endless-v0", episode_cap=20) as endless:
        np.testing.assert_array_equal(wanted.returns_r, endless.evaluate(whole).returns_r)


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_populations(change: dict[str, Any], error: type[Exception], message: str, walk: Evaluator) -> None:
    people = people_of(walk, 4)
    with pytest.raises(error, match=message):
        walk.evaluate(dataclasses.replace(people, **change))


@pytest.mark.slow
def test_threads_are_workers_where_those_are_not_given() -> None:
    for crew, count in (({"threads": 2}, 2), ({"threads": 1}, 1), ({"threads": 1, "workers": 3}, 3)):
        with make(**{"workers": None, **crew}) as evaluator:
            assert len(evaluator.workers) == count
            policy = evaluator.policy
    from bierl_fast.evaluation.again import evaluator_of

    saved: Any = evaluator_of(policy, threads=2)
    assert len(saved.workers) == 2
    saved.close()


def test_closing(walk: Evaluator) -> None:
    evaluator = make(workers=2)
    pids = evaluator.workers
    evaluator.evaluate(people_of(evaluator))
    evaluator.close()
    evaluator.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="this evaluator is closed"):
        evaluator.evaluate(people_of(walk))
