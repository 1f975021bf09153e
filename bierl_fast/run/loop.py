"""The method: propose, ask, evaluate, tell, absorb, remember; now and then improve the meta-level.

Parts, Counters -> Run -> train -> Run at its end
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.errors import AllFailedError, CheckpointError, EpisodeWarning, warn
from bierl_fast.evaluation.base import Policy
from bierl_fast.messages import (
    EvaluatedGeneration,
    EvaluationBatch,
    GenerationReport,
    Hyperparameters,
    MetaReport,
    NoiseKey,
    Population,
    StrategyReport,
    Stream,
)
from bierl_fast.meta.base import states_held_by
from bierl_fast.run.build import Parts
from bierl_fast.run.checkpoint import Checkpoint, Counters
from bierl_fast.run.following import Following
from bierl_fast.run.interruption import end_if_told, saving_when_asked
from bierl_fast.run.record import Recorder, Snapshot
from bierl_fast.run.reporting import achieved, reporting_population, summary, why_nothing
from bierl_fast.strategy.antithetic import all_failed
from bierl_fast.strategy.base import center_of

PHASES = ("ask", "evaluate", "tell", "meta", "record")


def train(run: Run) -> None:
    """Train until the run's end; whatever stops it earlier, its last completed generation is saved first."""
    following, recorder = run.following, run.recorder
    try:
        following.started(run.counters, recorder.records, recorder.saved)
        with saving_when_asked(recorder.writing.save):
            while following.stopped is None and not ended(run.config, run.counters):
                end_if_told()
                advance(run)
        recorder.save()
        following.saved(run.counters, recorder.saved)
    except BaseException as error:
        recorder.rescue(error)
        following.ended(run.counters, run.policy_now, error)
        raise
    recorder.close()
    following.ended(run.counters, run.policy_now, finished=ended(run.config, run.counters))


def advance(run: Run) -> None:
    """One generation."""
    with run.timed("meta"):
        center = center_of(run.strategy, run.key(Stream.INNER))
        hyperparameters = run.meta.propose(run.history, center)
    with run.timed("ask"):
        population = run.strategy.ask(run.tempered(hyperparameters), run.key(Stream.INNER))
    with run.timed("evaluate"):
        batch = run.evaluator.evaluate(population)
        _require_survivors(population, batch)
    with run.timed("tell"):
        generation = run.evaluated(population, batch)
        run.look(population, batch)
        population, hyperparameters = run.for_step(population, batch, hyperparameters, center)
        report = run.strategy.tell(population, batch)
        run.evaluator.absorb(batch)
        run.remember(population, batch, report, hyperparameters)
        went_back = run.go_back_when_collapsed()
    with run.timed("meta"):
        # The step that a meta-level would look at has been taken back.
        improved = None if went_back else run.improve_when_due(generation)
    with run.timed("record"):
        evaluation = run.evaluate_when_due()
    run.record(population, report, improved, evaluation)


def _require_survivors(population: Population, batch: EvaluationBatch) -> None:
    if all_failed(population, batch):
        failed_r = batch.failed_r[population.candidate_r >= 0]
        why = batch.failure or "lower sigma or the learning rate, or look at the task"
        raise AllFailedError(f"all candidates failed, in {int(failed_r.sum())} of {failed_r.size} episodes; {why}")


def ended(config: Config, counters: Counters) -> bool:
    """Whether a run with these counters is at its end. Only this reads the planned end."""
    ends = (
        (config.generations, counters.generation),
        (config.total_steps, counters.env_steps),
        (config.target_return, counters.best_return),
    )
    return any(end is not None and now is not None and now >= end for end, now in ends)


