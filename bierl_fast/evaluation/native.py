"""Native rollouts: named candidates in, returns out, every episode whole in C++.

    Population -> worker threads: perturb, reset, episode -> EvaluationBatch

Row i of every output answers row i of the population, whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bierl_fast._library import gymnasium_assets
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError
from bierl_fast.evaluation.arguments import require_population
from bierl_fast.evaluation.environment.registered import taken_over_by
from bierl_fast.evaluation.episode_evaluator import EpisodeEvaluator, closed, longest_first, thread_count
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec, require_same_kind
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.messages import EvaluationBatch, Moments, Population, Stream
from bierl_fast.names import unknown


class NativeEvaluator(EpisodeEvaluator[MlpPolicy]):
    """Runs a native task's episodes on a persistent pool of threads; the GIL is free meanwhile.

    What a population says of its rows is read when `evaluate` begins; one whose base_bp or scale_bp another thread
    changes meanwhile is an ArgumentError.
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
            options=spec.task_kwargs,
            assets=gymnasium_assets(),
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
    """One dict for each native task: id, native, max_episode_steps, reward_threshold, keywords."""
    return [{"native": True, **entry} for entry in core.task_table()]


def is_native(task: Any) -> bool:
    """Whether a task is one of these by its id, which nobody has registered anew."""
    return isinstance(task, str) and bool(core.is_native(task)) and taken_over_by(task) is None


def why_not_native(wanted: Wanted) -> ArgumentError | None:
    """The error for a task that does not run on native threads (the nearest that does is offered); None: it does."""
    if isinstance(wanted.task, str) and core.is_native(wanted.task):
        other = taken_over_by(wanted.task)
        if other is not None:
            return ArgumentError(
                f"the id {wanted.task} was registered anew, and is made by {other} here, which native threads do not "
                "run; take evaluator 'pool' for what it is now",
                ["task", "evaluator"],
            )
    else:
        return unknown("native task", str(wanted.task), [entry["id"] for entry in native_tasks()], ["task"])
    needed, setting = ("a TorchPolicy", "policy") if wanted.policy is not None else ("a behavior function", "behavior")
    if wanted.policy is None and not callable(wanted.behavior):
        return None
    return ArgumentError(
        f"{needed} runs in worker processes alone; take evaluator 'pool' or 'auto'", [setting, "evaluator"]
    )


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
        **wanted.network,
    )
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
    require_same_kind(spec, PolicySpec(task, facts.observation_size, low, high))
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
    return core.EnvCore(task, gymnasium_assets(), task_kwargs)
