"""A process pool with its policy: the first worker tells what the environment looks like, then the policy is made.

EnvMaker -> Pool -> Interface -> PolicySpec -> Policy or TorchPolicy -> Job -> ProcessPoolEvaluator
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bierl_fast.errors import ArgumentError, TaskError
from bierl_fast.evaluation.environment.maker import EnvMaker, find
from bierl_fast.evaluation.environment.spaces import Interface
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.module_factory import ModuleFactory
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.evaluation.pool.messages import Descriptor, Job
from bierl_fast.evaluation.pool.pool import Pool, PoolSettings
from bierl_fast.names import unknown


def pool_evaluator(
    maker: EnvMaker,
    settings: PoolSettings,
    shape: dict[str, Any],
    *,
    obs_norm: bool,
    episode_cap: int | None,
    behaviour: str | Descriptor,
    transitions: bool,
    policy: TorchPolicy | ModuleFactory | None,
) -> ProcessPoolEvaluator[Any]:
    """See `bierl_fast.evaluation.table.make_evaluator`; `shape` is what PolicySpec takes of the network."""
    descriptor = None if isinstance(behaviour, str) else behaviour
    named = behaviour if isinstance(behaviour, str) else "none"
    pool = Pool(maker, settings, descriptor)
    try:
        cap = {} if pool.interface.time_limit is not None else {"episode_cap": episode_cap}
        spec = policy_spec(pool.interface, maker, {**shape, **cap})
        statistics = ObservationStatistics(spec.observation_size)
        if policy is None:
            job = _job(pool, spec, None, named, episode_cap, settings)
            made = MlpPolicy(spec, statistics)
            return ProcessPoolEvaluator(
                pool, made, job, settings, statistics, obs_norm=obs_norm, transitions=transitions
            )
        ours = policy if isinstance(policy, TorchPolicy) else TorchPolicy.made_by(policy, spec)
        bound = ours.for_task(spec, statistics)
        job = _job(pool, spec, bound.module, named, episode_cap, settings)
        return ProcessPoolEvaluator(pool, bound, job, settings, statistics, obs_norm=obs_norm, transitions=transitions)
    except BaseException:
        pool.close()
        raise


def pool_evaluator_of(
    policy: MlpPolicy | TorchPolicy, settings: PoolSettings, *, obs_norm: bool
) -> ProcessPoolEvaluator[Any]:
    """An evaluator for a saved policy, with its own statistics; ArgumentError when the task has changed since.

    Whether observations are flattened is the policy's to say, not that of `settings`.
    """
    spec = policy.spec
    assert spec is not None
    settings = replace(settings, flatten_observation=spec.observation_shape is not None)
    maker = find(spec.task, spec.task_kwargs)
    pool = Pool(maker, settings)
    try:
        now = policy_spec(pool.interface, maker, {})
        if (now.observation_size, len(now.low)) != (spec.observation_size, len(spec.low)):
            raise TaskError(
                f"the policy was made for {spec.observation_size} observations and {len(spec.low)} actions, and task "
                f"{spec.task} has {now.observation_size} and {len(now.low)} here"
            )
        module = policy.module if isinstance(policy, TorchPolicy) else None
        job = _job(pool, spec, module, "none", spec.episode_cap, settings)
        return ProcessPoolEvaluator(pool, policy, job, settings, policy.statistics.copy(), obs_norm=obs_norm)
    except BaseException:
        pool.close()
        raise


def policy_spec(interface: Interface, maker: EnvMaker, shape: dict[str, Any]) -> PolicySpec:
    """What a policy for this environment is."""
    actions = len(interface.low)
    return PolicySpec(
        task=maker.task,
        task_kwargs=maker.kwargs,
        observation_size=interface.observation_size,
        low=interface.low,
        high=interface.high,
        observation_shape=interface.observation_shape if interface.flattened else None,
        action_shape=None if interface.action_shape in ((), (actions,)) else interface.action_shape,
        first_action=interface.first_action,
        **shape,
    )


def _job(
    pool: Pool, spec: PolicySpec, module: Any, behaviour: str, episode_cap: int | None, settings: PoolSettings
) -> Job:
    if spec.first_action is not None and spec.squash != "clip":
        raise ArgumentError(f"squash {spec.squash!r} needs a box of actions, and those of {spec.task} are discrete")
    if behaviour == "final_position":
        behaviour = "final_observation"
    sizes = {"none": 0, "final_observation": spec.observation_size, "actions": 4 * len(spec.low)}
    if behaviour not in sizes:
        raise unknown("behaviour", behaviour, [*sizes, "final_position"])
    return Job(
        spec=spec,
        module=module,
        behaviour=behaviour,
        descriptor_size=sizes[behaviour] or pool.ready.descriptor_size,
        max_steps=_max_steps(spec.task, pool.interface.time_limit, episode_cap),
        whole_steps=_max_steps(spec.task, pool.interface.time_limit, spec.episode_cap),
        episode_timeout=settings.episode_timeout,
        fresh=pool.fresh,
        seed_bits=pool.ready.seed_bits,
    )


def _max_steps(task: str, limit: int | None, cap: int | None) -> int:
    steps = [steps for steps in (limit, cap) if steps is not None]
    if not steps:
        raise TaskError(
            f"task {task} has no time limit of its own, so an episode might never end; give episode_cap "
            "(--episode-cap N), or register it with max_episode_steps"
        )
    return min(steps)
