"""A process pool with its policy: the first worker tells what the environment looks like, then the policy is made.

EnvMaker -> Pool -> Interface -> PolicySpec -> MlpPolicy or TorchPolicy -> Job -> ProcessPoolEvaluator
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bierl_fast.errors import TaskError
from bierl_fast.evaluation.environment.maker import EnvMaker, find
from bierl_fast.evaluation.environment.spaces import SEED_BITS, Interface
from bierl_fast.evaluation.episode_evaluator import thread_count
from bierl_fast.evaluation.native import native_ids
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec, require_box, require_same_kind
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.evaluation.pool.messages import Job
from bierl_fast.evaluation.pool.pool import Pool
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.logs import logger
from bierl_fast.names import choice

log = logger(__name__)


def pool_evaluator(wanted: Wanted) -> ProcessPoolEvaluator[Any]:
    """An evaluator whose episodes run in worker processes; see `bierl_fast.evaluation.table.make_evaluator`."""
    if wanted.again is not None:
        return _again(wanted, wanted.again)
    settings = _counted(wanted.section(PoolSettings), wanted.threads)
    maker = find(wanted.task, wanted.task_kwargs, native_ids(), settings.wrapper)
    descriptor = None if isinstance(wanted.behavior, str) else wanted.behavior
    named = wanted.behavior if isinstance(wanted.behavior, str) else "none"
    pool = Pool(maker, settings, descriptor, wanted.episode_cap)
    try:
        episode_cap = wanted.episode_cap or pool.findings.time_limit or None
        cap = {} if pool.interface.time_limit is not None else {"episode_cap": episode_cap}
        spec = policy_spec(pool.interface, maker, {**wanted.network, **cap})
        if spec.parts:
            log.info("task %s: an observation is one vector of %s: %s", spec.task, spec.observation_size, spec.parts)
        statistics = ObservationStatistics(spec.observation_size)
        require_box(spec)
        policy: MlpPolicy | TorchPolicy
        if wanted.policy is None:
            policy = MlpPolicy(spec, statistics)
        else:
            given = wanted.policy
            ours = given if isinstance(given, TorchPolicy) else TorchPolicy.made_by(given, spec)
            policy = ours.for_task(spec, statistics)
        job = _job(pool, policy, named, episode_cap, settings)
        return ProcessPoolEvaluator(
            pool, policy, job, settings, statistics, obs_norm=wanted.obs_norm, transitions=wanted.transitions
        )
    except BaseException:
        pool.close()
        raise


def _again(wanted: Wanted, policy: MlpPolicy | TorchPolicy) -> ProcessPoolEvaluator[Any]:
    """An evaluator for a saved policy, with its own statistics; TaskError when the task is none for it.

    Whether observations are flattened is the policy's to say, not that of the settings.
    """
    saved = policy.spec
    assert saved is not None
    settings = _counted(wanted.section(PoolSettings), wanted.threads)
    settings = replace(settings, flatten_observation=saved.observation_shape is not None)
    maker = find(wanted.task, wanted.task_kwargs, wrappers=settings.wrapper)
    pool = Pool(maker, settings, episode_cap=saved.episode_cap)
    try:
        require_same_kind(saved, policy_spec(pool.interface, maker, {}))
        policy = policy.with_spec(replace(saved, task=maker.task, ran_by=wanted.network["ran_by"]))
        job = _job(pool, policy, "none", saved.episode_cap, settings)
        statistics = policy.statistics.copy()
        return ProcessPoolEvaluator(pool, policy, job, settings, statistics, obs_norm=policy.statistics.seen)
    except BaseException:
        pool.close()
        raise


def _counted(settings: PoolSettings, threads: int | None) -> PoolSettings:
    """The settings with as many workers as there were to be threads, where their number was left open."""
    count = thread_count(threads)
    return settings if settings.workers is not None else replace(settings, workers=count)


def policy_spec(interface: Interface, maker: EnvMaker, shape: dict[str, Any]) -> PolicySpec:
    """What a policy for this environment is."""
    actions = len(interface.choices or interface.low)
    return PolicySpec(
        task=maker.task,
        task_kwargs=maker.kwargs,
        observation_size=interface.observation_size,
        low=interface.low,
        high=interface.high,
        observation_shape=interface.observation_shape if interface.flattened else None,
        observation_parts=interface.parts,
        part_sizes=interface.part_sizes,
        action_shape=None if interface.action_shape in ((), (actions,)) else interface.action_shape,
        first_action=interface.first_action,
        choices=interface.choices,
        first_choices=interface.first_choices,
        switches=interface.switches,
        entry_point=maker.entry_point,
        **shape,
    )


def _job(
    pool: Pool, policy: MlpPolicy | TorchPolicy, behavior: str, episode_cap: int | None, settings: PoolSettings
) -> Job:
    spec = policy.spec
    assert spec is not None
    if behavior == "final_position":
        behavior = "final_observation"
    sizes = {"none": 0, "final_observation": spec.observation_size, "actions": 4 * len(spec.low)}
    choice("behavior", behavior, [*sizes, "final_position"], ["behavior"])
    return Job(
        spec=spec,
        module=policy.module if isinstance(policy, TorchPolicy) else None,
        behavior=behavior,
        descriptor_size=sizes[behavior] or pool.findings.descriptor_size or 0,
        max_steps=_max_steps(spec.task, pool, episode_cap),
        whole_steps=_max_steps(spec.task, pool, spec.episode_cap),
        episode_timeout=settings.episode_timeout,
        fresh=bool(pool.findings.fresh),
        tried_steps=pool.findings.tried_steps,
        seed_bits=pool.findings.seed_bits or SEED_BITS,
    )


def _max_steps(task: str, pool: Pool, cap: int | None) -> int:
    steps = [steps for steps in (pool.interface.time_limit, cap) if steps is not None]
    if not steps:
        failure = pool.findings.failure
        failed = "" if failure is None else f"; an episode ended there by what the run would meet too: {failure}"
        raise TaskError(
            f"task {task} has no time limit of its own, and when it was tried out it truncated no two episodes after "
            "the same number of steps, so an episode might never end; give episode_cap (--episode-cap N), or register "
            f"it with max_episode_steps{failed}"
        )
    return min(steps)
