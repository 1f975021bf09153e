"""Is the meta-level's judgement worth anything? Its truncated estimate, against the returns generations later.

    run directory -> the run as saved -> M proposals -> meta-fitness (M,)
                                      -> M continuations side by side -> returns (M,) after k generations
    both -> rank correlation for each k

Nothing of the run changes: its files are only read, and none of what is spent here is charged to it. Observation
statistics stay as they were saved, in the estimate as in every continuation; in the run itself they would go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from bierl_fast import finite
from bierl_fast.config import resolve
from bierl_fast.config.config import Config
from bierl_fast.config.ranges import ranges_of
from bierl_fast.config.sections import functions, of_this_machine
from bierl_fast.diagnosis.proposals import spread_out
from bierl_fast.diagnosis.question import ESTIMATES, LATER, TOLD, Question
from bierl_fast.diagnosis.rank_correlation import RankCorrelation, rank_correlation
from bierl_fast.errors import AllEpisodesError, ConfigError, EpisodeWarning, warn
from bierl_fast.files import PathLike, as_path
from bierl_fast.messages import F32, F64, Arrays, EvaluatedGeneration, Hyperparameters, Stream
from bierl_fast.meta.credit import Estimate
from bierl_fast.meta.fitness import META_FITNESS, Trial, centers
from bierl_fast.meta.groups import undivided
from bierl_fast.meta.history import Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.meta.side_by_side import advance
from bierl_fast.public import public
from bierl_fast.run import build, checkpoint, loop
from bierl_fast.run.again import parts_again
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.interruption import end_if_told
from bierl_fast.run.reporting import why_nothing
from bierl_fast.settings import signed
from bierl_fast.strategy import table as strategies
from bierl_fast.strategy.base import Strategy, center_of, center_thetas
from bierl_fast.tasks.resolve import shown_name

Watcher = Callable[[int, int], None]


@public(numbers=False)
@signed(**dict.fromkeys((*functions(), *of_this_machine())))
def diagnose(
    run_dir: PathLike,
    *,
    proposals: int = 16,
    generations: Sequence[int] = (1, 5, 20),
    episodes: int = 10,
    seed: int = 0,
    observer: Watcher | None = None,
    trust: bool = False,
    **given: Any,
) -> dict[str, Any]:
    """How well the meta-level's estimate orders proposals by the return k generations later.

    From the run's checkpoint, M proposals are judged by the run's own meta-fitness, credit and objective (`one_step`,
    where its meta-level judges none, or judges by groups of the inner batch). Then the strategy continues from there M
    times with one proposal held fixed each, all with the same noise and resets, and each centre runs the same fresh
    episodes after every k generations. A strategy with several centres counts with the mean of them all, whichever it
    stepped.

    Proposals are those of perturbed generators, where a generator is learned; else antithetic draws around the values
    that the run would go on with, of meta_spread nats (shares of the range on a linear scale), inside the ranges. With
    `one_step_reuse` one generation more is evaluated and learned from first, as it judges by one just evaluated, and
    everything starts behind that.

    Intervals are over proposals alone. All share one draw of the continuations' noise, and another draw can give
    another correlation (on Swimmer-v5 with 4 pairs a generation, +0.34 and +0.70 at k = 1): look at several seeds.

    It costs about proposals * max(generations) generations of the run. A run that is under way may be diagnosed: its
    latest checkpoint is.

    Args:
        run_dir: a run's directory; it is only read.
        proposals: M, even, at least 2; intervals need 4.
        generations: each k, at least 1; different ones.
        episodes: of each centre after each k, as long as in training (episode_cap), without action noise; their mean is
            the return, whatever the meta-objective.
        seed: of proposals, noise and episodes; equal seeds give equal bits, at any number of threads or workers.
        observer: called with generations done and their number, before the first (0) and after each.
        trust: whether code that the run names may be imported; as for `resume`.
        given: task, policy, behavior, as for `resume`, and threads of the simulator, worker processes, instead of the
            run's own.

    Returns:
        task, strategy, meta, generation (those done), seed, proposals, episodes, meta_fitness, objective; used {NAME:
        value}; proposal_spread {NAME: standard deviation}; signal_to_noise (of the estimate, against its episodes
        alone); repeatability {value, low, high} (rank correlation with a second estimate, on other noise, and maybe
        another of several centres); return_now (of the centre, on the episodes of later); later [{generations,
        correlation {estimate, NAME: {value, low, high}}, mean_return, return_spread, signal_to_noise (of these
        returns), failed}]; points [{hyperparameters, estimate, returns [one for each k]}]; steps (spent). A correlation
        with a NAME tells whether larger values helped. What failed ranks last, with -inf; NaN is what cannot be told.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: an argument that cannot be; a strategy that leaves nothing to move, or learns from single steps.
        TrustError: as for `resume`.
        AllEpisodesError: every episode of the run as it is failed.
        RunDirectoryError, CheckpointError: no run there, or a damaged one.
    """
    question = Question.checked(proposals, generations, episodes, seed)
    directory = RunDirectory(as_path(run_dir, "run_dir"))
    start = checkpoint.load(directory.checkpoint, directory.read_config())
    again = {name: given.pop(name, None) for name in functions()}
    config = directory.read_to_run(trust, **again).elsewhere(**given)
    _require_copies_that_learn(config)
    parts = parts_again(config, directory.policy, another=again["task"] is not None)
    with closing(parts.evaluator):
        loop.restore(parts, start)
        parts = replace(parts, strategy=undivided(parts.strategy))
        return _Diagnosis(parts, question).report(start.counters.generation, observer)


def _require_copies_that_learn(config: Config) -> None:
    if strategies.entry(config.strategy).transitions:
        raise ConfigError(
            f"a diagnosis continues copies of the strategy, and those of {config.strategy!r} would learn nothing: "
            "steps are recorded for a run's own candidates alone",
            ["strategy"],
        )


class _Diagnosis:
    """The saved run, and what is found out about it."""

    def __init__(self, parts: build.Parts, question: Question) -> None:
        self._parts = parts
        self._question = question
        self._settings = _settings(parts.config)
        self._center = center_of(parts.strategy, question.key(0))
        self._used = parts.meta.propose(parts.history, self._center)
        self._ranges = _ranges(parts)
        self._steps = 0

    def report(self, generation: int, observer: Watcher | None) -> dict[str, Any]:
        """What `diagnose` returns."""
        proposals = self._proposals()
        estimate, again = self._estimates(proposals)
        now = self._returns([self._parts.strategy.state()], now=True)
        later = self._later(proposals, observer)
        relative = Outputs(self._used, self._ranges).relative
        given = {name: np.array([hp[name] for hp in proposals]) for name in self._ranges}
        predicted = {"estimate": _ranked(estimate), **given}
        config, question = self._parts.config, self._question
        return {
            "task": shown_name(config.task_name, config.task_kwargs),
            "strategy": config.strategy,
            "meta": config.meta,
            "generation": generation,
            "seed": question.seed,
            "proposals": question.proposals,
            "episodes": question.episodes,
            "meta_fitness": self._settings.fitness,
            "objective": self._settings.measured,
            "used": {name: self._used[name] for name in self._ranges},
            "proposal_spread": {
                name: float(np.std([relative(name, self._used[name], value) for value in values]))
                for name, values in given.items()
            },
            "signal_to_noise": estimate.signal_to_noise,
            "repeatability": asdict(rank_correlation(_ranked(estimate), _ranked(again))),
            "return_now": float(now.fitness_m[0]),
            "later": [_line(k, predicted, returns) for k, returns in later.items()],
            "points": _points(proposals, predicted["estimate"], [_ranked(returns) for returns in later.values()]),
            "steps": self._steps,
        }

    def _proposals(self) -> list[Hyperparameters]:
        noise = self._question.key(0).with_stream(Stream.GENERATOR)
        if self._parts.config.learned:
            from bierl_fast.meta.learned import LearnedMeta  # noqa: PLC0415 - loads torch

            if isinstance(self._parts.meta, LearnedMeta):
                return self._parts.meta.proposals(self._parts.history, self._center, noise, self._question.proposals)
        return spread_out(self._used, self._ranges, self._settings.spread, noise, self._question.proposals)

    def _estimates(self, proposals: Sequence[Hyperparameters]) -> list[Estimate]:
        """The truncated estimate, of the run's own kind, and a second one on other noise."""
        generations: list[EvaluatedGeneration | None] = [None] * len(ESTIMATES)
        if META_FITNESS[self._settings.fitness].reads_generation:
            told, other = (self._evaluated(place) for place in TOLD)
            self._parts.strategy.tell(told.population, told.batch)
            generations = [told, other]
        return [
            self._estimated(proposals, place, generation)
            for place, generation in zip(ESTIMATES, generations, strict=True)
        ]

    def _evaluated(self, place: int) -> EvaluatedGeneration:
        """One generation more, as the run would go on."""
        strategy = self._parts.strategy
        population = strategy.ask(self._used, self._question.key(place))
        batch = self._parts.evaluator.evaluate(population)
        self._steps += batch.steps
        return EvaluatedGeneration(population, batch, strategy.state())

    def _estimated(
        self, proposals: Sequence[Hyperparameters], place: int, generation: EvaluatedGeneration | None
    ) -> Estimate:
        trial = Trial(
            strategy=self._parts.strategy,
            evaluator=self._parts.evaluator,
            key=self._question.key(place),
            credit=self._settings.credit,
            adapted=self._ranges,
            used=self._used,
            objective=self._settings.measured,
            generation=generation,
        )
        estimate = META_FITNESS[self._settings.fitness].judge(trial, proposals)
        self._steps += estimate.steps
        return estimate

    def _later(self, proposals: Sequence[Hyperparameters], observer: Watcher | None) -> dict[int, Estimate]:
        """What the centres return after each k generations with a proposal held fixed."""
        strategy, evaluator, last = self._parts.strategy, self._parts.evaluator, self._question.generations[-1]
        states: list[Arrays | None] = [strategy.state()] * len(proposals)
        found = {}
        if observer is not None:
            observer(0, last)
        for done in range(1, last + 1):
            end_if_told()
            alive = [(m, state) for m, state in enumerate(states) if state is not None]
            if alive:
                members = [(state, proposals[m]) for m, state in alive]
                advanced = advance(strategy, evaluator, members, self._question.key(LATER + done))
                self._steps += advanced.steps
                for (m, _), member in zip(alive, advanced.members, strict=True):
                    states[m] = member.state
            if done in self._question.generations:
                found[done] = self._returns(states)
            if observer is not None:
                observer(done, last)
        return found

    def _returns(self, states: Sequence[Arrays | None], now: bool = False) -> Estimate:
        """Returns of the centres of these states, on the same fresh episodes; None is a failed one.

        `now`: whether those are the run's own, which must have some: AllEpisodesError.
        """
        strategy, episodes = self._parts.strategy, self._question.episodes
        alive = [m for m, state in enumerate(states) if state is not None]
        value_mk, failed_m, steps = np.zeros((len(states), episodes)), np.ones(len(states), np.bool_), 0
        if alive:
            theta_mcp = _stepped(strategy, [state for state in states if state is not None])
            count, several, size = theta_mcp.shape
            key = self._question.key(0).with_stream(Stream.EVALUATION)
            batch = self._parts.evaluator.evaluate(centers(theta_mcp.reshape(-1, size), episodes, 0, key))
            nothing = why_nothing(batch)
            if nothing is not None and now:
                raise AllEpisodesError(nothing)
            if nothing is not None and batch.failure is not None:  # the reason, which nobody else says
                warn(nothing, EpisodeWarning)
            value_mk[alive] = finite.mean(batch.returns_r.reshape(count, several, episodes), axis=1)
            failed_m[alive] = batch.failed_r.reshape(count, -1).any(axis=1)
            steps = batch.steps
        self._steps += steps
        return Estimate(value_mk, failed_m, steps, failures=0)


