"""The settings of a run in one flat object, made of the sections that their owners declare.

sections of config, evaluation, strategies, meta-levels -> Settings       checked together by Config
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from bierl_fast.config.reference import Reference, ReferenceSettings
from bierl_fast.config.settings import ReportSettings, RunSettings, WarmStartSettings
from bierl_fast.errors import ArgumentError, UnknownNameError
from bierl_fast.evaluation import table as evaluators
from bierl_fast.evaluation.settings import EpisodeSettings, PolicySettings, TaskSettings
from bierl_fast.import_path import written_name
from bierl_fast.loggers.settings import LoggerSettings
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.safeguard import SafeguardSettings
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings, RangeSettings
from bierl_fast.names import unknown
from bierl_fast.settings import Section, old_names, synonyms
from bierl_fast.strategy import table as strategies
from bierl_fast.strategy.optimizer import OPTIMIZERS
from bierl_fast.strategy.settings import StrategySettings
from bierl_fast.strategy.shaping import SHAPINGS
from bierl_fast.trust import Named, named_in
from bierl_fast.values import is_function, kinds

S = TypeVar("S", bound=Section)

TABLES = ("task_kwargs", "ranges", "scales", "reference")  # hold values by name; layers merge them name by name


def _unique(sections: list[type[Section]]) -> tuple[type[Section], ...]:
    return tuple(dict.fromkeys(sections))


OF_STRATEGIES = _unique([section for entry in strategies.STRATEGIES.values() for section in entry.sections])
OF_META_LEVELS = _unique([entry.section for entry in meta_levels.META_LEVELS.values() if entry.section is not None])
SECTIONS: tuple[type[Section], ...] = (
    TaskSettings,
    RunSettings,
    StrategySettings,
    *OF_STRATEGIES,
    PolicySettings,
    EpisodeSettings,
    *evaluators.OWN,
    RangeSettings,
    GeneratorSettings,
    MetaSettings,
    *OF_META_LEVELS,
    SafeguardSettings,
    WarmStartSettings,
    ReferenceSettings,
    ReportSettings,
    LoggerSettings,
)
OLD_NAMES = old_names(SECTIONS)
SYNONYMS = synonyms(SECTIONS)
A_PRESET = "names others: bf.configure(preset='ars-swimmer'), or `bierl train --preset ars-swimmer`"
A_FILE = "holds others: bf.configure(file='settings.toml'), or `bierl train --config settings.toml`"
OF_CONFIGURE = {"preset": A_PRESET, "file": A_FILE, "config": A_FILE, "config_file": A_FILE}
NAMES: dict[str, tuple[str, ...]] = {  # what settings name a line of, for help and docs
    "strategy": tuple(strategies.STRATEGIES),
    "meta": (meta_levels.AUTO, *meta_levels.META_LEVELS),
    "evaluator": evaluators.EVALUATORS,
    "shaping": tuple(SHAPINGS),
    "optimizer": tuple(OPTIMIZERS),
}


def _fields() -> list[tuple[str, Any, Any]]:
    """The settings of all sections as dataclasses.make_dataclass takes them; ArgumentError where two have one name."""
    found: dict[str, tuple[str, Any, Any]] = {}
    for section in SECTIONS:
        for name, field in section.settings().items():
            if name in found:
                raise ArgumentError(
                    f"two sections declare the setting {name}; {section.__qualname__} is the second", [name]
                )
            again = dataclasses.field(default=field.default, metadata=field.metadata)
            if field.default_factory is not dataclasses.MISSING:
                again = dataclasses.field(default_factory=field.default_factory, metadata=field.metadata)
            found[name] = (name, section.hints()[name], again)
    return list(found.values())


if TYPE_CHECKING:

    class _Fields(
        TaskSettings,
        RunSettings,
        StrategySettings,
        PolicySettings,
        EpisodeSettings,
        RangeSettings,
        GeneratorSettings,
        SafeguardSettings,
        WarmStartSettings,
        ReferenceSettings,
        ReportSettings,
        LoggerSettings,
    ):
        """What every run has, for type checkers; what one owner alone takes has its type in `Settings.section`."""

        def __init__(self, **settings: Any) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

else:
    _Fields = dataclasses.make_dataclass("_Fields", _fields(), frozen=True, kw_only=True)


class Settings(_Fields):
    """Every setting by name, unchecked; what follows from them alone."""

    def section(self, section: type[S], **others: Any) -> S:
        """The settings of one owner, as what it declared; `others` are its fields that are no settings."""
        return section.of({name: getattr(self, name) for name in section.settings()}, **others)

    @property
    def task_name(self) -> str:
        """The task in writing: a Python function by its import path, in angle brackets where it has none."""
        return str(self._written("task"))

    def _written(self, name: str) -> str | None:
        value: str | Callable[..., Any] | None = getattr(self, name)
        return value if value is None or isinstance(value, str) else written_name(value)

    def named_code(self) -> tuple[Named, ...]:
        """The code that these settings name by its import path, and that a run of them would import."""
        return named_in({name: getattr(self, name) for name in naming_code()}, self.task_kwargs)

    @property
    def pooled(self) -> bool:
        """Whether native environments run in worker processes too: threads call no functions of the user's."""
        own = callable(self.behavior) or ":" in self.behavior
        return self.evaluator == "pool" or self.policy is not None or own or bool(self.wrapper)

    @property
    def learned(self) -> bool:
        """Whether the meta-level judges proposals, and so spends environment steps within meta_budget."""
        found = meta_levels.META_LEVELS.get(self.meta)
        return found is None or found.learned

    @property
    def learns(self) -> bool:
        """Whether it learns in this run: its budget is above 0, or it needs none."""
        return self.learned and self.section(MetaSettings).learns

    @property
    def adapts(self) -> bool:
        """Whether the meta-level moves hyperparameters."""
        found = meta_levels.META_LEVELS.get(self.meta)
        return found is None or found.adapts

    @property
    def warm(self) -> bool:
        """Whether the meta-level's generator has a warm start, from a file or of this run."""
        return self.warm_start is not None or self.warm_start_task is not None


