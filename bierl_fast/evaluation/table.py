"""Picks the evaluator for a task."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast._library import gymnasium_assets
from bierl_fast._native import core
from bierl_fast.archive import read_archive
from bierl_fast.errors import ArgumentError, ArgumentTypeError
from bierl_fast.evaluation import arguments
from bierl_fast.evaluation.base import Evaluator, Policy
from bierl_fast.evaluation.environment.maker import find
from bierl_fast.evaluation.episode_evaluator import thread_count
from bierl_fast.evaluation.function.evaluator import FunctionEvaluator, make_function_evaluator
from bierl_fast.evaluation.native import NativeEvaluator
from bierl_fast.evaluation.policy import torch_module as torch_policy
from bierl_fast.evaluation.policy import vector as vector_policy
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.module_factory import ModuleFactory
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.policy.vector import VectorPolicy
from bierl_fast.evaluation.pool.build import pool_evaluator, pool_evaluator_of
from bierl_fast.evaluation.pool.messages import Descriptor
from bierl_fast.evaluation.pool.pool import PoolSettings
from bierl_fast.import_path import imported
from bierl_fast.messages import F32
from bierl_fast.names import unknown

EVALUATORS = ("auto", "native", "pool")


def native_tasks() -> list[dict[str, Any]]:
    """One dict for each native task: id, native, max_episode_steps, reward_threshold, keywords."""
    return [{"native": True, **entry} for entry in core.task_table()]


def native_functions() -> list[dict[str, Any]]:
    """One dict for each native test function, which takes any `dim`: id, native, function, keywords."""
    functions = vector_policy.native_functions().items()
    return [{"native": True, "function": True, "id": name, "keywords": list(options)} for name, options in functions]


def _facts(task: str, task_kwargs: dict[str, Any]) -> core.EnvCore:
    """An environment of that task, for its sizes, box and time limit."""
    return core.EnvCore(task, gymnasium_assets(), task_kwargs)


def _native(task: Any, evaluator: str, behaviour: str | Descriptor, policy: Any | None, settings: PoolSettings) -> bool:
    """Whether a task runs on native threads: `evaluator` says so, or "auto" finds nothing against it.

    Raises:
        ArgumentError: what was asked for does not go together.
    """
    if evaluator not in EVALUATORS:
        raise unknown("evaluator", evaluator, EVALUATORS)
    if isinstance(task, str) and task in vector_policy.native_functions():
        raise ArgumentError(f"{task!r} is a test function and needs dim, the number of its parameters (--dim N)")
    native = isinstance(task, str) and core.is_native(task)
    needed = "a TorchPolicy" if policy is not None else "a behaviour function" if callable(behaviour) else None
    if evaluator == "native":
        if not native:
            raise unknown("native task", str(task), [entry["id"] for entry in native_tasks()])
        if needed is not None:
            raise ArgumentError(f"{needed} runs in worker processes alone; take evaluator 'pool' or 'auto'")
    elif evaluator == "pool" or not native or needed is not None:
        return False
    for field in fields(PoolSettings):
        value = getattr(settings, field.name)
        if value != field.default:
            instead = "give threads" if field.name == "workers" else f"leave out {field.name}"
            raise ArgumentError(
                f"{field.name} = {value}, and the native {task} runs on threads; {instead}, or take evaluator 'pool'"
            )
    return True


def _crewed(settings: PoolSettings, threads: int | None) -> PoolSettings:
    """A pool's settings, with as many workers as there were to be threads where their number was left open."""
    count = thread_count(threads)
    return settings if settings.workers is not None else replace(settings, workers=count)


# What a policy network, its observations, its episodes and the processes that run them have, and a function has not.
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
    "policy",
    "evaluator",
    "workers",
    "fresh_env",
    "flatten_observation",
    "on_failure",
    "retries",
    "episode_timeout",
)


def _refuse_for_functions(given: dict[str, Any]) -> None:
    """Raise ArgumentError for an option that means nothing to a function and is not at its default."""
    defaults = inspect.signature(make_evaluator).parameters
    for name in _OF_ENVIRONMENTS:
        value = tuple(given[name]) if name == "hidden" else given[name]
        if value != defaults[name].default:
            raise ArgumentError(
                f"a function task has no policy network and no episodes: leave out {name}, got {value!r}", [name]
            )


