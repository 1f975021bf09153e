"""Valid files of every kind, and how each is read.

made(folder) -> [Sample, ...]         Sample.read(path) reads it as the package does, and raises what a user would see
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import bierl_fast as bf
from bierl_fast.comparison import measure, plan, spec
from bierl_fast.config import resolve, toml
from bierl_fast.evaluation.policy.saved import load_policy
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.pretraining.api import pretrain
from bierl_fast.run import build, checkpoint, loop, manifest, metrics
from bierl_fast.run.directory import RunDirectory

FUNCTION: dict[str, Any] = {"task": "quadratic", "dim": 3, "population": 6, "generations": 3, "seed": 1, "threads": 1}
TASK: dict[str, Any] = {"task": "InvertedPendulum-v5", "population": 4, "generations": 3, "hidden": (3,), "threads": 1}
TASK |= {"episode_cap": 30}
RUNS: dict[str, dict[str, Any]] = {
    "es-none": {**FUNCTION, "meta": "none", "optimizer": "adam", "eval_interval": 2, "eval_episodes": 2},
    "pgpe-csa": {**FUNCTION, "meta": "csa", "strategy": "pgpe"},
    "snes-none": {**FUNCTION, "meta": "none", "strategy": "snes"},
    "es-pbt": {**FUNCTION, "meta": "pbt"},
    "es-linear": {**TASK, "meta": "linear", "meta_interval": 1, "meta_budget": 0.9},
    "nsr-none": {**TASK, "meta": "none", "strategy": "nsr"},
}
SPEC = """seeds = 2
against = ["none"]
evaluation = {episodes = 3}
[base]
total_steps = 500
task_kwargs = {noise = 0.1}
[[tasks]]
name = "q"
task = "quadratic"
dim = 3
[[meta_levels]]
meta = "none"
[[settings]]
name = "small"
sigma = {times = 0.5}
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One valid file, and its reader.

    Attributes:
        kind: for the report.
        path: of the valid file.
        read: reads the file at a path.
        weight: how often it is tried, among the others: whole runs take their time.
    """

    kind: str
    path: Path
    read: Callable[[Path], object]
    weight: int = 8


def made(folder: Path) -> list[Sample]:
    """Samples of every kind, in a folder that holds them already or is filled now."""
    if not (folder / "done").exists():
        _fill(folder)
        (folder / "done").touch()
    samples = [Sample("warm start", folder / "start.npz", WarmStart.load)]
    samples += [Sample("warm start of a run", folder / "start.npz", _warm)]
    samples += [Sample("pretraining", folder / "start.npz", _pretrain)]
    samples += [Sample("comparison", folder / "spec.toml", lambda path: plan.plan(spec.read(path)))]
    samples += [Sample("evaluation", folder / "evaluation.json", lambda path: measure.read(RunDirectory(path.parent)))]
    for name in RUNS:
        run = RunDirectory(folder / name)
        parts = build.make_parts(run.read_config())
        samples += [
            Sample(f"checkpoint {name}", run.checkpoint, partial(_restore, run, parts)),
            Sample(f"resume {name}", run.checkpoint, partial(_resume, run), weight=1),
            Sample(f"policy {name}", run.policy, load_policy),
            Sample(f"policy {name}, acting", run.policy, _evaluate, weight=1),
            Sample(f"config {name}", run.config, lambda path: toml.compose(toml.read(path, saved=True))),
        ]
    run = RunDirectory(folder / "es-none")
    samples += [Sample("metrics", run.metrics, lambda path: metrics.truncate(path, 2))]
    samples += [Sample("manifest", run.manifest, manifest.warm_start)]
    samples += [Sample("best policy", run.best_policy, load_policy)]
    return samples


def _fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, settings in RUNS.items():
            bf.train(bf.Config(**settings), folder / name)
        pretrain(folder / "start.npz", ["quadratic"], rounds=1, threads=1, meta="linear")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    found = measure.Evaluation(3, False, 2, 1000000, -1.5, None)
    text = metrics.dumps({name: getattr(found, name) for name in measure.Evaluation.__dataclass_fields__}, indent=2)
    (folder / "evaluation.json").write_text(text, encoding="utf-8")


def _restore(run: RunDirectory, parts: build.Parts, path: Path) -> None:
    loop.restore(parts, checkpoint.load(path, run.read_config()))


def _resume(run: RunDirectory, path: Path) -> None:
    """The whole run with that checkpoint; what is refused must leave it as it was."""
    copy = path.parent / "run"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(run.path, copy)
    shutil.copy(path, copy / "checkpoint.npz")
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    try:
        bf.resume(copy, generations=4)
    except bf.AllFailedError:  # of values that a run can have, and that lead it nowhere
        return
    except bf.BierlError:
        if {file.name: file.read_bytes() for file in copy.iterdir()} != before:
            raise RuntimeError("a refused resume has changed files") from None
        raise


def _evaluate(path: Path) -> None:
    policy = load_policy(path)
    if policy.task in {"InvertedPendulum-v5", "quadratic"}:  # not whatever else a header may name
        bf.evaluate(policy, episodes=1, threads=1)


def _warm(path: Path) -> None:
    config = bf.Config(task="quadratic", dim=3, population=6, generations=1, meta="linear", threads=1)
    found = WarmStart.load(path)
    build.make_parts(resolve.with_warm_start(config, found), found).evaluator.close()


def _pretrain(path: Path) -> None:
    pretrain(path, rounds=1, threads=1, resume=True)
