"""Every strategy of the table as tests make it: small, and on the sphere."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers.sphere import P

import bierl_fast as bf
from bierl_fast.messages import F32, Hyperparameters, Network
from bierl_fast.strategy import table
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.table import STRATEGIES

NAMES = sorted(STRATEGIES)
# What the sphere takes where a strategy's own default, meant for a policy, is not it. Its entropy is made up, and would
# outweigh the returns at the default of `meps`.
TUNED: dict[str, dict[str, float]] = {
    "cmaes": {"sigma": 0.5},
    "meps": {"sigma": 0.1, "learning_rate": 0.1, "entropy_weight": 0.01},
    "pgpe": {"sigma": 0.1, "learning_rate": 0.1},
    "snes": {"sigma": 0.5, "learning_rate": 1.0},
}


def hp_of(name: str, **changes: float) -> Hyperparameters:
    return Hyperparameters(**{**TUNED.get(name, {"sigma": 0.1, "learning_rate": 0.1}), **changes})


def make(name: str, mean: F32 | None = None, population: int = 16, **options: Any) -> Strategy:
    """Some strategies also ask for the policy's layers: here those of a linear policy with ten actions."""
    mean = np.zeros(P, np.float32) if mean is None else mean
    if "network" in table.options(name):
        sizes = (mean.size // 10 - 1, 10)
        options["network"] = Network(sizes, "tanh", "tanh", low=(-1.0,) * 10, high=(1.0,) * 10)
    return bf.make_strategy(name, mean=mean, population=population, **options)
