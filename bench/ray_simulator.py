"""Where the time of a generation on Ray nodes goes, beyond what can be run here: ray_model.py, checked and played.

    python bench/ray_simulator.py check    beside real runs on local nodes, whose rows sleep, or compute
    python bench/ray_simulator.py play     10^2 to 10^6 rows on 1 to 10^4 nodes; stragglers and losses

`check` runs generations on 1 to 8 local nodes of one thread, whose rows sleep for as long as episodes of Hopper-v5 take
after 40 generations, shortened or lengthened to a given mean (what a row takes beyond its sleep is timed in turn with
them, in this process); and on 1 and 2 nodes that compute rows of Hopper-v5 and
HalfCheetah-v5, an env step of which is timed on as many native threads in turn with them. The model gets the very
seconds of the rows. The error is that of the median generation; the first is left out, before which no rate is known.
Costs are those of ray_costs.py, which is to be run first, on the same machine; ray_page.py then brings it all into
docs/scaling.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from common import arguments, load, machine_facts, quartiles, rows_after, written
from ray_costs import Costs, Lives, read
from ray_model import F64, Model, Outcome, Setting, drawn
from ray_nodes import cluster, wait_for

import bierl_fast as bf
from bierl_fast.messages import F32, Population

LIVES = "Hopper-v5, after 40 generations"
SLEPT = ((0.1, 100), (0.02, 500), (0.002, 2000))  # mean seconds of a row, rows
NODES = (1, 2, 4, 8)
COMPUTED = {"Hopper-v5": 512, "HalfCheetah-v5": 64}
NETWORK = Setting(nodes=1, bandwidth=1.25e9, latency=1e-4)  # 10 Gbit/s
ROWS = (10**2, 10**3, 10**4, 10**5, 10**6)
PLAYED = (1, 10, 100, 1000, 10_000)
THREADS = 16
PLAYED_TASKS = (LIVES, "HalfCheetah-v5")


def share(x: F32) -> float:
    """A number from 0 to 1 by chance, the same for the same parameters."""
    return float(np.float64(x[0]) * 1e5 % 1.0)


def asleep(x: F32, quantiles: list[float]) -> float:
    """Seconds that a row sleeps."""
    return float(np.interp(share(x), np.linspace(0.0, 1.0, len(quantiles)), quantiles))


def sleeping(x: F32, quantiles: list[float]) -> float:
    """A function that takes its time."""
    time.sleep(asleep(x, quantiles))
    return 0.0


def candidates(evaluator: Any, rows: int, generation: int) -> Population:
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=1), population=rows)
    return strategy.ask(bf.Hyperparameters(sigma=0.1), bf.NoiseKey(7, generation), candidates=rows)


def slept(lives: Lives, mean: float, rows: int, nodes: int, times: int) -> Iterator[tuple[float, F64]]:
    """Seconds of real generations, and of their rows."""
    whole = np.array(lives.steps) / np.mean(lives.steps) * mean
    quantiles = [float(each) for each in whole]
    with (
        cluster([1] * nodes) as made,
        closing(bf.make_evaluator(lambda x: sleeping(x, quantiles), dim=8)) as one,
        closing(bf.make_evaluator(lambda x: sleeping(x, quantiles), dim=8, ray=made.address)) as evaluator,
    ):
        wait_for(evaluator, nodes)
        for generation in range(times + 1):
            asked = candidates(evaluator, rows, generation)
            few = candidates(one, 20, generation)
            drawn_r, own_r = (
                np.array([asleep(one.parameters(of, row), quantiles) for row in range(of.rows)]) for of in (asked, few)
            )
            began = time.perf_counter()
            one.evaluate(few)
            middle = time.perf_counter()
            evaluator.evaluate(asked)
            took = time.perf_counter() - middle
            yield took, drawn_r + (middle - began - own_r.sum()) / few.rows


def computed(task: str, rows: int, nodes: int, times: int) -> Iterator[tuple[float, F64]]:
    """Likewise, of rows that compute."""
    with (
        closing(bf.make_evaluator(task, threads=nodes)) as one,
        cluster([1] * nodes) as made,
        closing(bf.make_evaluator(task, ray=made.address)) as many,
    ):
        wait_for(many, nodes)
        asked = rows_after(one, 40, rows)
        many.load(one.state())
        for _ in range(times + 1):
            began = time.perf_counter()
            batch = one.evaluate(asked)
            middle = time.perf_counter()
            many.evaluate(asked)
            took = time.perf_counter() - middle
            yield took, batch.lengths_r.astype(np.float64) * ((middle - began) * nodes / batch.steps)


def checked(costs: Costs, name: str, nodes: int, found: Iterator[tuple[float, F64]], parameters: int) -> dict[str, Any]:
    """The model beside real generations."""
    model, real, played = Model(costs, Setting(nodes, parameters=parameters)), [], []
    for took, seconds_r in found:
        real.append(took)
        played.append(model.generation(seconds_r).seconds)
    low, middle, high = quartiles(real[1:])
    error = float(np.median(played[1:])) / middle - 1.0
    print(f"{name}, {nodes} nodes: {middle:.3f} s [{low:.3f} ... {high:.3f}], played {error:+.1%}", flush=True)
    return {"what": name, "nodes": nodes, "seconds": [low, middle, high], "of": len(real) - 1, "error": error}


def check(costs: Costs, lives: dict[str, Lives], times: int, most: int) -> list[dict[str, Any]]:
    """All the checks, on up to `most` nodes."""
    found = []
    for mean, rows in SLEPT:
        for nodes in NODES:
            if nodes <= most:
                runs = slept(lives[LIVES], mean, rows, nodes, times)
                found.append(checked(costs, f"{rows} rows that sleep {1e3 * mean:g} ms", nodes, runs, 8))
    for task, rows in COMPUTED.items():
        for nodes in (1, 2):
            found.append(checked(costs, f"{rows} rows of {task}", nodes, computed(task, rows, nodes, times), 5000))
    return found


def warm(costs: Costs, setting: Setting, lives: Lives, rows: int, seed: int = 0) -> Outcome:
    """A generation on nodes whose rates are known, from a quiet one."""
    model = Model(costs, replace(setting, slow=0.0, lost=0.0), seed)
    model.generation(drawn(lives, rows, seed))
    model.setting = setting
    return model.generation(drawn(lives, rows, seed + 1))


def scaled(
    costs: Costs, lives: dict[str, Lives], rows: tuple[int, ...], nodes: tuple[int, ...]
) -> list[dict[str, Any]]:
    """Every number of rows on every number of nodes of 16 threads, the rows allowing."""
    found = []
    for name, count, each in itertools.product(PLAYED_TASKS, rows, nodes):
        if each > count:
            continue
        life = lives[name]
        setting = replace(NETWORK, nodes=each, threads=THREADS, parameters=life.parameters)
        out = warm(costs, setting, life, count)
        record = {"task": name, "rows": count, "nodes": each, "learn": costs.learn * count * life.parameters}
        found.append({**record, **asdict(out), "threads": THREADS, "efficiency": out.efficiency})
        told = f"{out.seconds:.3f} s, {out.efficiency:.2f} at work, driver busy {out.driver / out.seconds:.2f}"
        print(f"{name}: {count} rows, {each} nodes of {THREADS}: {told}", flush=True)
    return found


def troubled(costs: Costs, lives: Lives) -> list[dict[str, Any]]:
    """Stragglers and losses: 10^5 rows on 100 nodes of 16 threads, by 10 draws each."""
    quiet = replace(NETWORK, nodes=100, threads=THREADS, parameters=lives.parameters)
    troubles = {
        "none": quiet,
        "1 % of the nodes 5 times as slow": replace(quiet, slow=0.01),
        "10 % of the nodes 5 times as slow": replace(quiet, slow=0.1),
        "10 % of the nodes 50 times as slow": replace(quiet, slow=0.1, factor=50.0),
        "1 % of the nodes lost": replace(quiet, lost=0.01),
        "10 % of the nodes lost": replace(quiet, lost=0.1),
    }
    found = []
    for name, setting in troubles.items():
        outs = [warm(costs, setting, lives, 100_000, seed) for seed in range(10)]
        low, middle, high = quartiles([out.seconds for out in outs])
        again = float(np.median([out.again / out.work for out in outs]))
        found.append({"what": name, "seconds": [low, middle, high], "again": again})
        print(f"{name}: {middle:.3f} s [{low:.3f} ... {high:.3f}], {again:.1%} of the work once more", flush=True)
    return found


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=5)
    parser.add_argument("what", choices=("check", "play"))
    parser.add_argument("--nodes", type=int, default=max(NODES), help="local ones at most [default: %(default)s]")
    given: argparse.Namespace = parser.parse_args()
    facts, (costs, lives) = machine_facts(), read(given.out)
    content: dict[str, Any] = {}
    if given.what == "check":
        content["check"] = check(costs, lives, 1 if given.quick else given.repetitions, given.nodes)
        worst = max(abs(each["error"]) for each in content["check"])
        print(f"the model is off by {worst:.1%} at most")
    else:
        content["scaling"] = scaled(costs, lives, ROWS[:2] if given.quick else ROWS, PLAYED)
        content["troubles"] = troubled(costs, lives[LIVES])
    if not given.quick:
        content = {"machine": {**facts, "load_at_end": load()}, **content}
        written(given.out, f"ray_simulator_{given.what}.json", json.dumps(content, indent=1) + "\n")
    return int(given.what == "check" and worst > 0.15)


if __name__ == "__main__":
    sys.exit(main())
