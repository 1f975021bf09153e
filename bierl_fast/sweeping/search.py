"""The search itself: trials asked for in order, their runs side by side, their endings told in order.

Order, Record, Crew -> Search.work -> observer(SweepProgress), ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.comparison.crew import ComparisonProgress, Crew
from bierl_fast.comparison.run_job import Place, RunJob
from bierl_fast.errors import ConfigError, RunWarning, SweepError, one_line, warn
from bierl_fast.sweeping import fitting, space
from bierl_fast.sweeping.order import COMPLETE, FAILED, PRUNED, Ending, Order, Suggestion
from bierl_fast.sweeping.record import Record, ending_of
from bierl_fast.sweeping.spec import Spec
from bierl_fast.sweeping.trial import Trial

HOPELESS = 3  # first trials that all failed: the rest would, too


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How a sweep is doing."""

    trials: int  # that there are to be
    told: int  # at their end, in order
    pruned: int  # of those
    failed: int  # of those
    running: tuple[str, ...]  # runs
    best: float | None  # value so far
    news: str | None = None  # what just happened, in one line


Observer = Callable[[SweepProgress], None]


class Search:
    """See the module."""

    def __init__(
        self, spec: Spec, out: Path, record: Record, place: Place[Any], observer: Observer, trust: bool
    ) -> None:
        self._spec = spec
        self._out = out
        self._record = record
        self._order = Order(spec)
        self._observer = observer
        self._trust = trust
        self._known = record.trials()
        self._trials: dict[int, Trial] = {}  # asked for and not yet told
        self._endings: list[str] = []  # states, of those that were told
        self._best: float | None = None
        self._running: tuple[str, ...] = ()
        self._warned = False
        self._hopeless: SweepError | None = None
        self._crew = Crew(place, self._hear)

    def work(self) -> None:
        """Search until the last trial is told.

        Raises:
            KeyboardInterrupt, and whatever else ends this: once every run under way has saved itself and ended.
            SweepError: the first trials all failed, or the storage does.
        """
        self._crew.work([], self._come_up)
        if self._hopeless is not None:
            raise self._hopeless

    def _come_up(self) -> Sequence[RunJob]:
        """Jobs that are new, once all is asked and told whose turn has come."""
        jobs: list[RunJob] = []
        for trial in self._trials.values():
            jobs += self._advanced(trial)
        while True:
            following = self._trials.get(self._order.told)
            if self._hopeless is not None:
                return []
            if self._order.can_ask:
                trial = self._asked()
                self._trials[trial.number] = trial
                jobs += trial.jobs
            elif following is not None and following.ending is not None:
                self._tell(following, following.ending)
            else:
                return jobs

    def _advanced(self, trial: Trial) -> list[RunJob]:
        if trial.ending is None:
            for look, value in trial.advance().items():
                self._record.look(trial.number, look, value)
            if trial.ending is not None and trial.ending.state == PRUNED:
                self._crew.drop(trial.all_jobs)
        return trial.to_try_again()

    def _asked(self) -> Trial:
        suggestion = self._order.ask()
        number = suggestion.number
        if number < len(self._known):
            begun = self._known[number]
            if dict(begun.params) != dict(suggestion.parameters):
                self._warn_of_another(suggestion, dict(begun.params))
                suggestion = self._order.adopt(suggestion, begun.params)
            ending = ending_of(begun)
            if ending is not None:
                return Trial.of_ending(self._spec, suggestion, ending)
        else:
            self._record.begin(suggestion)
        try:
            config = fitting.config_of(self._spec, space.layer(self._spec.space, suggestion.parameters))
            runs = fitting.runs_of(self._spec, config)
        except ConfigError as error:
            return Trial.of_ending(self._spec, suggestion, Ending(FAILED, why=one_line(error)))
        return Trial(self._spec, suggestion, runs, self._out, self._trust)

    def _warn_of_another(self, suggestion: Suggestion, begun: dict[str, object]) -> None:
        if self._warned:
            return
        self._warned = True
        name = next(name for name in begun if begun[name] != suggestion.parameters.get(name))
        warn(
            f"trial {suggestion.number} was begun with {name} {begun[name]}, and the sampler suggests "
            f"{suggestion.parameters.get(name)} now (another version of Optuna, or a sampler that takes no seed): it "
            "stays as it was, and trials from here on are not those of a sweep that was never stopped",
            RunWarning,
        )

    def _tell(self, trial: Trial, ending: Ending) -> None:
        self._order.tell(ending)
        del self._trials[trial.number]
        self._endings.append(ending.state)
        better = ending.state == COMPLETE and (self._best is None or (ending.value or 0.0) > self._best)
        if better:
            self._best = ending.value
        known = trial.number < len(self._known) and ending_of(self._known[trial.number]) is not None
        if not known:
            self._record.end(trial.number, ending, trial.notes)
            self._say(_in_words(trial.number, ending, better, self._spec.looks))
        if self._endings == [FAILED] * min(HOPELESS, self._spec.trials):
            self._hopeless = SweepError(
                f"the first {len(self._endings)} trials all failed, and the sweep ends; trial {trial.number}: "
                f"{ending.why}; mend it, and begin anew with another --out"
            )
            for other in self._trials.values():
                self._crew.drop(other.all_jobs)

    def _hear(self, progress: ComparisonProgress) -> None:
        self._running = progress.running
        news = progress.news
        self._say(None if news is None or news.endswith(": done") else news)

    def _say(self, news: str | None) -> None:
        pruned, failed = (self._endings.count(state) for state in (PRUNED, FAILED))
        self._observer(
            SweepProgress(
                self._spec.trials, len(self._endings), pruned, failed, self._running, self._best, news,
            )
        )  # fmt: skip


def _in_words(number: int, ending: Ending, better: bool, looks: int) -> str:
    if ending.state == COMPLETE:
        return f"trial {number}: {ending.value:.6g}{', the best so far' if better else ''}"
    if ending.state == PRUNED:
        last = max(ending.looks, default=0)
        return f"trial {number}: pruned at look {last} of {looks}, {ending.looks.get(last, 0.0):.6g}"
    return f"trial {number}: failed: {ending.why}"
