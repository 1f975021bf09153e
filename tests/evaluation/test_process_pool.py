"""The process pool: the same bits at any number of workers, equal to Gymnasium's loop and to native rollouts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from evaluation import pool_envs
from evaluation.populations import arrays, assert_same_bits, population
from evaluation.test_native import BAD
from parity.tolerance import EXACT, tolerance

import bierl_fast as bf
from bierl_fast.errors import EpisodeError, EpisodeWarning
from bierl_fast.evaluation.pool import pool as pools
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.messages import EvaluationBatch, NoiseKey, Population, Stream

WALK = "evaluation.pool_envs:pool_tests/Walk-v0"
Evaluator = ProcessPoolEvaluator[Any]


def make(task: Any = WALK, **options: Any) -> Evaluator:
    evaluator = bf.make_evaluator(task, **{"hidden": (4,), "workers": 1, **options})
    assert isinstance(evaluator, ProcessPoolEvaluator)
    return evaluator


def people_of(evaluator: Evaluator, rows: int = 8, sigma: float = 0.5, **changes: Any) -> Population:
    return population(evaluator.policy.initial_parameters(1), rows, sigma, **changes)


@pytest.fixture(scope="module", name="walk")
def walk_fixture() -> Iterator[Evaluator]:
    with make() as evaluator:
        yield evaluator


def test_same_bits_at_any_number_of_workers() -> None:
    """Twice, the second time with statistics absorbed from the first."""
    evaluators = [make(workers=n, action_noise="evolved", behaviour="actions") for n in (1, 2, 3)]
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
    options: dict[str, Any] = {"hidden": (8,), "action_noise": "evolved", "behaviour": "actions", "episode_cap": 60}
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
    options: dict[str, Any] = {"hidden": (), "behaviour": "actions", "obs_norm": False, "episode_cap": 60}
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


def replay(evaluator: Any, people: Population, row: int, env: gymnasium.Env[Any, Any]) -> tuple[float, int]:
    policy = evaluator.policy.with_parameters(evaluator.parameters(people, row))
    observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
    total, steps, done = 0.0, 0, False
    while not done:
        observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
        total, steps, done = total + float(reward), steps + 1, terminated or truncated
    return total, steps


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


@pytest.mark.parametrize("fresh_env", ["auto", "never"])
def test_an_environment_that_takes_short_seeds_gets_them(fresh_env: str) -> None:
    task = {"task": WALK, "task_kwargs": {"trouble": "random_state"}, "fresh_env": fresh_env}
    with make(**task, workers=1) as one, make(**task, workers=2) as two:
        people = people_of(one, 4)
        batch = one.evaluate(people)
        assert not batch.failed_r.any()
        assert_same_bits(batch, two.evaluate(people))
        for row in range(4):
            assert one.reset_seed(people, row) < 2**31
            env = gymnasium.make(WALK, trouble="random_state")
            assert replay(one, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])


def test_other_environments_get_long_seeds(walk: Evaluator) -> None:
    people = people_of(walk, 4)
    assert max(walk.reset_seed(people, row) for row in range(4)) >= 2**31


@pytest.mark.parametrize(
    ("task", "size"), [("FrozenLake-v1", 16), ("evaluation.pool_envs:pool_tests/Parts-v0", 3 + 2 + 4)]
)
def test_observations_that_are_no_arrays(task: str, size: int, tmp_path: Any) -> None:
    """Discrete, and a Dict with a Tuple in it: what FlattenObservation makes of them, in a saved policy too."""
    with make(task, flatten_observation=True, hidden=()) as evaluator:
        people = people_of(evaluator, 6)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
        assert evaluator.policy.spec.observation_size == size
        for row in (0, 5):
            env = gymnasium.wrappers.FlattenObservation(gymnasium.make(task))
            assert replay(evaluator, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])
        evaluator.policy.with_parameters(evaluator.parameters(people, 0)).save(tmp_path / "policy.npz")
    assert bf.evaluate(tmp_path / "policy.npz", episodes=2, workers=1)["episode_failures"] == 0


def test_discrete_actions_and_flattened_pictures() -> None:
    task = "evaluation.pool_envs:pool_tests/Choice-v0"
    with make(task, flatten_observation=True, hidden=()) as evaluator:
        policy = evaluator.policy
        assert policy.parameter_count == (6 + 1) * 3
        action = policy.act(np.zeros((2, 3), np.uint8))  # all outputs equal: the lowest
        assert (action, type(action)) == (5, np.int64)
        theta = np.zeros(21, np.float32)
        theta[-2:] = 1.0
        assert policy.with_parameters(theta).act(np.zeros((2, 3))) == 6
        people = population(np.random.default_rng(0).normal(size=21).astype(np.float32), 4)
        batch = evaluator.evaluate(people)
        assert batch.lengths_r.tolist() == [7] * 4
        env = gymnasium.make(task)
        for row in range(4):
            assert replay(evaluator, people, row, env)[0] == batch.returns_r[row]
        with pytest.raises(ValueError, match=r"observation must have shape \(2, 3\), got \(6,\)"):
            policy.act(np.zeros(6))


def test_actions_in_the_shape_and_precision_of_their_box() -> None:
    with make("evaluation.pool_envs:pool_tests/Matrix-v0", hidden=()) as evaluator:
        theta = np.full(evaluator.policy.parameter_count, 100.0, np.float32)  # to the ends of the box
        people = population(theta, 2, 0.0)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
        high = evaluator.policy.spec.high[0]
        assert high <= 0.1
        assert np.float32(high) == np.nextafter(np.float32(0.1), np.float32(0))


def make_and_evaluate(task: Any, **options: Any) -> EvaluationBatch:
    with make(task, **options) as evaluator:
        return evaluator.evaluate(people_of(evaluator))


def test_the_ways_to_name_an_environment(walk: Evaluator) -> None:
    gymnasium.register("Mine-v0", entry_point=pool_envs.new_walk, max_episode_steps=20)  # in this process alone
    try:
        wanted = walk.evaluate(people_of(walk))
        for task in ("Mine-v0", pool_envs.make_walk, "evaluation.pool_envs:make_walk", "pool_tests/Walk-v0"):
            assert_same_bits(wanted, make_and_evaluate(task))
    finally:
        del gymnasium.registry["Mine-v0"]
    assert_same_bits(wanted, make_and_evaluate(pool_envs.make_walk, task_kwargs={"length": 12}))
    assert (make_and_evaluate(WALK, task_kwargs={"length": 5}).lengths_r != wanted.lengths_r).any()


def test_saved_policies_of_pool_tasks(walk: Evaluator, tmp_path: Any) -> None:
    path = tmp_path / "policy.npz"
    people = people_of(walk, key=NoiseKey(0, 0, Stream.EVALUATION))
    wanted = walk.evaluate(people)
    with make(pool_envs.make_walk) as evaluator:
        evaluator.policy.save(path)
    for task, capped in ((pool_envs.make_walk, None), ("pool_tests/Endless-v0", 20)):
        with make(task, episode_cap=capped) as evaluator:
            evaluator.policy.save(path)
        loaded = bf.Policy.load(path)
        from bierl_fast.evaluation.table import evaluator_of

        saved = evaluator_of(loaded, workers=1)
        batch = saved.evaluate(people)
        np.testing.assert_array_equal(batch.returns_r, wanted.returns_r)
        saved.close()


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
    with make(behaviour=pool_envs.describe) as evaluator:
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
    with make(behaviour=pool_envs.describe_unevenly) as evaluator, wrong:
        evaluator.evaluate(people_of(evaluator))


def test_a_behaviour_that_is_no_number_is_a_failed_episode() -> None:
    warned = pytest.warns(EpisodeWarning, match=r"the behaviour function gave \[nan\], which is not finite")
    with make(behaviour=pool_envs.describe_badly) as evaluator, warned:
        batch = evaluator.evaluate(people_of(evaluator, 12))
    assert batch.behaviour_rd is not None
    assert np.isfinite(batch.behaviour_rd).all()
    assert 0 < batch.failed_r.sum() < 12


def test_fresh_environments() -> None:
    """An environment whose reset keeps something is found out, and made anew for each episode."""
    options: dict[str, Any] = {"task_kwargs": {"trouble": "keeps"}}
    with make(**options) as auto, make(**options, fresh_env="always") as always, make() as plain:
        assert (auto.fresh_env, always.fresh_env, plain.fresh_env) == (True, True, False)
        people = people_of(auto)
        wanted = plain.evaluate(people)
        assert_same_bits(wanted, auto.evaluate(people))
        assert_same_bits(wanted, always.evaluate(people))
    with make(**options, fresh_env="never") as never:
        assert (never.evaluate(people).returns_r != wanted.returns_r).sum() >= 7


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
    with make("evaluation.pool_envs:pool_tests/Endless-v0", episode_cap=20) as endless:
        np.testing.assert_array_equal(wanted.returns_r, endless.evaluate(whole).returns_r)


def test_what_a_reset_keeps_shows_late() -> None:
    options = {"trouble": "keeps_late", "length": 400}
    with make(pool_envs.new_walk, task_kwargs=options, episode_cap=300) as evaluator:
        assert evaluator.fresh_env


@pytest.mark.slow
def test_trying_an_environment_out_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three episodes of at least 12 steps are longer than a worker may say nothing."""
    monkeypatch.setattr(pools, "START_SECONDS", 6.0)
    with make(task_kwargs={"pause": 0.2}) as evaluator:
        assert not evaluator.fresh_env


