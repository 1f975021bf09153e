"""Meta-fitness: how good a proposal's hyperparameters are, on the same evaluator the strategy uses.

    proposals (M) -> wide populations -> returns (M, K) -> Estimate

Every kind gives all proposals the same noise rows and the same reset streams, so that they differ by their
hyperparameters alone. Each is one or two wide evaluations, never M small ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bierl_fast import finite
from bierl_fast.errors import ConfigError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import (
    F32,
    EvaluatedGeneration,
    EvaluationBatch,
    Hyperparameters,
    NoiseKey,
    Population,
    concatenate,
)
from bierl_fast.meta.credit import Credit, Estimate, objective_mk
from bierl_fast.strategy.antithetic import all_failed
from bierl_fast.strategy.base import Strategy


@dataclass(frozen=True, slots=True)
class Trial:
    """What proposals are judged on.

    Attributes:
        strategy: at its present centre; left as it is.
        evaluator: runs the episodes.
        key: of the meta stream.
        credit: what one proposal may spend.
        adapted: names of the hyperparameters that proposals differ in.
        used: the hyperparameters now in use, complete.
        objective: "return" or "fitness"; see credit.objective_mk.
        generation: the one just evaluated, for the kinds that use it again.
    """

    strategy: Strategy
    evaluator: Evaluator
    key: NoiseKey
    credit: Credit
    adapted: Collection[str]
    used: Hyperparameters
    objective: str = "return"
    generation: EvaluatedGeneration | None = None


def one_step(trial: Trial, proposals: Sequence[Hyperparameters]) -> Estimate:
    """Return of the centre after one inner step with the proposed hyperparameters, drawn from new pairs.

    Source: BiERL, arXiv 2308.01207, the truncated fitness.
    """
    strategy, credit = trial.strategy, trial.credit
    populations = [strategy.ask(hp, trial.key, candidates=2 * credit.pairs) for hp in proposals]
    first = trial.evaluator.evaluate(concatenate(populations))
    batches = parts(first, populations)
    failed_m = np.array([all_failed(*told) for told in zip(populations, batches, strict=True)])
    theta_mp = np.stack(
        [
            strategy.mean if failed else strategy.stepped(population, batch, hp)
            for population, batch, hp, failed in zip(populations, batches, proposals, failed_m, strict=True)
        ]
    )
    unused = int(populations[0].episode_r.max()) + 1
    judged = _judged(trial, theta_mp, unused)
    return replace(
        judged,
        failed_m=judged.failed_m | failed_m,
        steps=first.steps + judged.steps,
        failures=int(first.failed_r.sum()) + judged.failures,
    )


def one_step_reuse(trial: Trial, proposals: Sequence[Hyperparameters]) -> Estimate:
    """Return after one inner step, where the step size is judged on the generation that was evaluated anyway.

    All its pairs serve each proposal's learning rate (and whatever else shapes a step) at the sigma they were drawn
    with; new pairs are drawn for sigma alone, and step with the learning rate in use. The two returns are averaged:
    each depends on its own half of the proposal. So the step size is judged with all N candidates' gradient, which the
    few new pairs of `one_step` understate.

    Raises:
        ArgumentError: there is no evaluated generation to use again.
    """
    told = EvaluatedGeneration.required(trial.generation, "one_step_reuse")
    strategy, drawn = trial.strategy, told.population.hyperparameters
    estimates = []
    if set(trial.adapted) - {"sigma"}:
        now = strategy.state()
        strategy.load(told.before)
        try:
            steps = [hp.replace(sigma=drawn["sigma"]) for hp in proposals]
            theta_mp = np.stack([strategy.stepped(told.population, told.batch, hp) for hp in steps])
        finally:
            strategy.load(now)
        estimates.append(_judged(trial, theta_mp, first_episode=0))
    if "sigma" in trial.adapted:
        estimates.append(one_step(trial, [trial.used.replace(sigma=hp["sigma"]) for hp in proposals]))
    return _mean(estimates)


def sample_mean(trial: Trial, proposals: Sequence[Hyperparameters]) -> Estimate:
    """Mean return of K candidates drawn with the proposed sigma, without an inner step.

    As the authors' code does it. It says nothing of the learning rate, and prefers a small sigma wherever noise hurts.
    """
    episodes = trial.credit.episodes
    count = episodes + episodes % 2  # pairs; of an odd number the last candidate is left out
    populations = [_first_rows(trial.strategy.ask(hp, trial.key, candidates=count), episodes) for hp in proposals]
    wide = concatenate([replace(p, candidate_r=p.candidate_r * 0 + np.int32(m)) for m, p in enumerate(populations)])
    return _estimate(trial, trial.evaluator.evaluate(wide), len(proposals))


def in_batch(trial: Trial, proposals: Sequence[Hyperparameters]) -> Estimate:
    """What the candidates around each group's centre returned in the generation that was just evaluated.

    Candidate j of every group has the same noise, sigma and resets, so that column j differs by the centres alone. A
    failed row counts with the lowest value of all that did not fail; a group of nothing else failed.

    Raises:
        ArgumentError: there is no evaluated generation to judge by.
    """
    told = EvaluatedGeneration.required(trial.generation, "in_batch")
    rows = int((told.population.candidate_r >= 0).sum())
    batch, count = told.batch.part(0, rows), len(proposals)
    value_mk = objective_mk(trial.strategy, batch, count, trial.objective, trial.used)
    failed_mk = batch.failed_r.reshape(count, -1)
    failed_m = np.logical_and.reduce(failed_mk, axis=1)
    kept = value_mk[~failed_mk]
    value_mk = np.where(failed_mk, kept.min() if kept.size else 0.0, value_mk)
    return Estimate(value_mk=value_mk, failed_m=failed_m, steps=0, failures=0)


def _first_rows(population: Population, candidates: int) -> Population:
    """The first episodes of the first so many candidates."""
    chosen = np.searchsorted(population.candidate_r, np.arange(candidates))
    names = ("base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r")
    return replace(population, **{name: getattr(population, name)[chosen] for name in names})


def _judged(trial: Trial, theta_mp: F32, first_episode: int) -> Estimate:
    """M centres, each on the same episodes."""
    rows = centers(theta_mp, trial.credit.episodes, first_episode, trial.key)
    return _estimate(trial, trial.evaluator.evaluate(rows), theta_mp.shape[0])


def _estimate(trial: Trial, batch: EvaluationBatch, proposals: int) -> Estimate:
    """From rows that answer M proposals of K rows each, in order."""
    return Estimate(
        value_mk=objective_mk(trial.strategy, batch, proposals, trial.objective, trial.used),
        failed_m=np.logical_or.reduce(batch.failed_r.reshape(proposals, -1), axis=1),
        steps=batch.steps,
        failures=int(batch.failed_r.sum()),
    )


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    """Each proposal's values averaged over estimates of as many columns."""
    return Estimate(
        value_mk=finite.mean([estimate.value_mk for estimate in estimates], axis=0),
        failed_m=np.logical_or.reduce([estimate.failed_m for estimate in estimates]),
        steps=sum(estimate.steps for estimate in estimates),
        failures=sum(estimate.failures for estimate in estimates),
    )


