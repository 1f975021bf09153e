"""The process pool against as many single processes as it has workers, each running the same environment alone.

`es` trains for a few generations; the candidates of the next one are the rows. The single process is this one: a plain
Gymnasium loop over the same rows with the compiled policy, from the same reset seeds, and a new environment for each
episode where the pool makes one (BipedalWalker-v3, whose world outlives a reset). Its rate times the number of workers
is the baseline. Start-up is the time from the call of make_evaluator until every worker has its environment. The
overhead of an episode is the wall time of a one-step episode of a trivial environment in one worker, less that of the
same loop here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from common import Comparison, Report, arguments, compiled, interleaved, quartiles, require, rows_after

import bierl_fast as bf
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator

TARGET = 0.80
START_SECONDS, OVERHEAD_MS = 5.0, 1.0
ROWS = {"LunarLanderContinuous-v3": 128, "BipedalWalker-v3": 64}
GENERATIONS = 5
WORKERS = 2


class Trivial(gymnasium.Env[Any, Any]):
    """One step, and over."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (4,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self) -> None:
        self._observation = np.zeros(4)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        return self._observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self._observation, 1.0, True, False, {}


def make(task: str, workers: int) -> ProcessPoolEvaluator[Any]:
    evaluator = bf.make_evaluator(task, hidden=(64, 64), workers=workers)
    assert isinstance(evaluator, ProcessPoolEvaluator)
    return evaluator


class Alone:
    """One process running rows in a plain loop."""

    def __init__(self, task: str, evaluator: ProcessPoolEvaluator[Any], population: bf.Population) -> None:
        self._task, self._fresh = task, evaluator.fresh_env
        policy, rows = compiled(evaluator.policy), range(population.rows)
        self._policies = [policy.with_parameters(evaluator.parameters(population, row)) for row in rows]
        self._seeds = [evaluator.reset_seed(population, row) for row in rows]
        self._env = gymnasium.make(task, disable_env_checker=True)

    def run(self) -> tuple[list[float], int]:
        """Returns, and env steps of all rows."""
        totals, steps = [], 0
        for policy, seed in zip(self._policies, self._seeds, strict=True):
            env = gymnasium.make(self._task, disable_env_checker=True) if self._fresh else self._env
            observation, _ = env.reset(seed=seed)
            total, done = 0.0, False
            while not done:
                observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
                total, steps, done = total + float(reward), steps + 1, terminated or truncated
            totals.append(total)
            if self._fresh:
                env.close()
        return totals, steps


def cpu_seconds(pids: list[int]) -> float:
    """What processes have used of processors so far. Unlike a rate, it hardly depends on who else is at work."""
    ticks = [(Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids]
    return sum(int(user) + int(system) for user, system in ticks) / os.sysconf("SC_CLK_TCK")


def compare(task: str, rows: int, generations: int, repetitions: int) -> Comparison:
    with make(task, WORKERS) as evaluator:
        population = rows_after(evaluator, generations, rows)
        batch = evaluator.evaluate(population)
        alone = Alone(task, evaluator, population)
        totals, steps = alone.run()
        require(totals == batch.returns_r.tolist(), "returns differ from the plain loop's")
        require(steps == batch.steps, "env steps differ from the plain loop's")

        def ours() -> float:
            start = time.perf_counter()
            return evaluator.evaluate(population).steps / (time.perf_counter() - start)

        def baseline() -> float:
            start = time.perf_counter()
            return WORKERS * alone.run()[1] / (time.perf_counter() - start)

        before = cpu_seconds(evaluator.workers), cpu_seconds([os.getpid()])
        rates = interleaved(repetitions, ours, baseline)
        after = cpu_seconds(evaluator.workers), cpu_seconds([os.getpid()])
        work = steps * (repetitions + 1)  # and the warm-up
        inside, alone_us = (1e6 * (b - a) / work for a, b in zip(before, after, strict=True))
        return Comparison(
            f"{task}, {WORKERS} workers",
            "env steps/s",
            *rates,
            baseline_name=f"{WORKERS} x one process alone",
            same_work=f"{steps} env steps in {rows} episodes on both sides, returns equal bit for bit",
            target=TARGET,
            notes={
                "policy": f"64x64 tanh after {generations} generations, mean return {np.mean(totals):.1f}",
                "processor time of an env step": f"{inside:.1f} us in the workers, {alone_us:.1f} us in this process, "
                "which also hands out their rows",
                "new environment for each episode, on both sides": evaluator.fresh_env,
            },
        )


def start_seconds(task: str) -> float:
    """From the call until every worker has its environment."""
    start = time.perf_counter()
    with make(task, WORKERS) as evaluator:
        evaluator.wait_until_ready()
        return time.perf_counter() - start


def overhead_ms(rows: int) -> float:
    """Of an episode in one worker, beyond the same loop here."""
    with make("bench/Trivial-v0", 1) as evaluator:
        population = rows_after(evaluator, 1, rows)
        alone = Alone("bench/Trivial-v0", evaluator, population)
        evaluator.evaluate(population)
        alone.run()
        start = time.perf_counter()
        evaluator.evaluate(population)
        middle = time.perf_counter()
        alone.run()
        return 1e3 * ((middle - start) - (time.perf_counter() - middle)) / rows


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=7)
    parser.add_argument("--tasks", nargs="+", choices=ROWS, default=list(ROWS))
    given = parser.parse_args()
    quick, repetitions = given.quick, 1 if given.quick else given.repetitions
    gymnasium.register("bench/Trivial-v0", entry_point="pool:Trivial", max_episode_steps=1)
    report = Report("pool", __doc__, None if quick else given.out)
    for task in given.tasks:
        report.add(compare(task, 4 if quick else ROWS[task], 1 if quick else GENERATIONS, repetitions))
    reached = True
    others: list[tuple[str, str, float, Callable[[], float]]] = [
        (
            f"start-up of {WORKERS} workers, LunarLanderContinuous-v3",
            "s",
            START_SECONDS,
            lambda: start_seconds("LunarLanderContinuous-v3"),
        ),
        ("overhead of an episode", "ms", OVERHEAD_MS, lambda: overhead_ms(20 if quick else 2000)),
    ]
    for name, unit, most, measure in others:
        low, middle, high = quartiles([measure() for _ in range(repetitions)])
        reached &= middle < most
        report.note(
            name,
            f"median {middle:.3f} {unit} [{low:.3f} ... {high:.3f}] of {repetitions}, target below {most:g}: "
            + ("reached" if middle < most else "MISSED"),
        )
    return report.finish() or (0 if reached or quick else 1)


if __name__ == "__main__":
    sys.exit(main())
