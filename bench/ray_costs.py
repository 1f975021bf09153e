"""What the parts of a generation on Ray nodes cost, measured on this machine, for ray_simulator.py.

    two local nodes -> measured -> Costs                         seconds a message, a row in it, a byte
    tasks -> lengths -> Lives                                    how long episodes are, and an env step

Each cost is the first quartile of many, as what else the machine does only adds; an env step is timed by the processor
time that it takes. What grows with rows, bytes or pending calls is the slope between two sizes.

    python bench/ray_costs.py          writes results/ray_costs.json
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from common import arguments, load, machine_facts, rows_after, written
from ray_nodes import cluster

import bierl_fast as bf
from bierl_fast.evaluation.ray import session
from bierl_fast.evaluation.ray.dealing import Dealing, Worker
from bierl_fast.evaluation.ray.evaluator import _Gathered
from bierl_fast.evaluation.ray.host import Answer, rows_of
from bierl_fast.messages import EvaluationBatch, Moments, Population

FILE = "ray_costs.json"
FEW, MANY = 2, 1000  # rows of a message
SMALL, LARGE = 100_000, 20_000_000  # parameters sent
OBSERVATION = 17  # of HalfCheetah-v5, whose moments go up with each row
TASKS = {
    "Hopper-v5, untrained": ("Hopper-v5", 0),
    "Hopper-v5, after 40 generations": ("Hopper-v5", 40),
    "HalfCheetah-v5": ("HalfCheetah-v5", 0),
    "Humanoid-v5, untrained": ("Humanoid-v5", 0),
}


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds, on the driver unless it says otherwise."""

    put: float  # of what all chunks share
    put_byte: float
    send: float  # a chunk
    send_row: float
    wake: float  # one look at what has come in
    wake_call: float  # for each call that is pending
    get: float  # an answer, taken apart
    get_row: float
    deal_worker: float  # the rule, for each node, each time that rows are dealt
    way: float  # a message one way
    fetch: float  # of what all chunks share, by a node
    fetch_byte: float
    chunk: float  # a chunk's own, on a node
    learn: float  # a row's share of the strategy's update, for each parameter, on all cores of this machine


@dataclass(frozen=True, slots=True)
class Lives:
    """Episodes of a task."""

    steps: list[float]  # quantiles of their lengths, evenly apart
    step_seconds: float  # one thread
    parameters: int

    def seconds(self, share: Any) -> Any:
        """Of episodes at these shares (0 to 1) of all, shortest first."""
        at = np.linspace(0.0, 1.0, len(self.steps))
        return np.interp(share, at, self.steps) * self.step_seconds


class Echo:
    """Answers as a node does, without running anything."""

    def run(self, shared: Any, chunk: dict[str, Any], numbers: Any) -> Answer:
        rows = len(numbers)
        moments = Moments(
            np.ones(rows, np.float64), np.ones((rows, OBSERVATION), np.float64), np.ones((rows, OBSERVATION))
        )
        batch = EvaluationBatch(
            np.zeros(rows), np.ones(rows, np.int32), np.zeros(rows, np.bool_), moments=moments, key=bf.NoiseKey(0, 0)
        )
        return Answer(batch, {}, 0.0)

    def took(self, reference: list[Any]) -> float:
        """Seconds to have an object here that lies on another node."""
        import ray  # noqa: PLC0415

        began = time.perf_counter()
        ray.get(reference[0])
        return time.perf_counter() - began


def usual(measure: Callable[[], float], times: int) -> float:
    measure()
    return quartile([measure() for _ in range(times)])


def quartile(values: list[float]) -> float:
    return float(np.quantile(values, 0.25))