def _native_evaluator(
    id: str,
    task_kwargs: dict[str, Any],
    shape: dict[str, Any],
    *,
    obs_norm: bool,
    episode_cap: int | None,
    behaviour: str,
    transitions: bool,
    threads: int | None,
) -> NativeEvaluator:
    """An evaluator of a native task, with a policy network of this shape."""
    facts = _facts(id, task_kwargs)
    if behaviour == "final_position" and not facts.has_root_position:
        behaviour = "final_observation"
    spec = PolicySpec(
        task=id,
        task_kwargs=task_kwargs,
        observation_size=facts.observation_size,
        low=tuple(facts.action_bounds[0::2]),
        high=tuple(facts.action_bounds[1::2]),
        **shape,
    )
    limit = facts.max_episode_steps
    max_steps = limit if episode_cap is None else min(limit, episode_cap)
    return NativeEvaluator(
        spec,
        max_steps=max_steps,
        whole_steps=limit,
        obs_norm=obs_norm,
        behaviour=behaviour,
        transitions=transitions,
        threads=threads,
    )


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
    behaviour: str | Descriptor = "final_position",
    transitions: bool = False,
    policy: TorchPolicy | str | Callable[..., Any] | None = None,
    evaluator: str = "auto",
    threads: int | None = None,
    workers: int | None = None,
    fresh_env: str = "auto",
    flatten_observation: bool = False,
    on_failure: str = "rank_last",
    retries: int = 2,
    episode_timeout: float | None = None,
) -> Evaluator:
    """An evaluator for a task, with a policy of this shape.

    Args:
        task: an environment id, such as "HalfCheetah-v5"; an id that a module registers, "module:Env-v0"; or a factory,
            that is a callable that returns a gymnasium.Env, or its import path "module:make_env". Native ids run on
            threads, all others in worker processes. With `dim`, a function whose value is the return: the name of a
            native one ("quadratic", "rosenbrock", "rastrigin", "ackley"), a Python function of a vector (P,) float32,
            an import path "module:function", or a numba.cfunc of the signature float64(CPointer(float32), int64).
        dim: P, the number of a function's parameters. A function has no policy network: what is below and is about
            networks, observations, episodes or worker processes is refused unless it is left at its default.
        vectorized: whether a Python function takes a block (k, P) and gives (k,).
        initial: (P,) float32 where the search of a function starts; None: zeros, for a native one standard normals.
        task_kwargs: keyword arguments of the environment, the factory or the function. Of native functions: noise,
            rotation_seed, shift_radius, shift_seed, and condition (quadratic).
        hidden: hidden layer sizes; () is a linear policy.
        activation: "tanh" or "relu".
        squash: how outputs enter the action box: "clip", "tanh", or "none": they do not, and the task sees what came
            (MuJoCo itself cuts what drives the motors; rewards that charge for actions charge for all).
        action_noise: Gaussian exploration: "none", "fixed" or "evolved" log standard deviation. With discrete actions
            it is added to the outputs, of which the largest acts.
        log_std: its log standard deviation.
        obs_norm: normalise observations by running statistics of inner-level steps.
        episode_cap: truncate episodes after so many steps, if the task does not do so earlier; needed where the
            environment has no time limit. Where it has one, populations that are `whole` are not cut.
        behaviour: descriptor of an episode: "final_position" (falls back to "final_observation" where the task has no
            root position, and in worker processes), "final_observation", "actions", "none", or, in worker processes, a
            function (env, last observation, last info) -> (D,) numbers, the same D for every episode, or its import
            path "module:function".
        transitions: record every step of inner batches, for strategies that learn from them; not with obs_norm.
        policy: a TorchPolicy instead of the compiled one; in worker processes, and slower. Or what makes its module, by
            itself or by its import path: see ModuleFactory.
        evaluator: "native", "pool", or "auto": native where that is possible.
        threads: worker threads of a native task; None takes the cores this process may use.
        workers: worker processes of any other; None takes as many as `threads` says.
        fresh_env: "auto", "always" or "never": whether every episode in a worker gets a new environment; see
            PoolSettings for this and the rest, all of worker processes alone.
        flatten_observation: take observations as one long vector: of several dimensions, Discrete, Dict or Tuple.
        on_failure: "rank_last", "retry" or "raise": of an episode that fails.
        retries: of a failed episode.
        episode_timeout: seconds an episode may take.

    Raises:
        ArgumentError: an unknown task (the nearest name is offered), keyword or option, a number outside its range; an
            environment that cannot be made, or whose spaces no policy here serves; transitions with obs_norm.
        ArgumentTypeError: an argument of another kind.
        WorkerError: worker processes that break while they start.
    """
    if dim is not None:
        _refuse_for_functions(locals())
        return make_function_evaluator(
            task, dim=dim, vectorized=vectorized, task_kwargs=task_kwargs, initial=initial, threads=threads
        )
    if vectorized or initial is not None:
        raise ArgumentError("vectorized and initial are for functions, which need dim, the number of their parameters")
    obs_norm, transitions = arguments.boolean("obs_norm", obs_norm), arguments.boolean("transitions", transitions)
    if transitions and obs_norm:
        raise ArgumentError(
            "transitions hold observations as the task gives them: who learns from them needs obs_norm=False"
        )
    settings = PoolSettings(workers, fresh_env, flatten_observation, on_failure, retries, episode_timeout)
    task_kwargs = dict(task_kwargs or {})
    if episode_cap is not None:
        episode_cap = arguments.integer("episode_cap", episode_cap, 1, arguments.MOST_STEPS)
    shape: dict[str, Any] = {
        "hidden": arguments.layer_sizes("hidden", hidden),
        "activation": activation,
        "squash": squash,
        "action_noise": action_noise,
        "log_std": arguments.number("log_std", log_std),
    }
    if isinstance(behaviour, str) and ":" in behaviour:
        behaviour = imported(behaviour, "behaviour")
    if policy is not None and not isinstance(policy, TorchPolicy):
        policy = ModuleFactory(policy)
    if not _native(task, evaluator, behaviour, policy, settings):
        return pool_evaluator(
            find(task, task_kwargs, more_names=[entry["id"] for entry in native_tasks()]),
            _crewed(settings, threads),
            shape,
            obs_norm=obs_norm,
            episode_cap=episode_cap,
            behaviour=behaviour,
            transitions=transitions,
            policy=policy,
        )
    assert isinstance(behaviour, str)
    return _native_evaluator(
        str(task),
        task_kwargs,
        shape,
        obs_norm=obs_norm,
        episode_cap=episode_cap,
        behaviour=behaviour,
        transitions=transitions,
        threads=threads,
    )


