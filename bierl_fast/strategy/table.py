"""Strategies by name. Adding one is one file and one line here; one test walks this table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from bierl_fast.messages import F32
from bierl_fast.names import lookup
from bierl_fast.strategy.ars import AugmentedRandomSearch
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.cmaes import CovarianceMatrixAdaptation
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.esac import EvolutionWithActorCritic
from bierl_fast.strategy.meps import MaximumEntropyStrategy
from bierl_fast.strategy.novelty import NoveltyAndReward, NoveltySearch
from bierl_fast.strategy.nsra import AdaptiveNoveltyAndReward
from bierl_fast.strategy.pgpe import ParameterExploringGradients
from bierl_fast.strategy.snes import SeparableNES

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    "ars": AugmentedRandomSearch,
    "cmaes": CovarianceMatrixAdaptation,
    "es": EvolutionStrategy,
    "esac": EvolutionWithActorCritic,
    "meps": MaximumEntropyStrategy,
    "ns": NoveltySearch,
    "nsr": NoveltyAndReward,
    "nsra": AdaptiveNoveltyAndReward,
    "pgpe": ParameterExploringGradients,
    "snes": SeparableNES,
}


def options(name: str) -> dict[str, Any]:
    """What the constructor of the strategy called `name` takes besides `mean`, with its defaults.

    A constructor that hands `**rest` on to its base class takes what that takes, too.
    """
    return _options(lookup("strategy", name, STRATEGIES))


def _options(kind: Callable[..., Strategy]) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters.values()
    rest = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    taken = _options(kind.__bases__[0]) if rest and isinstance(kind, type) else {}
    own = {p.name: p.default for p in parameters if p.name != "mean" and p.kind is not p.VAR_KEYWORD}
    return {**taken, **own}


def wants_transitions(name: str) -> bool:
    """Whether the strategy called `name` learns from the steps of its candidates' episodes."""
    return bool(getattr(lookup("strategy", name, STRATEGIES), "wants_transitions", False))


def wants_behaviours(name: str) -> bool:
    """Whether the strategy called `name` compares what its candidates' episodes did."""
    return bool(getattr(lookup("strategy", name, STRATEGIES), "wants_behaviours", False))


def step_in_sigma(name: str) -> bool:
    """Whether the step of the strategy called `name` is in units of sigma, so that sigma scales it too."""
    return bool(getattr(lookup("strategy", name, STRATEGIES), "step_in_sigma", False))


def policy_settings(name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the strategy called `name` requires of the policy's settings, and what it prefers where nothing was said."""
    kind = lookup("strategy", name, STRATEGIES)
    return getattr(kind, "requires", {}), getattr(kind, "prefers", {})


def make_strategy(name: str, *, mean: F32, **options: Any) -> Strategy:
    """The strategy called `name`, starting at `mean` (P,); `options` are its constructor's.

    Raises:
        ArgumentError: an unknown name (the nearest is offered) or an option out of range.
    """
    return lookup("strategy", name, STRATEGIES)(mean=mean, **options)
