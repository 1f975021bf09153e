"""The native Box2D tasks against the process pool with as many workers, and against a bare loop over the same actions.

`es` trains for a few generations; the candidates of the next one are the rows. The pool runs the same rows to the same
returns. The bare loop is native/bare_box2d.cpp over the recorded actions; it bounds what the first ratio can be, since
both sides run the same engine. Two threads stand beside twice one thread:
the engine counts in globals that all threads share. `--episodes N` plays N more episodes of random policies first.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import Comparison, Report, Side, arguments, compiled, interleaved, require, rows_after
from numpy.typing import NDArray

import bierl_fast as bf
from bierl_fast._box2d import files_of
from bierl_fast._library import package_folder
from bierl_fast.evaluation.base import Evaluator

HERE = Path(__file__).parent
SOURCES = HERE.parent / "csrc"
FLAGS = ("-std=c++20", "-O3", "-DNDEBUG", "-ffp-contract=off", "-shared", "-fPIC", "-pthread")
LIBM = ("-fno-builtin-sin", "-fno-builtin-cos", "-fno-builtin-tanh")  # as csrc/CMakeLists.txt has it
POOL_TARGETS = {"LunarLanderContinuous-v3": 10.0, "BipedalWalker-v3": 8.0}
BARE_TARGET, SCALING_TARGET = 0.85, 0.90
ROWS = {"LunarLanderContinuous-v3": 256, "BipedalWalker-v3": 64}
GENERATIONS = 5


class _Work(ctypes.Structure):
    _fields_ = (
        ("episodes", ctypes.c_int64),
        ("seeds", ctypes.c_void_p),
        ("first", ctypes.c_void_p),
        ("actions", ctypes.c_void_p),
        ("totals", ctypes.c_void_p),
    )


def library(folder: str) -> ctypes.CDLL:
    """The bare loop, compiled against this tree's sources and NumPy's archive."""
    numpy_folder = package_folder("numpy")
    require(numpy_folder is not None, "NumPy's archive of distributions is not there")
    names = (
        "core/names",
        "core/stopping",
        "episode/numpy_random",
        "episode/options",
        "episode/task",
        "episode/wrappers",
    )
    episode = [SOURCES / "bierl" / f"{name}.cpp" for name in names]
    episode += sorted((SOURCES / "bierl" / "episode" / "wrappers").glob("*.cpp"))
    engine = sorted((SOURCES / "bierl" / "box2d").rglob("*.cpp"))
    target = Path(folder) / "bare_box2d.so"
    command = ["c++", *FLAGS, *LIBM, f"-I{SOURCES}", f"-I{np.get_include()}", str(HERE / "native" / "bare_box2d.cpp")]
    archive = f"{numpy_folder}/random/lib/libnpyrandom.a"
    subprocess.run([*command, *map(str, episode + engine), archive, "-ldl", "-o", str(target)], check=True)
    loaded = ctypes.CDLL(str(target))
    loaded.bare_make.restype = ctypes.c_void_p
    loaded.bare_make.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
    for name in ("bare_run", "bare_free"):
        getattr(loaded, name).restype = None
    return loaded


class BareLoop:
    """Recorded episodes in the compiled loop."""

    def __init__(self, loaded: ctypes.CDLL, task: str, threads: int, evaluator: Evaluator, rows: bf.Population) -> None:
        self._library = loaded
        self._bare = ctypes.c_void_p(loaded.bare_make(task.encode(), files_of(task).encode(), threads))
        self._seeds = np.array([evaluator.reset_seed(rows, row) for row in range(rows.rows)], np.uint64)
        episodes = [recorded(task, evaluator, rows, row) for row in range(rows.rows)]
        self._first = np.concatenate([[0], np.cumsum([len(actions) for actions in episodes])]).astype(np.int64)
        self._actions = np.concatenate(episodes)
        self.steps = len(self._actions)

    def run(self) -> NDArray[np.float64]:
        """(E,) returns."""
        totals = np.empty(len(self._seeds))
        arrays = (self._seeds, self._first, self._actions, totals)
        work = _Work(len(totals), *(array.ctypes.data for array in arrays))
        self._library.bare_run(self._bare, ctypes.byref(work))
        return totals

    def close(self) -> None:
        self._library.bare_free(self._bare)


def recorded(task: str, evaluator: Evaluator, rows: bf.Population, row: int) -> NDArray[np.float32]:
    """(T, A) what the row's policy does."""
    policy = compiled(evaluator.policy).with_parameters(evaluator.parameters(rows, row))
    env = bf.NativeEnv(task)
    seen, _ = env.reset(seed=evaluator.reset_seed(rows, row))
    actions, done = [], False
    while not done:
        actions.append(np.float32(policy.act(seen)))
        seen, _, terminated, truncated, _ = env.step(actions[-1])
        done = terminated or truncated
    return np.ascontiguousarray(np.stack(actions))


