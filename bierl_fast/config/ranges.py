"""Where a meta-level may move each hyperparameter: a range, and a scale.

ranges, scales of a Config        by name; sigma_range, sigma_scale and learning_rate_range are shorthands
-> check                          settings against each other
-> check_declared                 against what the strategy declares
-> ranges_of                      -> {name: Range}, the strategy's scale and a default range where none is given
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from bierl_fast.config.values import check_float32
from bierl_fast.errors import ConfigError
from bierl_fast.names import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bierl_fast.config.config import Config
    from bierl_fast.messages import HyperparameterSpec
    from bierl_fast.meta.history import Range

Scale = Literal["log", "linear"]

POSITIVE = ("sigma", "learning_rate")  # have shorthands, and are above 0 on any scale


def given_ranges(config: Config) -> dict[str, tuple[float, float]]:
    """low, high of each hyperparameter that was given a range, by shorthand or by name."""
    shorthands = {name: getattr(config, f"{name}_range") for name in POSITIVE}
    return {name: ends for name, ends in shorthands.items() if ends is not None} | config.ranges


def given_scales(config: Config) -> Mapping[str, str]:
    """The scale of each hyperparameter that was given another than its strategy's, or the same by name."""
    return ({"sigma": "linear"} if config.sigma_scale == "linear" else {}) | config.scales


def check(config: Config) -> None:
    """Raise ConfigError for a range given twice, empty, or without the configured value."""
    for name in POSITIVE:
        if getattr(config, name) is not None:
            check_float32(name, getattr(config, name))
        if name in config.ranges and getattr(config, f"{name}_range") is not None:
            raise ConfigError(f"{name}_range and ranges.{name} are the same setting; give one of them")
    if "sigma" in config.scales and config.sigma_scale == "linear":
        raise ConfigError("sigma_scale and scales.sigma are the same setting; give one of them")
    for name in given_ranges(config):
        _check_range(name, config)


def _check_range(name: str, config: Config) -> None:
    (low, high), where = given_ranges(config)[name], _where(name, config)
    positive, log = name in POSITIVE, given_scales(config).get(name) == "log"
    if positive:
        for end in (low, high):
            if 0 < end < math.inf:
                check_float32(where, end)
    if not (-math.inf < low < high < math.inf) or ((positive or log) and not low > 0):
        wanted = f"{'0 < ' if positive or log else ''}low < high, both finite"
        on_log = "" if positive or not log else f"; scales.{name} = 'linear' takes 0 and below"
        raise ConfigError(f"{where} must be low,high with {wanted}, got {low},{high}{on_log}")
    value = getattr(config, name, None)
    if value is not None and not low <= value <= high:
        raise ConfigError(f"{name} must lie in {where} [{low}, {high}], got {value}; change one of the two")


def _where(name: str, config: Config) -> str:
    """The setting that says where a hyperparameter may move, or would."""
    return f"{name}_range" if name not in config.ranges and name in POSITIVE else f"ranges.{name}"


def nothing_to_move(strategy: str) -> ConfigError:
    """For a meta-level over a strategy that declares nothing adaptable."""
    return ConfigError(f"strategy {strategy!r} leaves a meta-level nothing to move; take meta = 'none'")


def check_declared(config: Config, declared: Mapping[str, HyperparameterSpec]) -> None:
    """Raise unless `ranges` and `scales` are of hyperparameters that a meta-level may move, where the strategy allows.

    Raises:
        ConfigError: an end of a range is outside what the strategy declares.
        UnknownNameError: the strategy does not let one of them be moved; it names those it does.
    """
    adaptable = [name for name, spec in declared.items() if spec.adaptable]
    for setting in ("ranges", "scales"):
        for name in getattr(config, setting):
            if name not in adaptable:
                raise unknown(f"adaptable hyperparameter of strategy {config.strategy!r} in {setting}", name, adaptable)
    for name, ends in config.ranges.items():
        for end, text in zip(ends, ("lower", "upper"), strict=True):
            try:
                declared[name].check(f"the {text} end of ranges.{name}", end)
            except ValueError as error:
                raise ConfigError(str(error)) from None


def not_adapted(config: Config, adapted: Iterable[str]) -> list[str]:
    """Hyperparameters with a range or a scale that has no effect, as the meta-level does not move them."""
    given = dict.fromkeys([*given_ranges(config), *given_scales(config)])
    return [name for name in given if name not in set(adapted)]


def value_of(config: Config, name: str, spec: HyperparameterSpec) -> float:
    """The configured value, else the strategy's default."""
    value = getattr(config, name, None)
    return spec.default if value is None else float(value)


def ranges_of(names: Iterable[str], config: Config, declared: Mapping[str, HyperparameterSpec]) -> dict[str, Range]:
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
            raise unknown(f"adaptable hyperparameter of strategy {config.strategy!r}", name, adaptable)
        ranges[name] = _range_of(name, config, adaptable)
        if adaptable[name].scale == "log":
            for end, text in ((ranges[name].low, "lower"), (ranges[name].high, "upper")):
                check_float32(f"the {text} end of {name}'s range", end)
    return ranges


def _range_of(name: str, config: Config, adaptable: Mapping[str, HyperparameterSpec]) -> Range:
    from bierl_fast.meta.history import Range, default_range  # noqa: PLC0415

    spec, value, given = adaptable[name], value_of(config, name, adaptable[name]), given_ranges(config).get(name)
    scale: Scale = "linear" if given_scales(config).get(name, spec.scale) == "linear" else "log"
    if given is not None:
        if scale == "log" and given[0] <= 0.0:  # of a scale that the strategy chose: `check` does not know it
            raise ConfigError(f"{_where(name, config)} must begin above 0 on a log scale, got {given[0]},{given[1]}")
        return _inside(Range(*given, scale), spec)
    if value <= 0.0:  # a default range is made from the value, and goes from 0 on
        known = ", ".join(other for other in adaptable if value_of(config, other, adaptable[other]) > 0.0)
        raise ConfigError(
            f"adapt cannot hold {name}, which is {value} and so has no range to move in; give it one "
            f"(--range {name}=LOW,HIGH, in files ranges = {{{name} = [LOW, HIGH]}}) or a value above 0, "
            f"or take some of {known}"
        )
    if scale != spec.scale:
        setting = f"{name}_scale" if name == "sigma" and name not in config.scales else f"scales.{name}"
        raise ConfigError(f"{setting} = {scale!r} needs {_where(name, config)}, the low,high that {name} may move in")
    return _inside(default_range(value, scale), spec)


def _inside(wanted: Range, spec: HyperparameterSpec) -> Range:
    return replace(wanted, low=max(wanted.low, spec.low), high=min(wanted.high, spec.high))
