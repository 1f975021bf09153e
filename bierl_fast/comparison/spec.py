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
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bierl_fast.comparison import reading
from bierl_fast.comparison.reading import located
from bierl_fast.errors import ConfigError, shown
from bierl_fast.names import choice
from bierl_fast.run.directory import file_name
from bierl_fast.settings import LONG

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
    return reading.read_by(source, "the comparison", _spec)


def _spec(values: dict[str, Any], source: str) -> Spec:
    reading.require_known("key", values, TOP)
    axes = {axis: _axis(axis, values[axis]) if axis in values else (Entry("", axis),) for axis in AXES}
    with located("base"):
        base = Entry("", "base", reading.settings(reading.table(values.get("base", {})), RESERVED))
    if "tasks" not in values and "task" not in base.settings:
        raise ConfigError("no task: give [[tasks]], or a task in [base]", ["task"])
    for entries in axes.values():
        for entry in entries:
            for chosen in filter(None, (entry.only, entry.excluded)):
                with located(entry.where):
                    _require_entries(chosen.names, axes)
    evaluation = reading.table(values.get("evaluation", {}))
    with located("evaluation"):
        reading.require_known("key", evaluation, ("episodes", "seed"))
        episodes = reading.whole("episodes", evaluation.get("episodes", EVALUATION_EPISODES), 1, LONG)
        seed = reading.whole("seed", evaluation.get("seed", EVALUATION_SEED), 0, 2**64 - 1)
    pools = reading.table(values.get("pools", {}))
    with located("pools"):
        pooled = {name: reading.names(settings, name) for name, settings in pools.items()}
        for name, settings in pooled.items():
            _require_entries({"settings": settings}, axes)
            if name == ALL or name in {entry.name for entry in axes["settings"]}:
                raise ConfigError(f"a pool must have a name of its own, got {shown(name)}")
    return Spec(
        source=source,
        axes=axes,
        base=base,
        seeds=reading.seeds(values.get("seeds", 1)),
        against=reading.names(values["against"], "against") if "against" in values else None,
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
        settings = reading.settings({key: value for key, value in table.items() if key not in own}, RESERVED)
        name = table.get("name", settings.get(AXES[axis]))
        if not isinstance(name, str) or not file_name(name).strip("._-"):
            raise ConfigError(f"an entry of {axis} needs a name with one of a-z, A-Z or 0-9 in it, got {shown(name)}")
        return Entry(
            name=name,
            where=f"{where} {name!r}",
            settings=settings,
            only=_filter("only", table, axis),
            excluded=_filter("except", table, axis),
            seeds=reading.seeds(table["seeds"]) if "seeds" in table else None,
        )


def _filter(key: str, table: Mapping[str, Any], axis: str) -> Filter | None:
    if key not in table:
        return None
    value = table[key]
    if not isinstance(value, dict) or not value:
        raise ConfigError(
            f"{key} must be a table of axes and names, {key} = {{meta_levels = ['none']}}, got {shown(value)}"
        )
    reading.require_known("other axis", value, [other for other in AXES if other != axis])
    return Filter({other: reading.names(names, f"{key}.{other}") for other, names in value.items()})


def _require_entries(names: Mapping[str, tuple[str, ...]], axes: Mapping[str, tuple[Entry, ...]]) -> None:
    for axis, wanted in names.items():
        known = [entry.name for entry in axes[axis]]
        for name in wanted:
            choice(f"entry of {axis}", name, known)
