"""The slow twin of csrc/bierl/core/fitness_buffer.hpp: one row of features, and the window as a list of rows."""

from __future__ import annotations

import math

import numpy as np

from bierl_fast.messages import F64, Bool


class FitnessBuffer:
    """Keeps every row ever pushed and cuts the window out when asked."""

    def __init__(self, history: int, quantiles: int, hyperparameters: int) -> None:
        self.history, self.quantiles = history, quantiles
        self.features = quantiles + hyperparameters + 6
        self._rows: list[F64] = []
        self._last_mean = self._last_center = math.nan

    def push(self, returns_n: F64, failed_n: Bool, center: float, hyperparameters_k: F64) -> None:
        own_n = returns_n[~failed_n]
        mean, spread = own_n.mean(), own_n.std()

        def in_spreads(value: F64 | float) -> F64:
            if spread == 0.0:
                return np.zeros_like(value)
            score: F64 = np.nan_to_num(np.clip(np.asarray(value) / spread, -10.0, 10.0), nan=0.0)
            return score

        probability_q = (np.arange(self.quantiles) + 0.5) / self.quantiles
        rank = 0.0
        if math.isfinite(center):
            rank = ((own_n < center).sum() + (own_n == center).sum() / 2) / own_n.size - 0.5
        changes = [center - mean, mean - self._last_mean, center - self._last_center]
        self._rows.append(
            np.concatenate(
                [
                    in_spreads(np.quantile(own_n, probability_q, method="hazen") - mean),
                    [rank],
                    in_spreads(np.array(changes)),
                    hyperparameters_k,
                    [failed_n.mean(), 1.0],
                ]
            )
        )
        self._last_mean, self._last_center = mean, center

    def window(self) -> F64:
        """(H, features), oldest first, rows not yet filled zero."""
        empty = [np.zeros(self.features)] * self.history
        return np.array((empty + self._rows)[-self.history :])
