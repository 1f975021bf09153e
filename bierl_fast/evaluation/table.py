"""Picks the evaluator for a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast._library import core, gymnasium_assets
from bierl_fast.evaluation.base import AnyPolicy, Evaluator
from bierl_fast.evaluation.native import NativeEvaluator
from bierl_fast.evaluation.policy import Policy, PolicySpec
from bierl_fast.names import unknown


def native_tasks() -> list[dict[str, Any]]:
    """One dict for each native task: id, native, max_episode_steps, reward_threshold, keywords."""
    return [{"native": True, **entry} for entry in core().task_table()]


def _facts(task: str, task_kwargs: dict[str, Any]) -> Any:
    """An environment of that task, for its sizes, box and time limit."""
    return core().EnvCore(task, gymnasium_assets(), task_kwargs)


def _require_native(task: str) -> None:
    if not isinstance(task, str):
        raise TypeError(f"task must be the id of an environment, got {type(task).__name__}")
    if not core().is_native(task):
        known = [entry["id"] for entry in native_tasks()]
        raise ValueError(
            f"{unknown('native task', task, known)} (other Gymnasium ids run through the process pool, "
            "which comes with a later version)"
        )


def make_evaluator(
    task: str,
    *,
    task_kwargs: dict[str, Any] | None = None,
    hidden: tuple[int, ...] = (64, 64),
    activation: str = "tanh",
    squash: str = "clip",
    action_noise: str = "none",
    log_std: float = -1.0,
    obs_norm: bool = True,
    episode_cap: int | None = None,
    behaviour: str = "final_position",
    transitions: bool = False,
    threads: int | None = None,
) -> Evaluator:
    """An evaluator for a task, with a policy of this shape.

    Args:
        task: an environment id, such as "HalfCheetah-v5".
        task_kwargs: the environment's own keyword arguments.
        hidden: hidden layer sizes; () is a linear policy.
        activation: "tanh" or "relu".
        squash: how outputs enter the action box: "clip" or "tanh".
        action_noise: Gaussian exploration: "none", "fixed" or "evolved" log standard deviation.
        log_std: its log standard deviation.
        obs_norm: normalise observations by running statistics of inner-level steps.
        episode_cap: truncate episodes after so many steps, if the task does not do so earlier.
        behaviour: descriptor of an episode: "final_position" (falls back to "final_observation" where the task has no
            root position), "final_observation", "actions" or "none".
        transitions: record every step of inner batches, for strategies that learn from them.
        threads: worker threads; None takes the cores this process may use.

    Raises:
        ValueError: an unknown task (the nearest name is offered), keyword or option, threads < 1, episode_cap < 1,
            transitions with obs_norm.
    """
    if transitions and obs_norm:
        raise ValueError(
            "transitions hold observations as the task gives them: who learns from them needs obs_norm=False"
        )
    _require_native(task)
    task_kwargs = dict(task_kwargs or {})
    facts = _facts(task, task_kwargs)
    if episode_cap is not None and episode_cap < 1:
        raise ValueError(f"episode_cap must be at least 1 step, got {episode_cap}")
    if behaviour == "final_position" and not facts.has_root_position:
        behaviour = "final_observation"
    spec = PolicySpec(
        task=task,
        task_kwargs=task_kwargs,
        observation_size=facts.observation_size,
        low=tuple(facts.action_bounds[0::2]),
        high=tuple(facts.action_bounds[1::2]),
        hidden=tuple(hidden),
        activation=activation,
        squash=squash,
        action_noise=action_noise,
        log_std=log_std,
    )
    limit = facts.max_episode_steps
    max_steps = limit if episode_cap is None else min(limit, episode_cap)
    return NativeEvaluator(
        spec, max_steps=max_steps, obs_norm=obs_norm, behaviour=behaviour, transitions=transitions, threads=threads
    )


def load_policy(path: Path) -> AnyPolicy:
    """The policy in a file that some policy's `save` wrote; ArchiveError says what is wrong with it."""
    return Policy.load(path)


def evaluator_of(policy: AnyPolicy, threads: int | None = None) -> Evaluator:
    """An evaluator for a saved policy's task, with the policy's own shape and observation statistics."""
    if not isinstance(policy, Policy):
        raise TypeError(f"policy must be a Policy, got {type(policy).__name__}")
    _require_native(policy.task)
    facts = _facts(policy.task, policy.task_kwargs)
    return NativeEvaluator(
        policy.spec,
        max_steps=facts.max_episode_steps,
        obs_norm=bool(np.any(policy.statistics.count)),
        behaviour="none",
        threads=threads,
        statistics=policy.statistics.copy(),
    )
