"""Nodes of a Ray cluster that cannot do what is asked of them: told in one line, once, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers import ray_nodes
from helpers.subprocesses import environment

import bierl_fast as bf
from bierl_fast.errors import RunWarning

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default:::ray")]

BIG: dict[str, Any] = {"hidden": (2000, 2000), "episode_cap": 2}  # 4 million parameters
WITHOUT = """
import sys

class Without:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "bierl_fast":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
"""


@pytest.fixture(autouse=True)
def no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    import ray

    assert not ray.is_initialized()


@pytest.fixture(name="cluster", scope="module")
def cluster_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head that offers Ray no CPU; tests add the nodes."""
    with ray_nodes.local(0) as made:
        yield made


def run_twice(address: str) -> None:
    with closing(bf.make_evaluator("HalfCheetah-v5", ray=address, **BIG)) as evaluator:
        strategy = bf.make_strategy("es", mean=evaluator.policy.parameters, population=4)
        for generation in range(2):
            asked = strategy.ask(bf.Hyperparameters(), bf.NoiseKey(0, generation))
            assert evaluator.evaluate(asked).returns_r.size == asked.rows


def test_too_little_memory(cluster: Any) -> None:
    small = cluster.add_node(num_cpus=4, memory=60_000_000)
    try:
        with pytest.raises(bf.WorkerError) as raised:
            bf.make_evaluator("HalfCheetah-v5", ray=cluster.address, **BIG)
        assert "offers 0.06 GB of memory, and task HalfCheetah-v5 takes 0.08" in str(raised.value)
        assert "once for each of 4 threads and once for all; lower ray_threads" in str(raised.value)
        assert "\n" not in str(raised.value)
        with closing(bf.make_evaluator("HalfCheetah-v5", ray=cluster.address, ray_threads=1, **BIG)) as found:
            assert found.policy.parameters.size > 4_000_000
        big = cluster.add_node(num_cpus=1)
        try:
            with pytest.warns(RunWarning, match=r"^left out: the node \S+ offers 0.06 GB") as caught:
                run_twice(cluster.address)
            assert len([each for each in caught if each.category is RunWarning]) == 1
        finally:
            cluster.remove_node(big)
    finally:
        cluster.remove_node(small)


def test_a_node_without_the_package(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    path = f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"
    bare = cluster.add_node(num_cpus=1, env_vars={"PYTHONPATH": path})
    try:
        text = r"the node \S+ cannot make task Hopper-v5: .*No module named 'bierl_fast"
        with pytest.raises(bf.WorkerError, match=text) as raised:
            bf.make_evaluator("Hopper-v5", ray=cluster.address)
        assert "\n" not in str(raised.value)
        spec = {"base": {"task": "quadratic", "dim": 3, "meta": "none", "total_steps": 300}}
        with pytest.raises(bf.WorkerError, match=r"a node of the Ray cluster cannot do runs: .*No module named"):
            bf.compare(spec, "out", curves=False, ray=cluster.address)
        assert not list(Path("out").rglob("policy.npz"))
    finally:
        cluster.remove_node(bare)


def test_a_task_that_a_node_cannot_make(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its module is here and not there."""
    (tmp_path / "only_here.py").write_text("import os\n\ndef f(x):\n    return 0.0\n\nassert os.environ.get('HERE')\n")
    node = cluster.add_node(num_cpus=1)
    monkeypatch.setenv("HERE", "1")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises(bf.BierlError, match="only_here") as raised:
            bf.make_evaluator("only_here:f", dim=3, ray=cluster.address)
        assert "\n" not in str(raised.value)
    finally:
        cluster.remove_node(node)
