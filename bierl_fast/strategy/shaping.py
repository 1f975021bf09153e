"""From fitness to update weights, by name. The rules for ties and failures are csrc/core/shaping.hpp's."""

from __future__ import annotations

from collections.abc import Callable

from bierl_fast import kernels
from bierl_fast.messages import F32, F64, Bool

Shaping = Callable[[F64, Bool, int], F32]  # fitness (N,), failed (N,), top pairs -> weights (N,)


def _standardized(fitness_n: F64, failed_n: Bool, top: int) -> F32:
    return kernels.standardized_weights(fitness_n, failed_n, top=top)


SHAPINGS: dict[str, Shaping] = {
    "centered_rank": lambda fitness_n, failed_n, _: kernels.centered_rank_utilities(fitness_n, failed_n),
    "log_rank": lambda fitness_n, failed_n, _: kernels.log_rank_utilities(fitness_n, failed_n),
    "standardized": _standardized,
    "raw": lambda fitness_n, failed_n, _: kernels.raw_weights(fitness_n, failed_n),
}
