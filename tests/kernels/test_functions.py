"""The native test functions against formulas and twin: best points, rotation, shift, sizes, bad settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import functions as twin
from scipy import stats

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast.messages import F32, F64, Hyperparameters, NoiseKey, Population

NAMES = ["quadratic", "rosenbrock", "rastrigin", "ackley"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"rotation_seed": 3},
    {"shift_radius": 1.5, "shift_seed": 2**64 - 1},
    {"rotation_seed": 0, "shift_radius": 0.5},
]
SIZES = [2, 3, 8, 9, 67]


def points(theta_rp: F32) -> Population:
    """Each row of theta as it is."""
    rows = theta_rp.shape[0]
    return Population(
        base_bp=theta_rp,
        base_r=np.arange(rows, dtype=np.int32),
        sigma_r=np.zeros(rows, np.float32),
        noise_r=np.zeros(rows, np.int32),
        sign_r=np.zeros(rows, np.int8),
        candidate_r=np.arange(rows, dtype=np.int32),
        episode_r=np.arange(rows, dtype=np.int32),
        hyperparameters=Hyperparameters(),
        key=NoiseKey(0, 0),
    )


def values(name: str, theta_rp: F32, **options: Any) -> F64:
    evaluator = bf.make_evaluator(name, dim=theta_rp.shape[1], task_kwargs=options, threads=1)
    return evaluator.evaluate(points(theta_rp)).returns_r


def drawn(rows: int, size: int, scale: float = 1.0) -> F32:
    values: F32 = np.random.default_rng(size).standard_normal((rows, size), dtype=np.float32) * np.float32(scale)
    return values


def test_the_module_has_the_twins_functions() -> None:
    assert core.function_names() == NAMES == list(twin.FUNCTIONS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("size", SIZES)
def test_values_are_the_twins(name: str, options: dict[str, Any], size: int) -> None:
    own = {"condition": 1e6} if name == "quadratic" else {}
    theta_rp = drawn(5, size, 2.0)
    found = values(name, theta_rp, **options, **own)
    placing = {"rotation_seed": None, "shift_radius": 0.0, "shift_seed": 0, **options}
    for theta, value in zip(theta_rp, found, strict=True):
        expected = -twin.FUNCTIONS[name](twin.placed(theta, **placing), **own)
        # Sums of up to 67 terms in another order, and products of rotations in another: a few hundred roundings, which
        # the twin's 1 - cos and Rosenbrock's differences of squares magnify.
        assert value == pytest.approx(expected, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("size", [2, 7, 8, 100])
@pytest.mark.parametrize("name", NAMES)
def test_the_best_value_is_exactly_zero(name: str, size: int) -> None:
    best = np.full((1, size), 1.0 if name == "rosenbrock" else 0.0, np.float32)
    assert values(name, best).tolist() == [0.0]
    assert (values(name, best + drawn(20, size, 0.01)) < 0.0).all()


def test_known_answers() -> None:
    x = np.array([[1.0, 2.0, 3.0]], np.float32)
    assert values("quadratic", x).tolist() == [-14.0]
    assert values("quadratic", x, condition=100.0)[0] == pytest.approx(-(1.0 + 10.0 * 4.0 + 100.0 * 9.0), rel=1e-14)
    assert values("rosenbrock", x).tolist() == [-201.0]
    assert values("rosenbrock", np.zeros((1, 5), np.float32)).tolist() == [-4.0]
    assert values("rastrigin", x).tolist() == [-14.0]  # cosines of whole turns
    assert values("rastrigin", np.full((1, 1), 0.5, np.float32))[0] == pytest.approx(-20.25, rel=1e-15)
    assert values("ackley", np.ones((1, 4), np.float32))[0] == pytest.approx(20.0 * np.expm1(-0.2), rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_sizes(name: str) -> None:
    if name == "rosenbrock":
        with pytest.raises(ValueError, match=r"rosenbrock needs a dimension of at least 2 .*, got 1"):
            bf.make_evaluator(name, dim=1)
        return
    assert values(name, np.full((1, 1), 0.25, np.float32), rotation_seed=1)[0] == pytest.approx(
        -twin.FUNCTIONS[name](np.array([0.25])), rel=1e-13
    )


def matrix(size: int, seed: int) -> F64:
    """(P, P) the rotation, one column at a time."""
    function = core.TestFunction("quadratic", size, rotation_seed=seed)
    columns = np.empty((size, size))
    for axis, unit in enumerate(np.eye(size, dtype=np.float32)):
        function.place(unit, columns[axis])
    return columns.T


@pytest.mark.parametrize("size", [1, 2, 3, 33])
def test_a_rotation_is_orthogonal_and_the_twins(size: int) -> None:
    for seed in (0, 1):
        found = matrix(size, seed)
        # A product of up to 33 reflections, each accurate to a few units of 1e-16.
        np.testing.assert_allclose(found @ found.T, np.eye(size), atol=1e-13)
        np.testing.assert_allclose(found, twin.rotation(size, seed), atol=1e-13)
    if size > 1:
        assert np.abs(matrix(size, 0) - matrix(size, 1)).max() > 0.1


def test_rotations_are_spread_evenly() -> None:
    """An entry of a random orthogonal 3 x 3 matrix is uniform on [-1, 1] (Archimedes), in every place."""
    entries = np.stack([matrix(3, seed) for seed in range(2000)])
    for row in range(3):
        for column in range(3):
            # Nine tests, and a fixed seed: 1e-4 leaves room for all of them.
            assert stats.kstest(entries[:, row, column], stats.uniform(-1, 2).cdf).pvalue > 1e-4
    assert abs((np.linalg.det(entries) > 0).mean() - 0.5) < 5 * 0.5 / np.sqrt(2000)


def test_a_shift_has_its_length_and_moves_the_best_point() -> None:
    function = core.TestFunction("quadratic", 20, shift_radius=3.0, shift_seed=5)
    z = np.empty(20)
    function.place(np.zeros(20, np.float32), z)
    assert np.linalg.norm(z) == pytest.approx(3.0, rel=1e-14)
    np.testing.assert_allclose(-z, twin.shift(20, 3.0, 5), rtol=1e-13)
    # float32 holds the best point to 6e-8 of each coordinate.
    assert -values("quadratic", (-z).astype(np.float32)[None], shift_radius=3.0, shift_seed=5)[0] < 9.0 * 6e-8**2


def test_large_values_do_not_break_the_waves() -> None:
    """Beyond 2^51 a number is whole: its wave is 0, and the square alone counts. Overflow is a failure, not a crash."""
    for size in (1e16, 1e30):
        assert values("rastrigin", np.full((1, 3), size, np.float32))[0] == pytest.approx(-3 * size**2, rel=1e-6)
    # Far out Ackley is flat: 20 + e - exp(mean cos), all cosines 1.
    assert values("ackley", np.full((1, 3), 1e30, np.float32)).tolist() == [-20.0]
    batch = bf.make_evaluator("rosenbrock", dim=2).evaluate(points(np.full((1, 2), 3e38, np.float32)))
    assert batch.failed_r.tolist() == [False]  # 1e155 is far from the largest double


@pytest.mark.parametrize("name", NAMES)
def test_not_a_number_in_is_a_failure(name: str) -> None:
    theta_rp = np.ones((3, 9), np.float32)
    theta_rp[1, 4] = np.nan
    batch = bf.make_evaluator(name, dim=9, threads=1).evaluate(points(theta_rp))
    assert batch.failed_r.tolist() == [False, True, False]
    assert np.isnan(batch.returns_r[1])


@pytest.mark.parametrize(
    ("name", "dim", "options", "message"),
    [
        ("quadratic", 0, {}, r"dim must be an integer in \[1, 1073741824\], got 0"),
        ("quadratic", 2**30 + 1, {}, r"dim must be an integer in \[1, 1073741824\]"),
        ("quadratic", 2.0, {}, r"dim must be an integer in .*, got 2.0"),
        ("quadratic", True, {}, r"dim must be an integer in .*, got True"),
        ("quadratic", 3, {"condition": 0.5}, "condition must be finite and at least 1, got 0.5"),
        ("quadratic", 3, {"condition": float("nan")}, "condition must be finite and at least 1"),
        ("quadratic", 3, {"condition": "large"}, "condition must be a number, got 'large'"),
        ("quadratic", 3, {"noise": -1.0}, "noise must be finite and at least 0, got -1.0"),
        ("quadratic", 3, {"noise": float("inf")}, "noise must be finite and at least 0"),
        ("ackley", 3, {"shift_radius": -1}, "shift_radius must be finite and at least 0, got -1.0"),
        ("ackley", 3, {"shift_seed": -1}, r"shift_seed must be an integer in \[0, 2\*\*64\), got -1"),
        ("ackley", 3, {"rotation_seed": 1.0}, r"rotation_seed must be an integer in \[0, 2\*\*64\), got 1.0"),
        (
            "ackley",
            3,
            {"rotation_sed": 1},
            "no option of ackley named 'rotation_sed'; did you mean 'rotation_seed'. known: noise, ",
        ),
        ("rastrigin", 3, {"condition": 2.0}, "no option of rastrigin named 'condition'; known: noise, rotation_seed"),
        ("rastrigin", 4097, {"rotation_seed": 1}, "a rotation takes at most 4096 dimensions, got 4097; leave out"),
    ],
)
def test_settings_are_checked(name: str, dim: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bf.make_evaluator(name, dim=dim, task_kwargs=options)


def test_the_core_checks_for_itself() -> None:
    with pytest.raises(ValueError, match="no test function named 'sphere'; known: ackley, quadratic, rast"):
        core.TestFunction("sphere", 3)
    with pytest.raises(ValueError, match=r"quadratic needs a dimension of at least 1 .*, got 0"):
        core.TestFunction("quadratic", 0)
    with pytest.raises(ValueError, match="a compiled function has an address, got 0"):
        core.FunctionRollout.at(0, 3, 1)
    with pytest.raises(ValueError, match=r"x must be .* of shape"):
        core.TestFunction("quadratic", 3).place(np.zeros(4, np.float32), np.zeros(3))
