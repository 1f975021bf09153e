"""An evaluator once more, for a policy that was saved: its task, its shape, its statistics.

policy -> evaluator_of -> Wanted(again) -> the Backend that it was made by, or another -> Evaluator
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.errors import ArgumentError, ArgumentTypeError
from bierl_fast.evaluation.base import Evaluator, Policy
from bierl_fast.evaluation.environment.maker import require_same_maker
from bierl_fast.evaluation.function.evaluator import function_evaluator_of
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.policy.vector import VectorPolicy
from bierl_fast.evaluation.ray.settings import RaySettings
from bierl_fast.evaluation.table import OWN, made, none_of_functions, of_the_machine, own_of, settings_of_own
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.tasks.mujoco_task import MujocoTask
from bierl_fast.tasks.resolve import resolved
from bierl_fast.trust import Origin, Trust
from bierl_fast.values import plain


def evaluator_of(
    policy: Policy,
    threads: int | None = None,
    *,
    task: str | Callable[..., Any] | MujocoTask | None = None,
    trust: Trust = False,
    ran_by: Mapping[str, Any] | None = None,
    **own: Any,
) -> Evaluator:
    """An evaluator for a saved policy, with its own shape and observation statistics.

    Args:
        policy: what acts, or the vector that a function takes.
        threads: as for `make_evaluator`.
        task: another task of the same kind in place of the policy's; None: its own.
        trust: whether the task that a file names may be imported, where that file is not this user's (see trust.py).
        ran_by: how its run had its episodes run, as far as the policy does not say so itself.
        own: the evaluator, and settings that one alone takes; what is left out is as when the policy was made.

    Raises:
        ConfigError: an option that cannot be, or that there is none of, or that the evaluator does not take.
        ArgumentError: the task is not what it was, or of another kind.
        TrustError: the policy's file names its task, and is not trusted.
    """
    given = own_of(own, {"evaluator": "auto"})
    origin: Origin | None = getattr(policy, "origin", None)
    if origin is not None:
        origin.require(trust, without=["policy"] if task is None else ["policy", "task"])
    other, kwargs = resolved(task, {})
    if isinstance(policy, VectorPolicy):
        own_settings = settings_of_own()
        for name, value in given.items():
            if value != (own_settings[name].default if name in own_settings else "auto"):
                raise none_of_functions(name, value)
        return function_evaluator_of(policy, threads, other)
    if not isinstance(policy, MlpPolicy | TorchPolicy):
        raise ArgumentTypeError(
            f"policy must be a Policy, a TorchPolicy or a VectorPolicy, got {type(policy).__name__}"
        )
    spec = policy.spec
    if spec is None:
        raise ArgumentError(
            "a TorchPolicy is made for a task by make_evaluator(task, policy=...); this one has none yet"
        )
    if task is None:
        require_same_maker(spec)
    elif MUJOCO_TASK in {other, spec.task}:  # whose keyword arguments are no other task's
        spec = replace(spec, task_kwargs=kwargs)
        policy = policy.with_spec(spec)
    saved = {**(ran_by or {}), **spec.ran_by}
    if threads is not None:
        saved = {name: value for name, value in saved.items() if name not in of_the_machine()}
    as_made = saved.pop("evaluator", "auto")
    evaluator = given.pop("evaluator", "auto")
    if evaluator in {"auto", as_made}:
        evaluator = as_made if task is None or as_made != "native" else "auto"
    elif evaluator != "ray":
        saved = {}  # of another evaluator
    if evaluator != "ray":
        saved = {name: value for name, value in saved.items() if name not in RaySettings.settings()}
    return made(evaluator, _wanted_again(policy, spec, other, threads, saved, given))


def _wanted_again(
    policy: MlpPolicy | TorchPolicy,
    spec: PolicySpec,
    task: str | Callable[..., Any] | None,
    threads: int | None,
    saved: dict[str, Any],
    given: dict[str, Any],
) -> Wanted:
    """A saved policy's episodes, run as they were but for what is given."""
    # Of files from before there was ran_by, the policy's own shape says it.
    made_with = {"flatten_observation": spec.observation_shape is not None, **saved}
    for name, value in given.items():
        field = settings_of_own()[name]
        seen = made_with.get(name, field.default)
        if field.metadata.get("of_policy") and plain(value) != plain(seen):
            raise ArgumentError(
                f"{name} = {value}, and the policy, made with {name} = {seen}, sees what that says; leave it out",
                [name],
            )
    return Wanted(
        task=spec.task if task is None else task,
        task_kwargs=dict(spec.task_kwargs),
        network={},
        obs_norm=policy.statistics.seen,
        episode_cap=spec.episode_cap,
        behavior="none",
        transitions=False,
        policy=policy if isinstance(policy, TorchPolicy) else None,
        threads=threads,
        sections=tuple(section.of({**saved, **given}) for section in OWN),
        again=policy,
    )
