"""Rows on local Ray nodes against one machine: the same bits at 1 to 3 nodes, through kills, and what the way costs.

    python bench/ray_nodes.py bits                 native, pool, function tasks; 1, 2, 3 nodes; 1 and 2 threads
    python bench/ray_nodes.py kills --count 50     an actor or a node killed at a random moment of a generation
    python bench/ray_nodes.py cost --count 20      env steps a second, two nodes of one thread, and two threads, in turn
    python bench/ray_nodes.py store --count 500    what lies in the nodes' object stores over so many generations, and
                                                   which processes are left; bytes of a generation, down and up

Nodes are ray.cluster_utils' on this machine, so `cost` says what messages and objects cost, not what a network does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from common import Comparison, Report, add_out, interleaved, load, machine_facts, require, written

import bierl_fast as bf
from bierl_fast.evaluation.ray.host import rows_of
from bierl_fast.messages import EvaluationBatch, Population

TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "native": ("Hopper-v5", {"hidden": (16,), "episode_cap": 200}),
    "pool": ("CartPole-v1", {"hidden": (8,), "episode_cap": 200}),
    "function": ("rastrigin", {"dim": 40, "task_kwargs": {"noise": 1.0}}),
}


@contextmanager
def cluster(cpus: list[int]) -> Iterator[Any]:
    # Workers as nice as this process; by default by 15 nicer, which would compare priorities where others are at work.
    variables = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    os.environ.update(variables, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    made: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus[0], "include_dashboard": False})
    try:
        for count in cpus[1:]:
            made.add_node(num_cpus=count)
        yield made
    finally:
        made.shutdown()


def population(evaluator: Any, count: int, generation: int) -> Population:
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=1), population=count)
    return strategy.ask(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), bf.NoiseKey(7, generation))


def differences(one: EvaluationBatch, other: EvaluationBatch) -> list[str]:
    names = ("returns_r", "lengths_r", "failed_r", "behaviour_rd", "entropy_r")
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in names}
    for name in ("count_r", "mean_ro", "m2_ro"):
        pairs[name] = (getattr(one.moments, name, None), getattr(other.moments, name, None))
    return [name for name, (a, b) in pairs.items() if not (a is b is None or np.array_equal(a, b, equal_nan=True))]


def wait_for(evaluator: Any, nodes: int) -> None:
    while sum(member.ready for member in evaluator._crew.members.values()) < nodes:
        evaluator._crew.look()
        time.sleep(0.05)


def bits() -> int:
    broken = 0
    for nodes in (1, 2, 3):
        for threads in (1, 2):
            with cluster([threads] * nodes) as made:
                for name, (task, settings) in TASKS.items():
                    with (
                        closing(bf.make_evaluator(task, threads=1, **settings)) as one,
                        closing(bf.make_evaluator(task, ray=made.address, **settings)) as many,
                    ):
                        wait_for(many, nodes)
                        found: list[str] = []
                        for generation in range(5):
                            asked = population(one, 64, generation)
                            batches = one.evaluate(asked), many.evaluate(asked)
                            found += differences(*batches)
                            one.absorb(batches[0])
                            many.absorb(batches[1])
                    broken += bool(found)
                    print(f"{nodes} nodes of {threads} threads, {name}: {found or 'the same bits'}", flush=True)
    return broken


def kills(count: int, seed: int) -> int:
    chance, broken, task, settings = random.Random(seed), 0, *TASKS["native"]
    with cluster([1, 1]) as made:
        spare = made.add_node(num_cpus=1)
        with (
            closing(bf.make_evaluator(task, threads=1, **settings)) as one,
            closing(bf.make_evaluator(task, ray=made.address, **settings)) as many_,
        ):
            many: Any = many_
            for generation in range(count):
                asked = population(one, 96, generation)
                wait_for(many, 2)
                victim = chance.choice(list(many._crew.members.values()))
                node = generation % 10 == 9
                end = partial(made.remove_node, spare, allow_graceful=False) if node else _kill(many, victim)
                timer = threading.Timer(chance.uniform(0.0, 0.3), end)
                timer.start()
                found = differences(one.evaluate(asked), many.evaluate(asked))
                timer.join()
                if node:
                    spare = made.add_node(num_cpus=1)
                broken += bool(found)
                if found:
                    print(f"generation {generation}: {found}", flush=True)
    print(f"{count} kills, {broken} generations with other bits")
    return broken


def _kill(many: Any, victim: Any) -> Any:
    pid = many._ray.get(victim.hello)["pid"] if victim.ready else None

    def end() -> None:
        with suppress(ProcessLookupError):  # it went with its node
            if pid is not None:
                os.kill(pid, signal.SIGKILL)

    return end


def cost(repetitions: int, out: Path) -> int:
    """Whole generations in turn; one repetition is a smoke run, which writes nothing."""
    report = Report("ray_cost", __doc__, out if repetitions > 1 else None)
    with (
        cluster([1, 1]) as made,
        closing(bf.make_evaluator("HalfCheetah-v5", threads=2)) as one,
        closing(bf.make_evaluator("HalfCheetah-v5", ray=made.address)) as many,
    ):
        wait_for(many, 2)
        asked = population(one, 256, 0)
        batches = one.evaluate(asked), many.evaluate(asked)
        require(not differences(*batches), "the batches differ")
        steps = batches[0].steps

        def rate(evaluator: Any) -> float:
            start = time.perf_counter()
            evaluator.evaluate(asked)
            return steps / (time.perf_counter() - start)

        rates = interleaved(repetitions, lambda: rate(many), lambda: rate(one))
    name = "HalfCheetah-v5, 256 candidates, two local nodes of one thread"
    same = f"{steps} env steps on both sides, the same bits"
    report.add(Comparison(name, "env steps/s", *rates, baseline_name="two native threads", same_work=same, target=0.9))
    return report.finish()


class Counted:
    """The ray package, with the bytes of what is put and got counted, and of what goes with the chunks."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self.put_bytes = self.sent_bytes = self.got_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ray, name)

    def _size(self, value: Any) -> int:
        context = self._ray._private.worker.global_worker.get_serialization_context()
        return int(context.serialize(value).total_bytes)

    def put(self, value: Any) -> Any:
        self.put_bytes += self._size(value)
        return self._ray.put(value)

    def get(self, reference: Any) -> Any:
        value = self._ray.get(reference)
        self.got_bytes += self._size(value)
        return value

    def rows_of(self, asked: Population, rows: Any) -> dict[str, Any]:
        chunk = rows_of(asked, rows)
        self.sent_bytes += self._size(chunk) + self._size(rows)
        return chunk


