"""What a noisy function is believed to be at points where it was tried: a Gaussian process on the unit cube.

points (T, K), values (T,) -> posterior_mean -> (T,)
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from bierl_fast.messages import F64

LENGTH_SCALES = (0.1, 0.2, 0.4, 0.8, 1.6)  # in sides of the cube
NOISE_SHARES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)  # of the noise in the values' variance


def matern(distance: F64, length_scale: float) -> F64:
    """Correlation by the Matern kernel with nu = 5/2. Source: Rasmussen & Williams 2006, equation 4.17."""
    scaled = math.sqrt(5.0) / length_scale * distance
    return np.asarray((1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled), np.float64)


def posterior_mean(point_tk: F64, value_t: F64) -> F64:
    """(T,) the believed mean of the function at each point, in the values' units; the values' noise averaged out.

    Length scale and share of noise are not fitted but averaged over a grid, weighted by their marginal likelihood
    (with the kernel's scale at its best), so that a handful of values is not explained away. Equal values give
    themselves.

    Args:
        point_tk: (T, K) in [0, 1]; points may repeat.
        value_t: (T,) finite; at least one.

    Source: Rasmussen & Williams 2006, "Gaussian processes for machine learning", equations 2.25 and 5.8.
    """
    center, spread = float(value_t.mean()), float(value_t.std())
    if spread == 0.0:
        return value_t.copy()
    standard_t = (value_t - center) / spread
    distance_tt = np.sqrt(np.square(point_tk[:, None, :] - point_tk[None, :, :]).sum(axis=2))
    means, likelihoods = [], []
    for length_scale, noise in itertools.product(LENGTH_SCALES, NOISE_SHARES):
        signal_tt = (1.0 - noise) * matern(distance_tt, length_scale)
        factor_tt = np.linalg.cholesky(signal_tt + noise * np.eye(value_t.size))
        whitened_t = np.linalg.solve(factor_tt, standard_t)
        means.append(signal_tt @ np.linalg.solve(factor_tt.T, whitened_t))
        scale = float(np.square(whitened_t).mean())  # of the kernel, where the likelihood is largest
        likelihoods.append(-0.5 * value_t.size * math.log(scale) - float(np.log(np.diag(factor_tt)).sum()))
    weight_g = np.exp(np.array(likelihoods) - max(likelihoods))
    believed_t = (weight_g[:, None] * np.stack(means)).sum(axis=0) / weight_g.sum()
    return np.asarray(center + spread * believed_t, np.float64)
