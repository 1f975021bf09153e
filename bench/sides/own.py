"""What a user brings to a run: a function to search, a behaviour, a torch policy. Named by import path, `own:NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def bowl(x_p: NDArray[np.float32]) -> float:
    """A quadratic around 1."""
    return -float(np.sum((np.asarray(x_p, np.float64) - 1.0) ** 2))


def bowls(x_kp: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same of a block (k, P)."""
    values: NDArray[np.float64] = -np.sum((np.asarray(x_kp, np.float64) - 1.0) ** 2, axis=1)
    return values


def tilt(env: Any, observation: Any, info: Any) -> NDArray[np.float64]:
    """A behaviour of two numbers."""
    return np.asarray(observation, np.float64)[:2]


def module(observation: int, action: int) -> torch.nn.Module:
    """A small policy."""
    import torch  # noqa: PLC0415 - most runs do without

    return torch.nn.Sequential(torch.nn.Linear(observation, 4), torch.nn.Tanh(), torch.nn.Linear(4, action))
