"""Native rollouts: named candidates in, returns out, every episode whole in C++.

    Population -> worker threads: perturb, reset, episode -> EvaluationBatch

Row i of every output answers row i of the population, whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bierl_fast import _box2d
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, RunWarning, warn
from bierl_fast.evaluation.arguments import require_population
from bierl_fast.evaluation.environment.registered import taken_over_by
from bierl_fast.evaluation.episode_evaluator import EpisodeEvaluator, closed, longest_first, thread_count
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec, require_box, require_same_kind
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.messages import EvaluationBatch, Moments, Population, Stream
from bierl_fast.names import unknown
from bierl_fast.tasks.code import linked


class NativeEvaluator(EpisodeEvaluator[MlpPolicy]):
    """Runs a native task's episodes on a persistent pool of threads; the GIL is free meanwhile.

    Any number of threads may call, see EpisodeEvaluator. What a population says of its rows is read when `evaluate`
    begins; one whose base_bp or scale_bp another thread changes meanwhile is an ArgumentError.
    """

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
        self._rollout: core.Rollout | None = core.Rollout(
            task=spec.task,
            options=linked(spec.task, spec.task_kwargs),
            assets=_box2d.files_of(spec.task),
            shape=self._policy.shape,
            max_steps=max_steps,
            behavior=behavior,
            threads=self.threads,
            transitions=transitions,
        )

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row. Changes nothing; honours KeyboardInterrupt within a second.

        Raises:
            ArgumentError: the population does not fit the policy, or changed meanwhile.
            WorkerError: the evaluator is closed.
        """
        rollout = self._rollout
        if rollout is None:
            raise closed()
        require_population(population)
        recorded = self._transitions and population.key.stream == Stream.INNER
        out = rollout.evaluate(
            population,
            self._normalizer(),
            longest_first(population),
            max_steps=self.steps_of(population),
            explore=population.key.stream != Stream.EVALUATION,
            moments=self.obs_norm,
            transitions=recorded,
        )
        told = rollout.complaint() if out["failed_r"].any() else ""
        if told:
            warn(f"{told}; an episode in which that happens counts as failed, and nobody is told of others", RunWarning)
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

    def close(self) -> None:
        """Free the threads and their simulations, once an evaluation under way in another thread has ended."""
        self._rollout = None


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


def is_native(task: Any) -> bool:
    """Whether a task is one of these by its id, which nobody has registered anew, and runs natively here."""
    return isinstance(task, str) and bool(core.is_native(task)) and _why_elsewhere(task) is None


def why_not_native(wanted: Wanted) -> ArgumentError | None:
    """The error for a task that does not run on native threads (the nearest that does is offered); None: it does."""
    if not (isinstance(wanted.task, str) and core.is_native(wanted.task)):
        return unknown("native task", str(wanted.task), native_ids(), ["task"])
    elsewhere = _why_elsewhere(wanted.task) or _why_in_processes(wanted)
    if elsewhere is not None:
        return elsewhere
    needs = {
        "policy": wanted.policy is not None and "a TorchPolicy",
        "behavior": callable(wanted.behavior) and "a behavior function",
        "wrapper": bool(wanted.section(PoolSettings).wrapper) and "a wrapper",
    }
    for setting, needed in needs.items():
        if needed:
            return ArgumentError(
                f"{needed} runs in worker processes alone; take evaluator 'pool' or 'auto'", [setting, "evaluator"]
            )
    return None


def say_why_elsewhere(task: Any) -> None:
    """Warn once of a native task that runs in worker processes because its engine is not as it should be."""
    if isinstance(task, str) and core.is_native(task) and not _box2d.is_missing():
        reason = _box2d.why_not(task)
        if reason is not None:
            warn(f"{task} runs in worker processes, which is slower: {reason}", RunWarning)


def _why_elsewhere(task: str) -> ArgumentError | None:
    """The error for a native id that is another environment here, or whose engine is not here; None: neither."""
    other = taken_over_by(task)
    if other is not None:
        return ArgumentError(
            f"the id {task} was registered anew, and is made by {other} here, which native threads do not run; take "
            "evaluator 'pool' for what it is now",
            ["task", "evaluator"],
        )
    reason = _box2d.why_not(task)
    if reason is None:
        return None
    return ArgumentError(f"{task} cannot run natively here: {reason}; or take evaluator 'pool'", ["evaluator"])


def _why_in_processes(wanted: Wanted) -> ArgumentError | None:
    """The error for a Box2D task with what worker processes alone take; None: nothing of it, or another task.

    It ran there before it was native, with their settings and with whatever Gymnasium takes.
    """
    task = str(wanted.task)
    if not _box2d.is_box2d(task):
        return None
    known = PoolSettings.settings()
    given = [name for name, value in wanted.section(PoolSettings).values().items() if value != known[name].default]
    if given:
        return ArgumentError(
            f"{given[0]} is a setting of worker processes: leave it out, or take evaluator 'pool' or 'auto'",
            [given[0], "evaluator"],
        )
    try:
        core.check_task(task, wanted.task_kwargs)
    except ArgumentError as error:
        return error
    return None


def native_evaluator(wanted: Wanted) -> NativeEvaluator:
    """An evaluator of a native task that `why_not_native` has nothing against."""
    if wanted.again is not None:
        return _again(wanted)
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
        first_action=_first_action(facts),
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


def _again(wanted: Wanted) -> NativeEvaluator:
    """An evaluator for a saved policy, with its own statistics."""
    policy = wanted.again
    assert isinstance(policy, MlpPolicy)
    task = str(wanted.task)
    facts = _facts(task, wanted.task_kwargs)
    spec = replace(policy.spec, task=task, ran_by=wanted.network["ran_by"])
    low, high = tuple(facts.action_bounds[0::2]), tuple(facts.action_bounds[1::2])
    now = PolicySpec(task, facts.observation_size, low, high, first_action=_first_action(facts))
    require_same_kind(spec, now)
    return NativeEvaluator(
        spec,
        max_steps=facts.max_episode_steps,
        whole_steps=facts.max_episode_steps,
        obs_norm=policy.statistics.seen,
        behavior="none",
        threads=wanted.threads,
        statistics=policy.statistics.copy(),
    )


def _facts(task: str, task_kwargs: dict[str, Any]) -> Any:
    """An environment of that task, for its sizes, box and time limit."""
    return core.EnvCore(task, _box2d.files_of(task), linked(task, task_kwargs))


def _first_action(facts: Any) -> int | None:
    """The lowest of discrete actions; None where they are numbers."""
    return 0 if facts.discrete_actions else None
