"""Settings that the chosen strategy, meta-level or task does not take: refused, unless at their default.

strategy, meta-level, dim -> foreign -> names
settings, those given -> refuse -> ConfigError, which names whom they are for

A strategy takes the options that its constructor names and its own sections, a meta-level what its line of the table
says; all else that belongs to one of the others is foreign. To a function task, which has a dim, so are settings of
policies, episodes and worker processes. What strategies declare as hyperparameters is looked at when a run is made
(resolve.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from bierl_fast.config.sections import OF_META_LEVELS, OF_STRATEGIES, settings_of
from bierl_fast.config.settings import ReportSettings
from bierl_fast.errors import ConfigError, shown
from bierl_fast.evaluation import table as evaluators
from bierl_fast.evaluation.settings import EpisodeSettings, PolicySettings
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.settings import Section
from bierl_fast.strategy import table as strategies

NAMED = 3  # settings in one error, of several
WRITTEN = 10  # of a learned meta-level's settings and of reports' in a file that holds all: there were 12 at first


@cache
def of_strategies() -> frozenset[str]:
    """Settings that some strategies take, but for hyperparameters."""
    several = [name for name, field in settings_of().items() if field.metadata.get("option")]
    return frozenset(several) | {name for section in OF_STRATEGIES for name in section.settings()}


@cache
def of_meta_levels() -> frozenset[str]:
    """Settings that some meta-levels take."""
    return meta_levels.SHARED | {name for section in OF_META_LEVELS for name in section.settings()}


@cache
def of_episodes() -> frozenset[str]:
    """Settings of policies, episodes and worker processes, of which a function task has none."""
    names = {name for name, field in settings_of().items() if field.metadata.get("of_episodes")}
    sections: tuple[type[Section], ...] = (PolicySettings, EpisodeSettings, *evaluators.OWN)
    for section in sections:
        names |= section.settings().keys()
    return frozenset(names) - frozenset(evaluators.OF_FUNCTIONS)


def foreign(strategy: str, meta: str, dim: int | None = None) -> frozenset[str]:
    """The settings that these do not take; none where there is no such strategy or meta-level.

    `dim`: the parameters of a function task; None: the task is an environment.
    """
    found = frozenset() if dim is None else of_episodes()
    if strategy in strategies.STRATEGIES:
        found |= of_strategies() - strategies.options(strategy).keys()
    return found | left_behind(meta)


def left_behind(meta: str) -> frozenset[str]:
    """The settings of other meta-levels, which go when `meta` takes their place."""
    known = meta in meta_levels.META_LEVELS
    return of_meta_levels() - meta_levels.META_LEVELS[meta].taken if known else frozenset()


def default(name: str) -> Any:
    """The value of a setting that nobody gave."""
    field = settings_of()[name]
    return field.default_factory() if callable(field.default_factory) else field.default


def unsaid(name: str, value: Any) -> bool:
    """Whether this is the value of a setting that nobody said anything about."""
    value = tuple(value) if isinstance(value, list) else value  # as a file has it
    open_one = settings_of()[name].metadata.get("left_open", default(name))
    try:
        return bool(value == default(name) or value == open_one)
    except ValueError:  # an array, of which no setting is the default
        return False


def given_of(values: Mapping[str, Any]) -> set[str]:
    """Which settings somebody gave: all there are; where every setting is there, those that are not at their default.

    A whole set of settings is another Config's, by dataclasses.replace or asdict.
    """
    whole = len(values) == len(settings_of())
    return {name for name, value in values.items() if not (whole and unsaid(name, value))}


def of_a_saved_run(values: Mapping[str, Any]) -> bool:
    """Whether this is every setting, as runs of earlier versions wrote them."""
    always = [name for name in (*MetaSettings.settings(), *ReportSettings.settings()) if default(name) is not None]
    return sum(name in values for name in always) >= WRITTEN


def idle(values: Mapping[str, Any]) -> set[str]:
    """Which of these did nothing, and may stay: settings of other meta-levels, defaults of other strategies."""
    strategy, meta = values.get("strategy", default("strategy")), values.get("meta", default("meta"))
    found = foreign(strategy, meta, values.get("dim")) & values.keys()
    return {name for name in found if name in left_behind(meta) or unsaid(name, values[name])}


def once_written(values: Mapping[str, Any]) -> set[str]:
    """Which of these a function task's run wrote before it left them out, at their defaults; log_video at any value."""
    found = of_episodes() & values.keys() if values.get("dim") is not None else set()
    return {name for name in found if unsaid(name, values[name]) or settings_of()[name].metadata.get("of_episodes")}


def refuse(values: Mapping[str, Any], given: Collection[str]) -> None:
    """Raise ConfigError for those of the settings `given` that strategy, meta-level or task do not take.

    One at its default asks for nothing, and passes.
    """
    strategy, meta = values["strategy"], values["meta"]
    others = foreign(strategy, meta, values["dim"])
    found = [name for name in settings_of() if name in given and name in others and not unsaid(name, values[name])]
    if of_tasks := [name for name in found if name in of_episodes()]:
        what = f"a function task (dim {values['dim']}) has no policy network and no episodes, and takes no"
        _refuse(of_tasks, what, "dim", "environments", values)
    of_others = [name for name in found if name in of_strategies()]
    if of_others:
        takers = ", ".join(strategies.which_take(of_others[0]))
        _refuse(of_others, f"strategy {strategy!r} takes no option", "strategy", takers, values)
    if found:
        _refuse(found, f"meta {meta!r} takes no", "meta", ", ".join(meta_levels.which_take(found[0])), values)
    if values["top"] is None or strategy not in strategies.STRATEGIES:
        return
    shape = values["shaping"] or strategies.options(strategy).get("shaping")
    if shape not in {None, "standardized"}:
        raise ConfigError(
            f"top is how many pairs shaping 'standardized' keeps, got {values['top']} with shaping {shape!r}; leave "
            "top out, or take shaping 'standardized'",
            ("top", "shaping"),
        )


def _refuse(found: list[str], text: str, by: str, takers: str, values: Mapping[str, Any]) -> None:
    named = ", ".join(f"{name} (got {shown(values[name])})" for name in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    raise ConfigError(f"{text} {named}{more}; {found[0]} is for {takers}", (*found, by))
