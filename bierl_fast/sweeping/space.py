"""What a sweep may change: settings, each with its range or its choices.

    [space] of a file -> read -> (Dimension, ...)
    trial, dimensions -> suggest, layer -> {setting: value}, above the base

    [space]
    sigma = {low = 0.01, high = 0.3, log = true}
    population = {low = 16, high = 128, step = 16}
    hidden = {choices = [[], [32], [64, 64]]}
    strategy = {choices = ["es", "ars"]}
    top = {low = 4, high = 8, only = {strategy = ["ars"]}}      # asked for in trials whose strategy is this
    task_kwargs.frame_skip = {choices = [4, 5]}                 # an entry of a table

`only` names settings with choices that have no `only` of their own.
"""

from __future__ import annotations

import json
import math
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bierl_fast.comparison.reading import located, require_known, table
from bierl_fast.config import reference
from bierl_fast.config.sections import TABLES, check_names, hints, settings_of
from bierl_fast.errors import ConfigError, shown
from bierl_fast.values import checked, describe, kinds, plain

KEYS = ("low", "high", "step", "log", "choices", "only")
SCALARS = (bool, int, float, str)
RESERVED = {
    "seed": "seeds are the sweep's own key: seeds = 3, or a list",
    "generations": "trials are compared at one end; give it in [base]",
    "total_steps": "trials are compared at one end; give it in [base]",
    "target_return": "trials are compared at one end; give it in [base]",
    "threads": "every run has one thread, and --jobs of them run side by side",
    "workers": "every run has one worker, and --jobs of them run side by side",
}


@dataclass(frozen=True, slots=True)
class Dimension:
    """One setting, or one entry of a setting that is a table: `choices`, or numbers from `low` to `high`."""

    name: str  # "sigma", or "task_kwargs.frame_skip"
    choices: tuple[Any, ...] | None = None
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # asked for where others have such values

    @property
    def setting(self) -> str:
        """The setting that it is of."""
        return self.name.partition(".")[0]

    @property
    def labels(self) -> dict[Any, Any]:
        """What Optuna calls each choice -> the choice: a list or table is called by its text."""
        return {label(value): value for value in self.choices or ()}

    @property
    def probes(self) -> tuple[Any, ...]:
        """Values that say whether a range fits: its ends as they can be reached, and the one beside the lower."""
        if self.choices is not None:
            return self.choices
        whole = isinstance(self.low, int)
        step = self.step or (1 if whole else None)
        if step is None:
            return (self.low, self.high)
        last = self.low + step * math.floor((self.high - self.low) / step)
        return tuple(dict.fromkeys((self.low, min(self.low + step, last), last)))

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether it is asked for beside these values of other dimensions."""
        return all(name in values and values[name] in wanted for name, wanted in self.only.items())

    def suggest(self, trial: Any) -> Any:
        """The value that an Optuna trial suggests."""
        if self.choices is not None:
            labels = self.labels
            return labels[trial.suggest_categorical(self.name, list(labels))]
        if isinstance(self.low, int):
            return trial.suggest_int(self.name, self.low, self.high, step=int(self.step or 1), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def value(self, parameter: Any) -> Any:
        """The setting's value out of what Optuna keeps of a trial."""
        return parameter if self.choices is None else self.labels[parameter]

    def grid(self) -> list[Any] | None:
        """Every value, as Optuna calls them; None where there is no end of them."""
        if self.choices is not None:
            return list(self.labels)
        if isinstance(self.low, int) and isinstance(self.high, int):
            return list(range(self.low, self.high + 1, int(self.step or 1)))
        if self.step is None:
            return None
        return [self.low + k * self.step for k in range(int((self.high - self.low) / self.step + 1e-9) + 1)]


def label(value: Any) -> Any:
    """What Optuna calls a value: itself, or a list's or table's text."""
    return value if value is None or isinstance(value, SCALARS) else json.dumps(plain(value), sort_keys=True)


def suggest(dimensions: Sequence[Dimension], trial: Any) -> None:
    """Ask an Optuna trial for a value of each dimension that applies."""
    values: dict[str, Any] = {}
    for dimension in dimensions:
        if dimension.applies(values):
            values[dimension.name] = dimension.suggest(trial)


