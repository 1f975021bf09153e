"""Which nodes get an actor, and what becomes of those that cannot do it; nodes are played in this process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import bierl_fast as bf
from bierl_fast.by_value import ByValue
from bierl_fast.errors import RunWarning
from bierl_fast.evaluation.ray import crew as module
from bierl_fast.evaluation.ray.crew import Crew
from bierl_fast.evaluation.ray.host import facts


class DiedError(Exception):
    """Ray's word for an actor that is gone."""

    cause: Exception | None = None


class Reference:
    """To what an actor says of its node; None: it says nothing yet."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


class PlayedRay:
    """Nodes by name, each with what its actors answer in turn: facts, or an error; the last one ever after."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.gone: set[str] = set()
        self.memory: dict[str, float] = {}
        self.made: list[str] = []
        of_a_node = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda node_id, soft: node_id)
        self.util = SimpleNamespace(scheduling_strategies=of_a_node)

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {
                "NodeID": name,
                "Alive": name not in self.gone,
                "NodeManagerAddress": f"10.0.0.{name}",
                "Resources": {"CPU": 2.0, "memory": self.memory.get(name, 1e12)},
            }
            for name in self.answers
        ]

    def put(self, value: Any) -> Any:
        return value

    def remote(self, _: type) -> Any:
        def options(scheduling_strategy: str, **_: Any) -> Any:
            return SimpleNamespace(remote=lambda *_: self.actor(scheduling_strategy))

        return SimpleNamespace(options=options)

    def actor(self, node: str) -> Any:
        self.made.append(node)
        said = self.answers[node]
        answer = said.pop(0) if len(said) > 1 else said[0]
        return SimpleNamespace(facts=SimpleNamespace(remote=lambda: Reference(answer)))

    def wait(self, calls: list[Any], timeout: float, num_returns: int = 1) -> tuple[list[Any], list[Any]]:
        return [call for call in calls if call.answer is not None], []

    def get(self, reference: Any) -> Any:
        if isinstance(reference.answer, Exception):
            raise reference.answer
        return reference.answer

    def kill(self, actor: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_SECONDS", "AGAIN_SECONDS"):
        monkeypatch.setattr(module, name, 0.0)


def crew(ray: PlayedRay) -> Crew:
    return Crew(ray, ByValue(None), None, "task Walk", 1000, reserve=True)


def who_is_ready(made: Crew) -> set[str]:
    """At last; a node may lose an actor three times before it is left out."""
    return [{member.node for member in made.ready()} for _ in range(5)][-1]


def raised_there(cause: Exception) -> DiedError:
    error = DiedError("the constructor raised")
    error.cause = cause
    return error


OLD = {**facts(), "bierl_fast": "0.0.1"}
UNFIT: dict[str, tuple[Any, str]] = {
    "another version": (OLD, "has bierl_fast 0.0.1"),
    "not installed": (DiedError("x\nModuleNotFoundError: No module named 'bierl_fast'"), "cannot make task Walk: Mod"),
    "task": (raised_there(bf.ArgumentError("no robot here")), "no robot here"),
    "dies": (DiedError("y\nout of memory"), "cannot make task Walk: out of memory"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_node_that_cannot_do_it_is_left_out_whenever_it_comes(kind: str) -> None:
    answer, text = UNFIT[kind]
    ray = PlayedRay(**{"1": [answer], "2": [None, facts()], "3": [answer]})
    made = crew(ray)
    ray.gone.add("3")
    made.look()
    made.lose(made.members["2"])
    with pytest.warns(RunWarning, match=rf"^left out: the node 10\.0\.0\.1.* {text}"):
        assert who_is_ready(made) == {"2"}
    ray.gone.clear()
    assert who_is_ready(made) == {"2"}  # the third one is as the first, which is told no more: it would be an error
    begun = len(ray.made)
    made.look()
    assert len(ray.made) == begun


@pytest.mark.parametrize("kind", UNFIT)
def test_where_no_node_can_do_it_that_is_an_error(kind: str) -> None:
    answer, text = UNFIT[kind]
    with pytest.raises(bf.BierlError, match=text) as raised:
        crew(PlayedRay(**{"1": [answer], "2": [answer]})).ready()
    assert "\n" not in str(raised.value)


def test_a_fit_node_that_lost_its_actor_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one, which is too small, is no reason to give up."""
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.3)
    ray = PlayedRay(**{"1": [facts()], "2": [facts()]})
    ray.memory["2"] = 10.0
    made = crew(ray)
    with pytest.warns(RunWarning, match="left out: .* offers 1e-08 GB"):
        (first,) = made.ready()
    made.lose(first)
    (again,) = made.ready()
    assert (again.node, again is first) == ("1", False)
    made.lose(first)
    assert made.members == {"1": again}
