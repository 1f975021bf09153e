"""SPEC.toml: what is compared with what.

    TOML text -> read -> Spec(four axes of named tables of settings, seeds, evaluation, what to compare against)

    seeds = 5                                   # 0 to 4; or a list. A task may have its own
    against = ["none", "direct"]                # meta-levels that every other one is compared with
    evaluation = {episodes = 20}                # fresh ones, after training; seed = 1000000
    pools = {mis-set = ["sigma x0.1"]}          # settings that are also summarised together

    [base]                                      # settings of every run
    total_steps = 500_000

    [[tasks]]
    preset = "ars-swimmer"                      # of the package; the table's own settings win
    only = {meta_levels = ["none", "lstm"]}     # the runs of this task that there are; `except` leaves some out

    [[meta_levels]]
    name = "sample_mean"                        # left out: what `meta` says
    meta = "lstm"
    meta_fitness = "sample_mean"

    [[settings]]
    name = "sigma x0.1"
    sigma = {times = 0.1}                       # of what would be in force: typed, the preset's, the strategy's own

The axes are tasks, strategies, meta_levels and settings; any setting may stand in any of them. A run's settings are
base's, then its task's, strategy's, meta-level's and setting's, later ones winning. An axis left out has one entry
without a name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bierl_fast.config import reference, toml
from bierl_fast.config.sections import OLD_NAMES, TABLES, check_names, hints, settings_of
from bierl_fast.errors import ConfigError, shown
from bierl_fast.files import as_path, read_toml
from bierl_fast.names import choice
from bierl_fast.run.directory import file_name
from bierl_fast.settings import LONG, renamed
from bierl_fast.values import checked, kinds, plain

AXES = {"tasks": "task", "strategies": "strategy", "meta_levels": "meta", "settings": ""}  # axis -> what names an entry
TOP = ("seeds", "against", "evaluation", "pools", "base", *AXES)
RESERVED = {
    "seed": "seeds are an axis of their own: seeds = 5, or a list",
    "generations": "every run ends at the same total_steps",
    "target_return": "every run ends at the same total_steps",
    "threads": "every run has one thread, and --jobs of them run side by side",
    "workers": "every run has one worker, and --jobs of them run side by side",
}
ALL = "all settings"  # the name of the pool that is always there
EVALUATION_EPISODES = 20
EVALUATION_SEED = 1_000_000


@dataclass(frozen=True, slots=True)
class Times:
    """A setting as a multiple of the value that would be in force without it."""

    factor: float


@dataclass(frozen=True, slots=True)
class Filter:
    """Entries of other axes by name."""

    names: Mapping[str, tuple[str, ...]]  # axis -> names of its entries

    def matches(self, chosen: Mapping[str, str]) -> bool:
        """Whether a combination, one entry's name for each axis, is among them."""
        return all(chosen[axis] in names for axis, names in self.names.items())


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of an axis."""

    name: str  # "" where the axis was left out
    where: str  # its place in the file, for errors
    settings: Mapping[str, Any] = field(default_factory=dict)  # the preset's first; values or Times
    only: Filter | None = None
    excluded: Filter | None = None
    seeds: tuple[int, ...] | None = None  # of tasks


@dataclass(frozen=True, slots=True)
class Spec:
    """What a file says."""

    source: str  # the file's name
    axes: Mapping[str, tuple[Entry, ...]]
    base: Entry
    seeds: tuple[int, ...]
    against: tuple[str, ...] | None = None  # meta-levels by name; None: `none`, whatever it is called
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> names of settings
    episodes: int = EVALUATION_EPISODES
    evaluation_seed: int = EVALUATION_SEED


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    """The comparison that a TOML file, or a dict of the same form, describes.

    Raises:
        ConfigError: no TOML, an unknown key or setting, a value that cannot be, names that repeat, an empty axis; the
            text says where in the file, and names the nearest known name.
    """
    if isinstance(source, Mapping):
        with located("the comparison"):
            return _spec(_plain(source), "the comparison")
    path = as_path(source, "source")
    with located(str(path)):
        return _spec(_parsed(path), str(path))


def _plain(source: Mapping[str, Any]) -> Any:
    try:
        return plain(source)
    except RecursionError:
        raise ConfigError("its tables and lists lie too deep within each other") from None


@contextmanager
def located(where: str) -> Iterator[None]:
    """Errors of the block say where in the file they arose."""
    try:
        yield
    except ConfigError as error:
        raise type(error)(f"{where}: {error}", error.settings) from error


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except ValueError as error:
        raise ConfigError(f"not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}") from error


def _spec(values: Mapping[str, Any], source: str) -> Spec:
    _require_known("key", values, TOP)
    axes = {axis: _axis(axis, values[axis]) if axis in values else (Entry("", axis),) for axis in AXES}
    with located("base"):
        base = Entry("", "base", _settings(_table(values.get("base", {}))))
    if "tasks" not in values and "task" not in base.settings:
        raise ConfigError("no task: give [[tasks]], or a task in [base]", ["task"])
    for entries in axes.values():
        for entry in entries:
            for chosen in filter(None, (entry.only, entry.excluded)):
                with located(entry.where):
                    _require_entries(chosen.names, axes)
    evaluation = _table(values.get("evaluation", {}))
    with located("evaluation"):
        _require_known("key", evaluation, ("episodes", "seed"))
        episodes = _whole("episodes", evaluation.get("episodes", EVALUATION_EPISODES), 1, LONG)
        seed = _whole("seed", evaluation.get("seed", EVALUATION_SEED), 0, 2**64 - 1)
    pools = _table(values.get("pools", {}))
    with located("pools"):
        pooled = {name: _names(settings, name) for name, settings in pools.items()}
        for name, settings in pooled.items():
            _require_entries({"settings": settings}, axes)
            if name == ALL or name in {entry.name for entry in axes["settings"]}:
                raise ConfigError(f"a pool must have a name of its own, got {shown(name)}")
    return Spec(
        source=source,
        axes=axes,
        base=base,
        seeds=_seeds(values.get("seeds", 1)),
        against=_names(values["against"], "against") if "against" in values else None,
        pools=pooled,
        episodes=episodes,
        evaluation_seed=seed,
    )


def _axis(axis: str, tables: Any) -> tuple[Entry, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{axis} must be a list of tables, each begun by [[{axis}]], got {shown(tables)}")
    if not tables:
        raise ConfigError(f"{axis} is empty; give it an entry, or leave it out")
    entries = tuple(_entry(axis, number, table) for number, table in enumerate(tables, start=1))
    seen: dict[str, str] = {}
    for entry in entries:
        place = file_name(entry.name)
        if place in seen:
            raise ConfigError(
                f"{entry.where}: another entry is already called {seen[place]!r} (names are told apart as file names); "
                "give it a name of its own"
            )
        seen[place] = entry.name
    return entries


def _entry(axis: str, number: int, table: dict[str, Any]) -> Entry:
    where = f"{axis}[{number}]"
    with located(f"{where} {table['name']!r}" if isinstance(table.get("name"), str) else where):
        own = {"name", "only", "except"} | ({"seeds"} if axis == "tasks" else set())
        settings = _settings({key: value for key, value in table.items() if key not in own})
        name = table.get("name", settings.get(AXES[axis]))
        if not isinstance(name, str) or not file_name(name).strip("._-"):
            raise ConfigError(f"an entry of {axis} needs a name with one of a-z, A-Z or 0-9 in it, got {shown(name)}")
        return Entry(
            name=name,
            where=f"{where} {name!r}",
            settings=settings,
            only=_filter("only", table, axis),
            excluded=_filter("except", table, axis),
            seeds=_seeds(table["seeds"]) if "seeds" in table else None,
        )


def _settings(table: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of one table, its preset's below its own; each checked alone."""
    own = dict(table)
    preset = own.pop("preset", None)
    if preset is not None and not isinstance(preset, str):
        raise ConfigError(f"preset must be a name (`bierl presets`), got {shown(preset)}")
    own = renamed(own, OLD_NAMES)
    check_names(own)
    for name, value in own.items():
        if name in RESERVED:
            raise ConfigError(f"{name} has no place in a comparison: {RESERVED[name]}", [name])
        if isinstance(value, dict) and name not in TABLES:
            own[name] = _times(name, value)
        elif name == "reference":
            reference.read(value)  # stays a table: layers win switch by switch
        else:
            own[name] = checked(name, value, hints()[name], settings_of()[name].metadata)
    published = toml.read_preset(preset) if preset is not None else {}
    return toml.layered({name: value for name, value in published.items() if name not in RESERVED}, own)


