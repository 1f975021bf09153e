"""Lines of several seeds as one."""

from __future__ import annotations

import numpy as np

from bierl_fast.picture.lines import Line, over_seeds


def test_quartiles_begin_where_every_seed_has_a_value() -> None:
    lines = [Line(np.array([0.0, 10.0]), np.array([0.0, 10.0]) + offset) for offset in (0.0, 1.0, 2.0, 3.0, 4.0)]
    lines[0] = Line(np.array([2.0, 12.0]), np.array([2.0, 12.0]))
    grid, (low, median, high) = over_seeds(lines, points=5)
    np.testing.assert_allclose(grid, [2.0, 4.0, 6.0, 8.0, 10.0])
    np.testing.assert_allclose(low, grid + 1.0)
    np.testing.assert_allclose(median, grid + 2.0)
    np.testing.assert_allclose(high, grid + 3.0)


def flat(end: float, value: float, diverged: bool = False) -> Line:
    return Line(np.array([0.0, end]), np.full(2, value), diverged)


def test_a_line_goes_as_far_as_most_of_its_seeds_do() -> None:
    """One that is under way is left out past its end, and does not end the others' line."""
    grid, (low, median, high) = over_seeds([flat(4.0, 1.0), flat(12.0, 2.0), flat(8.0, 4.0)], points=5)
    np.testing.assert_array_equal(grid, [0.0, 2.0, 4.0, 6.0, 8.0])
    np.testing.assert_array_equal(median, [2.0, 2.0, 2.0, 3.0, 3.0])
    np.testing.assert_array_equal(low[3:], [2.5, 2.5])
    np.testing.assert_array_equal(high[3:], [3.5, 3.5])


def test_a_seed_that_diverged_is_the_worst_from_there_on() -> None:
    lines = [flat(4.0, 9.0, diverged=True), flat(8.0, 2.0), flat(8.0, 4.0)]
    grid, (_, median, high) = over_seeds(lines, points=3)
    np.testing.assert_array_equal(grid, [0.0, 4.0, 8.0])
    np.testing.assert_array_equal(median, [4.0, 4.0, 2.0])
    np.testing.assert_array_equal(high, [6.5, 6.5, 3.0])
    _, (_, median, _) = over_seeds([flat(4.0, 9.0, diverged=True), flat(6.0, 9.0, diverged=True), lines[1]], points=3)
    np.testing.assert_array_equal(median, [9.0, 9.0, np.nan])


def test_seeds_that_share_no_place_leave_one_point() -> None:
    lines = [Line(np.array([0.0, 1.0]), np.ones(2)), Line(np.array([5.0, 6.0]), np.full(2, 3.0))]
    grid, quartiles = over_seeds(lines, points=3)
    np.testing.assert_array_equal(grid, [5.0, 5.0, 5.0])
    np.testing.assert_array_equal(quartiles, np.full((3, 3), 3.0))
