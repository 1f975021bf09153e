"""A run's settings, checked: one by one, and against each other.

Config(...) in Python, config.toml, presets, `bierl train --flags` -> Config -> run/build.py
"""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from collections.abc import Collection, Mapping
from typing import Any

from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.config import foreign, ranges, reference, rules
from bierl_fast.config.sections import (
    NAMES,
    OLD_NAMES,
    SECTIONS,
    Settings,
    check_names,
    functions,
    hints,
    left_open,
    naming_code,
    of_this_machine,
    settings_of,
)
from bierl_fast.errors import ArgumentError, ArgumentTypeError, ConfigError
from bierl_fast.evaluation.known import require_known
from bierl_fast.frozen import frozen
from bierl_fast.import_path import settled
from bierl_fast.meta import table as meta_levels
from bierl_fast.names import choice
from bierl_fast.settings import renamed
from bierl_fast.strategy import table as strategies
from bierl_fast.tasks.resolve import resolved
from bierl_fast.values import check_rules, typed


class Config(Settings):
    """Settings of one run. Immutable and valid: a wrong value raises ConfigError, which says what to do.

    A name that is no setting raises UnknownNameError, with the nearest one.
    Example: `Config(task="HalfCheetah-v5", strategy="es", meta="lstm", generations=100, seed=0)`. What is left out is
    at its default; bf.configure begins with a task's own start, a preset or a file instead.
    """

    def __init__(self, **settings: Any) -> None:
        """See the class."""
        settings = renamed(settings, OLD_NAMES)
        check_names(settings)
        if "task" not in settings:
            raise ConfigError("no task given: name one (`bierl tasks` lists them)", ("task",))
        kwargs = settings.get("task_kwargs", {})
        if settings.get("dim") is None and isinstance(kwargs, Mapping):
            task, kwargs = _resolved(settings["task"], kwargs)
            settings |= {"task": task, **({"task_kwargs": kwargs} if kwargs else {})}
        super().__init__(**settings)
        self._check(foreign.given_of(settings))

    def _check(self, given: Collection[str]) -> None:
        """Check every setting, and remember which somebody gave."""
        for name, field in settings_of().items():
            value = getattr(self, name)
            value = reference.read(value) if name == "reference" else typed(name, value, hints()[name])
            check_rules(name, value, field.metadata)
            object.__setattr__(self, name, frozen(value))
        object.__setattr__(self, "_given", frozenset(given))
        rules.check_together(self)
        ranges.check(self)

    def __repr__(self) -> str:
        """The settings that are not at their default, as they can be given again."""
        found = {name: value for name, value in self.values().items() if not foreign.unsaid(name, value)}
        return f"Config({', '.join(f'{name}={value!r}' for name, value in found.items())})"

    def values(self) -> dict[str, Any]:
        """Every setting by name."""
        return {name: getattr(self, name) for name in settings_of()}

    @classmethod
    def saved(cls, values: Mapping[str, Any]) -> Config:
        """The settings that a run of an earlier version wrote: all there are, those too that it did not take."""
        return cls._made(values, values.keys() - foreign.idle(values))

    @classmethod
    def _made(cls, values: Mapping[str, Any], given: Collection[str]) -> Config:
        if "task" not in values:
            raise ConfigError("no task given: name one (`bierl tasks` lists them)", ("task",))
        config = cls.__new__(cls)
        Settings.__init__(config, **values)
        config._check(given)
        return config

    @property
    def given(self) -> frozenset[str]:
        """The names of the settings that somebody gave."""
        return frozenset(self._given)

    def named(self) -> Config:
        """The same settings in writing, every Python function by its import path: what a run saves."""
        written = {name: self._written(name) for name in functions()}
        lists = {name: value for name in naming_code() if isinstance(value := getattr(self, name), tuple)}
        return self.filled(
            **{name: path and settled(path) for name, path in written.items()},
            **{name: tuple(map(settled, paths)) for name, paths in lists.items()},
        )

    def replace(self, **changes: Any) -> Config:
        """A copy with some settings changed, checked again. One that is changed to its default counts as not given.

        Another meta-level leaves behind what was given for the one before.
        """
        changes = renamed(changes, OLD_NAMES)
        check_names(changes)
        given_kwargs = changes.get("task_kwargs", {})
        if "task" in changes and isinstance(given_kwargs, Mapping):
            task, kwargs = _resolved(changes["task"], given_kwargs)
            if MUJOCO_TASK in (task, self.task):  # whose keyword arguments are no other task's
                changes |= {"task": task, "task_kwargs": kwargs}
        other = isinstance(changes.get("meta"), str) and changes["meta"] != self.meta
        gone = foreign.left_behind(changes["meta"]) - changes.keys() if other else frozenset()
        values = self.values() | {name: foreign.default(name) for name in gone} | changes
        given = {name for name, value in changes.items() if not foreign.unsaid(name, value)}
        return self._made(values, given | self._given - gone - changes.keys())

    def filled(self, **changes: Any) -> Config:
        """A copy with settings that follow from the others: nobody is said to have given them."""
        gone = foreign.left_behind(changes["meta"]) if "meta" in changes else frozenset()
        return self._made(self.values() | changes, self._given - gone)

    def replace_given(self, **changes: Any) -> Config:
        """A copy with those settings changed that are not None."""
        return self.replace(**{name: value for name, value in changes.items() if value is not None})

    def elsewhere(self, **machine: int | None) -> Config:
        """The same run on another machine: settings of `of_this_machine`, changed where they are not None.

        Raises:
            ConfigError: another setting, or a value that cannot be.
        """
        for name in machine:
            choice("setting of the machine", name, of_this_machine(), [name])
        return self.replace_given(**machine)

    def continued(self, generations: int | None, total_steps: int | None, **machine: int | None) -> Config:
        """The settings of a run that goes on, `elsewhere`: with either total given, all old ends are forgotten."""
        given = self.elsewhere(**machine)
        if generations is None and total_steps is None:
            return given
        return given.replace(generations=generations, total_steps=total_steps, target_return=None)

    def training(self) -> dict[str, Any]:
        """The settings that can change results, switches by themselves: what ties a checkpoint to its run."""
        names = [name for name, field in settings_of().items() if field.metadata["training"] and name != "reference"]
        plain = {name: getattr(self, name) for name in names}
        if self.dim is not None:  # its file leaves out what its checkpoint has
            plain |= {name: value for name, value in left_open().items() if plain.get(name) is None and name in plain}
        return plain | {f"reference.{name}": value for name, value in dataclasses.asdict(self.reference).items()}

    def check_names(self) -> None:
        """Raise UnknownNameError, with the nearest name, for an unknown strategy, meta-level or evaluator."""
        strategies.entry(self.strategy)
        choice("meta-level", self.meta, (meta_levels.AUTO, *meta_levels.META_LEVELS), ["meta"])
        choice("evaluator", self.evaluator, NAMES["evaluator"], ["evaluator"])

    def check_taken(self) -> None:
        """Raise ConfigError for a setting that was given and that the strategy or the meta-level does not take."""
        foreign.refuse(self.values(), self._given)

    def check_end(self) -> None:
        """Raise ConfigError unless something ends the run, after what is wrong with the names in it."""
        if self.generations is None and self.total_steps is None:
            self.check_names()
            try:
                require_known(self.task, self.dim)
            except ArgumentError as error:
                raise ConfigError(str(error), error.settings) from error
            raise ConfigError(
                "a run needs an end: give generations (--generations N), total_steps (--total-steps N) or both",
                ["generations", "total_steps"],
            )


def _resolved(task: Any, task_kwargs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """See tasks.resolve; ConfigError for a task of one's own that cannot be."""
    try:
        return resolved(task, task_kwargs)
    except (ArgumentError, ArgumentTypeError) as error:
        raise ConfigError(str(error), ["task"]) from error


def _described() -> str:
    """Each setting in words, by section, for `help(bf.Config)`."""
    lines = [str(Config.__doc__).rstrip()]
    for section in SECTIONS:
        lines += ["", f"    {section.title}:"]
        for name, field in section.settings().items():
            lines += textwrap.wrap(
                f"{name}: {field.metadata['help']}", 110, initial_indent=" " * 8, subsequent_indent=" " * 12
            )
    return "\n".join(lines) + "\n"


Config.__doc__ = _described()
Config.__signature__ = inspect.signature(Settings)  # type: ignore[attr-defined]