def parts(batch: EvaluationBatch, populations: Sequence[Population]) -> list[EvaluationBatch]:
    """What a wide batch answers each of the populations that were concatenated for it."""
    ends = np.cumsum([population.rows for population in populations])
    return [batch.part(int(end) - p.rows, int(end)) for p, end in zip(populations, ends, strict=True)]


def centers(theta_mp: F32, episodes: int, first_episode: int, key: NoiseKey) -> Population:
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


OF_THE_STEP = ("learning_rate", "momentum", "weight_decay")  # of which a meta-fitness without a step says nothing


@dataclass(frozen=True, slots=True)
class MetaFitness:
    """One line of the table."""

    judge: Callable[[Trial, Sequence[Hyperparameters]], Estimate]
    rows: Callable[[Credit, Collection[str]], int]  # episodes for each proposal, given the adapted names
    reads_generation: bool = False  # whether it uses the evaluated generation again
    steps: bool = True  # whether it takes an inner step
    in_batch: bool = False  # whether it judges by groups of the inner batch, for no env step of its own
    candidates: int = 8  # proposals, where nothing was said


def unfit(fitness: str, why: str, *others: str) -> ConfigError:
    """The error about a kind of meta-fitness that does not go with `others`, settings."""
    return ConfigError(f"meta_fitness {fitness!r} {why}", ("meta_fitness", *others))


def _reuse_rows(credit: Credit, adapted: Collection[str]) -> int:
    sigma = credit.stepped_rows if "sigma" in adapted else 0
    return sigma + (credit.episodes if set(adapted) - {"sigma"} else 0)


def _stepped_rows(credit: Credit, _: Collection[str]) -> int:
    return credit.stepped_rows


def _no_rows(*_: object) -> int:
    return 0


def _sampled_rows(credit: Credit, _: Collection[str]) -> int:
    return credit.episodes


META_FITNESS: dict[str, MetaFitness] = {  # of functions with names: meta-levels pickle
    "one_step": MetaFitness(one_step, _stepped_rows),
    "one_step_reuse": MetaFitness(one_step_reuse, _reuse_rows, reads_generation=True),
    "in_batch": MetaFitness(in_batch, _no_rows, reads_generation=True, in_batch=True, candidates=2),
    "sample_mean": MetaFitness(sample_mean, _sampled_rows, steps=False),
}
