"""Process pools for tests: how they are made, a population that fits, and an episode again in Gymnasium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest
from helpers import mean_envs
from helpers.populations import population

import bierl_fast as bf
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.messages import Population

WALK = "helpers.pool_envs:pool_tests/Walk-v0"
Evaluator = ProcessPoolEvaluator[Any]


def make(task: Any = WALK, **options: Any) -> Evaluator:
    evaluator = bf.make_evaluator(task, **{"hidden": (4,), "workers": 1, **options})
    assert isinstance(evaluator, ProcessPoolEvaluator)
    return evaluator


def mean(kind: str, limit: int = 5, fresh_env: str = "auto", **kwargs: Any) -> dict[str, Any]:
    """make's options for one of helpers.mean_envs."""
    return {
        "task": mean_envs.make,
        "task_kwargs": {"kind": kind, "limit": limit, **kwargs},
        "fresh_env": fresh_env,
        "hidden": (),
    }


def people_of(evaluator: Evaluator, rows: int = 8, sigma: float = 0.5, **changes: Any) -> Population:
    return population(evaluator.policy.initial_parameters(1), rows, sigma, **changes)


def replay(evaluator: Any, people: Population, row: int, env: gymnasium.Env[Any, Any]) -> tuple[float, int]:
    policy = evaluator.policy.with_parameters(evaluator.parameters(people, row))
    observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
    total, steps, done = 0.0, 0, False
    while not done:
        observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
        total, steps, done = total + float(reward), steps + 1, terminated or truncated
    return total, steps


@pytest.fixture(scope="module", name="walk")
def walk_fixture() -> Iterator[Evaluator]:
    with make() as evaluator:
        yield evaluator
