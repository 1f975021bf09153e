"""Two states of this project give the same bits: short runs of everything, compared.

    python bench/same_bits.py BEFORE [AFTER] --work DIR

Both are built (builds.py) and do the same runs (short_runs.py), each side in a process of its own, both at once: every
strategy with every meta-level of BEFORE's tables on native, pool and function tasks; every setting that changes
results, in BEFORE's spelling; every preset and packaged generator; two rounds of pretraining. Then both continue,
evaluate and diagnose what BEFORE wrote, and continue the runs kept in tests/data.

Of each run are equal, bit for bit: every array of policy.npz, best_policy.npz, warm_start.npz and checkpoint.npz, the
headers of the first three (one of AFTER may say more), metrics.jsonl but for `seconds`, and what evaluate and diagnose
answer. What BEFORE refuses with an error AFTER must refuse with that error, or one derived from it; the text may
differ. Anything else that is raised on both sides is a fault in the list of runs, and counts as a difference. Exit code
1 at any difference.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import builds
import numpy as np
import short_runs
from builds import Side
from short_runs import Run

ARCHIVES = ("policy.npz", "best_policy.npz", "warm_start.npz", "checkpoint.npz")
DATA = builds.ROOT / "tests" / "data"
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run on both sides."""

    name: str
    verdict: str  # "equal", "refused by both" or "different"
    text: str = ""  # the error's class, or the first field that differs
    updates: int = 0  # of the meta-level, so that it shows whether there were any to compare

    @property
    def group(self) -> str:
        """The part of the name before the colon."""
        return self.name.partition(":")[0]


def first_difference(before: Any, after: Any, where: str = "") -> str | None:
    """Where two values of JSON part, and how; None: nowhere. Numbers are equal to the last bit, NaN to itself."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            if key not in before or key not in after:
                return f"{where}{key} is there {'before' if key in before else 'after'} alone"
            if found := first_difference(before[key], after[key], f"{where}{key}."):
                return found
        return None
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        found_in = (first_difference(a, b, f"{where}{i}.") for i, (a, b) in enumerate(zip(before, after, strict=True)))
        return next((found for found in found_in if found), None)
    same = type(before) is type(after) and (repr(before) == repr(after))
    return None if same else f"{where.rstrip('.')}: {before!r} before, {after!r} after"


def _archive(path: Path) -> dict[str, Any]:
    """Header and arrays of a file; a checkpoint's header holds settings, whose names may change."""
    with np.load(path, allow_pickle=False) as file:
        values = {name: file[name] for name in file.files}
    header = json.loads(str(values.pop("header")))
    return values if path.name == "checkpoint.npz" else {"header": header, **values}


def _archives_differ(before: Path, after: Path) -> str | None:
    a, b = _archive(before), _archive(after)
    told, now = a.pop("header", {}), b.pop("header", {})
    if found := first_difference(told, {name: now[name] for name in told if name in now}, "header."):
        return found
    for name in dict.fromkeys([*a, *b]):
        if name not in a or name not in b:
            return f"{name} is there {'before' if name in a else 'after'} alone"
        if (a[name].dtype, a[name].shape) != (b[name].dtype, b[name].shape):
            return f"{name}: {a[name].dtype}{a[name].shape} before, {b[name].dtype}{b[name].shape} after"
        if a[name].tobytes() != b[name].tobytes():
            other = np.frombuffer(a[name].tobytes(), np.uint8) != np.frombuffer(b[name].tobytes(), np.uint8)
            index = int(np.argmax(other)) // a[name].itemsize
            return f"{name}[{index}]: {a[name].ravel()[index]!r} before, {b[name].ravel()[index]!r} after"
    return None


