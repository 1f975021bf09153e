"""What every benchmark shares: machine facts, interleaved repetition, and the written result.

two sides -> interleaved -> Comparison -> Report -> results/NAME.json, results/NAME.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import bierl_fast as bf
from bierl_fast import machine
from bierl_fast.evaluation.base import Evaluator, Policy
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Population

HERE = Path(__file__).parent
RESULTS = HERE / "results"

Side = Callable[[], float]  # does the work once and answers with its rate


def arguments(description: str | None, repetitions: int) -> argparse.ArgumentParser:
    """The options that every script has."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds that writes nothing")
    parser.add_argument("--repetitions", type=int, default=repetitions, metavar="N", help="[default: %(default)s]")
    add_out(parser)
    return parser


def add_out(parser: argparse.ArgumentParser) -> None:
    """The option that names where results go."""
    parser.add_argument(
        "--out", type=Path, default=RESULTS, metavar="DIR", help="the folder of results [default: bench/results]"
    )


def written(folder: Path, name: str, text: str) -> None:
    """Write one file of results, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    print(f"written: {folder / name}")


def interleaved(repetitions: int, ours: Side, baseline: Side) -> tuple[list[float], list[float]]:
    """Rates of both sides, taken in turn (A B, B A, A B, ...), after one warm-up of each."""
    ours()
    baseline()
    rates: tuple[list[float], list[float]] = ([], [])
    for repetition in range(repetitions):
        for side in (0, 1) if repetition % 2 == 0 else (1, 0):
            rates[side].append((ours, baseline)[side]())
    return rates


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measured ratio, and what makes it fair."""

    name: str  # what was measured, such as "HalfCheetah-v5, 2 threads"
    unit: str  # of the rates
    ours: list[float]  # one rate for each repetition; higher is better
    baseline: list[float]
    baseline_name: str
    same_work: str  # the check that both sides did the same work, which has passed
    target: float | None = None  # least ratio wanted
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ours over the baseline: the median over repetitions.

        The two sides of a repetition run right after each other, so what slows the machine for a while slows both. The
        ratio of the two medians would pair a slow spell of one side with a quiet one of the other.
        """
        return float(np.median(self.ratios))

    @property
    def ratios(self) -> list[float]:
        """Ours over the baseline in each repetition."""
        return [a / b for a, b in zip(self.ours, self.baseline, strict=True)]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {**asdict(self), "ratio": self.ratio, "ratio_quartiles": list(quartiles(self.ratios))}

    def lines(self) -> list[str]:
        """A few lines of text."""
        low, _, high = quartiles(self.ratios)
        verdict = "" if self.target is None else f"   target {self.target:g}: {'reached' if self.reached else 'MISSED'}"
        return [
            self.name,
            f"  {'bierl_fast':<34} {self.unit}  {spread(self.ours)}",
            f"  {self.baseline_name:<34} {self.unit}  {spread(self.baseline)}",
            f"  ratio {self.ratio:.3f}, median by repetition  [{low:.3f} ... {high:.3f}]{verdict}",
            f"  same work: {self.same_work}",
            *(f"  {name}: {value}" for name, value in self.notes.items()),
        ]

    @property
    def reached(self) -> bool:
        """Whether the ratio is at the target or above it."""
        return self.target is None or self.ratio >= self.target


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """First quartile, median, third quartile."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return float(low), float(middle), float(high)


def spread(values: list[float]) -> str:
    """`median ... [q1 ... q3] of n`."""
    low, middle, high = (f"{value:,.0f}" if value >= 100 else f"{value:.4g}" for value in quartiles(values))
    return f"median {middle}  [{low} ... {high}] of {len(values)}"


