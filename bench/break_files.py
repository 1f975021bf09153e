"""Files that are nearly right: each is read, or refused in one line by an error of the package.

Every mutant is a function of (seed, number): `--only NUMBER` reads that one alone, with a traceback. What counts as
broken: a process that dies, a read that takes 20 s, memory above 150 MB, an error that is none of the package's or the
system's, or whose text has several lines or none; a refused resume that has changed a file.

    python bench/break_files.py --count 20000 --seed 0 [--processes 2]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from breaking.mutations import mutated
from breaking.samples import Sample, made

SECONDS = 20
MEMORY = 150 << 20  # bytes beyond what the process had
CHUNK = 500  # mutants of one process


class Hang(BaseException):
    """A read that took too long."""


def outcome(samples: Sequence[Sample], number: int, seed: int, work: Path, show: bool = False) -> tuple[str, str]:
    """("accepted" | "refused" | "broken", what was done and how it ended)."""
    from bierl_fast.errors import BierlError  # noqa: PLC0415 - what is tried

    chance = random.Random(f"{seed} {number}")
    (sample,) = chance.choices(samples, [each.weight for each in samples])
    what, content = mutated(sample.path.read_bytes(), chance)
    path = work / sample.path.name
    path.write_bytes(content)
    before = _reset_peak()
    signal.alarm(SECONDS)
    try:
        sample.read(path)
        result, how = "accepted", ""
    except (BierlError, OSError) as error:
        text = str(error)
        bad = "\n" in text or not text.strip() or len(text) > 5000
        result, how = "broken" if bad else "refused", f"{type(error).__name__}: {text}"
        if show:
            traceback.print_exc()
    except BaseException as error:
        result, how = "broken", f"{type(error).__name__}: {error}"
        if show:
            traceback.print_exc()
    finally:
        signal.alarm(0)
    taken = _peak() - before
    if taken > MEMORY:
        result, how = "broken", f"{taken >> 20} MB; {how}"
    return result, f"{number} {sample.kind}: {what}: {how}"


def _reset_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


def some(first: int, count: int, seed: int, folder: Path, show: bool = False) -> Counter[str]:
    """Read mutants one after another in this process; prints the broken ones."""

    def hang(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, hang)
    warnings.simplefilter("ignore")
    samples, counts = made(folder), Counter[str]()
    with tempfile.TemporaryDirectory() as work:
        for number in range(first, first + count):
            (folder / f"now-{os.getpid()}").write_text(str(number), encoding="ascii")
            result, how = outcome(samples, number, seed, Path(work), show)
            counts[result] += 1
            if result == "broken" or show:
                print(f"{result}: {how[:1500]}", flush=True)
    return counts


def everything(count: int, seed: int, processes: int, folder: Path) -> int:
    """All mutants, in processes of their own; how many were broken."""
    made(folder)
    waiting = [(first, min(CHUNK, count - first)) for first in range(0, count, CHUNK)]
    running: list[tuple[subprocess.Popen[str], int, int]] = []
    total: Counter[str] = Counter()
    while waiting or running:
        while waiting and len(running) < processes:
            first, size = waiting.pop(0)
            words = [
                sys.executable,
                __file__,
                "--seed",
                str(seed),
                "--chunk",
                str(first),
                str(size),
                "--folder",
                str(folder),
            ]
            running.append((subprocess.Popen(words, stdout=subprocess.PIPE, text=True), first, size))
        child, first, size = running.pop(0)
        out, _ = child.communicate()
        *said, last = out.splitlines() or [""]
        for line in said:
            print(line, flush=True)
        if child.returncode != 0:
            now = (folder / f"now-{child.pid}").read_text(encoding="ascii")
            print(f"broken: {now}: the process ended with {child.returncode}; {last}", flush=True)
            total["broken"] += 1
            if int(now) + 1 < first + size:
                waiting.insert(0, (int(now) + 1, first + size - int(now) - 1))
            continue
        accepted, refused, broken = (int(number) for number in last.split())
        total.update(accepted=accepted, refused=refused, broken=broken)
    print(
        f"{count} mutants of {len(made(folder))} kinds: "
        + ", ".join(f"{n} {kind}" for kind, n in sorted(total.items()))
    )
    return total["broken"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000, help="mutants [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of all of them [default: %(default)s]")
    parser.add_argument("--processes", type=int, default=1, help="side by side [default: %(default)s]")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this mutant alone, with its traceback")
    parser.add_argument("--folder", type=Path, help="where the valid files are kept [default: made anew]")
    parser.add_argument("--chunk", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made_anew:
        folder = given.folder or Path(made_anew)
        if given.only is not None:
            return some(given.only, 1, given.seed, folder, show=True)["broken"]
        if given.chunk is not None:
            first, size = given.chunk
            counts = some(first, size, given.seed, folder)
            print(counts["accepted"], counts["refused"], counts["broken"])
            return 0
        return min(1, everything(given.count, given.seed, given.processes, folder))


if __name__ == "__main__":
    sys.exit(main())
