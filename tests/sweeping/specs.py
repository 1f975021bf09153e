"""Small sweeps: a quadratic of a few parameters, no network; and a crew that only plays at training."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bierl_fast.comparison.crew import ComparisonProgress
from bierl_fast.comparison.run_job import Place, RunJob
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.sweeping import score, search

BASE: dict[str, Any] = {
    "task": "quadratic",
    "dim": 5,
    "population": 16,
    "meta": "none",
    "generations": 20,
    "eval_interval": 2,
}
SPACE: dict[str, Any] = {
    "sigma": {"low": 0.01, "high": 0.5, "log": True},
    "learning_rate": {"low": 0.001, "high": 0.5, "log": True},
}


def described(base: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A sweep of BASE, changed by `base`, over SPACE; `more` are keys of its top level."""
    return {"base": {**BASE, **(base or {})}, "space": SPACE, **more}


def worth(config: Config) -> float:
    """What a played run comes to, by its settings alone; some diverge."""
    values = [config.sigma or 0.1, config.learning_rate or 0.1, config.population / 100, 1.0 / (1 + config.seed)]
    if math.sin(1e4 * values[0]) > 0.9:
        return -math.inf
    return -sum((value - 0.13) ** 2 for value in values)


class Killed(BaseException):
    """The sweep's process is gone."""


class PlayedCrew:
    """Stands in for the crew of processes: so many runs at once, in an order of chance, each look in its turn.

    Like a process that was killed, a run that `kill` ends has told its looks and left no score.
    """

    chance = random.Random(0)
    kill: Callable[[], bool] = lambda: False
    begun: list[str] = []  # noqa: RUF012 - of all crews, for a test to read and clear

    def __init__(self, place: Place[Any], observer: Callable[[ComparisonProgress], None]) -> None:
        self.jobs = place.room
        self.observer = observer
        self.waiting: list[RunJob] = []
        self.running: dict[str, tuple[RunJob, Iterator[None]]] = {}

    def drop(self, tasks: Sequence[RunJob]) -> None:
        names = {task.name for task in tasks}
        self.waiting = [task for task in self.waiting if task.name not in names]
        self.running = {name: pair for name, pair in self.running.items() if name not in names}

    def work(self, tasks: Sequence[RunJob], more: Callable[[], Sequence[RunJob]]) -> None:
        self.waiting += tasks
        while True:
            found = more()
            self.waiting += found
            if not self.waiting and not self.running:
                return
            while self.waiting and len(self.running) < self.jobs:
                job = self.waiting.pop(0)
                self.begun.append(job.name)
                self.running[job.name] = (job, self.play(job))
            if type(self).kill():
                raise Killed
            job, steps = self.running[self.chance.choice(list(self.running))]
            if next(steps, "over") == "over":
                del self.running[job.name]
                job.done()
            self.observer(ComparisonProgress(0, 0, 0, tuple(self.running), 0, 0))

    def play(self, job: RunJob) -> Iterator[None]:
        told = job.begin()
        config = toml.read_saved(Path(told["planned"]))
        end, looks = worth(config), []
        for number in range(1, told["looks"]):
            yield None
            value = end - 1.0 / number - 0.01 * config.seed if math.isfinite(end) else math.nan
            looks.append(value)
            job.heard(json.loads(json.dumps({"look": [number, value]})))
        yield None
        finite = [math.isfinite(value) for value in looks]
        saved = {
            "value": end if math.isfinite(end) else None,
            "env_steps": 340,
            "looks": [value if math.isfinite(value) else None for value in looks],
            "numbered": finite,
        }
        (Path(told["run_dir"]) / score.NAME).write_text(json.dumps(saved))


@pytest.fixture(name="played")
def played_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[PlayedCrew]:
    """Sweeps of the test play their runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "Crew", PlayedCrew)
    monkeypatch.setattr(PlayedCrew, "kill", lambda: False)
    monkeypatch.setattr(PlayedCrew, "chance", random.Random(0))
    monkeypatch.setattr(PlayedCrew, "begun", [])
    return PlayedCrew


def outcome(storage: Any) -> list[tuple[Any, ...]]:
    """All that the one study in a storage, or in a sweep's folder, holds of its trials."""
    import optuna

    if isinstance(storage, Path):
        storage = f"sqlite:///{storage / 'study.db'}"
    sampler = optuna.samplers.RandomSampler()
    (name,) = optuna.study.get_all_study_names(storage)
    study = optuna.load_study(study_name=name, storage=storage, sampler=sampler)
    return [  # looks as text: of what is no number, none is equal to another
        (each.number, each.params, each.state.name, each.values, str(each.intermediate_values), each.user_attrs)
        for each in study.trials
    ]
