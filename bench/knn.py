"""Novelty's k-nearest search beside scipy's cKDTree and scikit-learn's brute force.

1,000 queries against an archive of 10,000 behaviours of 64 numbers, k = 10: mean distance to the nearest. Standard
normal data in float64; the archive grows in every generation, so each side indexes it anew in every repetition. Rates
are searches (all 1,000 queries) a second. scikit-learn's brute force multiplies matrices on as many threads as it is
given; cKDTree's `workers` likewise.

    python bench/knn.py [--quick]
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from common import Comparison, Report, arguments, interleaved
from numpy.typing import NDArray

from bierl_fast import kernels
from bierl_fast.machine import available_cores

QUERIES, ARCHIVE, DIMENSION, NEIGHBORS = 1_000, 10_000, 64, 10
Search = Callable[[], NDArray[np.float64]]  # (Q,) mean distances


def rate(search: Search) -> Callable[[], float]:
    """Searches a second of one search."""

    def once() -> float:
        start = time.perf_counter()
        search()
        return 1.0 / (time.perf_counter() - start)

    return once


def searches(threads: int, archive: int) -> dict[str, Search]:
    """Ours and the peers', on so many threads."""
    from scipy.spatial import cKDTree  # noqa: PLC0415
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    rng = np.random.default_rng(0)
    queries_qd, archive_nd = rng.normal(size=(QUERIES, DIMENSION)), rng.normal(size=(archive, DIMENSION))
    pool = kernels.ThreadPool(threads) if threads > 1 else None
    brute = NearestNeighbors(n_neighbors=NEIGHBORS, algorithm="brute", n_jobs=threads)

    def tree() -> NDArray[np.float64]:
        distance_qk = cKDTree(archive_nd).query(queries_qd, k=NEIGHBORS, workers=threads)[0]
        return np.asarray(distance_qk.mean(axis=1))

    return {
        "bierl_fast": lambda: kernels.knn_mean_distance(queries_qd, archive_nd, NEIGHBORS, pool=pool),
        "scikit-learn brute force": lambda: np.asarray(brute.fit(archive_nd).kneighbors(queries_qd)[0].mean(axis=1)),
        "scipy cKDTree": tree,
    }


def main() -> int:
    """Compare on one thread and on every core."""
    parser = arguments(__doc__, repetitions=15)
    options = parser.parse_args()
    report = Report("knn", __doc__, None if options.quick else options.out)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    for threads in sorted({1, available_cores()}):
        sides = searches(threads, 500 if options.quick else ARCHIVE)
        ours = sides.pop("bierl_fast")
        for name, theirs in sides.items():
            # scikit-learn's distances come from |q|^2 - 2 q b + |b|^2, which loses a few digits more.
            np.testing.assert_allclose(ours(), theirs(), rtol=1e-10)
            with threadpool_limits(limits=threads):
                rates = interleaved(1 if options.quick else options.repetitions, rate(ours), rate(theirs))
            report.add(
                Comparison(
                    name=f"{QUERIES} queries, archive {ARCHIVE} x {DIMENSION}, k = {NEIGHBORS}, {threads} thread(s)",
                    unit="searches/s",
                    ours=rates[0],
                    baseline=rates[1],
                    baseline_name=name,
                    same_work="mean distances equal to 1e-10",
                    target=1.0,
                )
            )
    return report.finish()


if __name__ == "__main__":
    raise SystemExit(main())
