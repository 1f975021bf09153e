"""From a trial's parameters to the settings of its runs; and whether a space fits what runs take, before any is begun.

Spec, layer        -> config_of -> Config            as best.toml has it
Config, seeds      -> runs_of   -> {seed: Config}    each on one core
Spec               -> check                          a range that some setting refuses is told at once
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from bierl_fast.comparison.plan import named, one_core
from bierl_fast.comparison.reading import located
from bierl_fast.config import resolve, toml
from bierl_fast.config.auto import decided
from bierl_fast.config.config import Config
from bierl_fast.errors import ArgumentError, ConfigError, shown
from bierl_fast.evaluation.base import Policy
from bierl_fast.evaluation.settings import TaskSettings
from bierl_fast.run import build
from bierl_fast.run.warm_start import from_file
from bierl_fast.strategy import table as strategies
from bierl_fast.sweeping.space import Dimension, nested
from bierl_fast.sweeping.spec import Spec


def config_of(spec: Spec, layer: Mapping[str, Any]) -> Config:
    """The settings of a trial, with nothing said of seeds and cores.

    Raises:
        ConfigError: they do not go together.
    """
    config = named(toml.compose(spec.settings(layer)), "search over")
    config.check_names()
    config.check_end()
    return decided(config, from_file(config))


def runs_of(spec: Spec, config: Config) -> dict[int, Config]:
    """The settings of a trial's runs, by seed."""
    alone = config.replace(**one_core(config))
    return {seed: alone.replace(seed=seed) for seed in spec.seeds}


def check(spec: Spec) -> None:
    """Raise ConfigError where the base cannot be run, or where a range holds what no run takes.

    Each end and each choice is looked at by itself, beside the first values of the others. What is refused only beside
    another value of the space is no fault of the range: that trial fails, and the search goes on.
    """
    with located(spec.source):
        dimensions = {each.setting for each in spec.space}
        policy = _policy(spec, dimensions)
        for dimension in spec.space:
            for value in dimension.probes:
                try:
                    config = config_of(spec, _beside(spec, dimension, value))
                    _require(config, policy)
                    if dimension.setting in TaskSettings.settings():
                        _make(spec, config)
                except ConfigError as error:
                    if set(error.settings) & (dimensions - {dimension.setting}):
                        continue  # beside another value it may do
                    raise type(error)(_in_words(dimension, value, error), error.settings) from error


def _in_words(dimension: Dimension, value: Any, error: ConfigError) -> str:
    what = "one of its choices" if dimension.choices is not None else "within its range"
    remedy = "give other choices" if dimension.choices is not None else "give another range, a step, or choices"
    return f"space: {dimension.name}: {shown(value)}, {what}, is refused: {error}; {remedy}"


def _policy(spec: Spec, dimensions: set[str]) -> Policy | None:
    """That of the task, whose parts are made once as a run makes them; None where the base alone makes none.

    Raises:
        ConfigError: the base cannot be run, whatever the space holds.
    """
    for layer in (_layer(spec.space, {}), {}):
        try:
            config = config_of(spec, layer)
            return _make(spec, config)
        except ConfigError as error:
            if set(error.settings) & dimensions:
                continue  # which of its values is at fault is said of that value
            raise type(error)(f"base: {error}", error.settings) from error
    return None


def _make(spec: Spec, config: Config) -> Policy:
    """Make a run's parts, its task among them, and leave them."""
    parts = build.make_parts(next(iter(runs_of(spec, config).values())), from_file(config))
    with closing(parts.evaluator):
        return parts.evaluator.policy


def _require(config: Config, policy: Policy | None) -> None:
    """Raise ConfigError for what a run would refuse, short of making its task."""
    try:
        config.check_taken()
        config = resolve.with_meta_settings(resolve.with_policy_settings(config))
        warm_start = from_file(config)
        if warm_start is not None:
            config = resolve.with_warm_start(config, warm_start)
        declared = strategies.declared(config.strategy, 4)
        config = resolve.resolved(resolve.with_signals(config), declared)
        resolve.configured(config, declared)
        resolve.adapted_ranges(config, declared)
        if policy is not None:
            build.make_strategy(config, policy)
    except ConfigError:
        raise
    except ArgumentError as error:
        raise ConfigError(str(error), error.settings) from error


def _beside(spec: Spec, dimension: Dimension, value: Any) -> dict[str, Any]:
    """A layer with this value of one dimension, and the first ones of the others."""
    needed = {other: wanted[0] for other, wanted in dimension.only.items()}
    return _layer(spec.space, {dimension.name: value, **needed})


def _layer(dimensions: Iterable[Dimension], fixed: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in dimensions:
        if each.applies(values):
            values[each.name] = fixed.get(each.name, each.probes[0])
    return nested(values)