@cache
def settings_of() -> Mapping[str, dataclasses.Field[Any]]:
    """Every setting by its name, with its default and what its `setting` says of it."""
    return {field.name: field for field in dataclasses.fields(Settings)}


def default_of(name: str) -> Any:
    """The default of a setting; None where it has none, or makes a new one each time."""
    field = settings_of()[name]
    return None if field.default is dataclasses.MISSING else field.default


def none_is_said(name: str) -> bool:
    """Whether None is a value of a setting that is not its default: a file that leaves it out says another."""
    return name in settings_of() and types.NoneType in kinds(hints()[name]) and default_of(name) is not None


def defaults_of(*names: str) -> dict[str, Any]:
    """The defaults of these settings, by name."""
    return {name: default_of(name) for name in names}


def of_this_machine() -> tuple[str, ...]:
    """Settings that say how much of a machine is used: a run that goes on elsewhere may have others."""
    return tuple(name for name, field in settings_of().items() if field.metadata.get("machine"))


def naming_code() -> tuple[str, ...]:
    """Settings that may name code by its import path, one or a list."""
    return tuple(name for section in SECTIONS for name in section.naming_code())


def functions() -> tuple[str, ...]:
    """Settings that may be Python functions: of a saved run they are found by name, or given again."""
    return tuple(name for name, kind in hints().items() if any(map(is_function, kinds(kind))))


def left_open() -> dict[str, Any]:
    """The value of each setting that may be left open and that no strategy wanted otherwise."""
    fields = settings_of().items()
    return {name: field.metadata["left_open"] for name, field in fields if "left_open" in field.metadata}


@cache
def hints() -> Mapping[str, Any]:
    """The type of every setting, by name."""
    found = {name: kind for section in SECTIONS for name, kind in section.hints().items()}
    return found | {"reference": Reference}


def check_names(values: Mapping[str, Any]) -> None:
    """Raise UnknownNameError for the first name that is no setting."""
    known = settings_of()
    for name in values:
        if name in OF_CONFIGURE:
            raise UnknownNameError(f"{name} is no setting, and {OF_CONFIGURE[name]}", [name])
        if name not in known:
            raise unknown("setting", str(name), known, [str(name)], SYNONYMS)