def traffic() -> list[dict[str, float]]:
    """Bytes a generation by rows and parameters. Each node has what is put once, whatever the rows."""
    found = []
    with cluster([1, 1]) as made:
        for hidden in ((), (64, 64), (1000, 1000)):
            for rows in (100, 1000):
                settings: dict[str, Any] = {"hidden": hidden, "episode_cap": 5}
                with closing(bf.make_evaluator("HalfCheetah-v5", ray=made.address, **settings)) as many_:
                    many: Any = many_
                    wait_for(many, 2)
                    counted = Counted(many._ray)
                    many._ray = many._chunks._ray = counted
                    with mock.patch("bierl_fast.evaluation.ray.chunks.rows_of", counted.rows_of):
                        asked = population(many, rows, 0)
                        many.evaluate(asked)
                    many._ray = many._chunks._ray = counted._ray
                record = {
                    "parameters": asked.base_bp.shape[1],
                    "rows": asked.rows,
                    "to_each_node": counted.put_bytes,
                    "with_each_row": counted.sent_bytes / asked.rows,
                    "back_with_each_row": counted.got_bytes / asked.rows,
                }
                found.append(record)
                print(", ".join(f"{name} {value:,.0f}" for name, value in record.items()), flush=True)
    return found


def stored(ray: Any) -> tuple[int, int]:
    """Bytes and objects in the stores of all nodes."""
    from ray._private import internal_api  # noqa: PLC0415

    asked: Any = internal_api.node_stats
    stats = [
        asked(node["NodeManagerAddress"], node["NodeManagerPort"], include_memory_info=False).store_stats
        for node in ray.nodes()
        if node["Alive"]
    ]
    return sum(each.object_store_bytes_used for each in stats), sum(each.num_local_objects for each in stats)


def below(pid: int) -> list[str]:
    """Command lines of a process's descendants, those that have ended left out."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(OSError):
            found += [Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(), *below(int(child))]
    return [line for line in found if line]


def store(count: int, out: Path) -> int:
    if not find_spec("grpc"):
        sys.exit("Ray tells what is in its stores by grpcio, which is not installed; pip install grpcio")
    task, settings, seen = *TASKS["native"], []
    facts = machine_facts()
    with cluster([1, 1]) as made:
        with closing(bf.make_evaluator(task, ray=made.address, **{**settings, "hidden": (200, 200)})) as many_:
            many: Any = many_
            wait_for(many, 2)
            for generation in range(count):
                many.absorb(many.evaluate(population(many, 16, generation)))
                if generation % (count // 10) == count // 10 - 1:
                    seen.append(stored(many._ray))
                    print(f"generation {generation + 1}: {seen[-1][0]:,} bytes, {seen[-1][1]} objects", flush=True)
        deadline = time.monotonic() + 30.0
        while (left := [line for line in below(os.getpid()) if "Host" in line]) and time.monotonic() < deadline:
            time.sleep(0.1)
    gone = not below(os.getpid())
    grown = seen[-1][0] > 2 * seen[0][0] or seen[-1][1] > 2 * seen[0][1]
    print(f"the store has {'GROWN' if grown else 'not grown'}; actors left: {left or 'none'}; all Ray gone: {gone}")
    content = {
        "machine": {**facts, "load_at_end": load()},
        "generations": count,
        "stored_bytes_and_objects": seen,
        "grown": grown,
        "actors_left": left,
        "ray_gone": gone,
        "bytes_of_a_generation": traffic(),
    }
    written(out, "ray_store.json", json.dumps(content, indent=1) + "\n")
    return int(grown or bool(left) or not gone)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("bits", "kills", "cost", "store"))
    parser.add_argument("--count", type=int, help="kills [default: 50], repetitions [20], or generations [500]")
    parser.add_argument("--seed", type=int, default=0, help="of their moments [default: %(default)s]")
    add_out(parser)
    given = parser.parse_args()
    if given.what == "bits":
        return min(1, bits())
    if given.what == "store":
        return store(given.count or 500, given.out)
    return min(1, kills(given.count or 50, given.seed)) if given.what == "kills" else cost(given.count or 20, given.out)


if __name__ == "__main__":
    sys.exit(main())
