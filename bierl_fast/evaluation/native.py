"""Native rollouts: named candidates in, returns out, every episode whole in C++.

    Population -> worker threads: perturb, reset, episode -> EvaluationBatch

Row i of every output answers row i of the population, whatever the number of threads.
"""

from __future__ import annotations

from bierl_fast._library import gymnasium_assets
from bierl_fast._native import core
from bierl_fast.evaluation.episode_evaluator import EpisodeEvaluator, longest_first, thread_count
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.messages import EvaluationBatch, Moments, Population, Stream


class NativeEvaluator(EpisodeEvaluator[MlpPolicy]):
    """Runs a native task's episodes on a persistent pool of threads; the GIL is free meanwhile."""

    def __init__(
        self,
        spec: PolicySpec,
        *,
        max_steps: int,
        whole_steps: int,
        obs_norm: bool = True,
        behaviour: str = "final_position",
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
            assets=gymnasium_assets(),
            shape=self._policy.shape,
            max_steps=max_steps,
            behaviour=behaviour,
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
