"""Meta-fitness: how good a proposal's hyperparameters are, on the same evaluator the strategy uses.

proposals (M) -> one wide population -> stepped -> one wide population of the M stepped centres -> mean return (M,)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import (
    F32,
    F64,
    Bool,
    EvaluationBatch,
    Hyperparameters,
    NoiseKey,
    Population,
    concatenate,
)
from bierl_fast.strategy.base import Strategy


@dataclass(frozen=True, slots=True)
class Estimate:
    """What M proposals were found to be worth, and what finding out cost."""

    fitness_m: F64  # mean return, task units; of no meaning where failed
    failed_m: Bool
    spread_m: F64  # standard deviation over a proposal's episodes: the estimate's own noise
    steps: int
    failures: int  # rows


@dataclass(frozen=True, slots=True)
class Credit:
    """How much is spent on a proposal: `pairs` antithetic pairs for its step, `episodes` to judge where it led."""

    pairs: int
    episodes: int

    @property
    def rows(self) -> int:
        """Episodes for each proposal."""
        return 2 * self.pairs + self.episodes


def one_step(
    strategy: Strategy,
    evaluator: Evaluator,
    key: NoiseKey,
    proposals: Sequence[Hyperparameters],
    credit: Credit,
) -> Estimate:
    """Return of the centre after one inner step with the proposed hyperparameters, in two wide evaluations.

    All proposals share the same noise rows and the same reset streams, so they differ by their hyperparameters alone.
    Source: BiERL, arXiv 2308.01207, the truncated fitness.
    """
    populations = [strategy.ask(hp, key, candidates=2 * credit.pairs) for hp in proposals]
    first = evaluator.evaluate(concatenate(populations))
    batches = _parts(first, populations)
    failed_m = np.array([batch.failed_r.all() for batch in batches])
    theta_mp = np.stack(
        [
            strategy.mean if failed else strategy.stepped(population, batch, hp)
            for population, batch, hp, failed in zip(populations, batches, proposals, failed_m, strict=True)
        ]
    )
    unused = int(populations[0].episode_r.max()) + 1
    second = evaluator.evaluate(_centers(theta_mp, credit.episodes, unused, key))
    returns_mk = second.returns_r.reshape(len(proposals), credit.episodes)
    failed_mk = second.failed_r.reshape(len(proposals), credit.episodes)
    return Estimate(
        fitness_m=returns_mk.mean(axis=1),
        failed_m=failed_m | failed_mk.any(axis=1),
        spread_m=returns_mk.std(axis=1),
        steps=first.steps + second.steps,
        failures=int(first.failed_r.sum() + second.failed_r.sum()),
    )


def _parts(batch: EvaluationBatch, populations: Sequence[Population]) -> list[EvaluationBatch]:
    ends = np.cumsum([population.rows for population in populations])
    return [batch.part(int(end) - p.rows, int(end)) for p, end in zip(populations, ends, strict=True)]


def _centers(theta_mp: F32, episodes: int, first_episode: int, key: NoiseKey) -> Population:
    """Each of M centres on the same `episodes` episodes."""
    count = theta_mp.shape[0]
    rows = count * episodes
    return Population(
        base_bp=np.ascontiguousarray(theta_mp),
        base_r=np.repeat(np.arange(count, dtype=np.int32), episodes),
        sigma_r=np.zeros(rows, np.float32),
        noise_r=np.zeros(rows, np.int32),
        sign_r=np.zeros(rows, np.int8),
        candidate_r=np.repeat(np.arange(count, dtype=np.int32), episodes),
        episode_r=np.tile(first_episode + np.arange(episodes, dtype=np.int32), count),
        hyperparameters=Hyperparameters(),
        key=key,
    )


MetaFitness = Callable[[Strategy, Evaluator, NoiseKey, Sequence[Hyperparameters], Credit], Estimate]

META_FITNESS: dict[str, MetaFitness] = {"one_step": one_step}
