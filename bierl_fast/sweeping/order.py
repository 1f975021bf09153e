"""In which order trials are suggested and told, whatever order their runs end in.

    Order.ask -> Suggestion(number, parameters, judge)      sees all trials but the `at_once` before it
    Order.tell(Ending)                                      of the trial that is next in line
    Judge.prunes(look, value)                               by what the trial's suggestion saw, and its own looks

A sampler's suggestion depends on what it was told before, and on how often it was asked: so it is asked and told in one
order, 0 to at_once - 1 asked, then 0 told, the next asked, 1 told, and so on. A trial is judged by the trials that were
told when it was asked for. Nothing then depends on jobs, speed or chance, and a sweep that was stopped asks and tells
once more what it has already, which takes no run, and goes on as if it had never stopped.

The study here is in memory alone; what users see is the record's (record.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bierl_fast.sweeping import parts, space
from bierl_fast.sweeping.spec import Spec, prunes

COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trial ended."""

    state: str  # COMPLETE, PRUNED or FAILED
    value: float | None = None  # of a complete one
    looks: Mapping[int, float] = field(default_factory=dict)  # look -> value, in order; of a pruned one up to its last
    why: str = ""  # it failed


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A trial to be run."""

    number: int
    parameters: Mapping[str, Any]  # as Optuna keeps them
    distributions: Mapping[str, Any]  # of the same
    judge: Judge


class Judge:
    """Whether one trial is to go on."""

    def __init__(self, spec: Spec, number: int, trials: Sequence[Any]) -> None:
        """`trials`: as they are known to the trial of that number, itself among them, Optuna's frozen ones."""
        self._spec = spec
        self._number = number
        self._trials = trials
        self._study: Any = None
        self._pruner: Any = None

    def prunes(self, look: int, value: float) -> bool:
        """Whether it ends after this look; looks come in order."""
        if not self._trials:
            return False
        with parts.at_work():
            if self._study is None:
                self._study = _study(self._spec, self._trials)
                self._pruner = parts.pruner(self._spec.pruner)
            return _prunes(self._study, self._pruner, self._number, look, value)


class Order:
    """The trials of one sweep, in memory."""

    def __init__(self, spec: Spec) -> None:
        """Raises as parts.sampler and parts.pruner do."""
        self._spec = spec
        self._sampler = parts.sampler(spec.sampler, spec.seed, spec.space)
        self._pruner = parts.pruner(spec.pruner)
        self.asked = 0
        self.told = 0
        self.exhausted = False  # the sampler has nothing more to try
        self._open([])

    def _open(self, trials: Sequence[Any]) -> None:
        with parts.at_work():
            self._study = _study(self._spec, trials, self._sampler, self._pruner)
            self._study.stop = self._end  # Optuna's own is for its own loop

    def _end(self) -> None:
        self.exhausted = True

    @property
    def can_ask(self) -> bool:
        """Whether the next trial's turn has come."""
        more = self.asked < self._spec.trials and not self.exhausted
        return more and self.asked - self.told < self._spec.at_once

    def ask(self) -> Suggestion:
        """The next trial."""
        with parts.at_work():
            trial = self._study.ask()
            space.suggest(self._spec.space, trial)
            found = trial.params, trial.distributions
        return self._suggested(*found)

    def adopt(self, suggestion: Suggestion, parameters: Mapping[str, Any]) -> Suggestion:
        """The trial just asked for, with the parameters that it was begun with."""
        optuna = parts.package()
        kept = {name: each for name, each in suggestion.distributions.items() if name in parameters}
        with parts.at_work():
            trials = self._study.get_trials()
            running = optuna.trial.TrialState.RUNNING
            trials[-1] = optuna.trial.create_trial(state=running, params=dict(parameters), distributions=kept)
        self._open(trials)
        self.asked -= 1
        return self._suggested(parameters, kept)

    def _suggested(self, parameters: Mapping[str, Any], distributions: Mapping[str, Any]) -> Suggestion:
        number = self.asked
        self.asked += 1
        known = self._study.get_trials() if prunes(self._spec) else []
        return Suggestion(number, dict(parameters), dict(distributions), Judge(self._spec, number, known))

    def tell(self, ending: Ending) -> None:
        """How the trial that is next in line ended."""
        number, states = self.told, parts.package().trial.TrialState
        with parts.at_work():
            for look, value in ending.looks.items():
                _prunes(self._study, self._pruner, number, look, value)  # it keeps its own notes of each trial
            if ending.state == COMPLETE:
                self._study.tell(number, ending.value)
            else:
                self._study.tell(number, state=states.PRUNED if ending.state == PRUNED else states.FAIL)
        self.told += 1


def _study(spec: Spec, trials: Sequence[Any], sampler: Any = None, pruner: Any = None) -> Any:
    optuna = parts.package()
    study = optuna.create_study(
        study_name=spec.study,
        direction="maximize",
        storage=optuna.storages.InMemoryStorage(),
        sampler=sampler or optuna.samplers.RandomSampler(),
        pruner=pruner or optuna.pruners.NopPruner(),
    )
    study.add_trials(trials)
    return study


def _prunes(study: Any, pruner: Any, number: int, look: int, value: float) -> bool:
    """Note a look of a trial, and ask the pruner about it."""
    storage = study._storage
    trial = storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
    storage.set_trial_intermediate_value(trial, look, value)
    return bool(pruner.prune(study, storage.get_trial(trial)))
