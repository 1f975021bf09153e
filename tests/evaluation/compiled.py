"""A function compiled by Numba, for whoever tests one."""

from __future__ import annotations

from typing import Any

import numba

SIGNATURE = "float64(CPointer(float32), int64)"


@numba.cfunc(SIGNATURE)
def compiled_hill(x: Any, count: int) -> float:
    total = 0.0
    for i in range(count):
        total -= (x[i] - 1.0) ** 2
    return total
