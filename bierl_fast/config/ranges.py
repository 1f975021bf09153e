"""Where a meta-level may move each hyperparameter: a range, and a scale.

ranges, scales of a Config        by name; sigma_range, sigma_scale and learning_rate_range are shorthands
-> check                          settings against each other
-> check_declared                 against what the strategy declares
-> ranges_of                      -> {name: Range}, the strategy's scale and a default range where none is given
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from bierl_fast.config.sections import Settings
from bierl_fast.errors import ConfigError
from bierl_fast.messages import HyperparameterSpec
from bierl_fast.meta.history import Range, default_range
from bierl_fast.names import unknown
from bierl_fast.values import at_fault, check_float32

Scale = Literal["log", "linear"]

POSITIVE = ("sigma", "learning_rate")  # have shorthands, and are above 0 on any scale


def given_ranges(config: Settings) -> dict[str, tuple[float, float]]:
    """low, high of each hyperparameter that was given a range, by shorthand or by name."""
    shorthands = {name: getattr(config, f"{name}_range") for name in POSITIVE}
    named: dict[str, tuple[float, float]] = config.ranges
    return {name: ends for name, ends in shorthands.items() if ends is not None} | named


def given_scales(config: Settings) -> Mapping[str, str]:
    """The scale of each hyperparameter that was given another than its strategy's, or the same by name."""
    named: Mapping[str, str] = config.scales
    return {**({"sigma": "linear"} if config.sigma_scale == "linear" else {}), **named}


def check(config: Settings) -> None:
    """Raise ConfigError for a range given twice, empty, or without the configured value."""
    for name in POSITIVE:
        if getattr(config, name) is not None:
            check_float32(name, getattr(config, name))
        if name in config.ranges and getattr(config, f"{name}_range") is not None:
            raise ConfigError(
                f"{name}_range and ranges.{name} are the same setting; give one of them", [f"{name}_range", "ranges"]
            )
    if "sigma" in config.scales and config.sigma_scale == "linear":
        raise ConfigError(
            "sigma_scale and scales.sigma are the same setting; give one of them", ["sigma_scale", "scales"]
        )
    for name in given_ranges(config):
        _check_range(name, config)


def _check_range(name: str, config: Settings) -> None:
    (low, high), where = given_ranges(config)[name], _where(name, config)
    positive, log = name in POSITIVE, given_scales(config).get(name) == "log"
    if positive:
        for end in (low, high):
            if 0 < end < math.inf:
                check_float32(where, end)
    if not (-math.inf < low < high < math.inf) or ((positive or log) and not low > 0):
        wanted = f"{'0 < ' if positive or log else ''}low < high, both finite"
        on_log = "" if positive or not log else f"; scales.{name} = 'linear' takes 0 and below"
        raise ConfigError(f"{where} must be low,high with {wanted}, got {low},{high}{on_log}", at_fault(where))
    value = getattr(config, name, None)
    if value is not None and not low <= value <= high:
        raise ConfigError(
            f"{name} must lie in {where} [{low}, {high}], got {value}; change one of the two", [name, *at_fault(where)]
        )


def _where(name: str, config: Settings) -> str:
    """The setting that says where a hyperparameter may move, or would."""
    return f"{name}_range" if name not in config.ranges and name in POSITIVE else f"ranges.{name}"


def nothing_to_move(strategy: str) -> ConfigError:
    """For a meta-level over a strategy that declares nothing adaptable."""
    return ConfigError(
        f"strategy {strategy!r} leaves a meta-level nothing to move; take meta = 'none'", ["strategy", "meta"]
    )


def check_declared(config: Settings, declared: Mapping[str, HyperparameterSpec]) -> None:
    """Raise unless `ranges` and `scales` are of hyperparameters that a meta-level may move, where the strategy allows.

    Raises:
        ConfigError: an end of a range is outside what the strategy declares.
        UnknownNameError: the strategy does not let one of them be moved; it names those it does.
    """
    adaptable = [name for name, spec in declared.items() if spec.adaptable]
    for setting in ("ranges", "scales"):
        for name in getattr(config, setting):
            if name not in adaptable:
                kind = f"adaptable hyperparameter of strategy {config.strategy!r} in {setting}"
                raise unknown(kind, name, adaptable, [setting, "strategy"])
    for name, ends in config.ranges.items():
        for end, text in zip(ends, ("lower", "upper"), strict=True):
            try:
                declared[name].check(f"the {text} end of ranges.{name}", end)
            except ValueError as error:
                raise ConfigError(str(error), ["ranges", "strategy"]) from None


