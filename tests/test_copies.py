"""What crosses processes pickles and copies: policies, results, native environments, strategies, messages."""

from __future__ import annotations

import copy
import pickle
import typing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers.torch_modules import Recurrent

import bierl_fast as bf
from bierl_fast.messages import F32
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.strategy.table import STRATEGIES

OWN = "bierl/DeceptivePoint-v0"
WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]
each_way = pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle"])


def here(x: F32) -> float:
    return -float((x * x).sum())


@each_way
def test_policies(way: Callable[[Any], Any]) -> None:
    with closing(bf.make_evaluator("Swimmer-v5", hidden=(4,), threads=1)) as evaluator:
        strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=1), population=4)
        population = strategy.ask(bf.Hyperparameters(), bf.NoiseKey(0, 0))
        evaluator.absorb(evaluator.evaluate(population))  # so that there are statistics
        policy = evaluator.policy.with_parameters(strategy.mean)
        observation = np.linspace(-1.0, 1.0, 8)
        np.testing.assert_array_equal(way(policy).act(observation), policy.act(observation))
        again = way(policy).with_parameters(np.zeros_like(policy.parameters))
        assert not again.parameters.any()
        assert policy.parameters.any()


@each_way
@pytest.mark.parametrize("local", [True, False])
def test_vectors(way: Callable[[Any], Any], local: bool) -> None:
    result = bf.train(
        bf.Config(task=(lambda x: -float(abs(x).sum())) if local else here, dim=3, meta="none", generations=2)
    )
    again = way(result)
    np.testing.assert_array_equal(again.parameters, result.parameters)
    assert again.metrics == result.metrics
    assert bf.evaluate(again.policy, episodes=1) == bf.evaluate(result.policy, episodes=1)


@pytest.mark.slow
@each_way
def test_torch_policies(way: Callable[[Any], Any]) -> None:
    class Local(Recurrent):
        """A class without an import path."""

    local = bf.TorchPolicy(Local())
    np.testing.assert_array_equal(way(local).parameters, local.parameters)
    policy = bf.TorchPolicy(Recurrent())
    with closing(bf.make_evaluator("MountainCarContinuous-v0", policy=policy, workers=1)) as evaluator:
        bound = evaluator.policy
        again = way(bound)
        observation = np.array([0.1, -0.2], np.float32)
        np.testing.assert_array_equal(again.act(observation), bound.act(observation))


@each_way
@pytest.mark.parametrize("name", STRATEGIES)
def test_strategies_go_on_alike(name: str, way: Callable[[Any], Any]) -> None:
    made = bf.make_evaluator(
        "InvertedPendulum-v5", hidden=(3,), squash="tanh", obs_norm=False, transitions=True, threads=1
    )
    with closing(typing.cast("Any", made)) as evaluator:
        own = {"network": evaluator.policy.network} if name == "esac" else {}
        mean = evaluator.policy.initial_parameters(seed=0)
        strategy: Any = bf.make_strategy(name, mean=mean, population=8, **own)

        def generation(of: Any, number: int) -> F32:
            population = of.ask(bf.Hyperparameters(), bf.NoiseKey(2, number))
            of.tell(population, evaluator.evaluate(population))
            return np.asarray(of.mean)

        for number in range(2):
            generation(strategy, number)
        before = strategy.mean
        again = way(strategy)
        stepped = generation(again, 2)
        np.testing.assert_array_equal(strategy.mean, before)
        np.testing.assert_array_equal(generation(strategy, 2), stepped)


@pytest.mark.parametrize("way", WAYS[1:])
def test_native_environments_are_made_anew(way: Callable[[Any], Any]) -> None:
    env = bf.NativeEnv("Hopper-v5", max_episode_steps=3, healthy_z_range=(0.5, 2.0))
    env.reset(seed=1)
    again = way(env)
    observation, _ = again.reset(seed=4)
    np.testing.assert_array_equal(observation, env.reset(seed=4)[0])
    ends = [again.step(np.zeros(3, np.float32))[3] for _ in range(3)]
    assert ends == [False, False, True]


@each_way
def test_histories_and_messages(way: Callable[[Any], Any]) -> None:
    config = bf.Config(task="quadratic", dim=3, meta="none", task_kwargs={"noise": 0.5}, ranges={"sigma": [0.1, 1.0]})
    assert way(config) == config
    for thing in (bf.Hyperparameters(sigma=0.5), bf.NoiseKey(3, 4), bf.Range(0.1, 2.0), bf.GeneratorSettings()):
        assert way(thing) == thing
    history = bf.History(length=3, quantiles=4, ranges={"sigma": bf.Range(0.1, 2.0)})
    np.testing.assert_array_equal(way(history).window(), history.window())