def _stepped(strategy: Strategy, states: Sequence[Arrays]) -> F32:
    """(M, C, P) what these states step: their C centres; the strategy is left as it was.

    Not `mean` where there are several: that is the best policy so far, which a step does not move.
    """
    own, found = strategy.state(), []
    for state in states:
        strategy.load(state)
        found.append(center_thetas(strategy))
    strategy.load(own)
    return np.stack(found)


def _settings(config: Config) -> MetaSettings:
    """How proposals are judged."""
    settings = build.meta_settings(config)
    judges = config.learned and not META_FITNESS[settings.fitness].in_batch
    return settings if judges else replace(settings, fitness="one_step")


def _ranges(parts: build.Parts) -> Mapping[str, Range]:
    """What proposals differ in, and where: what the run adapts, else what a meta-level would."""
    if parts.history.ranges:
        return parts.history.ranges
    declared = parts.strategy.declared
    names = [name for name in resolve.ADAPTED if name in declared and declared[name].adaptable]
    if not names:
        raise ConfigError(
            f"strategy {parts.config.strategy!r} leaves a meta-level nothing to move, and so to diagnose", ["strategy"]
        )
    return ranges_of(names, parts.config, declared)


def _ranked(estimate: Estimate) -> F64:
    """(M,) values to rank: -inf for what failed."""
    return np.where(estimate.failed_m, -np.inf, estimate.fitness_m)


def _line(generations: int, predicted: Mapping[str, F64], returns: Estimate) -> dict[str, Any]:
    """What is known of one k."""

    def correlation(value_m: F64) -> RankCorrelation:
        return rank_correlation(value_m, _ranked(returns))

    kept = returns.fitness_m[~returns.failed_m]
    return {
        "generations": generations,
        "correlation": {name: asdict(correlation(value_m)) for name, value_m in predicted.items()},
        "mean_return": float(finite.mean(kept)) if kept.size else np.nan,
        "return_spread": float(finite.std(kept)) if kept.size else np.nan,
        "signal_to_noise": returns.signal_to_noise,
        "failed": int(returns.failed_m.sum()),
    }


def _points(proposals: Sequence[Hyperparameters], estimate_m: F64, returns_km: Sequence[F64]) -> list[dict[str, Any]]:
    """Every proposal, with what the correlations are of."""
    return [
        {
            "hyperparameters": dict(hp),
            "estimate": float(estimate_m[m]),
            "returns": [float(returns_m[m]) for returns_m in returns_km],
        }
        for m, hp in enumerate(proposals)
    ]
