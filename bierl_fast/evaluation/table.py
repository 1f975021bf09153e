"""Picks the evaluator for a task."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast._library import core, gymnasium_assets
from bierl_fast.archive import read_archive
from bierl_fast.evaluation import function
from bierl_fast.evaluation.base import AnyPolicy, Evaluator
from bierl_fast.evaluation.function import FunctionEvaluator, VectorPolicy
from bierl_fast.evaluation.native import NativeEvaluator
from bierl_fast.evaluation.policy import Policy, PolicySpec
from bierl_fast.messages import F32
from bierl_fast.names import unknown


def native_tasks() -> list[dict[str, Any]]:
    """One dict for each native task: id, native, max_episode_steps, reward_threshold, keywords."""
    return [{"native": True, **entry} for entry in core().task_table()]


def native_functions() -> list[dict[str, Any]]:
    """One dict for each native test function, which takes any `dim`: id, native, function, keywords."""
    functions = function.native_functions().items()
    return [{"native": True, "function": True, "id": name, "keywords": list(options)} for name, options in functions]


def _facts(task: str, task_kwargs: dict[str, Any]) -> Any:
    """An environment of that task, for its sizes, box and time limit."""
    return core().EnvCore(task, gymnasium_assets(), task_kwargs)


def _native_id(task: object) -> str:
    """`task`, which must be the id of a native environment."""
    if callable(task):
        raise ValueError("a task that is a Python function needs dim, the number of its parameters")
    if not isinstance(task, str):
        raise TypeError(f"task must be the id of an environment or a function, got {type(task).__name__}")
    if task in function.native_functions():
        raise ValueError(f"{task!r} is a test function and needs dim, the number of its parameters (--dim N)")
    if not core().is_native(task):
        known = [entry["id"] for entry in native_tasks()]
        raise ValueError(
            f"{unknown('native task', task, known)} (other Gymnasium ids run through the process pool, "
            "which comes with a later version)"
        )
    return task


# What a policy network, its observations and its episodes have, and a function has not.
_OF_ENVIRONMENTS = (
    "hidden",
    "activation",
    "squash",
    "action_noise",
    "log_std",
    "obs_norm",
    "episode_cap",
    "behaviour",
    "transitions",
)


def _refuse_for_functions(given: dict[str, Any]) -> None:
    """Raise ValueError for an option that means nothing to a function and is not at its default."""
    defaults = inspect.signature(make_evaluator).parameters
    for name in _OF_ENVIRONMENTS:
        value = tuple(given[name]) if name == "hidden" else given[name]
        if value != defaults[name].default:
            raise ValueError(f"a function task has no policy network and no episodes: leave out {name}, got {value!r}")


def make_evaluator(
    task: str | Callable[..., Any],
    *,
    dim: int | None = None,
    vectorized: bool = False,
    initial: F32 | None = None,
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
        task: an environment id, such as "HalfCheetah-v5". With `dim`, a function whose value is the return: the name of
            a native one ("quadratic", "rosenbrock", "rastrigin", "ackley"), a Python function of a vector (P,) float32,
            an import path "module:function", or a numba.cfunc of the signature float64(CPointer(float32), int64).
        dim: P, the number of a function's parameters. A function has no policy network: what is below and is about
            networks, observations or episodes is refused unless it is left at its default.
        vectorized: whether a Python function takes a block (k, P) and gives (k,).
        initial: (P,) float32 where the search of a function starts; None: zeros, for a native one standard normals.
        task_kwargs: the task's own keyword arguments. Of native functions: noise, rotation_seed, shift_radius,
            shift_seed, and condition (quadratic).
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
    if dim is not None:
        _refuse_for_functions(locals())
        return function.make_function_evaluator(
            task, dim=dim, vectorized=vectorized, task_kwargs=task_kwargs, initial=initial, threads=threads
        )
    if vectorized or initial is not None:
        raise ValueError("vectorized and initial are for functions, which need dim, the number of their parameters")
    if transitions and obs_norm:
        raise ValueError(
            "transitions hold observations as the task gives them: who learns from them needs obs_norm=False"
        )
    id = _native_id(task)
    task_kwargs = dict(task_kwargs or {})
    facts = _facts(id, task_kwargs)
    if episode_cap is not None and episode_cap < 1:
        raise ValueError(f"episode_cap must be at least 1 step, got {episode_cap}")
    if behaviour == "final_position" and not facts.has_root_position:
        behaviour = "final_observation"
    spec = PolicySpec(
        task=id,
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


POLICIES: dict[str, Callable[[Path], AnyPolicy]] = {"policy": Policy.load, function.KIND: VectorPolicy.load}


def load_policy(path: Path) -> AnyPolicy:
    """The policy in a file that some policy's `save` wrote; ArchiveError says what is wrong with it."""
    header = json.loads(read_archive(path)[0])
    kind = header.get("kind") if isinstance(header, dict) else None
    return POLICIES.get(str(kind), Policy.load)(path)  # of no known kind: refused there


def evaluator_of(policy: AnyPolicy, threads: int | None = None) -> Evaluator:
    """An evaluator for a saved policy's task, with the policy's own shape and observation statistics."""
    if isinstance(policy, VectorPolicy):
        return FunctionEvaluator(policy.spec, policy.function, threads=threads)
    if not isinstance(policy, Policy):
        raise TypeError(f"policy must be a Policy or a VectorPolicy, got {type(policy).__name__}")
    _native_id(policy.task)
    facts = _facts(policy.task, policy.task_kwargs)
    return NativeEvaluator(
        policy.spec,
        max_steps=facts.max_episode_steps,
        obs_norm=bool(np.any(policy.statistics.count)),
        behaviour="none",
        threads=threads,
        statistics=policy.statistics.copy(),
    )