def trained(task: str, generations: int, rows: int) -> tuple[Evaluator, bf.Population]:
    """The evaluator after some generations, with its statistics, and the rows of the next one."""
    evaluator = bf.make_evaluator(task, hidden=(64, 64), threads=2)
    return evaluator, rows_after(evaluator, generations, rows)


def rate(evaluator: Evaluator, rows: bf.Population, times: float = 1.0) -> Side:
    """Env steps a second of these rows."""

    def side() -> float:
        start = time.perf_counter()
        return times * evaluator.evaluate(rows).steps / (time.perf_counter() - start)

    return side


def compare(task: str, loaded: ctypes.CDLL, generations: int, count: int, repetitions: int) -> list[Comparison]:
    """The pool, the bare loop and one thread, each beside the native task."""
    source, rows = trained(task, generations, count)
    options: dict[str, Any] = {"hidden": (64, 64)}
    one, two = (bf.make_evaluator(task, threads=n, **options) for n in (1, 2))
    pool = bf.make_evaluator(task, evaluator="pool", workers=2, **options)
    for evaluator in (one, two, pool):
        evaluator.load(source.state())
    batch = one.evaluate(rows)
    for other in (two, pool):
        require(np.array_equal(other.evaluate(rows).returns_r, batch.returns_r), "returns differ")
    bare = BareLoop(loaded, task, 1, source, rows)
    require(np.array_equal(bare.run(), batch.returns_r), "the bare loop comes to other returns")
    require(bare.steps == batch.steps, "the bare loop takes other steps")

    def bare_rate() -> float:
        start = time.perf_counter()
        bare.run()
        return bare.steps / (time.perf_counter() - start)

    same = f"{batch.steps} env steps in {count} episodes on both sides, returns equal bit for bit"
    notes = {"policy": f"64x64 tanh after {generations} generations, mean return {batch.returns_r.mean():.1f}"}
    sides: list[tuple[str, str, Side, Side, float]] = [
        ("2 threads", "process pool, 2 workers", rate(two, rows), rate(pool, rows), POOL_TARGETS[task]),
        ("1 thread", "bare loop", rate(one, rows), bare_rate, BARE_TARGET),
        ("2 threads", "2 x 1 thread", rate(two, rows), rate(one, rows, 2.0), SCALING_TARGET),
    ]
    found = [
        Comparison(f"{task}, {how}", "env steps/s", *interleaved(repetitions, ours, theirs), what, same,
                   target, notes)
        for how, what, ours, theirs, target in sides
    ]  # fmt: skip
    pool.close()
    bare.close()
    return found


def random_policies(task: str, episodes: int) -> str:
    """So many episodes of policies far from each other: none may fail, let alone end the process."""
    evaluator = bf.make_evaluator(task, hidden=(8,), obs_norm=False, threads=2)
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=500)
    steps = failed = 0
    for part in range(-(-episodes // 500)):
        population = strategy.ask(bf.Hyperparameters(sigma=2.0), bf.NoiseKey(1, part))
        batch = evaluator.evaluate(population)
        steps, failed = steps + batch.steps, failed + int(batch.failed_r.sum())
    require(failed == 0, f"{failed} episodes failed")
    return f"{episodes} episodes, {steps} env steps, none failed"


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=7)
    parser.add_argument("--tasks", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--episodes", type=int, default=0, metavar="N", help="of random policies, of each task")
    given = parser.parse_args()
    report = Report("box2d", __doc__, None if given.quick else given.out)
    with tempfile.TemporaryDirectory() as folder:
        loaded = library(folder)
        for task in given.tasks:
            if given.episodes:
                report.note(f"random policies, {task}", random_policies(task, given.episodes))
            rows, generations = (4, 1) if given.quick else (ROWS[task], GENERATIONS)
            for comparison in compare(task, loaded, generations, rows, 1 if given.quick else given.repetitions):
                report.add(comparison)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
