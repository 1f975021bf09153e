"""The study in the user's storage: what was tried and what came of it, as Optuna's own tools read it.

    storage, name -> Record.opened -> Record
    begin, look, end                                 one trial's parameters, its looks as they come, its ending

It is what a sweep goes on from. A trial is written when it is asked for and when it is told, so the order is the
sweep's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bierl_fast.errors import RunDirectoryError, SweepError
from bierl_fast.sweeping import parts
from bierl_fast.sweeping.order import COMPLETE, FAILED, PRUNED, Ending, Suggestion

OWNER = "bierl_sweep"  # an attribute of the study: whose it is
WHY = "why"  # an attribute of a failed trial
STATES = {"COMPLETE": COMPLETE, "PRUNED": PRUNED, "FAIL": FAILED}


class Record:
    """See the module; SweepError wherever the storage fails."""

    def __init__(self, storage: Any, name: str, in_words: str) -> None:
        """See `opened`."""
        self._storage = storage
        self._name = name
        self.in_words = in_words
        self._study: Any = None
        self._looked: set[tuple[int, int]] = set()  # trials and looks that are written

    @classmethod
    def opened(cls, storage: Any, name: str, owner: str, begun: bool) -> Record:
        """The study of that name.

        Args:
            storage: a URL, or an Optuna storage.
            name: the study's.
            owner: of the sweep, once and for all.
            begun: whether the sweep has trials already.

        Raises:
            SweepError: the storage cannot be reached.
            RunDirectoryError: the study is another's, or it is gone.
        """
        in_words = parts.shown_url(storage)
        record = cls(parts.storage(storage, in_words), name, in_words)
        record._open(owner, begun)
        return record

    def _open(self, owner: str, begun: bool) -> None:
        optuna = parts.package()
        with self._reaching():
            names = optuna.study.get_all_study_names(storage=self._storage)
            if self._name in names:
                sampler = optuna.samplers.RandomSampler()  # not asked: else Optuna makes one, and says so
                self._study = optuna.load_study(study_name=self._name, storage=self._storage, sampler=sampler)
            elif not begun:
                self._study = optuna.create_study(study_name=self._name, storage=self._storage, direction="maximize")
        where = f"the study {self._name!r} in {self.in_words}"
        if self._study is None:
            raise RunDirectoryError(
                f"{where} is gone, and the sweep's trials were in it; give the storage that it is in, or take another "
                "--out"
            )
        with self._reaching():
            theirs = self._study.user_attrs.get(OWNER)
            empty = theirs is None and not self._study.get_trials(deepcopy=False)
            if empty:
                self._study.set_user_attr(OWNER, owner)
        if not empty and theirs != owner:
            raise RunDirectoryError(f"{where} is another sweep's; give study = another name, or go on with its --out")

    def trials(self) -> list[Any]:
        """Optuna's frozen trials, in order."""
        with self._reaching():
            found: list[Any] = self._study.get_trials()
            return found

    def begin(self, suggestion: Suggestion) -> None:
        """A trial that is now to be run."""
        optuna = parts.package()
        trial = optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING,
            params=dict(suggestion.parameters),
            distributions=dict(suggestion.distributions),
        )
        with self._reaching():
            self._study.add_trial(trial)

    def look(self, number: int, look: int, value: float) -> None:
        """A trial's value at a look, as soon as it is known."""
        with self._reaching():
            if (number, look) not in self._looked:
                self._storage.set_trial_intermediate_value(self._id(number), look, value)
        self._looked.add((number, look))

    def end(self, number: int, ending: Ending, notes: Mapping[str, Any]) -> None:
        """A trial's ending, with notes on it."""
        states = parts.package().trial.TrialState
        for look, value in ending.looks.items():
            self.look(number, look, value)
        with self._reaching():
            for name, value in {**notes, **({WHY: ending.why} if ending.why else {})}.items():
                self._storage.set_trial_user_attr(self._id(number), name, value)
            if ending.state == COMPLETE:
                self._study.tell(number, ending.value)
            else:
                self._study.tell(number, state=states.PRUNED if ending.state == PRUNED else states.FAIL)

    def _id(self, number: int) -> int:
        found: int = self._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)
        return found

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            with parts.at_work():
                yield
        except Exception as error:
            if isinstance(error, SweepError):
                raise
            raise parts.unreachable(self.in_words, error) from error


def ending_of(trial: Any) -> Ending | None:
    """How one of Optuna's frozen trials ended; None: it is under way."""
    state = STATES.get(trial.state.name)
    if state is None:
        return None
    looks = dict(sorted(trial.intermediate_values.items()))
    return Ending(state, trial.value if state == COMPLETE else None, looks, trial.user_attrs.get(WHY, ""))