def layer(dimensions: Sequence[Dimension], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A layer of settings out of what Optuna keeps of a trial."""
    values = {each.name: each.value(parameters[each.name]) for each in dimensions if each.name in parameters}
    return nested(values)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """A layer of settings out of values by dimension."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        setting, _, entry = name.partition(".")
        if entry:
            found.setdefault(setting, {})[entry] = value
        else:
            found[setting] = value
    return found


def read(values: Any) -> tuple[Dimension, ...]:
    """The dimensions of a [space], in the order in which they are asked for: none depends on one behind it.

    Raises:
        ConfigError: an unknown setting (the nearest is offered), a range or choice that cannot be.
    """
    found = {}
    for name, value in _flat(table(values)):
        with located(name):
            found[name] = _dimension(name, table(value))
    if not found:
        raise ConfigError(
            "it is empty; give a setting with its range: sigma = {low = 0.01, high = 0.3, log = true}", ["space"]
        )
    for dimension in found.values():
        with located(dimension.name):
            _require_conditions(dimension, found)
    return tuple(sorted(found.values(), key=lambda each: (bool(each.only), each.name)))


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names with what was given of each; of a setting that is a table, of each entry."""
    for name, value in values.items():
        setting, _, entry = name.partition(".")
        check_names({setting: value})
        if setting in RESERVED:
            raise ConfigError(f"{setting} has no place in a space: {RESERVED[setting]}", [setting])
        whole = isinstance(value, Mapping) and "choices" in value
        if setting not in TABLES or entry or whole:
            yield name, value
            continue
        for key, item in table(value).items():
            yield f"{name}.{key}", item


def _dimension(name: str, value: Mapping[str, Any]) -> Dimension:
    setting = name.partition(".")[0]
    require_known("key of a range", value, KEYS)
    only = {other: _values(f"only.{other}", wanted) for other, wanted in table(value.get("only", {})).items()}
    if "choices" in value:
        if extra := [key for key in value if key not in {"choices", "only"}]:
            raise ConfigError(f"choices need no {extra[0]}; give low and high, or choices", [setting])
        choices = tuple(_checked(name, choice) for choice in _values("choices", value["choices"]))
        return Dimension(name, choices=choices, only=only)
    if "low" not in value or "high" not in value:
        raise ConfigError(f"give low and high, or choices = [...], got {shown(dict(value))}", [setting])
    low, high, step = (_number(name, key, value.get(key)) for key in ("low", "high", "step"))
    log = value.get("log", False)
    if type(log) is not bool:
        raise ConfigError(f"log must be true or false, got {shown(log)}", [setting])
    assert low is not None
    assert high is not None
    if not low < high or (log and not low > 0):
        raise ConfigError(f"low and high must be {'0 < ' if log else ''}low < high, got {low} and {high}", [setting])
    if step is not None and (log or not 0 < step <= high - low):
        instead = "a log range has none" if log else f"it must be above 0 and at most {high - low}"
        raise ConfigError(f"step: {instead}, got {step}", [setting])
    return Dimension(name, low=low, high=high, step=step, log=log, only=only)


def _number(name: str, key: str, value: Any) -> Any:
    """One end of a range, or its step, as the setting has numbers."""
    setting = name.partition(".")[0]
    if value is None:
        return None
    kind = _kind(name)
    if kind is not Any and not {int, float} & set(kinds(kind)):
        raise ConfigError(f"{setting} is {describe(kind)}, and has no range; give choices = [...]", [setting])
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{key} must be a number, got {shown(value)}", [setting])
    whole = isinstance(value, int) if kind is Any else float not in kinds(kind)
    if whole and not float(value).is_integer():
        raise ConfigError(f"{key} must be a whole number, got {shown(value)}", [setting])
    number = int(value) if whole else float(value)
    return number if key == "step" else _checked(name, number)


def _kind(name: str) -> Any:
    """The type of a setting, or of an entry of it."""
    setting, _, entry = name.partition(".")
    kind = hints()[setting]
    if not entry:
        return kind
    return typing.get_args(kind)[1] if typing.get_origin(kind) is dict else Any


def _checked(name: str, value: Any) -> Any:
    """`value`, looked at alone."""
    setting, _, entry = name.partition(".")
    if setting == "reference":
        reference.read({entry: value} if entry else value)
        return value
    found = checked(setting, {entry: value} if entry else value, hints()[setting], settings_of()[setting].metadata)
    return found[entry] if entry else found


def _values(what: str, value: Any) -> tuple[Any, ...]:
    found = list(value) if isinstance(value, list | tuple) else []
    if not found or len({json.dumps(label(each)) for each in found}) < len(found):
        raise ConfigError(f"{what} must be a list of values, each once and at least one, got {shown(value)}", ["space"])
    return tuple(found)


def _require_conditions(dimension: Dimension, known: Mapping[str, Dimension]) -> None:
    for other, wanted in dimension.only.items():
        require_known("other setting of the space", {other: wanted}, [name for name in known if name != dimension.name])
        if known[other].choices is None or known[other].only:
            raise ConfigError(f"only.{other} must be of a setting with choices and without `only`", [other])
        for value in wanted:
            if value not in known[other].choices:  # type: ignore[operator]
                offered = ", ".join(map(str, known[other].choices or ()))
                raise ConfigError(f"only.{other}: {shown(value)} is none of its choices {offered}", [other])
