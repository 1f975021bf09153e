"""The native evaluator: threads, side-by-side use, failures, exploration, and what it refuses."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest
from evaluation.populations import arrays, assert_same_bits, population

import bierl_fast as bf
from bierl_fast._library import gymnasium_assets
from bierl_fast._native import core
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.machine import available_cores
from bierl_fast.messages import F32, EvaluationBatch, NoiseKey, Population, Stream

SMALL: dict[str, Any] = {"hidden": (8,), "episode_cap": 60}


def shape_of(evaluator: Evaluator) -> Any:
    assert isinstance(evaluator.policy, bf.Policy)
    return evaluator.policy.shape


def start(evaluator: Evaluator, seed: int = 0) -> F32:
    return evaluator.policy.initial_parameters(seed)


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
        evaluator = bf.make_evaluator("Hopper-v5", threads=1, behaviour=name, hidden=(), episode_cap=1)
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
    evaluator = bf.make_evaluator("HalfCheetah-v5", threads=1, behaviour="actions", hidden=(8,), episode_cap=7)
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


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"base_r": np.ones(4, np.int32)}, ValueError, "row 0 of the population: base 1 of 1"),
    ({"base_r": np.array([0, 0, -1, 0], np.int32)}, ValueError, "row 2 of the population: base -1 of 1"),
    (
        {"sigma_r": np.full(4, np.nan, np.float32)},
        ValueError,
        "row 0 .* sigma must be finite and not negative, got nan",
    ),
    ({"sigma_r": np.full(4, -1, np.float32)}, ValueError, "sigma must be finite and not negative, got -1"),
    ({"sigma_r": np.ones(4)}, TypeError, "sigma_r must be a C-contiguous float32 array of .* got dtype float64"),
    ({"sigma_r": np.ones(3, np.float32)}, ValueError, r"sigma_r must be .* of shape \(4,\), got shape \(3,\)"),
    ({"sigma_r": [0.1] * 4}, TypeError, "sigma_r must be a numpy array, got list"),
    ({"sign_r": np.full(4, 2, np.int8)}, ValueError, "sign must be -1, 0 or 1, got 2"),
    ({"sign_r": np.ones(4, np.int64)}, TypeError, "sign_r must be a C-contiguous int8 array"),
    ({"noise_r": np.full(4, -1, np.int32)}, ValueError, "noise and episode must not be negative"),
    ({"episode_r": np.full(4, -1, np.int32)}, ValueError, "noise and episode must not be negative"),
    ({"episode_r": np.zeros(8, np.int32)[::2]}, ValueError, "episode_r must be .* other strides"),
    (
        {"base_bp": np.zeros((1, 5), np.float32)},
        ValueError,
        r"base_bp must be a C-contiguous float32 array of shape \(1, \d+\), got shape \(1, 5\)",
    ),
    (
        {"base_bp": np.zeros(5, np.float32)},
        ValueError,
        r"base_bp must be .* array of shape \(5, \d+\), got shape \(5,\)",
    ),
    ({"scale_bp": np.ones((1, 5), np.float32)}, ValueError, r"scale_bp must be .* got shape \(1, 5\)"),
    ({"key": None}, TypeError, "key must be a bierl_fast.NoiseKey, got NoneType"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_populations(change: dict[str, Any], error: type[Exception], message: str) -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people = population(start(evaluator), 4)
    people = dataclasses.replace(people, **change)
    rollout = core.Rollout("InvertedPendulum-v5", {}, gymnasium_assets(), shape_of(evaluator), 5, "none", 1)
    with pytest.raises(error, match=message):
        rollout.evaluate(people, core.Normaliser(), np.arange(4, dtype=np.int32), 5, True, False)
    if people.key is not None:
        with pytest.raises(error, match=message):
            evaluator.evaluate(people)


def test_rows_that_are_not_there() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people = population(start(evaluator), 4)
    with pytest.raises(ValueError, match="row 4 of a population of 4"):
        evaluator.parameters(people, 4)
    with pytest.raises(ValueError, match="row -1 of a population of 4"):
        evaluator.parameters(people, -1)
    for row in (-1, 4):
        with pytest.raises(ValueError, match=f"row {row} of a population of 4"):
            evaluator.reset_seed(people, row)


def test_an_order_that_is_no_permutation_and_a_foreign_normaliser() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people = population(start(evaluator), 3)
    rollout = core.Rollout("InvertedPendulum-v5", {}, gymnasium_assets(), shape_of(evaluator), 5, "none", 1)
    normalizer = core.Normaliser()
    for order, wrong in (([0, 1, 1], 1), ([0, 1, 3], 3), ([-1, 1, 2], -1)):
        with pytest.raises(ValueError, match=f"order must be a permutation of the rows, and has {wrong} twice or out"):
            rollout.evaluate(people, normalizer, np.array(order, np.int32), 5, True, False)
    foreign = core.Normaliser.from_moments(1.0, np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match="normaliser has 3 elements, expected 4"):
        rollout.evaluate(people, foreign, np.arange(3, dtype=np.int32), 5, True, False)
    with pytest.raises(ValueError, match="normaliser has 3 elements, expected 4"):
        shape_of(evaluator).act(foreign, start(evaluator), np.zeros(4), np.zeros(1, np.float32))


def test_episodes_have_steps_and_room_for_their_transitions() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people, order = population(start(evaluator), 1), np.zeros(1, np.int32)
    rollout = core.Rollout("InvertedPendulum-v5", {}, gymnasium_assets(), shape_of(evaluator), 5, "none", 1, True)
    with pytest.raises(ValueError, match="an episode needs at least one step, got -1"):
        rollout.evaluate(people, core.Normaliser(), order, -1, False, False)
    with pytest.raises(ValueError, match="room for the transitions of 5 steps, got max_steps = 6"):
        rollout.evaluate(people, core.Normaliser(), order, 6, False, False, True)


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, r"threads must be an integer in \[1, 1024\], got 0"),
        ({"episode_cap": 0}, r"episode_cap must be an integer in \[1, 2147483647\], got 0"),
        ({"episode_cap": 1.5}, r"episode_cap must be an integer in \[1, 2147483647\], got 1.5"),
        ({"log_std": float("nan")}, "log_std must be finite, got nan"),
        ({"log_std": "-1"}, "log_std must be a number, got '-1'"),
        ({"obs_norm": "no"}, "obs_norm must be True or False, got 'no'"),
        ({"transitions": 1}, "transitions must be True or False, got 1"),
        ({"hidden": 8}, r"hidden must be a tuple of layer sizes, such as \(64, 64\), or \(\) for none; got 8"),
        ({"hidden": (8.5,)}, r"a size in hidden must be an integer in \[1, 2147483647\], got 8.5"),
        ({"threads": True}, r"threads must be an integer in \[1, 1024\], got True"),
        ({"behaviour": "final"}, "no behaviour named 'final'; known: none, final_position"),
        ({"hidden": (8, 0)}, r"a size in hidden must be an integer in \[1, 2147483647\], got 0"),
        ({"activation": "gelu"}, "no activation named 'gelu'; known: tanh, relu"),
        ({"task_kwargs": {"healthy_rewar": 1.0}}, "did you mean 'healthy_reward'"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        bf.make_evaluator("Hopper-v5", **options)


def test_numbers_of_numpy_are_numbers() -> None:
    evaluator = bf.make_evaluator("Hopper-v5", hidden=[np.int64(8)], log_std=np.float32(-1.0), threads=np.int32(1))  # type: ignore[arg-type]
    assert evaluator.policy.initial_parameters().size == 11 * 8 + 8 + 8 * 3 + 3


def test_unknown_tasks() -> None:
    with pytest.raises(ValueError, match=r"no task named 'Hoper-v5'; .*did you mean 'Hopper-v5'"):
        bf.make_evaluator("Hoper-v5")
    with pytest.raises(TypeError, match="task must be the id of an environment or a callable that makes one, got int"):
        bf.make_evaluator(3)  # type: ignore[arg-type]  # what this test is about


def test_available_cores() -> None:
    assert available_cores() >= 1
