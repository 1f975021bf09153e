"""10**7 draws against the exact expectations of independent standard normals.

Every statistic is divided by its standard error, which is exact for independent normals and given beside it. Keys are
fixed, so a test passes always or never. Of the about 150 numbers compared, the largest is expected near 2.9 standard
errors; 5 would come up by chance once in 10**4 choices of keys.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bierl_fast import kernels
from bierl_fast.messages import F64, NoiseKey, Stream

pytestmark = pytest.mark.slow

ROWS, LENGTH = 100, 100_000
DRAWS = ROWS * LENGTH
LARGEST = 5.0  # standard errors
KEY = NoiseKey(20240501, 3)


@pytest.fixture(scope="module", name="draws")
def draws_fixture() -> F64:
    return sample(KEY, range(ROWS), LENGTH)


def sample(key: NoiseKey, rows: range, length: int) -> F64:
    return np.stack([kernels.normals(key, row, length) for row in rows]).astype(np.float64)


def assert_uncorrelated(x: F64, y: F64) -> None:
    """Mean 0: x y with variance 1, and (x**2 - 1)(y**2 - 1) with variance 4, where a shared radius shows."""
    root = math.sqrt(x.size)
    assert abs(np.mean(x * y)) * root < LARGEST
    assert abs(np.mean((x * x - 1.0) * (y * y - 1.0))) * root / 2.0 < LARGEST


def test_first_four_moments(draws: F64) -> None:
    # Var(x**k - E x**k), Hermite polynomials: the third and fourth are free of the lower moments' errors.
    square = draws * draws
    root = math.sqrt(DRAWS)
    assert abs(draws.mean()) * root < LARGEST  # variance 1
    assert abs((square - 1.0).mean()) * root / math.sqrt(2) < LARGEST  # Var He2 = 2!
    assert abs((draws * (square - 3.0)).mean()) * root / math.sqrt(6) < LARGEST  # skew: Var He3 = 3!
    assert abs((square * (square - 6.0) + 3.0).mean()) * root / math.sqrt(24) < LARGEST  # kurtosis: Var He4 = 4!


@pytest.mark.parametrize("sigmas", [0.1, 0.5, 1, 2, 3, 4, 5])
def test_tails(draws: F64, sigmas: float) -> None:
    """A count is binomial: variance n p (1 - p). 5.7 draws are expected beyond 5 sigma, and none may be missing."""
    p = math.erfc(sigmas / math.sqrt(2))
    for count, share in (
        (np.count_nonzero(np.abs(draws) > sigmas), p),
        (np.count_nonzero(draws > sigmas), p / 2),
        (np.count_nonzero(draws < -sigmas), p / 2),
    ):
        assert abs(count - DRAWS * share) / math.sqrt(DRAWS * share * (1 - share)) < LARGEST
    assert np.abs(draws).max() > 5.0
    assert np.abs(draws).max() <= math.sqrt(64 * math.log(2)) * (1 + 1e-6)  # u >= 2**-32


def test_distribution_between_the_tails(draws: F64) -> None:
    """200 bins of equal probability: chi-squared with 199 degrees of freedom, variance 398."""
    edges = np.array([math.sqrt(2) * _inverse_erf(2 * k / 200 - 1) for k in range(1, 200)])
    counts = np.bincount(np.searchsorted(edges, draws.reshape(-1)), minlength=200)
    statistic = float(((counts - DRAWS / 200) ** 2).sum() / (DRAWS / 200))
    assert abs(statistic - 199) / math.sqrt(398) < LARGEST


def _inverse_erf(y: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < y else (low, middle)
    return (low + high) / 2


def test_rows(draws: F64) -> None:
    for lag in (1, 2, 10, 50):
        assert_uncorrelated(draws[:-lag].reshape(-1), draws[lag:].reshape(-1))


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 8, 15, 16, 17, 32, 48, 63, 64, 65, 128, 1024, 4096])
def test_elements(draws: F64, lag: int) -> None:
    assert_uncorrelated(draws[:, :-lag].reshape(-1), draws[:, lag:].reshape(-1))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(4), 2)))
def test_pairs_within_a_block(draws: F64, first: int, second: int) -> None:
    """The four normals of one counter are 16 elements apart; words 0 and 1, and 2 and 3, share a Box-Muller radius."""
    tiles = draws[:, : LENGTH // 64 * 64].reshape(ROWS, -1, 4, 16)
    assert_uncorrelated(tiles[:, :, first].reshape(-1), tiles[:, :, second].reshape(-1))


def _others() -> dict[str, NDArray[np.float64]]:
    keys = {f"stream {stream.name}": KEY.with_stream(stream) for stream in Stream if stream != KEY.stream}
    keys |= {f"generation {g}": NoiseKey(KEY.run_seed, g) for g in (0, 1, 2, 4, 5, 2**31 + 3)}
    keys |= {f"seed {s}": NoiseKey(s, KEY.generation) for s in (KEY.run_seed ^ 1, KEY.run_seed ^ 2**32)}
    return {name: sample(key, range(10), LENGTH).reshape(-1) for name, key in keys.items()}


def test_streams_generations_and_seeds(draws: F64) -> None:
    own = draws[:10].reshape(-1)
    for name, other in _others().items():
        assert not np.array_equal(own, other), name
        assert_uncorrelated(own, other)
