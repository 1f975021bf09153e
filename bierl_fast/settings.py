"""What a setting is: declared once, beside its owner, and read from there by everybody.

    a Section of `setting`s beside its owner -> config/config.py -> Config -> flags, keywords, config.toml, docs
    Config -> Config.section(Section)        -> what the owner is made with

A strategy, a meta-level or an evaluator declares what it alone takes as a Section; its line in a table names it.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self, TypeVar

from bierl_fast.errors import ConfigError, OldNameWarning, warn
from bierl_fast.names import choice
from bierl_fast.values import check_rules, checked, typed

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

MANY = 2**16  # of what a batch or a layer has several of
LONG = 2**20  # of what only memory limits
FAR = 2**53  # of what is only counted: larger numbers are no longer exact as floats


def setting(default: Any, text: str, *, training: bool = True, **notes: Any) -> Any:
    """A field of a Section.

    Args:
        default: its value when nothing is said; None leaves it open, or out. A class or function makes a new one.
        text: what it means, with its unit; shown by `bierl train --help` and in the docs.
        training: whether it can change a run's results. Only such settings tie a checkpoint to its run.
        notes: what its values must keep, `choices`, `at_least`, `at_most`, `above`, `below` (see values.py);
            `also`, other names in use for it, with which an unknown name is answered;
            `left_open`, the value of one that nobody said anything about, strategies included; `called`, its name in a
            run where that is not `prefix` and its own; `was`, its name in earlier versions;
            `common`, that most people need it, so that `bierl train --help` shows it and not `--help-all` alone;
            `names_code`, that it may be an import path, or a list of them, which are imported;
            `repeated`, that on a command line its values are given one by one, as there may be commas in them;
            `of_policy`, that it says what a policy sees, so that a saved one has it once and for all;
            `of_episodes`, that it is about episodes of an environment, which function tasks have none of;
            `machine`, that it says how much of this machine is used, which a run may change when it goes on.
    """
    metadata = {"help": text, "training": training, **notes}
    if isinstance(default, type):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def required(text: str, **notes: Any) -> Any:
    """A field of a Section that has no default; `notes` as of `setting`."""
    return dataclasses.field(metadata={"help": text, "training": True, **notes})


def hyperparameter(text: str, **notes: Any) -> Any:
    """A field that some strategies declare as a hyperparameter; None takes the strategy's own default."""
    return setting(None, f"{text} (none: the strategy's)", hyperparameter=True, **notes)


def option(default: Any, text: str, **notes: Any) -> Any:
    """A field that some strategies take as an option of their constructor; None takes the strategy's own default."""
    return setting(default, text, option=True, **notes)


class Section:
    """What one owner declares: a frozen, keyword-only dataclass of settings, checked when it is made.

    In a run each is called `prefix` + its name here. A field without `setting` is no setting: whoever makes the section
    gives it.

    Raises:
        ConfigError: a value that cannot be; it says what was wanted.
    """

    title: ClassVar[str]  # of the settings' group, for help and docs
    prefix: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """See the class."""
        for name, field in self.settings().items():
            value = typed(name, getattr(self, field.name), _hints(typing.cast(Any, type(self)))[field.name])
            if value is None:
                value = field.metadata.get("left_open")
            check_rules(name, value, field.metadata)
            object.__setattr__(self, field.name, value)

    @classmethod
    def settings(cls) -> dict[str, dataclasses.Field[Any]]:
        """Its fields by their names in a run."""
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # every section is a dataclass
        own = [field for field in fields if "help" in field.metadata]
        return {field.metadata.get("called", cls.prefix + field.name): field for field in own}

    @classmethod
    def naming_code(cls) -> list[str]:
        """Its settings that may name code by its import path, one or a list of them."""
        return [name for name, field in cls.settings().items() if field.metadata.get("names_code")]

    @classmethod
    def hints(cls) -> dict[str, Any]:
        """The type of each setting, by its name in a run."""
        return {name: _hints(typing.cast(Any, cls))[field.name] for name, field in cls.settings().items()}

    def values(self) -> dict[str, Any]:
        """Its settings by their names in a run."""
        return {name: getattr(self, field.name) for name, field in self.settings().items()}

    @classmethod
    def of(cls, given: Mapping[str, Any], **others: Any) -> Self:
        """The section out of a run's settings by name, as many of them as it has; `others` are its other fields."""
        own = {field.name: given[name] for name, field in cls.settings().items() if name in given}
        return cls(**own, **others)

    @classmethod
    def taken(cls, options: dict[str, Any]) -> Self:
        """The section out of a constructor's options by name, which then hold the others alone."""
        return cls.of({name: options.pop(name) for name in cls.settings() if name in options})


def checked_fields(kind: type[T], given: Mapping[str, Any], sections: Iterable[type[Section]]) -> T:
    """A dataclass out of what a file says, {field: value}, checked as settings are.

    Each of its fields has the type that it is annotated with. What it may be is said by the setting of that name, and
    where there is none by the field's own metadata, in the words of `setting`.

    Raises:
        ConfigError: a value that cannot be, a field that is lacking, or that there is none of.
    """
    rules = {name: field.metadata for section in sections for name, field in section.settings().items()}
    types, values = typing.get_type_hints(kind), {}
    for field in dataclasses.fields(typing.cast(Any, kind)):
        name = field.name
        if name in given:
            values[name] = checked(name, given[name], types[name], {**rules.get(name, {}), **field.metadata})
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{name} is missing", [name])
    for name in given:
        choice("field of it", name, types)
    return kind(**values)


def signed(*sections: type[Section], **defaults: Any) -> Callable[[F], F]:
    """Let a function that takes settings as `**others` say which, to `help` and to editors.

    Args:
        sections: whose settings it takes; each at its own default.
        defaults: other settings it takes, by name, with what holds where they are left out.
    """
    fields = {name: field.default for section in sections for name, field in section.settings().items()} | defaults
    kinds = {name: kind for section in sections for name, kind in section.hints().items()}

    def sign(function: F) -> F:
        plain = inspect.signature(function)
        kept = [each for each in plain.parameters.values() if each.kind is not each.VAR_KEYWORD]
        kept += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kinds.get(name, Any))
            for name, value in fields.items()
        ]
        function.__signature__ = plain.replace(parameters=kept)  # type: ignore[attr-defined]
        return function

    return sign


@functools.cache
def _hints(section: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(section)


def old_names(sections: Iterable[type[Section]]) -> dict[str, str]:
    """The present name of each setting that had another in earlier versions."""
    fields = [item for section in sections for item in section.settings().items()]
    return {field.metadata["was"]: name for name, field in fields if "was" in field.metadata}


def synonyms(sections: Iterable[type[Section]]) -> dict[str, str]:
    """The setting that is meant by each of its other names in use."""
    fields = [item for section in sections for item in section.settings().items()]
    return {other: name for name, field in fields for other in field.metadata.get("also", ())}


def renamed(values: Mapping[str, Any], old: Mapping[str, str], say: bool = True) -> dict[str, Any]:
    """`values` under their settings' present names; an OldNameWarning, if wanted, for each that came under an old one.

    Raises:
        ConfigError: both names of one setting were given.
    """
    present = dict(values)
    for before, now in old.items():
        if before not in present:
            continue
        if now in present:
            raise ConfigError(f"{before} and {now} are the same setting, called {now} now; give that alone", [now])
        if say:
            warn(f"the setting {before!r} is called {now!r} now", OldNameWarning)
        present = {now if name == before else name: value for name, value in present.items()}
    return present