def test_an_episode_may_raise_while_the_environment_is_tried_out() -> None:
    options: dict[str, Any] = {"trouble": "raise", "trouble_above": 0.0}
    with make(task_kwargs=options, behaviour=pool_envs.describe) as evaluator:
        assert not evaluator.fresh_env
        with pytest.raises(EpisodeError, match=r"all 2 episodes failed; .*: ZeroDivisionError: the walk fell over"):
            evaluator.evaluate(people_of(evaluator, 2))


def test_an_environment_that_does_not_repeat_is_told_of() -> None:
    with pytest.warns(EpisodeWarning, match=r"answers differently under the same seed.*reset\(seed=...\)") as told:
        make(task_kwargs={"trouble": "unseeded"}).close()
    assert Path(told[0].filename).parent == Path(__file__).parent


def test_box2d_worlds_that_survive_a_reset_are_known() -> None:
    pytest.importorskip("Box2D")
    for task, fresh in (("BipedalWalker-v3", True), ("LunarLander-v3", False)):
        with make(task) as evaluator:
            assert evaluator.fresh_env == fresh


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_populations(change: dict[str, Any], error: type[Exception], message: str, walk: Evaluator) -> None:
    people = people_of(walk, 4)
    if change.get("key", people.key) is not None:
        with pytest.raises(error, match=message):
            walk.evaluate(dataclasses.replace(people, **change))


def test_threads_are_workers_where_those_are_not_given() -> None:
    for crew, count in (({"threads": 2}, 2), ({"threads": 1}, 1), ({"threads": 1, "workers": 3}, 3)):
        with make(**{"workers": None, **crew}) as evaluator:
            assert len(evaluator.workers) == count
            policy = evaluator.policy
    from bierl_fast.evaluation.table import evaluator_of

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
