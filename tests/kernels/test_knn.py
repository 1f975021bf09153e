"""Mean distance to the k nearest, against its twin: sizes around tiles and blocks, ties, scales, threads, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from reference import knn as reference

from bierl_fast import kernels
from bierl_fast.messages import F64

# Sums of a few hundred float64 squares in another order: some roundings of 2**-53.
RELATIVE = 1e-13


def cloud(rows: int, dimension: int, seed: int, spread: float = 1.0, place: float = 0.0) -> F64:
    return place + spread * np.random.default_rng(seed).normal(size=(rows, dimension))


@pytest.mark.parametrize("dimension", [1, 2, 3, 64, 257])
@pytest.mark.parametrize("rows", [1, 9, 10, 64, 65, 511, 512, 513, 1500])
def test_equals_the_twin(rows: int, dimension: int) -> None:
    queries, archive = cloud(7, dimension, 1), cloud(rows, dimension, 2)
    np.testing.assert_allclose(
        kernels.knn_mean_distance(queries, archive, 10), reference.mean_distance(queries, archive, 10), rtol=RELATIVE
    )


@pytest.mark.parametrize("queries", [1, 3, 4, 5, 31, 32, 33, 100])
@pytest.mark.parametrize("k", [1, 10, 700])
def test_any_number_of_queries_and_neighbours(queries: int, k: int) -> None:
    asked, archive = cloud(queries, 5, 3), cloud(600, 5, 4)
    np.testing.assert_allclose(
        kernels.knn_mean_distance(asked, archive, k), reference.mean_distance(asked, archive, k), rtol=RELATIVE
    )


def test_known_answers() -> None:
    archive = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [0.0, 0.0]])
    queries = np.array([[0.0, 0.0], [3.0, 4.0]])
    answers = {1: [0.0, 0.0], 2: [0.0, 2.5], 3: [5 / 3, 10 / 3], 4: [3.75, 3.75], 99: [3.75, 3.75]}
    for k, wanted in answers.items():
        np.testing.assert_allclose(kernels.knn_mean_distance(queries, archive, k), wanted, rtol=1e-15)


def test_ties_each_count() -> None:
    archive = np.repeat(cloud(1, 4, 5), 1000, axis=0)
    assert kernels.knn_mean_distance(archive[:3], archive, 10).tolist() == [0.0, 0.0, 0.0]
    away = archive[:1] + np.array([[0.0, 2.0, 0.0, 0.0]])
    # The offset is exact in float64 up to one rounding of the sum.
    np.testing.assert_allclose(kernels.knn_mean_distance(away, archive, 10), [2.0], rtol=1e-15)


def test_an_empty_archive_knows_nothing() -> None:
    assert kernels.knn_mean_distance(cloud(3, 2, 6), np.zeros((0, 2)), 10).tolist() == [0.0, 0.0, 0.0]
    assert kernels.knn_mean_distance(np.zeros((0, 2)), cloud(3, 2, 6), 10).tolist() == []


@pytest.mark.parametrize(("spread", "place"), [(1e-9, 1e3), (1e-140, 0.0), (1e140, 0.0), (1e-3, -1e9), (1e-300, 0.0)])
def test_single_precision_never_shows(spread: float, place: float) -> None:
    """A cluster far from the origin, and numbers that float32 cannot hold: the answer is float64's all the same."""
    queries, archive = cloud(20, 6, 7, spread, place), cloud(800, 6, 8, spread, place)
    np.testing.assert_allclose(
        kernels.knn_mean_distance(queries, archive, 10), reference.mean_distance(queries, archive, 10), rtol=RELATIVE
    )


def test_clusters_of_near_duplicates() -> None:
    """Distances of 1e-9 among rows that are apart by 1: all of a cluster stays a candidate until float64 decides."""
    centers = cloud(5, 3, 9)
    archive = np.repeat(centers, 200, axis=0) + cloud(1000, 3, 10, 1e-9)
    queries = np.concatenate([centers, centers + 1e-9, cloud(4, 3, 11)])
    np.testing.assert_allclose(
        kernels.knn_mean_distance(queries, archive, 10), reference.mean_distance(queries, archive, 10), rtol=RELATIVE
    )


def test_a_bounded_error_misses_no_neighbour() -> None:
    """Exactly the nearest rows, not nearly: a row moved onto the query by any distance changes the answer."""
    archive = cloud(2000, 64, 12)
    queries = archive[::100] + 1e-6
    found = kernels.knn_mean_distance(queries, archive, 1)
    np.testing.assert_allclose(found, reference.mean_distance(queries, archive, 1), rtol=1e-9)
    np.testing.assert_allclose(found, 8e-6, rtol=1e-9)  # sqrt(64) * 1e-6


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_a_pool_changes_no_bit(threads: int) -> None:
    queries, archive = cloud(301, 17, 13), cloud(2000, 17, 14)
    alone = kernels.knn_mean_distance(queries, archive, 10)
    shared = kernels.knn_mean_distance(queries, archive, 10, pool=kernels.ThreadPool(threads))
    np.testing.assert_array_equal(alone, shared)


def test_row_order_does_not_matter() -> None:
    queries, archive = cloud(9, 4, 15), cloud(700, 4, 16)
    shuffled = archive[np.random.default_rng(0).permutation(700)]
    np.testing.assert_array_equal(
        kernels.knn_mean_distance(queries, archive, 10), kernels.knn_mean_distance(queries, shuffled, 10)
    )


def test_bad_input() -> None:
    queries, archive = cloud(3, 2, 17), cloud(9, 2, 18)
    for k in (0, -1):
        with pytest.raises(ValueError, match=rf"k must be an integer in \[1, \d+\], got {k}"):
            kernels.knn_mean_distance(queries, archive, k)
    with pytest.raises(ValueError, match=r"queries must be a C-contiguous float64 array of shape \(3, 2\)"):
        kernels.knn_mean_distance(cloud(3, 3, 19), archive, 1)
    with pytest.raises(TypeError, match=r"archive must be a C-contiguous float64 array .*, got dtype float32"):
        kernels.knn_mean_distance(queries, archive.astype(np.float32), 1)
    with pytest.raises(ValueError, match="archive needs at least 2"):
        kernels.knn_mean_distance(queries, archive[0], 1)
    with pytest.raises(ValueError, match="a behavior needs at least one number, got dimension 0"):
        kernels.knn_mean_distance(np.zeros((3, 0)), np.zeros((9, 0)), 1)
    for bad in (np.nan, np.inf, -1e151):
        spoilt = archive.copy()
        spoilt[4, 1] = bad
        with pytest.raises(ValueError, match=r"archive row 4, element 1 is .*must be finite and at most 1e150"):
            kernels.knn_mean_distance(queries, spoilt, 1)
        with pytest.raises(ValueError, match="queries row 4, element 1 is"):
            kernels.knn_mean_distance(spoilt, archive, 1)
