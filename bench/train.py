"""The whole of `bierl train` against the bare closed-loop mj_step loop over actions of the same run.

Ours is the command itself, in a process of its own, with a run directory and its plain output. Its rate counts all
env steps (inner and meta) over the wall time of training: from the moment the run's settings are on disk to the
last checkpoint (the files' own times), so noise, updates, meta-level, metrics and every checkpoint are inside, and
interpreter start, imports and loading of the model are outside. The rate over the whole command, all of that
included, stands beside it.

What physics costs depends on what the policy does, and that changes while it learns. So the baseline's actions come
from the same run: it is run once more in this process (equal seed, equal bits; the metrics are compared), and every
STRIDE-th row of all its evaluations, inner and meta alike, is replayed in NativeEnv and recorded. The bare loop (see
rollouts.py) is timed on those rows right before and right after each training run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from bare import BareLoop, Episodes, Recorder
from common import Comparison, PassingOn, Report, arguments, compiled, require, spread

import bierl_fast as bf
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.run import build, loop, metrics
from bierl_fast.run.record import Recorder as RunRecorder

TASK = "HalfCheetah-v5"
STRATEGY = "es"  # named, as the command has a start of its own for the task, which Config has not
TARGETS = {"none": 0.85, "lstm": 0.80}
Settings = dict[str, Any]  # of the Config, and the command's options
QUICK: Settings = {
    "generations": 6,
    "population": 4,
    "episode_cap": 200,
}
QUICK_META: Settings = {"meta_candidates": 2, "meta_pairs": 1, "meta_episodes": 1, "meta_interval": 1}
STRIDE = 17  # odd and not a divisor of a population with its centre: no sign, pair or proposal is preferred


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the run: what it ran, from where, and what came out."""

    policy: bf.Policy
    seed: int
    length: int
    total: float


class Sampler(PassingOn):
    """An evaluator that keeps every STRIDE-th row that passes; otherwise the one it is given."""

    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__(evaluator)
        self.samples: list[Sample] = []
        self.rows = 0

    def evaluate(self, population: bf.Population) -> bf.EvaluationBatch:
        batch = self._evaluator.evaluate(population)
        for row in range(-self.rows % STRIDE, population.rows, STRIDE):
            policy = compiled(self.policy).with_parameters(self._evaluator.parameters(population, row))
            seed = self._evaluator.reset_seed(population, row)
            self.samples.append(Sample(policy, seed, int(batch.lengths_r[row]), float(batch.returns_r[row])))
        self.rows += population.rows
        return batch


def sampled_run(config: bf.Config) -> tuple[Sampler, list[metrics.Record]]:
    """The same run in this process, with its rows sampled."""
    parts = build.make_parts(config)
    sampler = Sampler(parts.evaluator)
    run = loop.Run(replace(parts, evaluator=sampler), RunRecorder(parts.config))
    loop.train(run)
    return sampler, list(run.recorder.records)


def recorded(samples: list[Sample], threads: int, max_steps: int | None) -> Episodes:
    """The samples' actions, replayed in NativeEnv; as many as share out evenly, so that no thread waits at the end."""
    samples = samples[: len(samples) // threads * threads] or samples
    with BareLoop(TASK, threads=1) as bare:
        recorder = Recorder(TASK, (bare.nq, bare.nv), max_steps)
    episodes = Episodes.of([recorder.record(sample.policy, sample.seed) for sample in samples])
    require(episodes.lengths.tolist() == [s.length for s in samples], "episode lengths differ from NativeEnv's")
    require(episodes.totals.tolist() == [s.total for s in samples], "returns differ from NativeEnv's")
    return episodes


@dataclass(frozen=True, slots=True)
class Timed:
    """One run of the command."""

    records: list[metrics.Record]
    training: float  # seconds from the run's settings on disk to its last checkpoint
    command: float  # seconds of the whole process


def timed_command(settings: Settings) -> Timed:
    """Run `bierl train` with these settings."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "run"
        command = [sys.executable, "-P", "-m", "bierl_fast", "train", TASK, "--run-dir", str(directory)]
        command += [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        begun, ended = ((directory / name).stat().st_mtime_ns for name in ("config.toml", "checkpoint.npz"))
        return Timed(metrics.read(directory / "metrics.jsonl"), (ended - begun) / 1e9, seconds)


def without_seconds(records: list[metrics.Record]) -> list[dict[str, Any]]:
    """What must be equal between two runs of one configuration."""
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


def compare(settings: Settings, repetitions: int) -> Comparison:
    """One meta-level at one number of threads."""
    config = bf.Config(task=TASK, **settings)
    sampler, records = sampled_run(config)
    episodes = recorded(sampler.samples, config.threads or 1, config.episode_cap)
    steps = int(records[-1]["env_steps"])
    ours, whole, baseline = [], [], []
    with BareLoop(TASK, config.threads or 1) as bare:
        require(np.array_equal(bare.run(episodes), episodes.final_qpos), "the bare loop ends at other positions")

        def bare_seconds() -> float:
            start = time.perf_counter()
            bare.run(episodes)
            return time.perf_counter() - start

        for _ in range(repetitions):
            before = bare_seconds()
            timed = timed_command(settings)
            after = bare_seconds()
            require(without_seconds(timed.records) == without_seconds(records), "the run differs from the sampled one")
            ours.append(steps / timed.training)
            whole.append(steps / timed.command)
            baseline.append(2 * episodes.steps / (before + after))
    seconds = {phase: sum(r["seconds"][phase] for r in timed.records) for phase in loop.PHASES}
    return Comparison(
        f"bierl train {config.task} --meta {config.meta}, {config.threads} thread{'s' * (config.threads != 1)}",
        "env steps/s",
        ours,
        baseline,
        baseline_name="bare mj_step loop",
        same_work=f"metrics of all {len(records)} generations equal the sampled run's; {len(episodes.totals)} of its "
        f"{sampler.rows} rows recorded ({episodes.steps} env steps), lengths and returns equal NativeEnv's, final qpos "
        "of the bare loop equal bit for bit",
        target=TARGETS[config.meta],
        notes={
            "env steps": f"{steps}, of them meta {records[-1]['meta_steps']} ({records[-1]['meta_updates']} updates)",
            "mean return": f"{records[0]['mean_return']:.1f} in the first generation, "
            f"{records[-1]['mean_return']:.1f} in the last",
            "last run's seconds": ", ".join(f"{phase} {value:.3f}" for phase, value in seconds.items()),
            "whole command, imports included": f"env steps/s {spread(whole)}, "
            f"ratio {np.median(np.divide(whole, baseline)):.3f}",
        },
    )


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=5)
    parser.add_argument("--metas", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--generations", type=int, default=20, metavar="N", help="[default: %(default)s]")
    given = parser.parse_args()
    report = Report("train", __doc__, None if given.quick else given.out)
    for meta in given.metas:
        for threads in given.threads[-1:] if given.quick else given.threads:
            settings = {"strategy": STRATEGY, "meta": meta, "threads": threads, "seed": 0}
            settings["generations"] = given.generations
            if given.quick:
                settings |= QUICK if meta == "none" else QUICK | QUICK_META
            report.add(compare(settings, 1 if given.quick else given.repetitions))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
