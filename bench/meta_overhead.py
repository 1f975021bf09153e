"""What a meta-level costs besides its env steps: its wall time outside of evaluations, as a share of the run's.

A run's phases are timed by the run itself; evaluations that the meta-level asks for are timed here and taken off. Two
generators on HalfCheetah-v5: the default one, and the BiERL paper's (preset `paper`: LSTM 1024, M = 200, five million
weights). The paper's starts right away here, without its warm start, and with a budget that lets its meta-updates come
every 10 generations, as in the authors' code.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

from common import PassingOn, Report, arguments, require

import bierl_fast as bf
from bierl_fast.config import toml
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.run import build, loop
from bierl_fast.run.record import Recorder

TASK = "HalfCheetah-v5"
QUICK = {
    "population": 8,
    "meta_candidates": 4,
    "episode_cap": 20,
    "generations": 6,
    "meta_interval": 2,
    "meta_budget": 0.9,
}
PAPER = {"meta_budget": 0.9, "generations": 11, "warm_start_task": None}
LIMITS = {"default": 0.05, "paper": 0.25}


class Timed(PassingOn):
    """An evaluator that knows how long it was at work, and for how many env steps."""

    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__(evaluator)
        self.seconds, self.steps = 0.0, 0

    def evaluate(self, population: bf.Population) -> bf.EvaluationBatch:
        start = time.perf_counter()
        batch = self._evaluator.evaluate(population)
        self.seconds += time.perf_counter() - start
        self.steps += batch.steps
        return batch


def overhead(settings: dict[str, Any]) -> dict[str, Any]:
    """One run: its seconds, and those of the meta-level outside of evaluations."""
    parts = build.make_parts(bf.Config(**{"task": TASK, "seed": 0, **settings}))
    timed = Timed(parts.evaluator)
    run = loop.Run(replace(parts, evaluator=timed), Recorder(parts.config))
    start = time.perf_counter()
    loop.train(run)
    whole = time.perf_counter() - start
    parts.evaluator.close()
    records, counters = run.recorder.records, run.counters
    require(counters.env_steps == timed.steps, "the run counts other env steps than were evaluated")
    require(counters.meta_updates > 0, "no meta-update was due")
    phase = {name: sum(record["seconds"][name] for record in records) for name in loop.PHASES}
    return {
        "share": (phase["meta"] + phase["evaluate"] - timed.seconds) / whole,
        "seconds": whole,
        "updates": counters.meta_updates,
        "env_steps": counters.env_steps,
        "meta_steps": counters.meta_steps,
    }


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=3)
    given = parser.parse_args()
    runs: dict[str, dict[str, Any]] = {
        "default": {"meta": "lstm", "generations": 50},
        "paper": {key: value for key, value in toml.read_preset("paper").items() if key != "task"} | PAPER,
    }
    report = Report("meta_overhead", __doc__, None if given.quick else given.out)
    reached = True
    for name, settings in runs.items():
        found = [overhead(settings | QUICK if given.quick else settings) for _ in range(given.repetitions)]
        shares = sorted(run["share"] for run in found)
        middle = found[0]
        share = shares[len(shares) // 2]
        reached = reached and (given.quick or share <= LIMITS[name])
        report.note(
            f"{name} generator, {middle['updates']} meta-updates in {middle['env_steps']:,} env steps "
            f"({middle['meta_steps']:,} meta)",
            f"meta-level outside of evaluations {share:.2%} of the run [{shares[0]:.2%} ... {shares[-1]:.2%}] of "
            f"{len(shares)}, limit {LIMITS[name]:.0%}; a run took {middle['seconds']:.1f} s",
        )
    return report.finish() or int(not reached)


if __name__ == "__main__":
    sys.exit(main())
