"""Strategies by name. Adding one is one file and one line here; one test walks this table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from bierl_fast.messages import F32
from bierl_fast.names import lookup
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.novelty import AdaptiveNoveltyAndReward, NoveltyAndReward, NoveltySearch

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    "es": EvolutionStrategy,
    "ns": NoveltySearch,
    "nsr": NoveltyAndReward,
    "nsra": AdaptiveNoveltyAndReward,
}


def options(name: str) -> dict[str, Any]:
    """What the constructor of the strategy called `name` takes besides `mean`, with its defaults."""
    parameters = inspect.signature(lookup("strategy", name, STRATEGIES)).parameters
    return {name: parameter.default for name, parameter in parameters.items() if name != "mean"}


def make_strategy(name: str, *, mean: F32, **options: Any) -> Strategy:
    """The strategy called `name`, starting at `mean` (P,); `options` are its constructor's.

    Raises:
        ValueError: an unknown name (the nearest is offered) or an option out of range.
    """
    return lookup("strategy", name, STRATEGIES)(mean=mean, **options)
