"""Gymnasium's tasks as tasks of one's own against the built-in ones: as terms, as numba.cfunc, as a C++ library.

HalfCheetah-v5, Hopper-v5, Ant-v5 and Humanoid-v5 stand as terms in tests/helpers/own_tasks.py. In `cfunc` and
`library` what the policy sees and what is paid for, but for the cost of actions and for being alive, is code:
own_terms.py, and native/own_terms.cpp, compiled here. Each side runs the same rows; returns and lengths are equal bit
for bit.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import Comparison, Report, arguments, interleaved, require, rows_after

import bierl_fast as bf
from bierl_fast._library import package_folder

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))  # where these tasks are described
from helpers.own_tasks import REWRITTEN, rewritten  # noqa: E402

SOURCES = HERE.parent / "csrc"
TARGETS = {"terms": 0.97, "cfunc": 0.90, "library": 0.97}
ROWS = {"HalfCheetah-v5": 48, "Hopper-v5": 128, "Ant-v5": 12, "Humanoid-v5": 128}
SIZES = {"HalfCheetah-v5": 17, "Hopper-v5": 11, "Ant-v5": 105, "Humanoid-v5": 348}
GENERATIONS = 10


def library(folder: str) -> str:
    """The library of terms, compiled against this tree's sources; the path of it."""
    mujoco = package_folder("mujoco")
    require(mujoco is not None, "MuJoCo is not there")
    target = Path(folder) / "libown_terms.so"
    sources = ("core/names", "episode/options", "mujoco/terms/names")
    flags = ("-std=c++20", "-O3", "-DNDEBUG", "-ffp-contract=off", "-fvisibility=hidden", "-shared", "-fPIC")
    subprocess.run(
        [
            *("c++", *flags, f'-DBIERL_VERSION="{bf.__version__}"', f"-I{SOURCES}", f"-I{mujoco}/include"),
            str(HERE / "native" / "own_terms.cpp"),
            *(str(SOURCES / "bierl" / f"{name}.cpp") for name in sources),
            *(str(*Path(str(mujoco)).glob("libmujoco.so.*")), "-o", str(target)),
        ],
        check=True,
    )
    return str(target)


def of_code(task: str, seen: dict[str, Any], place: dict[str, Any], contacts: dict[str, Any]) -> dict[str, Any]:
    """A rewritten task, with code in the place of its terms."""
    described = rewritten(task)
    described["observation"] = [seen]
    rewards = described["reward"]
    first = {name: rewards[0][name] for name in ("weight", "label") if name in rewards[0]}
    paid = [{**place, **first, "rate": True}]
    for term in rewards[1:]:
        kept = {name: term[name] for name in ("weight", "limit", "label") if name in term}
        paid.append({**contacts, **kept} if term["term"] == "contact_forces" else term)
    return {**described, "reward": paid}


def as_cfunc(task: str) -> dict[str, Any]:
    """The task with compiled functions of own_terms.py."""
    stem = {"HalfCheetah-v5": "half_cheetah", "Hopper-v5": "hopper", "Ant-v5": "ant", "Humanoid-v5": "humanoid"}[task]
    touches = task in {"Ant-v5", "Humanoid-v5"}
    home = f"{HERE / 'own_terms.py'}"
    forces = {"contact_forces": True} if touches else {}
    return of_code(
        task,
        {"term": f"{home}:{stem}_seen", "size": SIZES[task], **forces},
        {"term": f"{home}:{f'{stem}_place' if touches else 'first_position'}"},
        {"term": f"{home}:{stem}_contacts", **forces},
    )


def as_library(task: str, path: str) -> dict[str, Any]:
    """The task with classes of the library at this path."""
    return of_code(task, *({"term": f"{path}:{name}", "task": task} for name in ("seen", "place", "contacts")))


def written(task: str, form: str, path: str) -> dict[str, Any]:
    """The task in one of its forms."""
    if form == "terms":
        return rewritten(task)
    return as_cfunc(task) if form == "cfunc" else as_library(task, path)


def compare(task: str, form: str, own: dict[str, Any], threads: int, repetitions: int, quick: bool) -> Comparison:
    """One form of one task against the built-in one, on the rows of the same population."""
    built_in = bf.make_evaluator(task, threads=threads)
    mine = bf.make_evaluator(bf.MujocoTask(**own), threads=threads)
    population = rows_after(built_in, 1 if quick else GENERATIONS, 4 if quick else ROWS[task])
    mine.load(built_in.state())
    wanted, got = built_in.evaluate(population), mine.evaluate(population)
    require(np.array_equal(wanted.returns_r, got.returns_r), f"{task} as {form}: returns differ")
    require(np.array_equal(wanted.lengths_r, got.lengths_r), f"{task} as {form}: lengths differ")

    def rate(evaluator: Any) -> float:
        start = time.perf_counter()
        steps = int(evaluator.evaluate(population).lengths_r.sum())
        return steps / (time.perf_counter() - start)

    ours, baseline = interleaved(repetitions, lambda: rate(mine), lambda: rate(built_in))
    return Comparison(
        f"{task} as {form}",
        "env steps/s",
        ours,
        baseline,
        baseline_name="the built-in task",
        same_work=f"{int(wanted.lengths_r.sum())} env steps in {population.rows} episodes; returns and lengths equal "
        "bit for bit",
        target=TARGETS[form],
    )


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=9)
    parser.add_argument("--tasks", nargs="+", choices=REWRITTEN, default=list(REWRITTEN))
    parser.add_argument("--forms", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    report = Report("own_tasks", __doc__, None if given.quick else given.out)
    with tempfile.TemporaryDirectory() as folder:
        path = library(folder) if "library" in given.forms else ""
        for task in given.tasks:
            for form in given.forms:
                repetitions = 1 if given.quick else given.repetitions
                report.add(compare(task, form, written(task, form, path), given.threads, repetitions, given.quick))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
