"""What becomes of a trial, out of what its runs tell."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from sweeping.specs import described

from bierl_fast.comparison.run_job import RunJob
from bierl_fast.sweeping import fitting, score, spec
from bierl_fast.sweeping.order import COMPLETE, FAILED, PRUNED, Suggestion
from bierl_fast.sweeping.trial import Trial


class Judge:
    """Prunes at a look."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.asked: list[tuple[int, float]] = []

    def prunes(self, look: int, value: float) -> bool:
        self.asked.append((look, value))
        return look == self.at


class Made:
    """A trial of two seeds, and its judge."""

    def __init__(self, folder: Path, at: int | None = None, **more: Any) -> None:
        self.spec = spec.read(described(seeds=2, looks=5, **more))
        self.judge = Judge(at)
        parameters = {"sigma": 0.1, "learning_rate": 0.1}
        runs = fitting.runs_of(self.spec, fitting.config_of(self.spec, parameters))
        suggestion = Suggestion(3, parameters, {}, self.judge)  # type: ignore[arg-type]
        self.trial = Trial(self.spec, suggestion, runs, folder, trust=False)
        self.jobs: list[RunJob] = self.trial.jobs
        self.folder = folder

    def looks(self, seed: int, *values: float | None, first: int = 1) -> None:
        for number, value in enumerate(values, start=first):
            self.jobs[seed].heard({"look": [number, value]})

    def ends(self, seed: int, value: float | None, *looks: float | None) -> None:
        self.jobs[seed].begin()
        folder = self.folder / "trials" / "0003" / f"s{seed}"
        saved = {"value": value, "env_steps": 7, "looks": looks, "numbered": [True] * len(looks)}
        (folder / score.NAME).write_text(json.dumps(saved))
        self.jobs[seed].done()


def test_a_look_is_known_when_every_run_is_there(tmp_path: Path) -> None:
    made = Made(tmp_path)
    assert [job.name for job in made.jobs] == ["trial 3 s0", "trial 3 s1"]
    made.looks(0, None, 1.0, 2.0)
    assert made.trial.advance() == {}
    made.looks(1, 5.0, 4.0)
    assert made.trial.advance() == {2: 2.5}  # look 1: one of them had no evaluation yet
    assert made.judge.asked == [(2, 2.5)]
    made.ends(1, 9.0, 5.0, 4.0)  # at its target before look 3: it counts with its end
    assert made.trial.advance() == {3: 5.5}
    made.ends(0, 3.0, None, 1.0, 2.0, 2.5)
    assert made.trial.advance() == {4: 5.75}
    assert made.trial.ending is not None
    assert (made.trial.ending.state, made.trial.ending.value) == (COMPLETE, 6.0)
    assert made.trial.ending.looks == {2: 2.5, 3: 5.5, 4: 5.75}
    assert made.trial.notes == {"returns": {"0": 3.0, "1": 9.0}, "env_steps": 14}


@pytest.mark.parametrize(("over_seeds", "value"), [("mean", 6.0), ("median", 6.0), ("min", 3.0)])
def test_a_value_over_seeds(over_seeds: str, value: float, tmp_path: Path) -> None:
    made = Made(tmp_path, over_seeds=over_seeds)
    made.ends(0, 3.0)
    made.ends(1, 9.0)
    made.trial.advance()
    assert made.trial.ending is not None
    assert made.trial.ending.value == value


@pytest.mark.parametrize("finished", [False, True], ids=["running", "ended"])
def test_it_is_pruned_by_its_numbers_whichever_run_was_faster(finished: bool, tmp_path: Path) -> None:
    made = Made(tmp_path, at=2, pruner="median")
    if finished:
        made.ends(0, 3.0, 1.0, 2.0, 2.5, 2.6)
    made.looks(1, 1.0, 0.0)
    made.looks(0, 1.0, 2.0, 2.5)
    assert made.trial.advance() == {1: 1.0, 2: 1.0}
    assert made.trial.ending is not None
    assert (made.trial.ending.state, made.trial.ending.looks) == (PRUNED, {1: 1.0, 2: 1.0})
    assert made.trial.notes == {}
    made.ends(1, 1.0)
    assert made.trial.advance() == {}


def test_what_is_no_number_is_none_of_a_trial_s_either(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.looks(0, 1.0, math.nan)
    made.looks(1, 1.0, 1.0)
    new = made.trial.advance()
    assert new[1] == 1.0
    assert math.isnan(new[2])
    made.ends(0, None, 1.0)
    made.ends(1, 1.0, 1.0, 1.0, 1.0, 1.0)
    made.trial.advance()
    assert made.trial.ending is not None
    assert (made.trial.ending.state, made.trial.ending.value) == (COMPLETE, -math.inf)


def test_a_run_that_fails(tmp_path: Path) -> None:
    """In the package's own words at once; otherwise it is tried once more. The trial fails once all are over."""
    made = Made(tmp_path)
    for job in made.jobs:
        job.begin()
    made.jobs[0].failed("its process was killed")
    assert made.trial.to_try_again() == [made.jobs[0]]
    assert made.trial.to_try_again() == []
    made.jobs[0].begin()
    made.jobs[0].failed("its process was killed")
    made.trial.advance()
    assert made.trial.to_try_again() == []
    assert made.trial.ending is None
    made.jobs[1].heard({"error": "no", "own": True})
    made.jobs[1].failed("all candidates failed")
    assert made.trial.to_try_again() == []
    made.trial.advance()
    assert made.trial.ending is not None
    assert made.trial.ending.state == FAILED
    assert made.trial.ending.why == "s0: its process was killed"
    assert (tmp_path / "trials/0003/s1/failure.txt").read_text() == "all candidates failed\n"


def test_what_was_there_before_is_not_run_again(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.ends(0, 3.0, 1.0, 2.0)
    again = Made(tmp_path)
    assert [job.name for job in again.trial.jobs] == ["trial 3 s1"]
    (tmp_path / "trials/0003/s0" / score.NAME).write_text("{")
    assert len(Made(tmp_path).trial.jobs) == 2
