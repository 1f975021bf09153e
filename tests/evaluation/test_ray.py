"""Rows on the nodes of a Ray cluster: the bits of one machine, whatever becomes of the nodes.

One cluster of two nodes on this machine, one of one CPU, one of two; longer ones are bench/ray_nodes.py's.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import ray_nodes
from helpers.subprocesses import run, until

import bierl_fast as bf
from bierl_fast.errors import RunWarning
from bierl_fast.evaluation.ray import session
from bierl_fast.evaluation.ray.evaluator import RayEvaluator
from bierl_fast.evaluation.ray.host import facts
from bierl_fast.messages import F32, F64, EvaluationBatch, Population

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default:::ray")]

HOPPER: dict[str, Any] = {"hidden": (8,), "episode_cap": 60}


@pytest.fixture(name="cluster", scope="module")
def cluster_fixture() -> Iterator[Any]:
    with ray_nodes.local(1, 2) as made:
        yield made


@pytest.fixture(autouse=True)
def no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test ends the connection that it has made. Ray's workers import from its working directory first."""
    monkeypatch.chdir(tmp_path)
    yield
    import ray

    assert not ray.is_initialized()


def on(address: str, task: Any, **settings: Any) -> Any:
    """The evaluator, with what it has besides an Evaluator's."""
    return closing(bf.make_evaluator(task, ray=address, **settings))


def parabola(x: F32) -> float:
    return -float(np.square(x - 1.0).sum())


def parabolas(block: F32) -> F64:
    value_k: F64 = -np.square(block.astype(np.float64) - 1.0).sum(axis=1)
    return value_k


def failing(x: F32) -> float:
    raise ArithmeticError("out of luck")


def population(evaluator: Any, count: int = 24, generation: int = 0) -> Population:
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=3), population=count)
    return strategy.ask(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), bf.NoiseKey(5, generation))


def require_same(one: EvaluationBatch, other: EvaluationBatch) -> None:
    for name in ("returns_r", "lengths_r", "failed_r", "behaviour_rd", "entropy_r", "transitions_tw", "lost_steps"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.moments is None) == (other.moments is None)
    if one.moments is not None and other.moments is not None:
        for name in ("count_r", "mean_ro", "m2_ro"):
            np.testing.assert_array_equal(getattr(one.moments, name), getattr(other.moments, name), err_msg=name)


def all_up(evaluator: Any) -> None:
    """Wait until both nodes have their actor."""
    made = evaluator._crew

    def up() -> bool:
        made.look()
        return len([member for member in made.members.values() if member.ready]) == 2

    until(up, what="a node does not come up")


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("Hopper-v5", HOPPER),
        ("Hopper-v5", {**HOPPER, "obs_norm": False, "transitions": True, "action_noise": "fixed", "squash": "tanh"}),
        ("CartPole-v1", {"hidden": (4,), "episode_cap": 50}),
        ("rastrigin", {"dim": 9, "task_kwargs": {"noise": 0.5}}),
        (parabola, {"dim": 4}),
        (parabolas, {"dim": 4, "vectorized": True}),
    ],
    ids=["native", "transitions", "pool", "native function", "function", "block"],
)
def test_the_bits_of_one_machine(task: Any, settings: dict[str, Any], cluster: Any) -> None:
    with (
        closing(bf.make_evaluator(task, threads=1, **settings)) as one,
        on(cluster.address, task, **settings) as many,
    ):
        all_up(many)
        for generation in range(2):
            asked = population(one, generation=generation)
            batches = one.evaluate(asked), many.evaluate(asked)
            require_same(*batches)
            one.absorb(batches[0])
            many.absorb(batches[1])
        assert isinstance(many, RayEvaluator)
        assert sorted(member.threads for member in many._crew.members.values()) == [1, 2]
        state = one.state(), many.state()
        assert state[0].keys() == state[1].keys()
        for name, array in state[0].items():
            np.testing.assert_array_equal(array, state[1][name])


def test_a_run_is_the_run_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    config = bf.Config(
        task="InvertedPendulum-v5", meta="none", hidden=(4,), population=16, generations=3, eval_interval=2
    )
    whole = bf.train(config, tmp_path / "one")
    there = config.replace(evaluator="ray", ray_address=cluster.address, ray_threads=1)
    found = bf.train(there.replace(generations=2), tmp_path / "many")
    found = bf.resume(tmp_path / "many", generations=3, ray_address=cluster.address)
    assert found.run_dir is not None
    np.testing.assert_array_equal(found.parameters, whole.parameters)
    assert (tmp_path / "many/policy.npz").read_bytes() == (tmp_path / "one/policy.npz").read_bytes()
    records = [[{**record, "seconds": None} for record in result.metrics] for result in (whole, found)]
    assert records[0] == records[1]
    assert bf.evaluate(tmp_path / "many", episodes=3, evaluator="native") == bf.evaluate(whole, episodes=3)


