"""Runs on the nodes of a Ray cluster: the results of one machine, whatever becomes of the nodes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from comparison.specs import described, written
from helpers import ray_nodes
from helpers.subprocesses import TIMEOUT, command, environment, running, until

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.comparison.crew import ComparisonProgress
from bierl_fast.evaluation.ray.host import facts
from bierl_fast.run import metrics

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default:::ray")]

TESTS = Path(__file__).parents[1]
PROGRAM = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"
SLOW = {"task": "comparison.functions:slow", "dim": 4, "sigma": 0.1, "total_steps": 17 * 60, "checkpoint_seconds": 0.0}
SWEEP = {
    "trials": 3,
    "seeds": 2,
    "pruner": {"name": "median", "n_startup_trials": 1},
    "base": {"task": "quadratic", "dim": 5, "population": 16, "meta": "none", "generations": 20, "eval_interval": 2},
    "space": {"sigma": {"low": 0.01, "high": 0.5, "log": True}},
}


@pytest.fixture(name="cluster", scope="module")
def cluster_fixture() -> Iterator[Any]:
    with ray_nodes.local(2, BIERL_TEST_SLEEP="0.005") as made:
        yield made


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))
    yield
    import ray

    assert not ray.is_initialized()


def without_seconds(out: str) -> list[list[str]]:
    lines = [line.split(",") for line in Path(out, "results.csv").read_text().splitlines()]
    at = lines[0].index("wall_seconds")
    return [line[:at] + line[at + 1 :] for line in lines]


def require_same(out: str, other: str) -> None:
    """Results, policies and metrics of two comparisons, but for wall time."""
    assert without_seconds(out) == without_seconds(other)
    runs = sorted(path.relative_to(out) for path in Path(out).rglob("policy.npz"))
    assert runs == sorted(path.relative_to(other) for path in Path(other).rglob("policy.npz"))
    for run in runs:
        assert Path(out, run).read_bytes() == Path(other, run).read_bytes()
        records = [metrics.read(Path(folder, run).with_name("metrics.jsonl")) for folder in (out, other)]
        assert [{**each, "seconds": 0} for each in records[0]] == [{**each, "seconds": 0} for each in records[1]]


def test_a_comparison_is_that_of_one_machine(cluster: Any) -> None:
    comparison = described(seeds=2, settings=[{"name": "a"}, {"name": "b", "sigma": 0.3}])
    bf.compare(comparison, "here", curves=False)
    seen: list[ComparisonProgress] = []
    found = bf.compare(comparison, "there", observer=seen.append, curves=False, ray=cluster.address)
    assert not found.failures
    assert (seen[-1].finished, seen[-1].steps) == (4, 2000)
    assert max(len(progress.running) for progress in seen) == 2
    require_same("there", "here")


def test_a_sweep_is_that_of_one_machine(cluster: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    Path("sweep.toml").write_text(tomli_w.dumps(SWEEP))
    assert entry(["sweep", "sweep.toml", "--out", "here", "--quiet"]) == 0
    assert entry(["sweep", "sweep.toml", "--out", "there", "--quiet", "--ray-address", cluster.address]) == 0
    assert capsys.readouterr().err == ""
    for name in ("trials.csv", "best.toml"):
        assert Path("there", name).read_bytes() == Path("here", name).read_bytes()


class Losing:
    """An observer that ends the keeper of a run, or what it holds, once the run is going."""

    def __init__(self, kill: Any, times: int) -> None:
        self.kill = kill
        self.left = times
        self.news: list[str] = []

    def __call__(self, progress: ComparisonProgress) -> None:
        self.news += [progress.news] if progress.news else []
        if self.left and progress.steps > 17 * 5 and progress.running:
            self.left -= 1
            self.kill()


def end(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def keepers() -> list[int]:
    """Processes that hold runs: Ray names its workers by what they do."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::Keeper"):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def held() -> list[int]:
    """Processes of runs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"bierl_fast.comparison.worker" in path.read_bytes() and str(Path.cwd()).encode() in os.fsencode(
                os.readlink(path.parent / "cwd")
            ):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def test_a_run_whose_keeper_or_process_goes_with_its_node_is_run_again(cluster: Any) -> None:
    comparison = described(SLOW)
    bf.compare(comparison, "here", curves=False)

    lost = Losing(lambda: end(keepers(), signal.SIGKILL), times=1)
    bf.compare(comparison, "killed", observer=lost, curves=False, ray=cluster.address)
    assert [text for text in lost.news if "lost with the machine" in text]
    require_same("killed", "here")
    told = Losing(lambda: end(held(), signal.SIGTERM), times=1)  # as a node that is about to go tells all
    bf.compare(comparison, "told", observer=told, curves=False, ray=cluster.address)
    assert [text for text in told.news if "lost with the machine" in text]
    require_same("told", "here")
    until(lambda: not held(), what="a run's process is left")


def test_interrupted_it_saves_and_goes_on(cluster: Any) -> None:
    comparison = described({**SLOW, "checkpoint_seconds": 1e6}, seeds=3)  # one of them waits for a CPU
    bf.compare(comparison, "here", curves=False)

    def interrupt(progress: ComparisonProgress) -> None:
        if progress.steps > 17 * 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bf.compare(comparison, "out", jobs=3, observer=interrupt, curves=False, ray=cluster.address)
    until(lambda: not held(), what="a run's process is left")
    assert len(list(Path("out").rglob("checkpoint.npz"))) == 2
    bf.compare(comparison, "out", curves=False, ray=cluster.address)
    require_same("out", "here")


def test_a_driver_that_is_killed_leaves_no_run_behind(cluster: Any) -> None:
    comparison = described(SLOW, seeds=2)
    arguments = ["compare", str(written(Path("spec.toml"), comparison)), "--out", "out", "--no-curves"]
    arguments += ["--ray-address", cluster.address]
    with running([*command(PROGRAM), *arguments], env=environment()) as process:
        until(lambda: len(list(Path("out").rglob("metrics.jsonl"))) == 2, process, "the runs do not get going")
        process.kill()
        process.wait(TIMEOUT)
        until(lambda: not held() and not keepers(), what="a run outlives its driver")
    bf.compare(comparison, "out", curves=False)
    bf.compare(comparison, "here", curves=False)
    require_same("out", "here")


def test_runs_that_are_asked_save_themselves(cluster: Any) -> None:
    comparison = described({**SLOW, "total_steps": 17 * 10_000, "checkpoint_seconds": 1e6}, seeds=2)
    arguments = ["compare", str(written(Path("spec.toml"), comparison)), "--out", "out", "--no-curves"]
    arguments += ["--ray-address", cluster.address]
    with running([*command(PROGRAM), *arguments], env=environment()) as process:
        until(lambda: len(list(Path("out").rglob("metrics.jsonl"))) == 2, process, "the runs do not get going")

        def saved() -> bool:
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.2)
            return len(list(Path("out").rglob("checkpoint.npz"))) == 2

        until(saved, process, "the runs do not save themselves")
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 130
        until(lambda: not held(), what="a run's process is left")


def test_nodes_that_cannot_do_runs_are_told(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bierl_fast.evaluation.ray.alike.facts", lambda: {**facts(), "bierl_fast": "0.0.1"})
        with pytest.raises(
            bf.WorkerError, match=r"the node .* has bierl_fast .* \(here 0.0.1\), and would give other bits"
        ):
            bf.compare(described(), "out", curves=False, ray=cluster.address)
    monkeypatch.setattr("bierl_fast.comparison.on_ray.here", lambda: "/nowhere/at/all")
    with pytest.raises(bf.WorkerError, match=r"the node \S+ does not see /nowhere/at/all; runs on a cluster need"):
        bf.compare(described(), "out", curves=False, ray=cluster.address)


def test_a_cluster_of_this_machine_alone() -> None:
    """In a process of its own: Ray starts one cluster in each."""
    spec = str(written(Path("spec.toml"), described(seeds=2)))
    bf.compare(spec, "here", curves=False)
    arguments = ["compare", spec, "--out", "there", "--no-curves", "--jobs", "2", "--ray-address", "local"]
    with running([*command(PROGRAM), *arguments], env=environment()) as process:
        _, err = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, err) == (0, "")
    require_same("there", "here")


def test_in_a_thread(cluster: Any) -> None:
    """Where no signal reaches."""
    found: list[Any] = []
    thread = threading.Thread(
        target=lambda: found.append(bf.compare(described(), "out", curves=False, ray=cluster.address))
    )
    thread.start()
    thread.join(TIMEOUT)
    assert not found[0].failures


@pytest.mark.parametrize("command_", ["compare", "sweep"])
def test_an_address_that_does_not_answer(command_: str, capsys: pytest.CaptureFixture[str]) -> None:
    comparison = described() if command_ == "compare" else SWEEP
    spec = str(written(Path("spec.toml"), comparison))
    with ray_nodes.free_port() as port:
        assert entry([command_, spec, "--out", "out", "--ray-address", f"127.0.0.1:{port}"]) == 1
    assert f":{port}: " in capsys.readouterr().err
    assert entry([command_, spec, "--out", "out", "--ray-address", "nowhere"]) == 2
    assert "must be local, auto or HOST:PORT, got 'nowhere'" in capsys.readouterr().err
    assert not Path("out").exists()
