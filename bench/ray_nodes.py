"""Rows on local Ray nodes against one machine: the same bits at 1 to 3 nodes, through kills, and what the way costs.

    python bench/ray_nodes.py bits                 native, pool, function tasks; 1, 2, 3 nodes; 1 and 2 threads
    python bench/ray_nodes.py kills --count 50     an actor or a node killed at a random moment of a generation
    python bench/ray_nodes.py cost --seconds 60    env steps a second, two nodes of one thread against two threads

Nodes are ray.cluster_utils' on this machine, so `cost` says what messages and objects cost, not what a network does.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np

import bierl_fast as bf
from bierl_fast.messages import EvaluationBatch, Population

TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "native": ("Hopper-v5", {"hidden": (16,), "episode_cap": 200}),
    "pool": ("CartPole-v1", {"hidden": (8,), "episode_cap": 200}),
    "function": ("rastrigin", {"dim": 40, "task_kwargs": {"noise": 1.0}}),
}


@contextmanager
def cluster(cpus: list[int]) -> Iterator[Any]:
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
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


def cost(seconds: float) -> int:
    rates: dict[str, list[float]] = {"two threads": [], "two nodes": []}
    with (
        cluster([1, 1]) as made,
        closing(bf.make_evaluator("HalfCheetah-v5", threads=2)) as one,
        closing(bf.make_evaluator("HalfCheetah-v5", ray=made.address)) as many_,
    ):
        many: Any = many_
        wait_for(many, 2)
        began, generation = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            asked = population(one, 256, generation)
            for name, evaluator in (("two threads", one), ("two nodes", many)):
                start = time.perf_counter()
                steps = evaluator.evaluate(asked).steps
                rates[name].append(steps / (time.perf_counter() - start))
            generation += 1
    for name, found in rates.items():
        print(f"{name}: {np.median(found):,.0f} env steps a second (median of {len(found)} generations)")
    print(f"two nodes to two threads: {np.median(rates['two nodes']) / np.median(rates['two threads']):.3f}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("bits", "kills", "cost"))
    parser.add_argument("--count", type=int, default=50, help="kills [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of their moments [default: %(default)s]")
    parser.add_argument("--seconds", type=float, default=60.0, help="of measuring the cost [default: %(default)s]")
    given = parser.parse_args()
    if given.what == "bits":
        return min(1, bits())
    return min(1, kills(given.count, given.seed)) if given.what == "kills" else cost(given.seconds)


if __name__ == "__main__":
    sys.exit(main())
