"""Native rollouts: named candidates in, returns out, every episode whole in C++.

    Population -> worker threads: perturb, reset, episode -> EvaluationBatch

Row i of every output answers row i of the population, whatever the number of threads.
"""

from __future__ import annotations

from typing import Any

from bierl_fast import _box2d
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, RunWarning, warn
from bierl_fast.evaluation.episode_evaluator import EpisodeEvaluator, longest_first, thread_count
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec, require_box
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.messages import EvaluationBatch, Moments, Population, Stream
from bierl_fast.names import unknown


class NativeEvaluator(EpisodeEvaluator[MlpPolicy]):
    """Runs a native task's episodes on a persistent pool of threads; the GIL is free meanwhile."""

    def __init__(
        self,
        spec: PolicySpec,
        *,
        max_steps: int,
        whole_steps: int,
        obs_norm: bool = True,
        behavior: str = "final_position",
        transitions: bool = False,
        threads: int | None = None,
        statistics: ObservationStatistics | None = None,
    ) -> None:
        """See `bierl_fast.evaluation.table.make_evaluator`."""
        self.threads = thread_count(threads)
        statistics = statistics or ObservationStatistics(spec.observation_size)
        super().__init__(
            MlpPolicy(spec, statistics), statistics, obs_norm=obs_norm, max_steps=max_steps, whole_steps=whole_steps
        )
        self._transitions = transitions
        self._rollout = core.Rollout(
            task=spec.task,
            options=spec.task_kwargs,
            assets=_box2d.files_of(spec.task),
            shape=self._policy.shape,
            max_steps=max_steps,
            behavior=behavior,
            threads=self.threads,
            transitions=transitions,
        )

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row. Changes nothing; honours KeyboardInterrupt within a second."""
        recorded = self._transitions and population.key.stream == Stream.INNER
        out = self._rollout.evaluate(
            population,
            self._statistics.normalizer(),
            longest_first(population),
            max_steps=self.steps_of(population),
            explore=population.key.stream != Stream.EVALUATION,
            moments=self.obs_norm,
            transitions=recorded,
        )
        moments = Moments(out["count_r"], out["mean_ro"], out["m2_ro"]) if self.obs_norm else None
        return EvaluationBatch(
            returns_r=out["returns_r"],
            lengths_r=out["lengths_r"],
            failed_r=out["failed_r"],
            behaviour_rd=out["behaviour_rd"],
            entropy_r=out["entropy_r"],
            moments=moments,
            key=population.key,
            transitions_tw=out["transitions_tw"] if recorded else None,
        )


def native_tasks() -> list[dict[str, Any]]:
    """One dict for each native task: id, native, why_not, engine, max_episode_steps, reward_threshold, keywords.

    `native` says whether it runs natively here, and `why_not` why one of Box2D does not (None: it does).
    """
    reasons = {task: _box2d.why_not(task) for task in native_ids()}
    return [
        {"native": reasons[entry["id"]] is None, "why_not": reasons[entry["id"]], **entry}
        for entry in core.task_table()
    ]


def native_ids() -> list[str]:
    """The ids of the native tasks, whether they run here or not."""
    return [entry["id"] for entry in core.task_table()]


def is_native(task: Any, task_kwargs: dict[str, Any] | None = None) -> bool:
    """Whether a task is one of these by its id, and runs natively here, with these keyword arguments."""
    return isinstance(task, str) and bool(core.is_native(task)) and _why_elsewhere(task, task_kwargs or {}) is None


def why_not_native(wanted: Wanted) -> ArgumentError | None:
    """The error for a task that does not run on native threads (the nearest that does is offered); None: it does."""
    if not (isinstance(wanted.task, str) and core.is_native(wanted.task)):
        return unknown("native task", str(wanted.task), native_ids(), ["task"])
    elsewhere = _why_elsewhere(wanted.task, wanted.task_kwargs) or _why_processes(wanted)
    if elsewhere is not None:
        return elsewhere
    needed, setting = ("a TorchPolicy", "policy") if wanted.policy is not None else ("a behavior function", "behavior")
    if wanted.policy is None and not callable(wanted.behavior):
        return None
    return ArgumentError(
        f"{needed} runs in worker processes alone; take evaluator 'pool' or 'auto'", [setting, "evaluator"]
    )


def say_why_elsewhere(task: Any) -> None:
    """Warn once of a native task that runs in worker processes because its engine is not as it should be."""
    if isinstance(task, str) and core.is_native(task) and not _box2d.is_missing():
        reason = _box2d.why_not(task)
        if reason is not None:
            warn(f"{task} runs in worker processes, which is slower: {reason}", RunWarning)


def _why_elsewhere(task: str, task_kwargs: dict[str, Any]) -> ArgumentError | None:
    """The error for a Box2D task that runs in worker processes here; None: it runs natively.

    They ran there before they were native, with whatever Gymnasium takes: what is not known here is Gymnasium's to
    judge.
    """
    if not _box2d.is_box2d(task):
        return None
    reason = _box2d.why_not(task)
    if reason is not None:
        return ArgumentError(f"{task} cannot run natively here: {reason}; or take evaluator 'pool'", ["evaluator"])
    try:
        core.check_task(task, task_kwargs)
    except ArgumentError as error:
        return error
    return None


def _why_processes(wanted: Wanted) -> ArgumentError | None:
    """The error for a Box2D task with settings of worker processes, which its runs of before may have."""
    if not _box2d.is_box2d(str(wanted.task)):
        return None
    known = PoolSettings.settings()
    given = [name for name, value in wanted.section(PoolSettings).values().items() if value != known[name].default]
    if not given:
        return None
    return ArgumentError(
        f"{given[0]} is a setting of worker processes: leave it out, or take evaluator 'pool' or 'auto'",
        [given[0], "evaluator"],
    )


def native_evaluator(wanted: Wanted) -> NativeEvaluator:
    """An evaluator of a native task that `why_not_native` has nothing against."""
    facts = _facts(str(wanted.task), wanted.task_kwargs)
    behavior = str(wanted.behavior)
    if behavior == "final_position" and not facts.has_root_position:
        behavior = "final_observation"
    spec = PolicySpec(
        task=str(wanted.task),
        task_kwargs=wanted.task_kwargs,
        observation_size=facts.observation_size,
        low=tuple(facts.action_bounds[0::2]),
        high=tuple(facts.action_bounds[1::2]),
        first_action=0 if facts.discrete_actions else None,
        **wanted.network,
    )
    require_box(spec)
    limit = facts.max_episode_steps
    return NativeEvaluator(
        spec,
        max_steps=limit if wanted.episode_cap is None else min(limit, wanted.episode_cap),
        whole_steps=limit,
        obs_norm=wanted.obs_norm,
        behavior=behavior,
        transitions=wanted.transitions,
        threads=wanted.threads,
    )


def native_evaluator_of(policy: MlpPolicy, threads: int | None = None) -> NativeEvaluator:
    """An evaluator for a saved policy's native task, with the policy's own statistics."""
    spec = policy.spec
    limit = _facts(spec.task, spec.task_kwargs).max_episode_steps
    return NativeEvaluator(
        spec,
        max_steps=limit,
        whole_steps=limit,
        obs_norm=policy.statistics.seen,
        behavior="none",
        threads=threads,
        statistics=policy.statistics.copy(),
    )


def _facts(task: str, task_kwargs: dict[str, Any]) -> Any:
    """An environment of that task, for its sizes, box and time limit."""
    return core.EnvCore(task, _box2d.files_of(task), task_kwargs)