class Report:
    """Prints comparisons as they come, and writes them into a folder at the end, or nothing without one."""

    def __init__(self, name: str, method: str | None, folder: Path | None) -> None:
        self._name, self._folder = name, folder
        self._method = (method or "").strip()
        self._facts = machine_facts()
        self._comparisons: list[Comparison] = []
        self._others: dict[str, Any] = {}

    def add(self, comparison: Comparison) -> None:
        """Print one comparison and keep it. A smoke run is too short to judge."""
        comparison = comparison if self._folder else replace(comparison, target=None)
        self._comparisons.append(comparison)
        print("\n".join(comparison.lines()), flush=True)

    def note(self, name: str, value: Any) -> None:
        """Print another number and keep it."""
        self._others[name] = value
        print(f"{name}: {value}", flush=True)

    def finish(self) -> int:
        """Write the files; the exit code says whether every target was reached."""
        if self._folder is None:
            return 0
        facts = {**self._facts, "load_at_end": load()}
        content = {
            "name": self._name,
            "machine": facts,
            "comparisons": [comparison.as_dict() for comparison in self._comparisons],
            **({"others": self._others} if self._others else {}),
        }
        written(self._folder, f"{self._name}.json", json.dumps(content, indent=2) + "\n")
        written(self._folder, f"{self._name}.md", self._markdown(facts))
        return 0 if all(comparison.reached for comparison in self._comparisons) else 1

    def _markdown(self, facts: dict[str, Any]) -> str:
        table = ["| what | ratio, median by repetition | q1 ... q3 | target |", "|---|---|---|---|"]
        for c in self._comparisons:
            low, _, high = quartiles(c.ratios)
            target = "" if c.target is None else f">= {c.target:g} {'reached' if c.reached else '**missed**'}"
            table.append(
                f"| {c.name}, against {c.baseline_name} | {c.ratio:.3f} | {low:.3f} ... {high:.3f} | {target} |"
            )
        blocks = "\n\n".join("\n".join(c.lines()) for c in self._comparisons)
        others = "".join(f"- {name}: {value}\n" for name, value in self._others.items())
        machine = "\n".join(f"- {name}: {value}" for name, value in facts.items())
        return (
            f"# {self._name}\n\n" + "\n".join(table) + "\n\n" + (others + "\n" if others else "")
            + f"```text\n{blocks}\n```\n\n## Method\n\n{self._method}\n\n## Machine\n\n{machine}\n"
        )  # fmt: skip


class PassingOn:
    """An evaluator that passes everything on to another; a benchmark's own one overrides what it watches."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    @property
    def policy(self) -> Policy:
        return self._evaluator.policy

    def evaluate(self, population: Population) -> EvaluationBatch:
        return self._evaluator.evaluate(population)

    def absorb(self, batch: EvaluationBatch) -> None:
        self._evaluator.absorb(batch)

    def parameters(self, population: Population, row: int) -> F32:
        return self._evaluator.parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        return self._evaluator.reset_seed(population, row)

    def state(self) -> Arrays:
        return self._evaluator.state()

    def load(self, arrays: Arrays) -> None:
        self._evaluator.load(arrays)

    def close(self) -> None:
        self._evaluator.close()


def machine_facts() -> dict[str, Any]:
    """On what, with what and how this process measures. Names no host and no folder."""
    built = machine.build_info()
    return {
        "command": " ".join(["python", f"bench/{Path(sys.argv[0]).name}", *map(_without_folder, sys.argv[1:])]),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": machine.cpu_name(),
        "cores": machine.available_cores(),
        "instruction_set": built.get("instruction_set"),
        "compiler": built.get("compiler"),
        **machine.versions(),
        "load_at_start": load(),
    }


def _without_folder(argument: str) -> str:
    return Path(argument).name if Path(argument).is_absolute() else argument


def load() -> float:
    """Processes that ran or waited during the last minute: above zero at the start, the machine was not quiet."""
    return round(os.getloadavg()[0], 2)


def commit() -> str:
    """The commit measured, with a + when files that Git knows differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(HERE), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/bench/results")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+" if changed else "")


def rows_after(evaluator: Evaluator, generations: int, rows: int, population: int = 16) -> Population:
    """`rows` candidates after a few generations of `es`, the evaluator left with their observation statistics."""
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=population)
    hp = bf.Hyperparameters(sigma=0.02, learning_rate=0.02)
    for generation in range(generations):
        asked = strategy.ask(hp, bf.NoiseKey(0, generation))
        batch = evaluator.evaluate(asked)
        strategy.tell(asked, batch)
        evaluator.absorb(batch)
    return strategy.ask(hp, bf.NoiseKey(0, generations), candidates=rows)


def compiled(policy: Policy) -> MlpPolicy:
    """The policy of a native evaluator, with its network's facts."""
    assert isinstance(policy, MlpPolicy)
    return policy


def require(holds: bool, message: str) -> None:
    """Stop the benchmark when the two sides did not do the same work."""
    if not holds:
        raise SystemExit(f"not the same work: {message}")
