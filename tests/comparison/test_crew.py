"""Runs whose machines go, in a place that is played."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bierl_fast.comparison.crew import LOSSES, ComparisonProgress, Crew
from bierl_fast.comparison.run_job import Begun, RunJob


class Played(Begun):
    """A run whose machine goes after so many steps, or that ends well there."""

    def __init__(self, task: RunJob, steps: int) -> None:
        super().__init__(task)
        self.asked: list[str] = []
        self._steps = steps
        self._told = False

    def hear(self) -> bool:
        if not self._told:
            self._told = True
            self.take(json.dumps({"env_steps": self._steps}).encode() + b"\n")
            return True
        self.lost = self._steps < self.task.steps
        return False

    def ask(self, what: str) -> None:
        self.asked.append(what)

    def let_go(self) -> None:
        pass

    def wait(self, seconds: float) -> bool:
        return True

    def kill(self) -> None:
        pass

    def _exit_code(self) -> int:
        return 0


class Losing:
    """One run at a time, the next of which gets so far."""

    room = 1

    def __init__(self, *steps: int) -> None:
        self._steps = list(steps)
        self.begun: list[Played] = []

    def start(self, task: RunJob) -> Played:
        self.begun.append(Played(task, self._steps.pop(0)))
        return self.begun[-1]

    def speaking(self, runs: Sequence[Played], seconds: float) -> Sequence[Played]:
        return list(runs)

    def close(self) -> None:
        pass


def worked(place: Losing, failures: list[str]) -> list[str]:
    news: list[str] = []

    def hear(progress: ComparisonProgress) -> None:
        news.extend([progress.news] if progress.news else [])

    Crew(place, hear).work([RunJob("x", 100, dict, failures.append, Path("log.txt"))])
    return news


def test_a_lost_run_is_run_again() -> None:
    place, failures = Losing(0, 10, 20, 30, 40, 50, 60, 50, 100), list[str]()
    assert worked(place, failures)[-1] == "x: done"
    assert not failures
    assert len(place.begun) == 9


@pytest.mark.parametrize("further", [0, 30])
def test_but_not_forever(further: int) -> None:
    place, failures = Losing(0, further, *[further] * LOSSES), list[str]()
    assert worked(place, failures)[:1] == ["x: lost with the machine that ran it, and run again"]
    assert failures == [f"the machine that ran it was lost {LOSSES} times before it had got any further"]
    assert len(place.begun) == LOSSES + (further > 0)


def test_what_nobody_waits_for_is_not_run_again() -> None:
    place, failures = Losing(10, 100), list[str]()
    job = RunJob("x", 100, dict, failures.append, Path("log.txt"))
    crew = Crew(place, lambda _: None)

    def more() -> list[RunJob]:
        if place.begun:
            crew.drop([job])
        return []

    crew.work([job], more)
    assert len(place.begun) == 1
    assert "stop" in place.begun[0].asked
    assert not failures