POLICIES: dict[str, Callable[[Path], Policy]] = {
    "policy": MlpPolicy.load,
    vector_policy.FILE.kind: VectorPolicy.load,
    torch_policy.FILE.kind: TorchPolicy.load,
}


def load_policy(path: Path) -> Policy:
    """The policy in a file that some policy's `save` wrote; ArchiveError says what is wrong with it."""
    text, _ = read_archive(path)
    try:
        kind = str(json.loads(text)["kind"])
    except (ValueError, TypeError, KeyError):
        kind = "none"
    return POLICIES.get(kind, MlpPolicy.load)(path)  # a file of no known kind is refused there


def evaluator_of(
    policy: Policy,
    threads: int | None = None,
    workers: int | None = None,
    *,
    fresh_env: str = "auto",
    on_failure: str = "rank_last",
    retries: int = 2,
    episode_timeout: float | None = None,
) -> Evaluator:
    """An evaluator for a saved policy's task, with the policy's own shape and observation statistics.

    The options are those of `make_evaluator`.
    """
    if isinstance(policy, VectorPolicy):
        return FunctionEvaluator(policy.spec, policy.function, threads=threads)
    if not isinstance(policy, MlpPolicy | TorchPolicy):
        raise ArgumentTypeError(
            f"policy must be a Policy, a TorchPolicy or a VectorPolicy, got {type(policy).__name__}"
        )
    obs_norm = bool(np.any(policy.statistics.count))
    spec = policy.spec
    if spec is None:
        raise ArgumentError(
            "a TorchPolicy is made for a task by make_evaluator(task, policy=...); this one has none yet"
        )
    if isinstance(policy, MlpPolicy) and core.is_native(spec.task):
        facts = _facts(spec.task, spec.task_kwargs)
        return NativeEvaluator(
            spec,
            max_steps=facts.max_episode_steps,
            whole_steps=facts.max_episode_steps,
            obs_norm=obs_norm,
            behaviour="none",
            threads=threads,
            statistics=policy.statistics.copy(),
        )
    settings = PoolSettings(
        workers=workers, fresh_env=fresh_env, on_failure=on_failure, retries=retries, episode_timeout=episode_timeout
    )
    return pool_evaluator_of(policy, _crewed(settings, threads), obs_norm=obs_norm)
