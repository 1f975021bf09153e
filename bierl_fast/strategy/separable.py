"""What separable strategies share: a standard deviation for each parameter, learnt beside the centre.

    candidate: theta_p +- sigma_p * eps_p,   sigma_p = hp.sigma * level * scale_p

scale (P,) has geometric mean 1 and says how parameters differ; level says how far the strategy went from the sigma it
was given. Both are state. hp.sigma stays what the user, or a meta-level, set: it is never written to.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, F64, Arrays, Hyperparameters, NoiseKey, Population
from bierl_fast.strategy.antithetic import Antithetic
from bierl_fast.strategy.checks import complete, require_above_zero, scales
from bierl_fast.strategy.pairs import Pairs

WIDEST = math.log(1e6)  # |ln(sigma_p / hp.sigma)| is cut here, so that no scale becomes zero or infinite


class Separable(Antithetic):
    """An antithetic strategy with "scale" (P,) and "level" (1,) in its state.

    Args:
        mean, pairs, pool: as Antithetic's.
        scale: (P,) per-parameter factor of sigma to start from, above 0; None for ones.

    Raises:
        ArgumentError: as Antithetic; or a scale that is not above 0.
    """

    def __init__(
        self, mean: F32, pairs: Pairs, scale: F32 | None = None, pool: kernels.ThreadPool | None = None
    ) -> None:
        """See the class."""
        super().__init__(mean, pairs, pool=pool)
        given = scales(scale, self._theta.size)
        start = np.ones_like(self._theta) if given is None else given
        self._state.update(_spread(np.log(start, dtype=np.float64)))

    def _require(self, arrays: Arrays) -> None:
        super()._require(arrays)
        require_above_zero(arrays, "scale", "level")
        for name, widest in (("scale", 2.0 * WIDEST), ("level", WIDEST)):
            if (np.abs(np.log(arrays[name], dtype=np.float64)) > 1.001 * widest).any():
                raise ArgumentError(f"{name} must be within a factor of {math.exp(widest):.0e} of 1")

    def _like(self, arrays: Arrays) -> Arrays:
        return {**super()._like(arrays), **{name: self._state[name] for name in ("scale", "level")}}

    @property
    def _level(self) -> float:
        return float(np.asarray(self._state["level"], np.float64)[0])

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Pairs (2i, 2i+1) = theta +- hp.sigma * level * scale * eps(i), then the centre's rows. Pure."""
        scale = np.asarray(self._state["scale"], np.float32)
        population = self._pairs.ask(self._theta, complete(hp, self.declared), key, candidates, scale)
        population = replace(population, sigma_r=population.sigma_r * np.float32(self._level))
        return self._pairs.board(population, self._last_step, candidates)

    def _widened(self, log_change_p: F64) -> Arrays:
        """The next "scale" and "level", each parameter's standard deviation multiplied by exp(log_change)."""
        return _spread(np.log(self._state["scale"], dtype=np.float64) + math.log(self._level) + log_change_p)


def _spread(log_factor_p: F64) -> Arrays:
    """The state's "scale", of geometric mean 1, and "level", whose product is exp(log_factor)."""
    log_factor_p = np.clip(log_factor_p, -WIDEST, WIDEST)
    log_level = float(log_factor_p.mean())
    return {
        "scale": np.exp(log_factor_p - log_level).astype(np.float32),
        "level": np.array([math.exp(log_level)]),
    }
