"""Who follows a run: what they are told, and when.

    loop -> Callbacks -> each Callback, in order -> event.stop -> loop

A callback changes nothing of a run's numbers: events hold copies, and what happens in one takes no part in the run's
randomness. What one raises ends the run, once its last generation is saved.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bierl_fast.config.config import Config
from bierl_fast.errors import ArgumentTypeError, shown
from bierl_fast.evaluation.base import Policy
from bierl_fast.reasons import named, notes_of
from bierl_fast.run.metrics import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event of a run has.

    Attributes:
        config: the run's settings, with nothing left open.
        run_dir: where its files are; None of a run that writes none.
        generation: the number of the generation just done, from 0 on, as in metrics.jsonl; -1 before the first.
        env_steps: environment steps so far that training used.
    """

    config: Config
    run_dir: Path | None
    generation: int
    env_steps: int
    _stop: Callable[[str], None] = field(repr=False, compare=False)

    def stop(self, reason: str = "") -> None:
        """End the run after this generation: saved, as one that can go on; `reason` is in Result.stopped."""
        self._stop(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEvent(Event):
    """A run begins, or goes on.

    Attributes:
        records: those of the run so far, as metrics.jsonl has them; empty of a new run.
    """

    records: Sequence[Record] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationEvent(Event):
    """A generation is done.

    Attributes:
        record: its line of metrics.jsonl, a copy.
        policy: the strategy's centre after it, with the observation statistics; a copy.
    """

    record: Record = field(repr=False)
    policy: Policy = field(repr=False)

    @property
    def mean_return(self) -> float | None:
        """Of its candidates; None where it is not finite, here and below."""
        return _number(self.record, "mean_return")

    @property
    def max_return(self) -> float | None:
        """Of its best candidate."""
        return _number(self.record, "max_return")

    @property
    def center_return(self) -> float | None:
        """Of the centre it was drawn around; None too where that was not run."""
        return _number(self.record, "center_return")

    @property
    def hyperparameters(self) -> Mapping[str, float]:
        """By which it was drawn and learned from: sigma, learning_rate and so on."""
        found: Mapping[str, float] = self.record["hyperparameters"]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationEvent(Event):
    """A reporting evaluation (eval_interval) is done; the generation's own event comes before it.

    Attributes:
        mean_return: over its episodes; None where every one failed.
        std_return: their standard deviation (ddof 0); None likewise.
        episodes: how many.
        episode_failures: how many of them failed.
        best: whether this policy is the best that the run has evaluated.
        policy: that was evaluated; a copy.
    """

    mean_return: float | None
    std_return: float | None
    episodes: int
    episode_failures: int
    best: bool
    policy: Policy = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointEvent(Event):
    """A checkpoint was written since the last event; `generation` is the last one in it.

    Attributes:
        checkpoint: what `resume` goes on from.
        policy_file: the policy beside it.
    """

    checkpoint: Path
    policy_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent(Event):
    """A run ends; all that can be saved is saved.

    Attributes:
        how: "finished" at its planned end, "stopped" by a callback, "interrupted" by Ctrl-C or a signal, or "failed".
        reason: why it was stopped, or the error in one line; else empty.
        best_return: of the best reporting evaluation; None without one.
        policy: the strategy's centre; a copy.
    """

    how: str
    reason: str
    best_return: float | None
    policy: Policy = field(repr=False)


class Callback:
    """Follows a run; override what you want to hear of.

    Each method gets an event, whose `stop` ends the run. An error in one ends the run too, saved, with its own words.
    They are called one after another in the thread that trains; one given to runs in several threads guards its own.
    Example: `class Stop(bf.Callback): def after_generation(self, event): event.mean_return > 300 and event.stop()`.
    """

    def at_start(self, event: StartEvent) -> None:
        """Before the first generation, of a resumed run too."""

    def after_generation(self, event: GenerationEvent) -> None:
        """After every generation, when it is written down."""

    def after_evaluation(self, event: EvaluationEvent) -> None:
        """After every reporting evaluation."""

    def at_checkpoint(self, event: CheckpointEvent) -> None:
        """After a checkpoint, at the end of the generation in which it was written; never without a run directory."""

    def at_end(self, event: EndEvent) -> None:
        """However the run ends, of each callback whose `at_start` was called."""


MOMENTS = [name for name in vars(Callback) if not name.startswith("_")]


class Callbacks:
    """A run's callbacks, told in order."""

    def __init__(self, callbacks: Sequence[Callback] = ()) -> None:
        """ArgumentTypeError for one that is no Callback, or has an async method."""
        for one in callbacks:
            if not isinstance(one, Callback):
                what = f"{one.__name__}()" if isinstance(one, type) else "an object of a subclass of bf.Callback"
                raise ArgumentTypeError(
                    f"callbacks must hold bf.Callback objects, got {shown(one)}; give {what}", ["callbacks"]
                )
            waiting = [name for name in MOMENTS if inspect.iscoroutinefunction(getattr(one, name))]
            if waiting:
                raise ArgumentTypeError(
                    f"{waiting[0]} of the callback {type(one).__name__} is an async function, which a run calls and "
                    "nobody would await; take a plain one",
                    ["callbacks"],
                )
        self._all = tuple(callbacks)
        self._started: list[Callback] = []
        self.stopped: str | None = None  # the first reason, where one has said that the run is to end

    def __bool__(self) -> bool:
        return bool(self._all)

    def stop(self, reason: str = "") -> None:
        """Have the run end after this generation."""
        if self.stopped is None:
            self.stopped = str(reason)

    def tell(self, moment: str, event: Event) -> None:
        """Call this method of everyone."""
        for one in self._all:
            if moment == "at_start":
                self._started.append(one)
            _call(one, moment, event)

    def at_end(self, event: EndEvent, error: BaseException | None = None) -> None:
        """Tell everyone who was told of the start that the run ends; every one is told, whatever others raise.

        Raises the first of their errors; where the run ends by `error`, it becomes a note on that.
        """
        first = error
        for one in self._started:
            try:
                _call(one, "at_end", event)
            except BaseException as second:
                if first is None:
                    first = second
                else:
                    first.add_note(", ".join([f"and at its end {named(second)}", *notes_of(second)]))
        self._started.clear()
        if first is not None and first is not error:
            raise first


def _call(callback: Callback, moment: str, event: Event) -> None:
    """A note on an error of a callback says whose it is."""
    try:
        getattr(callback, moment)(event)
    except Exception as error:
        error.add_note(f"in the callback {type(callback).__name__}.{moment}")
        raise


def _number(record: Record, name: str) -> float | None:
    value: float | None = record.get(name)
    return value