def test_rows_of_what_is_lost_are_run_elsewhere(cluster: Any) -> None:
    """An actor that is killed in the middle of a generation; its node gets another one."""
    with (
        closing(bf.make_evaluator("Hopper-v5", threads=1, **HOPPER)) as one,
        on(cluster.address, "Hopper-v5", **HOPPER) as many,
    ):
        all_up(many)
        asked = population(one, count=400)
        expected = one.evaluate(asked)
        hosts = [many._ray.get(member.hello)["pid"] for member in many._crew.members.values()]
        for pid in hosts:
            threading.Timer(0.05, os.kill, (pid, signal.SIGKILL)).start()
            require_same(many.evaluate(asked), expected)
        all_up(many)
        assert not set(hosts) & {many._ray.get(member.hello)["pid"] for member in many._crew.members.values()}
        require_same(many.evaluate(asked), expected)


def test_failures_are_as_on_one_machine(cluster: Any) -> None:
    with (
        on(cluster.address, failing, dim=3) as many,
        pytest.raises(ArithmeticError, match="out of luck") as raised,
    ):
        many.evaluate(population(many))
    assert any("raised by" in note for note in raised.value.__notes__)
    walk: dict[str, Any] = {"task_kwargs": {"trouble": "raise"}, "hidden": (), "fresh_env": "never"}
    task = "helpers.pool_envs:make_walk"
    with (
        closing(bf.make_evaluator(task, threads=1, **walk)) as one,
        on(cluster.address, task, **walk) as many,
    ):
        asked = population(one)
        with pytest.warns(bf.EpisodeWarning, match="episodes failed and rank last"):
            expected = one.evaluate(asked)
        with pytest.warns(bf.EpisodeWarning, match="episodes failed and rank last"):
            found = many.evaluate(asked)
        require_same(found, expected)
        assert found.failure == expected.failure


def test_other_versions(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = facts()
    monkeypatch.setattr("bierl_fast.evaluation.ray.alike.facts", lambda: {**here, "mujoco": "3.0.0"})
    with pytest.raises(bf.WorkerError, match=r"the node .* has mujoco .* \(here 3.0.0\), and would give other bits"):
        bf.make_evaluator("Hopper-v5", ray=cluster.address, **HOPPER)
    monkeypatch.setattr("bierl_fast.evaluation.ray.alike.facts", lambda: {**here, "instruction_set": "abacus"})
    with pytest.warns(RunWarning, match=r"instruction_set .* \(here abacus\); results may differ in their last bits"):
        bf.make_evaluator("Hopper-v5", ray=cluster.address, **HOPPER).close()


def test_a_process_has_one_connection(cluster: Any) -> None:
    with on(cluster.address, parabola, dim=3) as first:
        with pytest.raises(bf.WorkerError, match=r"connected to the Ray cluster .* and has but one"):
            bf.make_evaluator(parabola, dim=3, ray="local")
        with on(cluster.address, parabola, dim=3) as second:
            asked = population(first)
            require_same(first.evaluate(asked), second.evaluate(asked))
        assert first.evaluate(asked).returns_r.size == 24
    with pytest.raises(bf.WorkerError, match="this evaluator is closed"):
        first.evaluate(asked)


ALONE = """
import os, signal
from contextlib import closing
import bierl_fast as bf
import ray  # which sets a variable as it is imported

handlers, variables = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)], dict(os.environ)
with closing(bf.make_evaluator("quadratic", dim=3, ray="local", threads=1)) as many:
    assert many._ray.nodes()[0]["NodeManagerAddress"] == "127.0.0.1"
    strategy = bf.make_strategy("es", mean=many.policy.initial_parameters(seed=3), population=24)
    asked = strategy.ask(bf.Hyperparameters(sigma=0.1), bf.NoiseKey(5, 0))
    found = many.evaluate(asked)
with closing(bf.make_evaluator("quadratic", dim=3)) as one:
    assert found.returns_r.tobytes() == one.evaluate(asked).returns_r.tobytes()
assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
assert dict(os.environ) == variables
print("the same")
"""


def test_a_cluster_of_this_machine_alone() -> None:
    """It listens on the loopback interface, leaves signal handlers and the environment alone, and ends with it.

    In a process of its own: after one that Ray has started itself it connects that process to no other.
    """
    done = run(ALONE)
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr


def test_an_address_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        with pytest.raises(bf.WorkerError, match=rf"no Ray cluster answers at \S+:{port}: .*refused"):
            bf.make_evaluator(parabola, dim=3, ray=f"127.0.0.1:{port}")
        taken.listen()
        monkeypatch.setattr(session, "HEALTH_SECONDS", 3.0)
        with pytest.raises(bf.WorkerError, match=rf"what listens at \S+:{port} is no Ray cluster"):
            bf.make_evaluator(parabola, dim=3, ray=f"127.0.0.1:{port}")
    for address in ("..:6379", f"{'a' * 70}.b:6379"):  # no names of hosts
        with pytest.raises(bf.WorkerError, match="no Ray cluster answers at"):
            bf.make_evaluator(parabola, dim=3, ray=address)
    for address in ("nowhere", "host:", ":6379", "host:port", "host:6\u00b2"):
        with pytest.raises(bf.ArgumentError, match="ray_address must be local, auto or HOST:PORT, got"):
            bf.make_evaluator(parabola, dim=3, ray=address)