def restore(parts: Parts, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's arrays into a run's parts; raises CheckpointError when they do not fit."""
    try:
        if parts.safeguard is not None:
            parts.safeguard.load(checkpoint.parts.get("safeguard", {}))
        places = () if parts.safeguard is None else parts.safeguard.places
        for state in (*(place[1] for place in places), checkpoint.parts.get("evaluator", {})):
            parts.evaluator.load(state)
        parts.meta.load(checkpoint.parts.get("meta", {}))
        parts.history.load(checkpoint.parts.get("history", {}))
        held = (*states_held_by(parts.meta), *(place[0] for place in places))
        for state in (*held, checkpoint.parts.get("strategy", {})):
            parts.strategy.load(state)  # the run's own comes last, and stays
        key = NoiseKey(parts.config.seed, checkpoint.counters.generation, Stream.INNER)
        _asked(parts, key)  # what leads to no next generation is refused before a file is changed
    except KeyError as error:
        raise CheckpointError(f"the checkpoint does not fit this run: it lacks the array {error}") from error
    except (ValueError, TypeError, IndexError, ArithmeticError, AssertionError) as error:
        text = str(error) or f"its numbers are none that {parts.config.strategy} can go on from"
        raise CheckpointError(f"the checkpoint does not fit this run: {text}") from error


def _asked(parts: Parts, key: NoiseKey) -> Population:
    """The population of that generation, as `advance` asks for it."""
    proposed = parts.meta.propose(parts.history, center_of(parts.strategy, key))
    return parts.strategy.ask(proposed if parts.safeguard is None else parts.safeguard.tempered(proposed), key)


class Run:
    """One run under way: its parts, its counters, and the recorder that writes it down."""

    def __init__(
        self,
        parts: Parts,
        recorder: Recorder,
        counters: Counters | None = None,
        meta_seconds: float = 0.0,
        following: Following | None = None,
    ) -> None:
        """`meta_seconds`: wall time of the meta-level's warm start just before, for the first generation's record."""
        self.config = parts.config
        self.strategy = parts.strategy
        self.evaluator = parts.evaluator
        self.meta = parts.meta
        self.history = parts.history
        self.safeguard = parts.safeguard
        self.recorder = recorder
        self.following = following or Following(parts.config)
        self.counters = counters or Counters()
        self.no_evaluation: str | None = None  # why the last reporting evaluation is no number
        self._seconds = dict.fromkeys(PHASES, 0.0) | {"meta": meta_seconds}

    def key(self, stream: Stream) -> NoiseKey:
        """The address of this generation's randomness."""
        return NoiseKey(self.config.seed, self.counters.generation, stream)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the block's wall time to a phase."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[phase] += time.perf_counter() - start

    def tempered(self, proposed: Hyperparameters) -> Hyperparameters:
        """What the strategy gets of what the meta-level proposes."""
        return proposed if self.safeguard is None else self.safeguard.tempered(proposed)

    def look(self, population: Population, batch: EvaluationBatch) -> None:
        """Show a generation to the safeguard, before anything learns from it."""
        if self.safeguard is not None:
            self.safeguard.look(population, batch, self.strategy, self.evaluator)

    def for_step(
        self, population: Population, batch: EvaluationBatch, proposed: Hyperparameters, center: int
    ) -> tuple[Population, Hyperparameters]:
        """The generation, and what was proposed for it, with the hyperparameters that its step is to be made with."""
        drawn = population.hyperparameters
        wanted = self.meta.for_step(self.strategy, population, batch, self.history, center)
        changed = {name: wanted[name] for name in wanted if wanted[name] != drawn.get(name)}
        if not changed:
            return population, proposed
        scaled = {name: value * (proposed[name] / drawn[name]) for name, value in changed.items()}
        return replace(population, hyperparameters=wanted), proposed.replace(**scaled)

    def go_back_when_collapsed(self) -> bool:
        """To the best centre or the start, where the safeguard says so."""
        went = None if self.safeguard is None else self.safeguard.act(self.strategy, self.evaluator)
        if went is not None:
            self._count(**{f"{went}s": 1})
        return went is not None

    def remember(
        self, population: Population, batch: EvaluationBatch, report: StrategyReport, proposed: Hyperparameters
    ) -> None:
        """Count an inner batch and append it to the history, with what the meta-level had proposed."""
        generation = GenerationReport(
            generation=self.counters.generation,
            inner_steps=batch.steps,
            strategy=report,
            hyperparameters=population.hyperparameters if self.safeguard is None else proposed,
            seconds=dict(self._seconds),
        )
        self._count(inner_steps=batch.steps, episode_failures=int(batch.failed_r.sum()))
        self.history.append(generation)

    def evaluated(self, population: Population, batch: EvaluationBatch) -> EvaluatedGeneration | None:
        """The generation before the strategy learns from it, if the meta-level uses it again."""
        if not self.meta.reads_generation:
            return None
        return EvaluatedGeneration(population, batch, self.strategy.state())

    def improve_when_due(self, generation: EvaluatedGeneration | None) -> MetaReport | None:
        """One meta-update, when its interval has passed and its budget allows."""
        inner_steps, meta_steps = self.counters.inner_steps, self.counters.meta_steps
        if not self.meta.due(self.history, inner_steps=inner_steps, meta_steps=meta_steps):
            return None
        strategy = self.strategy if self.safeguard is None else self.safeguard.view(self.strategy)
        report = self.meta.improve(strategy, self.evaluator, self.history, self.key(Stream.META), generation)
        if report.adopt is not None:
            self.strategy.load(report.adopt)
        self._count(meta_steps=report.steps, episode_failures=report.failures, meta_updates=1)
        return report

    def evaluate_when_due(self) -> dict[str, Any] | None:
        """A reporting evaluation of the centre, when its interval has passed; training does not notice it."""
        interval = self.config.eval_interval
        if interval == 0 or (self.counters.generation + 1) % interval:
            return None
        key = self.key(Stream.EVALUATION)
        population = reporting_population(self.strategy.mean, self.config.eval_episodes, key)
        batch = self.evaluator.evaluate(population)
        self._count(eval_steps=batch.steps)
        self._notice(why_nothing(batch))
        found, best = summary(batch), self.counters.best_return
        reached = achieved(found)
        if reached is not None and (best is None or reached > best):
            self.counters = replace(self.counters, best_return=reached)
            self.recorder.keep(self.policy_now())
        return found

    def _notice(self, nothing: str | None) -> None:
        """An EpisodeWarning where a reporting evaluation is no number for the first time; the run goes on."""
        if nothing is not None and self.no_evaluation is None:
            warn(f"generation {self.counters.generation}: {nothing}", EpisodeWarning)
        self.no_evaluation = nothing

    def record(
        self,
        population: Population,
        report: StrategyReport,
        improved: MetaReport | None,
        evaluation: dict[str, Any] | None,
    ) -> None:
        """Complete the generation and write it down."""
        counters = self.counters
        line: dict[str, Any] = {
            "generation": counters.generation,
            "env_steps": counters.env_steps,
            "inner_steps": counters.inner_steps,
            "meta_steps": counters.meta_steps,
            "warm_start_steps": counters.warm_start_steps,
            "eval_steps": counters.eval_steps,
            "mean_return": report.mean_return,
            "max_return": report.max_return,
            "center_return": report.center_return,
            "sigma": population.hyperparameters.get("sigma"),
            "learning_rate": population.hyperparameters.get("learning_rate"),
            "hyperparameters": dict(population.hyperparameters),
            "update_norm": report.update_norm,
            "noise_std": report.noise_std,
            "path_ratio": report.path_ratio,
            "episode_failures": counters.episode_failures,
            "meta_updates": counters.meta_updates,
            "meta": dict(improved.diagnostics) if improved else None,
            "evaluation": evaluation,
            "seconds": self._seconds,
        }
        if self.safeguard is not None:
            line |= {"rollbacks": counters.rollbacks, "restarts": counters.restarts}
        # Writing a line cannot be part of that line: its time goes to the next generation's.
        self._seconds = dict.fromkeys(PHASES, 0.0)
        self._count(generation=1)
        with self.timed("record"):
            written = self.recorder.write(line, self.snapshot)
            self.following.done(self.counters, written, self.policy_now, self.recorder.saved)

    def _count(self, **more: int) -> None:
        totals = {name: getattr(self.counters, name) + count for name, count in more.items()}
        self.counters = replace(self.counters, **totals)

    def snapshot(self) -> Snapshot:
        """The run now, between two generations, as copies."""
        parts = {
            "strategy": self.strategy.state(),
            "evaluator": self.evaluator.state(),
            "meta": self.meta.state(),
            "history": self.history.state(),
        }
        if self.safeguard is not None:
            parts["safeguard"] = self.safeguard.state()
        return Snapshot(Checkpoint(self.counters, parts), self.policy_now())

    def policy_now(self) -> Policy:
        """The centre's policy with the observation statistics, as a copy."""
        return self.evaluator.policy.with_parameters(self.strategy.mean)
