"""Runs killed by SIGKILL at random moments, and gone on with: they end as a run that nobody stopped, bit for bit.

A moment is a time, or the first sight of one of the run's files, so that the windows between two writes are hit too.
Whatever a kill leaves, `bierl resume` or the same `bierl train` goes on; no part of a file stays. The moments are
functions of the seed as far as the machine lets them be.

    python bench/break_kills.py --count 150 --seed 0
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from bierl_fast.run import metrics

RUNS = {
    "es": "quadratic --dim 4 --population 8 --optimizer adam --meta none --eval-interval 3 --eval-episodes 2",
    "es linear": "quadratic --dim 3 --population 6 --meta linear --meta-interval 1 --meta-budget 0.8",
    "pgpe csa": "ackley --dim 5 --population 8 --strategy pgpe --optimizer gradient --meta csa",
    "pbt": "rastrigin --dim 3 --population 6 --meta pbt",
    "nsr": "InvertedPendulum-v5 --population 6 --strategy nsr --meta none --hidden 4 --episode-cap 50",
}
COMMON = "--generations 25 --threads 1 --checkpoint-seconds 0 --quiet"
SIGHTS = ("manifest.json", "config.toml", "metrics.jsonl", "policy.npz", "checkpoint.npz", "best_policy.npz")
LONGEST = 600.0  # seconds that a run may take
KEPT = {"policy.npz", "checkpoint.npz", "best_policy.npz"}  # whose bytes depend on the run alone


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "bierl_fast", *words]


def finished(words: list[str]) -> tuple[int, str]:
    done = subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=LONGEST)
    return done.returncode, done.stderr.strip()


def killed(words: list[str], directory: Path, usual: float, chance: random.Random) -> str:
    """Start a command, which usually takes so many seconds, and kill it; when."""
    sight = chance.choice(SIGHTS) if chance.random() < 0.5 else None
    seconds, before = chance.uniform(0.1, 1.1) * usual, _seen(directory, sight)
    child = subprocess.Popen(command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    while child.poll() is None and time.monotonic() - began < seconds:
        if sight is not None and _seen(directory, sight) != before:
            time.sleep(chance.choice((0.0, 0.0, 0.001, 0.02)))
            break
        time.sleep(0.0005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return f"at the sight of {sight}" if sight is not None else f"after {seconds:.2f} s"


def _seen(directory: Path, name: str | None) -> int:
    try:
        return 0 if name is None else (directory / name).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def went_on(directory: Path, train: list[str]) -> list[str]:
    """The command that goes on with what is there: resume, or where that refuses train; [] where both do."""
    for words in (["resume", str(directory), "--quiet"], [*train, "--run-dir", str(directory)]):
        code, said = finished(words)
        if code == 0:
            return words
        if "\n" in said or "Traceback" in said:
            print(f"broken: {' '.join(words[:2])} said {said!r}", flush=True)
            return []
    print(f"broken: neither resume nor train goes on with {sorted(file.name for file in directory.iterdir())}: {said}")
    return []


def differences(one: Path, other: Path) -> list[str]:
    """Names of what differs between two finished runs, and of what no run leaves."""
    names = {file.name for folder in (one, other) for file in folder.iterdir()}
    found = [f"{name} is left" for name in sorted(names) if name.startswith(".")]
    for name in sorted(names & KEPT):
        with np.load(one / name) as first, np.load(other / name) as second:
            same = first.files == second.files and all(np.array_equal(first[n], second[n], True) for n in first.files
                                                       if first[n].dtype.kind != "U")  # fmt: skip
        found += [] if same else [name]
    lines = [
        [{**record, "seconds": None} for record in metrics.read(folder / "metrics.jsonl")] for folder in (one, other)
    ]
    return found + ([] if lines[0] == lines[1] else ["metrics.jsonl"])


def one_run(name: str, whole: Path, directory: Path, kills: int, usual: float, chance: random.Random) -> list[str]:
    """What is broken of a run that is killed so often and then goes on to its end, as `whole`, which took `usual`."""
    train, moments = ["train", *RUNS[name].split(), *COMMON.split()], []
    for number in range(kills):
        words = [*train, "--run-dir", str(directory)]
        if number and (directory / "config.toml").exists():
            words = ["resume", str(directory), "--quiet"]
        moments.append(killed(words, directory, usual, chance))
    if not went_on(directory, train):
        return [f"{name}: killed {', '.join(moments)}: does not go on"]
    return [f"{name}: killed {', '.join(moments)}: {what}" for what in differences(whole, directory)]


def everything(count: int, seed: int) -> int:
    """Kill so often; how many runs were broken."""
    chance, left, broken, runs = random.Random(seed), count, 0, Counter[str]()
    with tempfile.TemporaryDirectory() as work:
        seconds = dict.fromkeys(RUNS, 0.0)
        for name, words in RUNS.items():
            began = time.monotonic()
            code, said = finished(["train", *words.split(), *COMMON.split(), "--run-dir", f"{work}/{name}"])
            assert code == 0, said
            seconds[name] = time.monotonic() - began
        while left > 0:
            name, kills = chance.choice(list(RUNS)), min(left, chance.choice((1, 1, 2, 3)))
            left -= kills
            runs[name] += 1
            for text in one_run(name, Path(work, name), Path(work, f"run{left}"), kills, seconds[name], chance):
                broken += 1
                print(f"broken: {text}", flush=True)
    print(f"{count} kills in {sum(runs.values())} runs, {broken} broken")
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=150, help="kills [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of their moments [default: %(default)s]")
    given = parser.parse_args()
    return min(1, everything(given.count, given.seed))


if __name__ == "__main__":
    sys.exit(main())
