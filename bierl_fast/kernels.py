"""The kernels, as NumPy functions: noise by address, gradient, shapings, fitness and replay buffers, neighbors.

Arrays are never converted: another dtype raises ArgumentTypeError; another shape, other strides or read-only memory
raise ArgumentError.
Every result is the same bits on every thread count and instruction set.
"""

from __future__ import annotations

import copyreg
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bierl_fast import finite
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, shown
from bierl_fast.messages import F32, F64, Bool, NoiseKey, Population
from bierl_fast.public import public

FitnessBuffer = core.FitnessBuffer
ReplayBuffer = core.ReplayBuffer
ThreadPool = core.ThreadPool

MOST_ELEMENTS = 2**34  # of a row of noise
LARGEST_WEIGHT = 2.0**48  # of raw weights: gradients are sums of them over sigma, and are squared
SMALLEST_WEIGHT = 2.0**-150  # below, single precision has zero alone


@public
def philox4x32(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Four uniform 32-bit words: Philox4x32-10 of one counter.

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    word0, word1, word2, word3 = core.philox4x32(counter, key)
    return word0, word1, word2, word3


@public
def uniform(key: NoiseKey, row: int, element: int = 0) -> float:
    """One uniform number in [0, 1), a multiple of 2**-53: a pure function of (key, row, element), each below 2**32."""
    return (core.uniform64(key, row, element) >> 11) * 2.0**-53


@public
def normals(key: NoiseKey, row: int, count: int, *, out: F32 | None = None) -> F32:
    """(count,) standard normals of a row, a pure function of (key, row, element).

    Args:
        key: run seed, generation and stream.
        row: 0 <= row < 2**32.
        count: 0 <= count < 2**34; a longer row begins with the shorter one.
        out: (count,) writable memory.

    Source: Philox4x32-10 (Salmon et al. 2011) and Box & Muller 1958. The largest magnitude is 6.66.
    """
    out = _memory(out, count)
    core.normals(key, row, out)
    return out


@public
def perturb(
    theta: F32,
    sigma: float,
    key: NoiseKey,
    row: int,
    sign: int = 1,
    *,
    scale: F32 | None = None,
    out: F32 | None = None,
) -> F32:
    """(P,) theta + sign * sigma * scale * normals(key, row, P), written into `out` when it is given.

    Args:
        theta: (P,).
        sigma: noise standard deviation.
        key: run seed, generation and stream.
        row: noise row.
        sign: 1 or -1 (antithetic); 0 gives theta.
        scale: (P,) factors of sigma, or None for ones.
        out: (P,) writable memory, which may be that of `theta`.

    Raises:
        ArgumentError: another sign, a sigma or scale that is not finite or whose product with a normal overflows
            float32, arrays of different lengths.
    """
    if out is None:
        out = np.empty(_shape(theta), np.float32)
    core.perturb(theta, sigma, key, row, sign, scale, out)
    return out


@public
def gradient(
    key: NoiseKey,
    rows: NDArray[np.uint32],
    weights: F32,
    count: int,
    *,
    out: F32 | None = None,
    pool: ThreadPool | None = None,
) -> F32:
    """(count,) sum over i, in order, of weights[i] * normals(key, rows[i], count); noise is made anew, never stored.

    Args:
        key: run seed, generation and stream.
        rows: (K,) noise rows.
        weights: (K,) factors, the sign of an antithetic candidate included.
        count: P, the number of parameters.
        out: (count,) writable memory.
        pool: threads that share the parameters out; the bits stay the same.
    """
    out = _memory(out, count)
    core.gradient(key, rows, weights, out, pool)
    return out


@public
def row_parameters(population: Population, row: int) -> F32:
    """(P,) what a row of a population runs; ArgumentError when there is no such row."""
    base_bp = getattr(population, "base_bp", None)
    out = np.empty(_shape(base_bp)[1:], np.float32)
    core.row_parameters(population, row, out)
    return out


@public
def learner_seed(key: NoiseKey) -> int:
    """The seed of a learner's own generator at this key, below 2**64; a ReplayBuffer draws from other addresses."""
    return core.learner_seed(key)


@public
def scale_gradient(
    key: NoiseKey,
    rows: NDArray[np.uint32],
    weights: F32,
    count: int,
    *,
    out: F32 | None = None,
    pool: ThreadPool | None = None,
) -> F32:
    """(count,) sum over i, in order, of weights[i] * (normals(key, rows[i], count)**2 - 1); arguments as `gradient`'s.

    The gradient in the logarithm of each parameter's own scale; an antithetic pair shares its squares, so the weights
    carry no sign.
    """
    out = _memory(out, count)
    core.scale_gradient(key, rows, weights, out, pool)
    return out


def _memory(out: F32 | None, count: int) -> F32:
    if not 0 <= count < MOST_ELEMENTS:
        raise ArgumentError(f"count must be an integer in [0, {MOST_ELEMENTS - 1}], got {shown(count)}")
    if out is None:
        return core.row_memory(count)
    if isinstance(out, np.ndarray) and out.shape != (count,):  # what is no array is refused by who writes into it
        raise ArgumentError(f"out must have shape ({count},), got {out.shape}")
    return out


def _shape(array: object) -> tuple[int, ...]:
    """An array's shape; () for what is none, which whoever reads it refuses by name."""
    return array.shape if isinstance(array, np.ndarray) else ()


@public
def log_rank_utilities(
    fitness_n: F64, failed_n: Bool | None = None, *, full: bool = False, best_of_ties: bool = False
) -> F32:
    """(N,) weights by rank, the logarithm of the rank below half: NES utilities. They sum to zero.

    Equal fitness shares the mean of its weights; failed candidates share the last ranks; all equal gives zeros.
    Two other forms are the BiERL authors' code's:

    Args:
        fitness_n: (N,) higher is better.
        failed_n: (N,) who failed; None: nobody.
        full: max(0, ln(N + 1) - ln rank), so that the worse half has weights of its own.
        best_of_ties: equals that did not fail all take the best of their ranks; the sum is one over candidates still.

    Raises:
        ArgumentError: all candidates failed, N < 2, or a fitness that did not fail is not finite.

    Source: Wierstra et al. 2014, JMLR 15, section 3.1.
    """
    out = np.empty(_shape(fitness_n), dtype=np.float32)
    core.log_rank_utilities(fitness_n, _flags(fitness_n, failed_n), out, full, best_of_ties)
    return out


@public
def centered_rank_utilities(fitness_n: F64, failed_n: Bool | None = None) -> F32:
    """(N,) weights linear in rank, from 1/(2N) for the best to -1/(2N). Ties, failures, errors: as log_rank_utilities.

    Source: Salimans et al. 2017, arXiv 1703.03864.
    """
    return _shaped(core.centered_rank_utilities, fitness_n, failed_n)


@public
def raw_weights(fitness_n: F64, failed_n: Bool | None = None) -> F32:
    """(N,) (F - mean F) / N; a failed candidate takes the smallest fitness that did not fail.

    Where one would be beyond 2**48, so that gradients could not be squared in single precision, or where all would
    vanish in it, all are scaled by one power of two.
    """
    return _shaped(core.raw_weights, _fitting(fitness_n, failed_n), failed_n)


@public
def standardized_weights(fitness_n: F64, failed_n: Bool | None = None, *, top: int) -> F32:
    """(N,) ARS weights: the `top` pairs (2i, 2i+1) with the largest max(F+, F-) keep F / (top * s), others get 0.

    s is the standard deviation (ddof 0) of the kept fitness; s = 0 gives zeros. At the cut the lower pair number wins.

    Source: Mania et al. 2018, arXiv 1803.07055, algorithm 2.
    """
    out = np.empty(_shape(fitness_n), dtype=np.float32)
    counted = _counted(fitness_n, failed_n)
    if counted is not None:
        fitness_n = finite.scaled(fitness_n, finite.exponent(counted))
    core.standardized_weights(fitness_n, _flags(fitness_n, failed_n), top, out)
    return out


@public
def knn_mean_distance(queries_qd: F64, archive_nd: F64, k: int, *, pool: ThreadPool | None = None) -> F64:
    """(Q,) the mean Euclidean distance from each query to the k archive rows nearest to it: its novelty.

    With fewer than k rows the mean is over all of them; an empty archive (0, D) gives zeros. Rows at the same distance
    each count, a row equal to the query with distance 0. The search is exhaustive, its distances in float64.

    Args:
        queries_qd: (Q, D).
        archive_nd: (n, D).
        k: neighbors, at least 1.
        pool: threads that share the queries out; the bits stay the same.

    Raises:
        ArgumentError: k < 1, another D, a number that is not finite or beyond 1e150 in magnitude.

    Source: Lehman & Stanley 2011, "Abandoning objectives"; Conti et al. 2018, arXiv 1712.06560, equation 1.
    """
    out = np.empty(_shape(queries_qd)[:1] or 0, np.float64)
    core.knn_mean_distance(queries_qd, archive_nd, k, out, pool)
    return out


def _counted(fitness_n: F64, failed_n: Bool | None) -> F64 | None:
    """The fitnesses that count; None where the kernel is to say what is wrong with these."""
    flags = _flags(fitness_n, failed_n)
    right = isinstance(fitness_n, np.ndarray) and fitness_n.dtype == np.float64 and fitness_n.shape == _shape(flags)
    if not right or np.asarray(flags).dtype != np.bool_:
        return None
    kept = fitness_n[~flags]
    return kept if kept.size and np.isfinite(kept).all() else None


def _fitting(fitness_n: F64, failed_n: Bool | None) -> F64:
    """The fitnesses in a scale that single precision holds the raw weights of; mostly as they are."""
    counted = _counted(fitness_n, failed_n)
    if counted is None:
        return fitness_n
    spread = float(counted.max()) / counted.size - float(counted.min()) / counted.size
    if spread > LARGEST_WEIGHT:
        return finite.scaled(fitness_n, math.frexp(spread)[1] - math.frexp(LARGEST_WEIGHT)[1])
    if 0.0 < spread < SMALLEST_WEIGHT:
        return finite.scaled(fitness_n - counted.max(), math.frexp(spread)[1] - math.frexp(SMALLEST_WEIGHT)[1] - 24)
    return fitness_n


def _pool_again(pool: ThreadPool) -> tuple[type[ThreadPool], tuple[int]]:
    return ThreadPool, (pool.threads,)


copyreg.pickle(ThreadPool, _pool_again)  # a copy has threads of its own


def _flags(fitness_n: F64, failed_n: Bool | None) -> Bool:
    return np.zeros(_shape(fitness_n), dtype=np.bool_) if failed_n is None else failed_n


def _shaped(kernel: Callable[[F64, Bool, F32], None], fitness_n: F64, failed_n: Bool | None) -> F32:
    out = np.empty(_shape(fitness_n), dtype=np.float32)
    kernel(fitness_n, _flags(fitness_n, failed_n), out)
    return out
