"""Rows on their way to nodes and back, with nodes that are played in this process."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.evaluation.ray.chunks import Chunks
from bierl_fast.evaluation.ray.crew import Member
from bierl_fast.evaluation.ray.evaluator import _Gathered, _of_one_row
from bierl_fast.evaluation.ray.host import Answer, Shared


class TaskFailedError(Exception):
    """Ray's word for what the code on a node raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class GoneError(Exception):
    """Ray's word for a node that is gone."""


class PlayedRay:
    """Answers come in an order of chance; the `lost` first ones are those of nodes that are gone."""

    exceptions = SimpleNamespace(RayTaskError=TaskFailedError, RayError=(GoneError, TaskFailedError))

    def __init__(self, lost: int = 0) -> None:
        self.chance = random.Random(0)
        self.lost = lost
        self.silent = 0  # times that nobody has answered yet

    def wait(self, calls: list[Any], num_returns: int = 1, timeout: float = 0.0) -> tuple[list[Any], list[Any]]:
        if self.silent:
            self.silent -= 1
            return [], calls
        return self.chance.sample(calls, self.chance.randint(1, len(calls))), []

    def get(self, reference: Any) -> Answer:
        if self.lost:
            self.lost -= 1
            raise GoneError("a traceback of\nthe worker died\n")
        answer: Answer = reference()
        return answer


class PlayedCrew:
    """So many nodes, each of which is there again at once when it is lost."""

    def __init__(self, evaluator: Any, nodes: int, failing: Exception | None = None) -> None:
        self.evaluator, self.failing, self.vanishing = evaluator, failing, 0
        self.rows: list[int] = []
        self.members = {str(node): self.member(str(node)) for node in range(nodes)}

    def member(self, node: str) -> Member:
        run = SimpleNamespace(remote=lambda shared, chunk, numbers: lambda: self.run(shared, chunk, numbers))
        return Member(threads=1, node=node, address=node, actor=SimpleNamespace(run=run), hello=None, ready=True)

    def run(self, shared: Shared, chunk: dict[str, Any], numbers: Any) -> Answer:
        if self.failing is not None:
            raise TaskFailedError(self.failing)
        self.rows += numbers.tolist()
        return Answer(self.evaluator.evaluate(replace(shared.population, **chunk)), {}, 0.001 * numbers.size)

    def ready(self) -> list[Member]:
        return list(self.members.values())

    def look(self) -> None:
        """One of them is found gone, so many times."""
        if self.vanishing:
            self.vanishing -= 1
            self.lose(next(iter(self.members.values())))

    def lose(self, member: Member) -> None:
        self.members[member.node] = self.member(member.node)


def played(ray: PlayedRay, crew: PlayedCrew, asked: bf.Population) -> Any:
    made: Any = crew
    chunks = Chunks(ray, made)
    for number in (1, 2):
        shared = Shared(number, _of_one_row(asked), {})
        gathered = _Gathered(asked)
        chunks.run(number, shared, asked, np.arange(asked.rows)[::-1], gathered.take)
    return gathered.batch()


@pytest.mark.parametrize(("nodes", "lost"), [(1, 0), (3, 0), (3, 5), (40, 2)])
def test_the_bits_of_one_machine_whatever_comes_first(nodes: int, lost: int) -> None:
    with closing(bf.make_evaluator("rastrigin", dim=6, task_kwargs={"noise": 0.5}, threads=1)) as evaluator:
        strategy = bf.make_strategy("es", mean=np.ones(6, np.float32), population=60)
        asked = strategy.ask(bf.Hyperparameters(sigma=0.3), bf.NoiseKey(4, 2))
        expected = evaluator.evaluate(asked)
        crew = PlayedCrew(evaluator, nodes)
        found = played(PlayedRay(lost), crew, asked)
    np.testing.assert_array_equal(found.returns_r, expected.returns_r)
    np.testing.assert_array_equal(found.failed_r, expected.failed_r)
    assert len(crew.rows) >= 2 * asked.rows


def test_what_a_task_raises_is_raised() -> None:
    with closing(bf.make_evaluator("quadratic", dim=3, threads=1)) as evaluator:
        strategy = bf.make_strategy("es", mean=np.zeros(3, np.float32), population=8)
        asked = strategy.ask(bf.Hyperparameters(), bf.NoiseKey(0, 0))
        with pytest.raises(ZeroDivisionError, match="by nothing"):
            played(PlayedRay(), PlayedCrew(evaluator, 2, ZeroDivisionError("by nothing")), asked)


def test_a_node_that_is_found_gone_before_its_answers_are() -> None:
    with closing(bf.make_evaluator("quadratic", dim=3, threads=1)) as evaluator:
        strategy = bf.make_strategy("es", mean=np.ones(3, np.float32), population=30)
        asked = strategy.ask(bf.Hyperparameters(sigma=0.3), bf.NoiseKey(4, 2))
        ray, crew = PlayedRay(), PlayedCrew(evaluator, 2)
        ray.silent, crew.vanishing = 8, 3
        np.testing.assert_array_equal(played(ray, crew, asked).returns_r, evaluator.evaluate(asked).returns_r)


def test_a_row_that_ends_whatever_runs_it_is_told() -> None:
    with closing(bf.make_evaluator("quadratic", dim=3, threads=1)) as evaluator:
        strategy = bf.make_strategy("es", mean=np.ones(3, np.float32), population=30)
        asked = strategy.ask(bf.Hyperparameters(sigma=0.3), bf.NoiseKey(4, 2))
        with pytest.raises(bf.WorkerError, match=r"was lost 5 times before any row was .*: the worker died$"):
            played(PlayedRay(lost=1000), PlayedCrew(evaluator, 3), asked)