def _records(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def files_differ(before: Path, after: Path) -> str | None:
    """The first difference between what two runs wrote; None: none."""
    for name in (*ARCHIVES, "metrics.jsonl"):
        paths = before / name, after / name
        there = [path.is_file() for path in paths]
        if there[0] != there[1]:
            return f"{name} is there {'before' if there[0] else 'after'} alone"
        if there[0]:
            if name == "metrics.jsonl":
                found = first_difference(_records(paths[0]), _records(paths[1]), "generation ")
            else:
                found = _archives_differ(*paths)
            if found:
                return f"{name}: {found}"
    return None


def compared(name: str, before: Result | None, after: Result | None) -> Outcome:
    """The verdict on one run; None: the side's process ended before it."""
    for side, result in (("before", before), ("after", after)):
        if result is None:
            return Outcome(name, "different", f"the process {side} ended without a result")
    assert before is not None
    assert after is not None
    told = [f"{result['outcome']}{': ' + _error(result) if 'error' in result else ''}" for result in (before, after)]
    if before["outcome"] != after["outcome"]:
        return Outcome(name, "different", f"{told[0]} before, {told[1]} after")
    if before["outcome"] == "failed":
        return Outcome(name, "different", f"raised on both sides, which no run of the list should be: {told[0]}")
    if before["outcome"] == "refused":
        if before["error"][0] not in after["error"]:
            return Outcome(name, "different", f"{told[0]} before, {told[1]} after")
        return Outcome(name, "refused by both", before["error"][0])
    found = first_difference(before["answer"], after["answer"], "answer.")
    found = found or files_differ(Path(before["folder"]), Path(after["folder"]))
    return Outcome(name, "different", found) if found else Outcome(name, "equal", updates=_updates(before))


def _error(result: Result) -> str:
    return f"{result['error'][0]}: {result['message']}"


def _updates(result: Result) -> int:
    path = Path(result["folder"]) / "metrics.jsonl"
    records = _records(path) if path.is_file() else []
    return int(records[-1].get("meta_updates") or 0) if records else 0


def run_side(side: Side, work: Path, stage: str, runs: list[Run]) -> dict[str, Result]:
    """Do the runs on a side; what came of each, by name."""
    folder = work / "runs" / f"{stage}-{side.name}"
    shutil.rmtree(folder, ignore_errors=True)
    listed = folder.with_suffix(".json")
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text(json.dumps(runs), encoding="utf-8")
    log = folder.with_suffix(".log")
    with log.open("w", encoding="utf-8") as output:
        words = builds.command(work, "bits.py", str(listed), str(folder))
        code = subprocess.run(words, env=_alike(side, work), stdout=output, stderr=output, check=False).returncode
    if code:
        print(f"{side.name} ended with exit code {code}:\n{log.read_text(encoding='utf-8')[-2000:]}", flush=True)
    lines = (folder / "results.jsonl").read_text("utf-8").splitlines() if (folder / "results.jsonl").is_file() else []
    return {result["name"]: result for result in map(json.loads, lines)}


def _alike(side: Side, work: Path) -> dict[str, str]:
    """Marks of what is trusted lie with the runs."""
    return {**builds.environment(side), "MUJOCO_GL": "disable", "XDG_STATE_HOME": str(work / "state")}


def tables(side: Side, work: Path) -> dict[str, Any]:
    """The names of a side's tables; SystemExit where another package than the side's is imported."""
    words = builds.command(work, "bits.py", "--tables")
    done = subprocess.run(words, env=_alike(side, work), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side.name}, {side.commit}, cannot be run:\n{done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    if Path(found.pop("package")) != side.package:
        raise SystemExit(f"{side.name}: another bierl_fast was imported than the one in {side.site.name}")
    return found


def stage_of(
    name: str, sides: tuple[Side, Side], work: Path, runs: tuple[list[Run], list[Run]]
) -> tuple[dict[str, Result], dict[str, Result]]:
    """Both sides' results, from two processes at once."""
    names = [run["name"] for run in runs[0]]
    repeated = [each for each, count in Counter(names).items() if count > 1]
    assert not repeated, f"runs need names of their own, got {repeated[0]!r} twice"
    with ThreadPoolExecutor(2) as both:
        jobs = [both.submit(run_side, side, work, name, own) for side, own in zip(sides, runs, strict=True)]
        before, after = (job.result() for job in jobs)
    return before, after


def compare(given: argparse.Namespace, sides: tuple[Side, Side]) -> Iterator[Outcome]:
    """Every run's outcome: first those that begin anew, then those that go on with what BEFORE wrote."""
    work: Path = given.work
    names, now = tables(sides[0], work), tables(sides[1], work)
    names["foreign"] = {meta: names["foreign"][meta] + now["foreign"].get(meta, []) for meta in names["foreign"]}
    chosen = [run for run in short_runs.first_runs(names) if fnmatch(run["name"], given.only)]
    before, after = stage_of("first", sides, work, (chosen, _seeded(chosen, given.after_seed)))
    yield from (compared(run["name"], before.get(run["name"]), after.get(run["name"])) for run in chosen)
    written = {name: result["folder"] for name, result in before.items() if result["outcome"] == "done"}
    kept = sorted(path for path in DATA.glob("run_format_*") if path.is_dir())
    later = short_runs.later_runs(chosen, written, kept)
    before, after = stage_of("later", sides, work, (later, later))
    yield from (compared(run["name"], before.get(run["name"]), after.get(run["name"])) for run in later)


def _seeded(runs: list[Run], seed: int | None) -> list[Run]:
    if seed is None:
        return runs
    return [{**run, "settings": {**run["settings"], "seed": seed}} for run in runs]


def table(outcomes: list[Outcome]) -> list[str]:
    """Counts by group, in lines of a Markdown table."""
    lines = ["| group | runs | equal | refused by both | different | meta-updates |", "|---|---|---|---|---|---|"]
    for group in [*dict.fromkeys(outcome.group for outcome in outcomes), "all"]:
        own = [outcome for outcome in outcomes if group in ("all", outcome.group)]
        count = Counter(outcome.verdict for outcome in own)
        cells = [len(own), *(count[each] for each in ("equal", "refused by both", "different"))]
        lines.append(f"| {group} | {' | '.join(map(str, [*cells, sum(o.updates for o in own)]))} |")
    return lines


def write(path: Path, given: Mapping[str, Any], sides: tuple[Side, Side], outcomes: list[Outcome]) -> None:
    """The result as JSON."""
    from common import machine_facts  # noqa: PLC0415 - it needs this package installed here, which the rest does not

    content = {
        "name": "same_bits",
        "machine": machine_facts(),
        **{side.name: side.commit for side in sides},
        "counts": Counter(outcome.verdict for outcome in outcomes),
        "refusals": Counter(outcome.text for outcome in outcomes if outcome.verdict == "refused by both"),
        "meta_updates": sum(outcome.updates for outcome in outcomes),
        "differences": {o.name: o.text for o in outcomes if o.verdict == "different"},
        "runs": {outcome.name: outcome.verdict for outcome in outcomes},
        **given,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    builds.add_arguments(parser)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="runs whose name matches, such as 'native: *'")
    parser.add_argument("--after-seed", type=int, metavar="S", help="another seed AFTER: every run must then differ")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result as JSON")
    given = parser.parse_args()
    sides = builds.sides_of(given, parser)
    started = time.monotonic()
    outcomes = list(compare(given, sides))
    seconds = round(time.monotonic() - started)
    print("\n".join([f"before {sides[0].commit}, after {sides[1].commit}, {seconds} s", "", *table(outcomes)]))
    for name, count in Counter(o.text for o in outcomes if o.verdict == "refused by both").items():
        print(f"refused by both with {name}: {count}")
    different = [outcome for outcome in outcomes if outcome.verdict == "different"]
    for outcome in different:
        print(f"DIFFERENT  {outcome.name}\n           {outcome.text}")
    if given.out:
        write(given.out, {"seconds": seconds, "cores": os.cpu_count()}, sides, outcomes)
    if not outcomes:
        raise SystemExit(f"no run's name matches {given.only!r}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