def not_adapted(config: Settings, adapted: Iterable[str]) -> list[str]:
    """Hyperparameters with a range or a scale that has no effect, as the meta-level does not move them."""
    given = dict.fromkeys([*given_ranges(config), *given_scales(config)])
    return [name for name in given if name not in set(adapted)]


def value_of(config: Settings, name: str, spec: HyperparameterSpec) -> float:
    """The configured value, else the strategy's default."""
    value = getattr(config, name, None)
    return spec.default if value is None else float(value)


def ranges_of(names: Iterable[str], config: Settings, declared: Mapping[str, HyperparameterSpec]) -> dict[str, Range]:
    """Where these hyperparameters may be moved; inside what the strategy declares.

    Raises:
        ConfigError: one of them is 0 and has no range of its own, or its scale needs one.
        UnknownNameError: the strategy does not let one of them be moved.
    """
    adaptable = {name: spec for name, spec in declared.items() if spec.adaptable}
    ranges: dict[str, Range] = {}
    for name in names:
        if not adaptable:
            raise nothing_to_move(config.strategy)
        if name not in adaptable:
            kind = f"adaptable hyperparameter of strategy {config.strategy!r}"
            raise unknown(kind, name, adaptable, ["adapt", "strategy"])
        ranges[name] = _range_of(name, config, adaptable)
        if adaptable[name].scale == "log":
            for end, text in ((ranges[name].low, "lower"), (ranges[name].high, "upper")):
                _check_end(f"the {text} end of {name}'s range", end, name, config)
    return ranges


def _check_end(what: str, end: float, name: str, config: Settings) -> None:
    """Raise unless single precision holds it; of a range that nobody gave the error says so."""
    try:
        check_float32(what, end, [name, *at_fault(_where(name, config))])
    except ConfigError as error:
        if name in given_ranges(config):
            raise
        text = f"{error}; none is given, so it goes a factor of 100 either side of {name}: --range {name}=LOW,HIGH"
        raise ConfigError(text, error.settings) from None


def _range_of(name: str, config: Settings, adaptable: Mapping[str, HyperparameterSpec]) -> Range:
    spec, value, given = adaptable[name], value_of(config, name, adaptable[name]), given_ranges(config).get(name)
    scale: Scale = "linear" if given_scales(config).get(name, spec.scale) == "linear" else "log"
    if given is not None:
        if scale == "log" and given[0] <= 0.0:  # of a scale that the strategy chose: `check` does not know it
            where = _where(name, config)
            raise ConfigError(f"{where} must begin above 0 on a log scale, got {given[0]},{given[1]}", at_fault(where))
        return _inside(Range(*given, scale), spec)
    if value <= 0.0:  # a default range is made from the value, and goes from 0 on
        known = ", ".join(other for other in adaptable if value_of(config, other, adaptable[other]) > 0.0)
        raise ConfigError(
            f"adapt cannot hold {name}, which is {value} and so has no range to move in; give it one "
            f"(--range {name}=LOW,HIGH, in files ranges = {{{name} = [LOW, HIGH]}}) or a value above 0, "
            f"or take some of {known}",
            ["adapt", name],
        )
    if scale != spec.scale:
        setting = f"{name}_scale" if name == "sigma" and name not in config.scales else f"scales.{name}"
        where = _where(name, config)
        raise ConfigError(
            f"{setting} = {scale!r} needs {where}, the low,high that {name} may move in",
            [*at_fault(setting), *at_fault(where)],
        )
    return _inside(default_range(value, scale), spec)


def _inside(wanted: Range, spec: HyperparameterSpec) -> Range:
    return replace(wanted, low=max(wanted.low, spec.low), high=min(wanted.high, spec.high))
