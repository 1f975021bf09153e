"""One state of this project against another: speed, measured in turn in one run.

    python bench/versus.py BEFORE [AFTER] --work DIR                      seconds
    python bench/versus.py BEFORE [AFTER] --work DIR --instructions       instructions of one thread, by callgrind

Both are built alike (builds.py). A process of each side stays for the whole measurement and does a piece of work when
it is asked to (sides/timing.py), so that what it has loaded, and where, is the same for every repetition. The sides
take turns, A B, B A, A B, ..., after one warm-up of each. `import` and `--help` are fresh processes every time. The
ratio is AFTER's rate over BEFORE's, the median over the pairs, with the quartiles of the pairs' own ratios; the ratio
of the two sides' medians stands beside it. Steps, returns and parameters are compared after every repetition.

With `--instructions` such a process runs under valgrind, which counts while short pieces of work are done: what a start
and the first repetition cost is left out. The count hardly depends on who else is at work (one build against itself, on
a busy machine: within 0.1 %), but it is that of the instruction sets valgrind knows (no AVX-512), and of one thread.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import builds
import numpy as np
from builds import Side
from common import Comparison, Report, arguments, interleaved, require

TARGET = 0.98
MEASURES = {
    "rollouts HalfCheetah-v5": "env steps/s",
    "rollouts Hopper-v5": "env steps/s",
    "rollouts HalfCheetah-v5, 2 threads": "env steps/s",
    "noise normals": "normals/s",
    "noise perturb": "parameters/s",
    "noise gradient": "normals/s",
    "pool LunarLanderContinuous-v3": "env steps/s",
    "train none": "env steps/s",
    "train lstm": "env steps/s",
}
STARTS = {"import": ["-c", "import bierl_fast"], "--help": ["-m", "bierl_fast", "--help"]}
COUNTED = ("rollouts HalfCheetah-v5", "rollouts Hopper-v5", "noise normals", "noise perturb", "noise gradient")
TIMES = 2  # that the work is done while instructions are counted


class Process:
    """A side's process, that does what it is asked to."""

    def __init__(self, side: Side, work: Path, quick: bool, under: Sequence[str] = (), errors: IO[str] | None = None):
        """`under`: a command that runs it, with its options; `errors`: where standard error goes, if not here."""
        words = [*under, *builds.command(work, "timing.py", *(["--quick"] if quick else []))]
        self._process = subprocess.Popen(
            words, env=builds.environment(side), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        self.pid = self._process.pid
        self._name = side.name
        package = Path(self._answer()["package"])
        require(package == side.package, f"{side.name} imported another bierl_fast than the one in {side.site.name}")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of {self._name} ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def measure(self, name: str) -> dict[str, Any]:
        """One repetition: its seconds, units and outcome."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"measure": name}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _comparison(
    name: str,
    unit: str,
    repetitions: int,
    sides: tuple[Callable[[], float], Callable[[], float]],
    same: str,
    commit: str,
) -> Comparison:
    before, after = sides
    ours, baseline = interleaved(repetitions, after, before)
    notes = {"ratio of medians": f"{np.median(ours) / np.median(baseline):.3f}"}
    return Comparison(name, unit, ours, baseline, f"before, {commit}", same, target=TARGET, notes=notes)


def compare_work(name: str, repetitions: int, processes: tuple[Process, Process], commit: str) -> Comparison:
    """One measure on both sides."""
    outcomes: list[Any] = []

    def rate(process: Process) -> float:
        answer = process.measure(name)
        outcomes.append([answer["units"], answer["work"]])
        require(outcomes[-1] == outcomes[0], f"{name}: {outcomes[0]} and {outcomes[-1]}")
        return float(answer["units"] / answer["seconds"])

    sides = (lambda: rate(processes[0])), (lambda: rate(processes[1]))
    comparison = _comparison(name, MEASURES[name], repetitions, sides, "the same outcome at every repetition", commit)
    comparison.notes["outcome"] = outcomes[0]
    return comparison


def compare_start(name: str, repetitions: int, sides: tuple[Side, Side], work: Path) -> Comparison:
    """How often a fresh process could do this in a second."""
    python = builds.command(work, "timing.py")[0]
    texts: list[str] = []

    def rate(side: Side) -> float:
        start = time.perf_counter()
        done = subprocess.run(
            [python, "-P", *STARTS[name]], env=builds.environment(side), check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        texts.append(done.stdout)
        return 1.0 / seconds

    both = (lambda: rate(sides[0])), (lambda: rate(sides[1]))
    same = "exit code 0; texts may differ"
    comparison = _comparison(name, "processes/s", repetitions, both, same, sides[0].commit)
    seconds = [f"{1 / np.median(rates):.3f}" for rates in (comparison.baseline, comparison.ours)]
    comparison.notes["seconds"] = f"{seconds[0]} before, {seconds[1]} after"
    return comparison


def instructions(side: Side, work: Path, name: str) -> tuple[float, Any]:
    """Instructions for each unit of a measure's work, and what came out."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "errors").open("w+", encoding="utf-8") as errors:
        pipes = f"--vgdb-prefix={folder}/vgdb"  # by which a running valgrind is told things
        under = ["valgrind", "--tool=callgrind", "--instr-atstart=no", pipes, f"--callgrind-out-file={folder}/out"]
        process = Process(side, work, True, under, errors)

        def count(state: str) -> None:
            words = ["vgdb", pipes, f"--pid={process.pid}", "instrumentation", state]
            subprocess.run(words, check=True, capture_output=True)

        try:
            process.measure(name)
            count("on")
            answers = [process.measure(name) for _ in range(TIMES)]
            count("off")
        finally:
            process.close()
        errors.seek(0)
        found = re.search(r"Collected : (\d+)", errors.read())
    require(found is not None, f"valgrind counted nothing for {name} on {side.name}")
    assert found is not None
    outcomes = [[answer["units"], answer["work"]] for answer in answers]
    return int(found.group(1)) / sum(answer["units"] for answer in answers), outcomes


def compare_instructions(name: str, sides: tuple[Side, Side], work: Path) -> Comparison:
    """Instructions of a measure's work."""
    (before, outcome), (after, other) = (instructions(side, work, name) for side in sides)
    require(outcome == other, f"{name}: {outcome} and {other}")
    return Comparison(
        f"{name}, instructions",
        f"{MEASURES[name].removesuffix('/s')} per million instructions",
        [1e6 / after],
        [1e6 / before],
        f"before, {sides[0].commit}",
        f"the same outcome {TIMES} times",
        TARGET,
        notes={"instructions per unit": f"{before:,.2f} before, {after:,.2f} after", "outcome": outcome[0]},
    )


def chosen(given: argparse.Namespace) -> list[str]:
    """The measures that were asked for, all where none was."""
    known = list(COUNTED) if given.instructions else [*MEASURES, *STARTS]
    return [name for name in known if not given.measures or any(name.startswith(each) for each in given.measures)]


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=15)
    builds.add_arguments(parser)
    parser.add_argument("--instructions", action="store_true", help="count instructions instead of seconds")
    parser.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME", help="those that begin so, such as rollouts"
    )
    given = parser.parse_args()
    sides = builds.sides_of(given, parser)
    names = chosen(given)
    if not names:
        parser.error(
            f"no measure begins with {' or '.join(given.measures)}; there are {', '.join([*MEASURES, *STARTS])}"
        )
    report = Report(
        "versus_instructions" if given.instructions else "versus", __doc__, None if given.quick else given.out
    )
    for side in sides:
        report.note(side.name, side.commit)
    if given.instructions:
        for name in names:
            report.add(compare_instructions(name, sides, given.work))
        return report.finish()
    repetitions = 1 if given.quick else given.repetitions
    before, after = (Process(side, given.work, given.quick) for side in sides)
    try:
        for name in names:
            if name in STARTS:
                report.add(compare_start(name, repetitions, sides, given.work))
            else:
                report.add(compare_work(name, repetitions, (before, after), sides[0].commit))
    finally:
        before.close()
        after.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