def _times(name: str, value: dict[str, Any]) -> Times:
    factor = value.get("times")
    if set(value) != {"times"} or isinstance(factor, bool) or not isinstance(factor, int | float):
        raise ConfigError(
            f"{name} must be a value, or {{times = a number}} for a multiple of it, got {shown(value)}", [name]
        )
    if not {int, float} & set(kinds(hints()[name])):
        raise ConfigError(f"{name} is no number, so it cannot be multiplied; got {shown(value)}", [name])
    if not 0.0 < factor < float("inf"):
        raise ConfigError(f"{name}: times must be above 0 and finite, got {shown(factor)}", [name])
    return Times(float(factor))


def _filter(key: str, table: Mapping[str, Any], axis: str) -> Filter | None:
    if key not in table:
        return None
    value = table[key]
    if not isinstance(value, dict) or not value:
        raise ConfigError(
            f"{key} must be a table of axes and names, {key} = {{meta_levels = ['none']}}, got {shown(value)}"
        )
    _require_known("other axis", value, [other for other in AXES if other != axis])
    return Filter({other: _names(names, f"{key}.{other}") for other, names in value.items()})


def _require_entries(names: Mapping[str, tuple[str, ...]], axes: Mapping[str, tuple[Entry, ...]]) -> None:
    for axis, wanted in names.items():
        known = [entry.name for entry in axes[axis]]
        for name in wanted:
            choice(f"entry of {axis}", name, known)


def _require_known(kind: str, values: Mapping[str, Any], known: Any) -> None:
    for name in values:
        choice(kind, name, known)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"a table was wanted, got {shown(value)}")
    return value


def _names(value: Any, what: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    return tuple(_distinct(what, names, lambda name: isinstance(name, str), "names"))


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, int):
        return tuple(range(_whole("seeds", value, 1, LONG)))
    return tuple(_distinct("seeds", value, lambda seed: type(seed) is int and 0 <= seed < 2**64, "whole numbers"))


def _distinct(what: str, value: Any, fits: Callable[[Any], bool], kind: str) -> list[Any]:
    if not isinstance(value, list) or not value or not all(map(fits, value)) or len(set(value)) < len(value):
        raise ConfigError(f"{what} must be a list of {kind}, each once and at least one, got {shown(value)}")
    return value


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ConfigError(f"{name} must be a whole number of at least {low} and at most {high}, got {shown(value)}")
    return value
