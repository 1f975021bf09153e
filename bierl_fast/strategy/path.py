"""The path of cumulative step-size adaptation: do the directions of many generations add up, or cancel?

    (P,) sum of w_k eps_k, (K,) w_k -> Path.along -> the next Path -> ratio, rate

    p <- (1 - c) p + sqrt(c (2 - c)) * sum of w_k eps_k / sqrt(sum of w_k^2)

w_k = u_k+ - u_k- is the weight of an antithetic pair, eps_k its noise before any scale. If selection said nothing, p
would be N(0, v I); longer says that steps lead the same way and may grow, shorter that they undo each other.

Source: Hansen & Ostermeier 2001, "Completely derandomized self-adaptation in evolution strategies", Evolutionary
Computation 9; c and d as in Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv 1604.00772, equations 43-44.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bierl_fast.messages import F32, Arrays

SMALLEST = float(np.finfo(np.float32).tiny)
NAME, SCALARS = "path", "path_scalars"  # in a strategy's state


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One centre's path."""

    sum_p: F32  # (P,) zeros before the first generation
    variance: float  # v, that of each element if selection said nothing: from 0 towards 1 as generations add up
    rate: float  # c / d at the latest generation; 0 where its weights were all zero

    @classmethod
    def start(cls, size: int) -> Path:
        """Before the first generation, over `size` parameters."""
        return cls(np.zeros(size, np.float32), 0.0, 0.0)

    def along(self, noise_p: F32, weight_k: F32) -> Path:
        """The path one generation on.

        c = (mu + 2) / (P + mu + 5) and d = 1 + 2 max(0, sqrt((mu - 1) / (P + 1)) - 1) + c, where
        mu = (sum |w|)^2 / sum w^2 is the number of pairs that count. With weights that are all zero (or below what
        float32 can invert) nothing was learned: the path stays, at rate 0.

        Args:
            noise_p: (P,) sum of weight_k * eps_k.
            weight_k: (K,) the pairs' weights; a common factor of both cancels.
        """
        weights = weight_k.astype(np.float64)
        squares = float(np.square(weights).sum())
        if squares < SMALLEST**2:
            return replace(self, rate=0.0)
        size = self.sum_p.size
        mu = float(np.abs(weights).sum()) ** 2 / squares
        c = (mu + 2.0) / (size + mu + 5.0)
        damping = 1.0 + 2.0 * max(0.0, math.sqrt((mu - 1.0) / (size + 1.0)) - 1.0) + c
        sum_p = np.float32(1.0 - c) * self.sum_p
        sum_p += np.float32(math.sqrt(c * (2.0 - c) / squares)) * noise_p
        return Path(sum_p, (1.0 - c) ** 2 * self.variance + c * (2.0 - c), c / damping)

    @property
    def ratio(self) -> float:
        """|p| / E|N(0, v I)|: 1 if selection said nothing; nan before the first generation.

        v is 1 after some 1 / c generations. Until then this is what Hansen's ratio leaves out: his path starts at
        zero too, and reads as short until it has filled.
        """
        if self.variance == 0.0:
            return math.nan
        size = self.sum_p.size
        expected = math.sqrt(2.0) * math.exp(math.lgamma((size + 1) / 2) - math.lgamma(size / 2))
        # Not linalg.norm, whose sum BLAS may share out over threads: a meta-level acts on these bits.
        length = math.sqrt(float(np.square(self.sum_p).sum(dtype=np.float64)))
        return length / (expected * math.sqrt(self.variance))

    def arrays(self, prefix: str = "") -> Arrays:
        """As a part of a strategy's state."""
        return {prefix + NAME: self.sum_p, prefix + SCALARS: np.array([self.variance, self.rate])}

    @classmethod
    def of(cls, state: Arrays, prefix: str = "") -> Path:
        """The path in a strategy's state."""
        variance, rate = np.asarray(state[prefix + SCALARS], np.float64).tolist()
        return cls(np.asarray(state[prefix + NAME], np.float32), variance, rate)

    def saved_in(self, state: Arrays, prefix: str = "") -> Arrays:
        """Arrays such as this path's, for `load` to compare with; none where `state` is from before there were any."""
        return {name: array for name, array in self.arrays(prefix).items() if name in state}
