"""The path of cumulative step-size adaptation: do the directions of many generations add up, or cancel?

    (P,) sum of w_k eps_k, (K,) w_k -> EvolutionPath.along -> the next EvolutionPath -> ratio, rate

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

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, Arrays, StrategyReport

SMALLEST = float(np.finfo(np.float32).tiny)
NAME, SCALARS = "path", "path_scalars"  # in a strategy's state


@dataclass(frozen=True, slots=True, eq=False)
class EvolutionPath:
    """One centre's path."""

    sum_p: F32  # (P,) zeros before the first generation
    variance: float  # v, that of each element if selection said nothing: from 0 towards 1 as generations add up
    rate: float  # c / d at the latest generation; 0 where its weights were all zero
    alignment: float  # sqrt(P) * cosine of the latest direction and the path before it; nan where there is none

    @classmethod
    def start(cls, size: int) -> EvolutionPath:
        """Before the first generation, over `size` parameters."""
        return cls(np.zeros(size, np.float32), 0.0, 0.0, math.nan)

    def along(self, noise_p: F32, weight_k: F32) -> EvolutionPath:
        """The path one generation on.

        c = (mu + 2) / (P + mu + 5) and d = 1 + 2 max(0, sqrt((mu - 1) / (P + 1)) - 1) + c, where
        mu = (sum |w|)^2 / sum w^2 is the number of pairs that count. With weights that are all zero (or below what
        float32 can invert) nothing was learned: the path stays, at rate 0.

        With as many pairs as parameters or more, selection alone makes one generation's sum longer than chance, by
        about sqrt((P + K) / P): the path then reads as long even where each step undoes the last, and everything would
        grow without end (K above 1.1 P if all weights count the same, above 1.4 P for raw ones). There a long path
        whose latest direction points back says that steps are too long, and the rate is negative.

        Args:
            noise_p: (P,) sum of weight_k * eps_k.
            weight_k: (K,) the pairs' weights; a common factor of both cancels.
        """
        weights = weight_k.astype(np.float64)
        squares = float(np.square(weights).sum())
        if squares < SMALLEST**2:
            return replace(self, rate=0.0, alignment=math.nan)
        size = self.sum_p.size
        mu = float(np.abs(weights).sum()) ** 2 / squares
        c = (mu + 2.0) / (size + mu + 5.0)
        damping = 1.0 + 2.0 * max(0.0, math.sqrt((mu - 1.0) / (size + 1.0)) - 1.0) + c
        added_p = np.float32(math.sqrt(c * (2.0 - c) / squares)) * noise_p
        sum_p = np.float32(1.0 - c) * self.sum_p + added_p
        variance = (1.0 - c) ** 2 * self.variance + c * (2.0 - c)
        path = EvolutionPath(sum_p, variance, c / damping, self._alignment(added_p))
        undone = int(np.count_nonzero(weights)) >= size and path.alignment < 0.0 and path.ratio > 1.0
        return replace(path, rate=-path.rate) if undone else path

    def _alignment(self, noise_p: F32) -> float:
        """sqrt(P) * cosine of a direction and this path: N(0, 1) if selection said nothing, for P of some dozens."""
        lengths = _length(self.sum_p) * _length(noise_p)
        inner = float(np.multiply(self.sum_p, noise_p).sum(dtype=np.float64))
        return inner / lengths * math.sqrt(self.sum_p.size) if lengths > 0.0 else math.nan

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
        return _length(self.sum_p) / (expected * math.sqrt(self.variance))

    def told_in(self, report: StrategyReport) -> StrategyReport:
        """`report` with what it says of this path."""
        return replace(report, path_ratio=self.ratio, path_rate=self.rate, alignment=self.alignment)

    def arrays(self, prefix: str = "") -> Arrays:
        """As a part of a strategy's state."""
        return {prefix + NAME: self.sum_p, prefix + SCALARS: np.array([self.variance, self.rate, self.alignment])}

    @classmethod
    def of(cls, state: Arrays, prefix: str = "") -> EvolutionPath:
        """The path in a strategy's state."""
        variance, rate, alignment = np.asarray(state[prefix + SCALARS], np.float64).tolist()
        return cls(np.asarray(state[prefix + NAME], np.float32), variance, rate, alignment)

    @classmethod
    def require(cls, state: Arrays, prefix: str = "") -> None:
        """ArgumentError for scalars that no path has; `state` may be from before there were any."""
        if prefix + SCALARS not in state:
            return
        variance, rate, alignment = np.asarray(state[prefix + SCALARS], np.float64).tolist()
        if not (0.0 <= variance <= 1.0 + 1e-9 and math.isfinite(rate) and not math.isinf(alignment)):
            raise ArgumentError(
                f"{prefix}{SCALARS} must be a variance in [0, 1], a finite rate and an alignment, got "
                f"{[variance, rate, alignment]}"
            )

    def saved_in(self, state: Arrays, prefix: str = "") -> Arrays:
        """Arrays such as this path's, for `load` to compare with; none where `state` is from before there were any."""
        return {name: array for name, array in self.arrays(prefix).items() if name in state}


def _length(vector_p: F32) -> float:
    """Euclidean; not linalg.norm, whose sum BLAS may share out over threads: a meta-level acts on these bits."""
    return math.sqrt(float(np.square(vector_p).sum(dtype=np.float64)))
