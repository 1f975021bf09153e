"""Strategies by name. Adding one is one file and one line here; one test walks this table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, HyperparameterSpec
from bierl_fast.names import lookup, unknown
from bierl_fast.public import public
from bierl_fast.settings import Section, old_names, renamed
from bierl_fast.strategy.ars import AugmentedRandomSearch
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.behaviours import NoveltySettings
from bierl_fast.strategy.cmaes import CovarianceMatrixAdaptation, CovarianceSettings
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.esac import EvolutionWithActorCritic, WinnerSettings
from bierl_fast.strategy.meps import MaximumEntropyStrategy
from bierl_fast.strategy.novelty import NoveltyAndReward, NoveltySearch
from bierl_fast.strategy.nsra import AdaptiveNoveltyAndReward, StagnationSettings
from bierl_fast.strategy.pgpe import ParameterExploringGradients
from bierl_fast.strategy.sac import SacSettings
from bierl_fast.strategy.settings import StrategySettings
from bierl_fast.strategy.snes import SeparableNES


@dataclass(frozen=True, slots=True)
class StrategyEntry:
    """One line of the table.

    Attributes:
        make: its constructor. Of what several strategies take it names what it takes, with its own defaults.
        sections: what it alone takes; its constructor takes their settings by name.
        requires: settings of a run that it cannot do without.
        prefers: settings of a run that it takes where nothing was said.
        transitions: whether it learns from the steps of its candidates' episodes.
        behaviors: whether it compares what its candidates' episodes did.
        hands_on: the constructor that `make` hands on to what it does not name.
        step_in_sigma: whether its step is in units of sigma, so that sigma scales it too.
        scales: whether its noise is sigma times what it has learned of each parameter, or of all.
    """

    make: Callable[..., Strategy]
    sections: tuple[type[Section], ...] = ()
    requires: Mapping[str, Any] = field(default_factory=dict)
    prefers: Mapping[str, Any] = field(default_factory=dict)
    transitions: bool = False
    behaviors: bool = False
    step_in_sigma: bool = False
    scales: bool = False
    hands_on: Callable[..., Strategy] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What its constructor takes besides `mean`, with its defaults; `sections` are not among them."""
        return _named(self.make) | ({} if self.hands_on is None else _named(self.hands_on))

    @property
    def own(self) -> dict[str, Any]:
        """The settings of its sections, with their defaults."""
        settings = [item for section in self.sections for item in section.settings().items()]
        return {name: field.default for name, field in settings}

    @property
    def of_returns_alone(self) -> bool:
        """Whether it learns from nothing but returns: its centre can be set back, and several be averaged."""
        return not self.transitions and not self.behaviors


def _named(make: Callable[..., Strategy]) -> dict[str, Any]:
    parameters = inspect.signature(make).parameters.values()
    return {p.name: p.default for p in parameters if p.name != "mean" and p.kind is not p.VAR_KEYWORD}


_NOVELTY: dict[str, Any] = {"behaviors": True, "prefers": {"meta_objective": "fitness"}}

STRATEGIES: dict[str, StrategyEntry] = {
    "ars": StrategyEntry(AugmentedRandomSearch),
    "cmaes": StrategyEntry(CovarianceMatrixAdaptation, (CovarianceSettings,), scales=True),
    "es": StrategyEntry(EvolutionStrategy),
    "esac": StrategyEntry(
        EvolutionWithActorCritic,
        (WinnerSettings, SacSettings),
        requires={"squash": "tanh", "obs_norm": False},
        transitions=True,
    ),
    "meps": StrategyEntry(
        MaximumEntropyStrategy, requires={"action_noise": "evolved"}, prefers={"log_std_noise_scale": 5.0}
    ),
    "ns": StrategyEntry(NoveltySearch, (NoveltySettings,), **_NOVELTY),
    "nsr": StrategyEntry(NoveltyAndReward, (NoveltySettings,), **_NOVELTY),
    "nsra": StrategyEntry(
        AdaptiveNoveltyAndReward, (NoveltySettings, StagnationSettings), hands_on=NoveltySearch, **_NOVELTY
    ),
    "pgpe": StrategyEntry(ParameterExploringGradients, scales=True),
    "snes": StrategyEntry(SeparableNES, step_in_sigma=True, scales=True),
}


def entry(name: str) -> StrategyEntry:
    """The line of the strategy called `name`; UnknownNameError with the nearest when there is none."""
    return lookup("strategy", name, STRATEGIES, ["strategy"])


def options(name: str) -> dict[str, Any]:
    """All that the strategy called `name` takes besides `mean`, with its defaults."""
    return entry(name).options | entry(name).own


def declared(name: str, size: int) -> Mapping[str, HyperparameterSpec]:
    """What the strategy called `name` declares over `size` parameters, on whose number some defaults depend."""
    of_class: Mapping[str, HyperparameterSpec] | None = getattr(entry(name).make, "declared", None)
    return of_class or make_strategy(name, mean=np.zeros(size, np.float32)).declared


def which_take(option: str) -> list[str]:
    """The strategies that take it."""
    return [name for name in STRATEGIES if option in options(name)]


def which_declare(hyperparameter: str) -> list[str]:
    """The strategies that declare it."""
    return [name for name in STRATEGIES if hyperparameter in declared(name, 4)]


@public
def make_strategy(name: str, *, mean: F32, **options: Any) -> Strategy:
    """The strategy called `name`, starting at `mean` (P,); `options` are its constructor's.

    Raises:
        ArgumentTypeError: an argument of another type.
        UnknownNameError: an unknown strategy or option (the nearest is offered).
        ArgumentError: an option out of range, or of other strategies.
    """
    found = entry(name)
    given = renamed(options, old_names(found.sections))
    known = found.options | found.own
    for option in given:
        if option not in known and which_take(option):
            raise ArgumentError(
                f"strategy {name!r} takes no option {option}; it is for {', '.join(which_take(option))}", [option]
            )
        if option not in known:
            settings = [each for each in known if each in StrategySettings.settings() or each in found.own]
            raise unknown(f"option of strategy {name!r}", option, settings, [option])
    return found.make(mean=mean, **given)