@each_way
@pytest.mark.parametrize("name", META_LEVELS)
def test_meta_levels_propose_alike(name: str, way: Callable[[Any], Any]) -> None:
    ranges = {"sigma": bf.Range(0.002, 0.5), "learning_rate": bf.Range(0.001, 0.2)}
    history = bf.History(ranges=ranges)
    own: dict[str, Any] = {"own": bf.ScheduleSettings(horizon=9)} if name == "schedule" else {}
    parts = bf.MetaParts(bf.Hyperparameters(sigma=0.1, learning_rate=0.05), history, **own)
    level = bf.make_meta(name, parts)
    assert way(level).propose(history) == level.propose(history)


@each_way
def test_windows_and_memories_go_on_alike(way: Callable[[Any], Any]) -> None:
    window = bf.kernels.FitnessBuffer(3, 5, 2)
    memory = bf.kernels.ReplayBuffer(2, 1, 6)
    for number in range(4):  # more than either holds, so that what is oldest lies in the middle
        window.push(np.arange(4.0) * number, np.array([False, True, False, False]), 0.5, np.array([0.1, number]))
        memory.append(np.arange(14, dtype=np.float32).reshape(2, 7) + np.float32(number))

    def told(window: Any, memory: Any) -> list[Any]:
        batch = [np.empty(shape, np.float32) for shape in ((5, 2), (5, 1), 5, (5, 2), 5)]
        memory.sample(bf.NoiseKey(1, 2), 3, *batch)
        return [window.window(), window.filled, window.last_mean, window.last_center, memory.records(), *batch]

    again = way(window), way(memory)
    for _ in range(2):
        for one, other in zip(told(window, memory), told(*again), strict=True):
            np.testing.assert_array_equal(one, other)
        assert (again[1].capacity, again[1].width, len(again[1])) == (6, 7, 6)
        for buffer, kept in ((window, memory), again):
            buffer.push(np.arange(5.0), np.zeros(5, np.bool_), 1.5, np.array([0.3, 0.4]))
            kept.append(np.full((1, 7), 9.0, np.float32))
    memory.clear()
    assert len(again[1]) == 6


def test_a_memory_s_copy_takes_what_it_holds_not_what_it_could() -> None:
    huge = bf.kernels.ReplayBuffer(1000, 1000, 2**30)
    huge.append(np.zeros((3, huge.width), np.float32))
    assert len(pickle.dumps(huge)) < 50_000
    assert copy.deepcopy(huge).capacity == 2**30


@pytest.mark.parametrize("kind", [{"task": "Reacher-v5"}, {"task": "ackley", "dim": 3}])
def test_an_evaluator_says_what_to_send_instead(kind: dict[str, Any]) -> None:
    for way in WAYS:
        with pytest.raises(bf.UnsupportedError, match="pickle its policy"):
            way(bf.make_evaluator(**kind, threads=1))


def test_a_stop_is_of_its_process() -> None:
    for way in WAYS:
        with pytest.raises(bf.UnsupportedError, match="make one where the run is"):
            way(bf.Stop())


def trained(seed: int) -> bf.Result:
    config = bf.Config(task=lambda x: here(x - 1.0), dim=4, meta="none", seed=seed, generations=3)
    return bf.train(config)


@pytest.mark.slow
def test_results_come_back_from_processes() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for seed, result in enumerate(pool.map(trained, range(2))):
            np.testing.assert_array_equal(result.parameters, trained(seed).parameters)
            assert bf.evaluate(result.policy, episodes=1)["mean_return"] == here(result.parameters - 1.0)


@pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.slow)])
@pytest.mark.parametrize("task", [OWN, bf.NativeEnv("Hopper-v5", healthy_reward=0.5).spec])
def test_make_vec_takes_them(task: Any, mode: str) -> None:
    envs = gymnasium.make_vec(task, num_envs=2, vectorization_mode=mode)
    try:
        observation, _ = envs.reset(seed=5)
        alone, _ = gymnasium.make(task).reset(seed=6)
        np.testing.assert_array_equal(observation[1], alone)
        envs.step(envs.action_space.sample())
    finally:
        envs.close()


@pytest.mark.parametrize("task", [OWN, f"bierl_fast:{OWN}", bf.NativeEnv])
def test_stable_baselines_takes_them(task: Any) -> None:
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_util import make_vec_env

    keywords = {"id": "Swimmer-v5"} if task is bf.NativeEnv else {}
    envs = make_vec_env(task, n_envs=2, seed=3, env_kwargs=keywords)
    envs.reset()
    assert envs.step(np.stack([envs.action_space.sample()] * 2))[1].shape == (2,)
    envs.close()


def test_what_stable_baselines_asks_for() -> None:
    """It wants pictures first, and does without at a TypeError."""
    with pytest.raises(TypeError, match="render_mode must be None or one of"):
        bf.NativeEnv("Swimmer-v5", render_mode="ansi")
    assert gymnasium.make(OWN, render_mode="rgb_array").render_mode == "rgb_array"
    copied = copy.deepcopy(gymnasium.make(OWN))
    np.testing.assert_array_equal(copied.reset(seed=2)[0], gymnasium.make(OWN).reset(seed=2)[0])
