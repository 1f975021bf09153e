"""Whole-episode rollouts against the bare closed-loop mj_step loop over the same actions.

`es` trains for a few generations, so that the policy moves and observations are normalised by real statistics. The
candidates of the next generation, drawn anew, are the rows. Their actions are recorded once, by replaying each row in
NativeEnv with the compiled policy. Then the evaluator runs the rows, and native/bare_loop.cpp runs the recorded
actions: mj_resetData, the recorded start state, mj_forward, and for every action a copy of the controls and frame_skip
calls of mj_step. The bare loop makes no observation, policy, noise, reward or contact force.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
from bare import BareLoop, Episodes, Recorder
from common import Comparison, Report, arguments, compiled, interleaved, require, rows_after

import bierl_fast as bf
from bierl_fast.evaluation.base import Evaluator

TARGET = 0.90


@dataclass(frozen=True, slots=True)
class Size:
    """How much to do on a task: seconds of one thread for each timing."""

    generations: int  # of training before the rows are drawn
    rows: int  # episodes
    population: int = 32  # while training


SIZES = {
    "HalfCheetah-v5": Size(generations=20, rows=48),
    "Hopper-v5": Size(generations=20, rows=128),
    "Ant-v5": Size(generations=5, rows=12),
    "Humanoid-v5": Size(generations=10, rows=128),
}
QUICK = Size(generations=1, rows=4, population=4)


def trained_population(task: str, size: Size) -> tuple[Evaluator, bf.Population]:
    """The evaluator after `generations` of `es`, with its statistics, and `rows` candidates of the next one."""
    evaluator = bf.make_evaluator(task, hidden=(64, 64), obs_norm=True)
    return evaluator, rows_after(evaluator, size.generations, size.rows, size.population)


def recorded(task: str, evaluator: Evaluator, population: bf.Population) -> Episodes:
    """Every row's actions, replayed in NativeEnv."""
    with BareLoop(task, threads=1) as bare:
        recorder = Recorder(task, (bare.nq, bare.nv))
    policies = [
        compiled(evaluator.policy).with_parameters(evaluator.parameters(population, r)) for r in range(population.rows)
    ]
    seeds = [evaluator.reset_seed(population, r) for r in range(population.rows)]
    return Episodes.of([recorder.record(policy, seed) for policy, seed in zip(policies, seeds, strict=True)])


Source = tuple[Evaluator, bf.Population, Episodes]  # trained evaluator, rows, their recorded actions


def compare(task: str, size: Size, threads: int, repetitions: int, source: Source) -> Comparison:
    """One task at one number of threads."""
    trained, population, episodes = source
    evaluator = bf.make_evaluator(task, hidden=(64, 64), obs_norm=True, threads=threads)
    evaluator.load(trained.state())
    batch = evaluator.evaluate(population)
    require(np.array_equal(batch.lengths_r, episodes.lengths), "episode lengths differ from NativeEnv's")
    require(np.array_equal(batch.returns_r, episodes.totals), "returns differ from NativeEnv's")
    with BareLoop(task, threads) as bare:
        require(np.array_equal(bare.run(episodes), episodes.final_qpos), "the bare loop ends at other positions")

        def ours() -> float:
            start = time.perf_counter()
            steps = evaluator.evaluate(population).steps
            return steps / (time.perf_counter() - start)

        def baseline() -> float:
            start = time.perf_counter()
            bare.run(episodes)
            return episodes.steps / (time.perf_counter() - start)

        rates = interleaved(repetitions, ours, baseline)
    return Comparison(
        f"{task}, {threads} thread{'s' * (threads > 1)}",
        "env steps/s",
        *rates,
        baseline_name="bare mj_step loop",
        same_work=f"{episodes.steps} env steps in {population.rows} episodes on both sides; lengths and returns equal "
        "NativeEnv's, and the bare loop's final qpos equals NativeEnv's bit for bit",
        target=TARGET,
        notes={"policy": f"64x64 tanh after {size.generations} generations, mean return {episodes.totals.mean():.1f}"},
    )


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=7)
    parser.add_argument("--tasks", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    given = parser.parse_args()
    report = Report("rollouts", __doc__, None if given.quick else given.out)
    for task in given.tasks:
        size = QUICK if given.quick else SIZES[task]
        evaluator, population = trained_population(task, size)
        source: Source = (evaluator, population, recorded(task, evaluator, population))
        for threads in given.threads:
            report.add(compare(task, size, threads, 1 if given.quick else given.repetitions, source))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