def seconds(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def sloped(few: float, many: float, sizes: tuple[float, float]) -> tuple[float, float]:
    """What it costs at size 0, and for each unit of size."""
    slope = max(0.0, (many - few) / (sizes[1] - sizes[0]))
    return max(0.0, few - slope * sizes[0]), slope


def population(rows: int) -> Population:
    strategy = bf.make_strategy("es", mean=np.zeros(100, np.float32), population=rows)
    return strategy.ask(bf.Hyperparameters(), bf.NoiseKey(0, 0))


def messages(ray: Any, actor: Any, times: int) -> dict[str, float]:
    found: dict[str, list[float]] = {"send": [], "get": [], "round": []}
    shared = ray.put(np.zeros(100, np.float32))
    for size in (FEW, MANY):
        asked, rows = population(size), np.arange(size)
        gathered = _Gathered(asked)

        def send() -> Any:
            return actor.run.remote(shared, rows_of(asked, rows), rows)  # noqa: B023

        sends, gets, rounds = [], [], []
        for _ in range(times):
            began = time.perf_counter()
            reference = send()
            sent = time.perf_counter()
            ray.wait([reference])
            came = time.perf_counter()
            gathered.take(rows, ray.get(reference))
            over = time.perf_counter()
            sends.append(sent - began)
            gets.append(over - came)
            rounds.append(came - sent)
        for name, values in (("send", sends), ("get", gets), ("round", rounds)):
            found[name].append(quartile(values[times // 4 :]))
    (send_, send_row), (get, get_row) = (
        sloped(found[name][0], found[name][1], (FEW, MANY)) for name in ("send", "get")
    )
    return {"send": send_, "send_row": send_row, "get": get, "get_row": get_row, "way": found["round"][0] / 2}


def waking(ray: Any, actor: Any, times: int) -> tuple[float, float]:
    """Both looks of Chunks._listen, with few and with many calls that are pending."""
    blocked = [actor.took.remote([ray.put(0)]) for _ in range(2000)]
    sizes, found = (20, 2000), []
    for size in sizes:
        ray.wait(blocked, num_returns=len(blocked))
        calls = blocked[:size]

        def look(calls: list[Any] = calls) -> None:
            ray.wait(calls, timeout=0.2)
            ray.wait(calls, num_returns=len(calls), timeout=0)

        found.append(usual(lambda: seconds(look), times))
    return sloped(found[0], found[1], sizes)


def objects(ray: Any, near: Any, far: Any, times: int) -> dict[str, float]:
    """Put here; fetched by the other node."""
    del near
    puts, fetches = [], []
    for size in (SMALL, LARGE):
        data = np.ones(size, np.float32)
        kept: list[Any] = []

        def put(data: Any = data, kept: list[Any] = kept) -> None:
            kept[:] = [ray.put(data)]

        def fetch(data: Any = data) -> float:
            return float(ray.get(far.took.remote([ray.put(data)])))

        puts.append(usual(lambda: seconds(put), times))
        fetches.append(usual(fetch, times))
    sizes = (4.0 * SMALL, 4.0 * LARGE)
    (put_, put_byte), (fetch_, fetch_byte) = (sloped(each[0], each[1], sizes) for each in (puts, fetches))
    return {"put": put_, "put_byte": put_byte, "fetch": fetch_, "fetch_byte": fetch_byte}


def dealing_cost(times: int) -> float:
    """Of dealing when few of many nodes have room."""
    workers, dealing = [Worker(threads=1, done=1.0, took=1.0) for _ in range(2000)], Dealing()
    dealing.begin(1, np.arange(10**6))
    for name, (worker, rows) in enumerate(dealing.deal(workers, 0.0)):
        worker.calls[name] = dealing.call(rows, 0.0)
    return usual(lambda: seconds(lambda: list(dealing.deal(workers, 0.0))), times) / len(workers)


def chunk_cost(times: int) -> float:
    """What a node does for a chunk besides its env steps: one row of one step."""
    with closing(bf.make_evaluator("HalfCheetah-v5", threads=1, episode_cap=1)) as evaluator:
        asked = rows_after(evaluator, 0, 2)

        def run() -> None:
            evaluator.load(evaluator.state())
            evaluator.evaluate(asked)

        return usual(lambda: seconds(run), times)


def learning_cost(times: int) -> float:
    rows, parameters = 256, 5000
    strategy = bf.make_strategy("es", mean=np.zeros(parameters, np.float32), population=rows)
    asked = strategy.ask(bf.Hyperparameters(), bf.NoiseKey(0, 0))
    batch = EvaluationBatch(
        np.arange(asked.rows, dtype=np.float64),
        np.ones(asked.rows, np.int32),
        np.zeros(asked.rows, np.bool_),
        key=asked.key,
    )
    return usual(lambda: seconds(lambda: strategy.stepped(asked, batch)), times) / (rows * parameters)


def measured(times: int) -> Costs:
    """All costs."""
    with cluster([1, 1]) as made:
        ray, _ = session.joined(made.address, 1)
        try:
            here, there = _by_distance(ray)
            found = messages(ray, there, times)
            wake, wake_call = waking(ray, here, times)
            found |= objects(ray, here, there, max(3, times // 20))
        finally:
            session.left(ray)
    return Costs(
        **found,
        wake=wake,
        wake_call=wake_call,
        deal_worker=dealing_cost(times),
        chunk=chunk_cost(times),
        learn=learning_cost(max(3, times // 10)),
    )


def _by_distance(ray: Any) -> list[Any]:
    """An actor on the driver's node, and one on the other."""
    own = ray.get_runtime_context().get_node_id()
    nodes = sorted((node["NodeID"] for node in ray.nodes() if node["Alive"]), key=lambda name: name != own)
    on = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    kind = ray.remote(Echo)
    return [kind.options(num_cpus=0, scheduling_strategy=on(node_id=name, soft=False)).remote() for name in nodes]


def lives(task: str, generations: int, rows: int) -> Lives:
    """Episodes of candidates after so many generations of `es`."""
    with closing(bf.make_evaluator(task, threads=1)) as evaluator:
        asked = rows_after(evaluator, generations, rows)
        began = time.process_time()
        batch = evaluator.evaluate(asked)
        took = time.process_time() - began
        steps = np.quantile(batch.lengths_r, np.linspace(0.0, 1.0, 33))
        return Lives([float(each) for each in steps], took / batch.steps, asked.base_bp.shape[1])


def read(folder: Path) -> tuple[Costs, dict[str, Lives]]:
    """What was last written into that folder."""
    found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    costs = Costs(**{each.name: found["costs"][each.name] for each in fields(Costs)})
    return costs, {name: Lives(**each) for name, each in found["lives"].items()}


def main() -> int:
    """Command line."""
    given = arguments(__doc__, repetitions=200).parse_args()
    facts = machine_facts()
    costs = measured(20 if given.quick else given.repetitions)
    for name, value in asdict(costs).items():
        print(f"{name}: {value:.3g} s", flush=True)
    found = {}
    for name, (task, generations) in TASKS.items():
        found[name] = lives(task, 1 if given.quick else generations, 8 if given.quick else 256)
        print(f"{name}: median {np.median(found[name].steps):.0f} steps of {1e6 * found[name].step_seconds:.2f} us")
    if not given.quick:
        content = {
            "machine": {**facts, "load_at_end": load()},
            "costs": asdict(costs),
            "lives": {name: asdict(each) for name, each in found.items()},
        }
        written(given.out, FILE, json.dumps(content, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
