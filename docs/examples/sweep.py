"""Try settings side by side: one run on each core, the numbers of all in one table.

python docs/examples/sweep.py; for seeds, intervals and resuming see compare.py
"""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import bierl_fast as bf

BASE = bf.Config(
    task="InvertedPendulum-v5",
    strategy="ars",
    meta="none",
    hidden=(),
    population=16,
    threads=1,  # each run has a core of its own
    total_steps=5_000,  # raise to 200_000, with more seeds than one
)
GRID = {"sigma": (0.02, 0.1), "learning_rate": (0.02, 0.1)}


def score(changes: dict[str, float]) -> float:
    """Train with these changes of BASE; the mean return of fresh episodes. A Result could be sent, too."""
    result = bf.train(BASE.replace(**changes))
    return float(bf.evaluate(result.policy, episodes=20, threads=1)["mean_return"])


if __name__ == "__main__":  # the processes import this file
    settings = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    with ProcessPoolExecutor(max_workers=2, mp_context=multiprocessing.get_context("spawn")) as executor:
        scores = list(executor.map(score, settings))
    for value, changes in sorted(zip(scores, settings, strict=True), key=lambda pair: -pair[0]):
        print(f"{value:7.1f}", changes)
