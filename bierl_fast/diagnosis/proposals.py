"""Hyperparameters to try, where no generator proposes them.

used, ranges, NoiseKey -> spread_out -> M x Hyperparameters
"""

from __future__ import annotations

from collections.abc import Mapping

from bierl_fast import kernels
from bierl_fast.messages import Hyperparameters, NoiseKey
from bierl_fast.meta.history import Range


def spread_out(
    used: Hyperparameters, ranges: Mapping[str, Range], spread: float, key: NoiseKey, count: int
) -> list[Hyperparameters]:
    """`count` antithetic draws around the values in use, of standard deviation `spread`: pair i is row i of `key`.

    `spread` is in nats, on a linear scale in shares of the range. A draw that would leave its range stands at its end.
    """
    proposals = []
    for m in range(count):
        normals = (1 - 2 * (m % 2)) * kernels.normals(key, m // 2, len(ranges))
        moved = {
            name: bounds.moved(used[name], spread * (1.0 if bounds.scale == "log" else bounds.width) * normal)
            for (name, bounds), normal in zip(ranges.items(), normals.tolist(), strict=True)
        }
        proposals.append(used.replace(**moved))
    return proposals
