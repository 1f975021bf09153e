"""The Gaussian process of Bayesian optimisation: against its twin, and what it makes of noise."""

from __future__ import annotations

import math

import numpy as np

from bierl_fast.messages import F64
from bierl_fast.meta.gaussian_process import LENGTH_SCALES, NOISE_SHARES, matern, posterior_mean


def slow_posterior_mean(points: F64, values: F64) -> F64:
    """By inverses and determinants, as the book writes it."""
    count = len(values)
    y = (values - values.mean()) / values.std()
    total, weights = np.zeros(count), 0.0
    for length in LENGTH_SCALES:
        for noise in NOISE_SHARES:
            signal = np.empty((count, count))
            for i in range(count):
                for j in range(count):
                    r = math.sqrt(5) * math.dist(points[i], points[j]) / length
                    signal[i, j] = (1 - noise) * (1 + r + r * r / 3) * math.exp(-r)
            covariance = signal + noise * np.eye(count)
            inverse = np.linalg.inv(covariance)
            scale = y @ inverse @ y / count
            likelihood = math.exp(-0.5 * count * math.log(scale) - 0.5 * np.linalg.slogdet(covariance)[1])
            total += likelihood * (signal @ inverse @ y)
            weights += likelihood
    return np.asarray(values.mean() + values.std() * total / weights, np.float64)


def test_equals_its_twin() -> None:
    rng = np.random.default_rng(0)
    for count, dimensions in ((2, 1), (9, 2), (24, 3)):
        points, values = rng.uniform(size=(count, dimensions)), 50 + 7 * rng.normal(size=count)
        # Matrices of condition 1e2 or less in float64, in the units of values of about 50.
        np.testing.assert_allclose(posterior_mean(points, values), slow_posterior_mean(points, values), rtol=1e-9)


def test_the_kernel() -> None:
    assert matern(np.zeros(1), 0.3)[0] == 1.0
    # (1 + sqrt 5 + 5/3) exp(-sqrt 5)
    assert math.isclose(matern(np.array([0.3]), 0.3)[0], 0.523994, rel_tol=1e-5)


def test_noise_is_averaged_out() -> None:
    """A hill with noise as high as itself: the believed mean is nearer to it than the values are."""
    rng = np.random.default_rng(1)
    points = rng.uniform(size=(64, 2))
    hill = -np.square(points - [0.3, 0.6]).sum(axis=1)
    errors, distances = [], []
    for _ in range(20):
        values = hill + hill.std() * rng.normal(size=64)
        believed = posterior_mean(points, values)
        errors.append(np.square(believed - hill).mean() / np.square(values - hill).mean())
        distances.append(math.dist(points[int(np.argmax(believed))], (0.3, 0.6)))
    assert np.mean(errors) < 0.3
    assert np.mean(distances) < 0.2


def test_a_point_tried_often_is_its_mean() -> None:
    """One lucky value among many at the same place does not win over a place that is better in the mean."""
    points = np.repeat([[0.1], [0.9]], 8, axis=0)
    values = np.array([0.0] * 7 + [5.0] + [1.0] * 8)
    believed = posterior_mean(points, values)
    assert believed[:8].max() < believed[8:].min()
    np.testing.assert_allclose(believed[:8], believed[0], rtol=1e-12)


def test_equal_values_are_themselves() -> None:
    np.testing.assert_array_equal(posterior_mean(np.eye(3), np.full(3, 4.0)), np.full(3, 4.0))
    np.testing.assert_array_equal(posterior_mean(np.eye(1), np.ones(1)), np.ones(1))
