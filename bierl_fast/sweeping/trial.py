"""One trial under way: its runs, side by side or one after another, and what becomes of it.

    Suggestion, settings -> Trial -> jobs for the crew -> messages -> looks -> judged -> Ending

A look of the trial is the average of its runs' looks, known when every run has got there; a run that ended before
counts with its end, and where one had no evaluation yet there is none. So an ending is a matter of numbers, not of
which run was faster. A run that fails in the package's own words fails the trial; one that fails otherwise (memory, a
crash, a signal) is tried once more first.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bierl_fast.comparison.run_job import RunJob
from bierl_fast.comparison.state import Folder
from bierl_fast.config.config import Config
from bierl_fast.files import write_text
from bierl_fast.sweeping import score
from bierl_fast.sweeping.order import COMPLETE, FAILED, PRUNED, Ending, Suggestion
from bierl_fast.sweeping.score import Score
from bierl_fast.sweeping.spec import Spec

AVERAGE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "median": lambda values: float(statistics.median(values)),
    "min": min,
}
TRIES = 2  # of a run that fails without a word of the package's own


def place(out: Path, number: int, seed: int) -> Path:
    """The directory of a trial's run."""
    return out / "trials" / f"{number:04}" / f"s{seed}"


@dataclass(slots=True)
class _Run:
    """One seed's run."""

    seed: int
    config: Config
    folder: Folder
    looks: dict[int, float | None] = field(default_factory=dict)
    score: Score | None = None
    failed: str | None = None
    own_words: bool = False  # of the error that it told
    tries: int = 0
    again: bool = False  # it failed, and is to be tried once more

    @property
    def ended(self) -> bool:
        """Whether no more is to come of it."""
        return self.score is not None or self.failed is not None

    def look(self, number: int) -> float | None:
        """Its value at a look; KeyError where it is not known, or will never be."""
        if self.score is None:
            return self.looks[number]
        return self.score.by_look.get(number, self.score.end)


class Trial:
    """See the module."""

    def __init__(self, spec: Spec, suggestion: Suggestion, runs: Mapping[int, Config], out: Path, trust: bool) -> None:
        """`runs`: the settings of each seed's run."""
        self.number = suggestion.number
        self.ending: Ending | None = None
        self.looks: dict[int, float] = {}
        self._spec = spec
        self._judge = suggestion.judge
        self._next = 1
        self._trust = trust
        self._runs = [_Run(seed, config, Folder(place(out, self.number, seed))) for seed, config in runs.items()]
        for run in self._runs:
            run.score = score.read(run.folder.run)
        self._jobs = {run.seed: self._job(run) for run in self._runs}
        self.advance()

    @classmethod
    def of_ending(cls, spec: Spec, suggestion: Suggestion, ending: Ending) -> Trial:
        """A trial that has ended already."""
        trial = cls(spec, suggestion, {}, Path(), False)
        trial.ending = ending
        return trial

    @property
    def jobs(self) -> list[RunJob]:
        """Of its runs that are not at their end."""
        return [] if self.ending is not None else [self._jobs[run.seed] for run in self._runs if not run.ended]

    @property
    def all_jobs(self) -> list[RunJob]:
        """Of all its runs."""
        return list(self._jobs.values())

    @property
    def notes(self) -> dict[str, Any]:
        """What the record keeps of it besides its ending; of a pruned one nothing, as chance says how far it came."""
        if self.ending is None or self.ending.state != COMPLETE:
            return {}
        scores = [(run.seed, run.score) for run in self._runs if run.score is not None]
        return {
            "returns": {str(seed): found.value for seed, found in scores},
            "env_steps": sum(found.env_steps for _, found in scores),
        }

    def advance(self) -> dict[int, float]:
        """Look at what has come in since; the trial's new looks."""
        new: dict[int, float] = {}
        while self._runs and self.ending is None and self._next < self._spec.looks:
            try:
                values = [run.look(self._next) for run in self._runs]
            except KeyError:
                break
            look, self._next = self._next, self._next + 1
            if all(run.score is not None and look > len(run.score.looks) for run in self._runs):
                break  # behind the end of every run
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                numbers = all(map(math.isfinite, known))
                new[look] = self.looks[look] = AVERAGE[self._spec.over_seeds](known) if numbers else math.nan
                if self._judge.prunes(look, self.looks[look]):
                    self.ending = Ending(PRUNED, looks=dict(self.looks))
        if self._runs and self.ending is None and all(run.ended for run in self._runs):
            self.ending = self._at_the_end()
        return new

    def _at_the_end(self) -> Ending:
        for run in self._runs:
            if run.failed is not None:
                return Ending(FAILED, looks=dict(self.looks), why=f"s{run.seed}: {run.failed}")
        value = AVERAGE[self._spec.over_seeds]([run.score.end for run in self._runs if run.score is not None])
        return Ending(COMPLETE, value, dict(self.looks))

    def _job(self, run: _Run) -> RunJob:
        def begin() -> dict[str, Any]:
            run.folder.claim(run.config)
            run.own_words = False
            return {
                "run_dir": str(run.folder.path),
                "planned": str(run.folder.planned),
                "resume": run.folder.run.checkpoint.is_file(),
                "objective": self._spec.objective,
                "looks": self._spec.looks,
                "episodes": self._spec.episodes,
                "seed": self._spec.evaluation_seed,
                "trust": self._trust,
            }

        def heard(message: dict[str, Any]) -> None:
            if "look" in message:
                number, value = message["look"]
                run.looks[number] = value
            run.own_words = message.get("own", run.own_words)

        def done() -> None:
            run.score = score.read(run.folder.run)
            if run.score is None and self.ending is None:
                run.failed = f"it left no {score.NAME}"

        def failed(why: str) -> None:
            run.tries += 1
            run.again = not run.own_words and run.tries < TRIES
            if not run.again:
                run.failed = why
            write_text(run.folder.failure, why + "\n")

        name = f"trial {self.number} s{run.seed}"
        steps = run.config.total_steps or 0
        return RunJob(name, steps, begin, failed, run.folder.log, "bierl_fast.sweeping.worker", heard, done)

    def to_try_again(self) -> list[RunJob]:
        """Of runs that failed in a way that may pass; each once."""
        found = [self._jobs[run.seed] for run in self._runs if run.again and self.ending is None]
        for run in self._runs:
            run.again = False
        return found
