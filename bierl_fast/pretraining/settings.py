"""Which settings a pretraining takes: those of a generator, or of the runs that it learns along with.

credit, preset or file, what was given -> config_of -> Config
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.config.sections import OLD_NAMES, check_names, settings_of
from bierl_fast.errors import ConfigError
from bierl_fast.loggers.settings import LoggerSettings
from bierl_fast.meta.generator_file import GeneratorShape
from bierl_fast.meta.signals import told_by
from bierl_fast.names import choice
from bierl_fast.settings import renamed
from bierl_fast.strategy.riders import TPA

CREDITS = ("run", "one_step")
GENERATOR = tuple(field.name for field in fields(GeneratorShape) if field.name != "adapt")
# A whole run is one number of credit, so there are few weights to give it to.
LEARNED = "lstm"  # the meta-level whose generator is trained, unless said otherwise
SMALL = {
    "encoder_size": 8,
    "generator_hidden": 8,
    "quantiles": 4,
    "generator_output": "relative",
    "meta_max_move": 3.0,
    "meta_settling": 10.0,
}
# Of the run that a generator is for: its task, its end, its own start, what it reports, and who shows it.
LEFT = (
    "task",
    "task_kwargs",
    "vectorized",
    "generations",
    "total_steps",
    "warm_start",
    "warm_start_task",
    "warm_start_limit",
    "eval_interval",
    "eval_episodes",
    "target_return",
    "checkpoint_seconds",
    "policy_interval",
    *LoggerSettings.settings(),
)
# On long runs the riders' signals are read, and moves go on: when to stop them is learned.
ON_LONG_RUNS = {"quantiles": 2, "signals": told_by((TPA,)), "meta_settling": None}
TAKEN = tuple(name for name in settings_of() if name not in LEFT)


def config_of(
    credit: str, given: Mapping[str, Any], base: Mapping[str, Any] | None = None, long: bool = False
) -> Config:
    """The settings of a pretraining, on a task of no meaning.

    Args:
        credit: "run" takes GENERATOR, seed and threads, with SMALL for what is not given; "one_step" all but LEFT.
        given: settings by name.
        base: a preset's or a file's, under those; what is LEFT of it stays behind. Of credit "one_step" alone.
        long: whether credit "run" is of long runs: ON_LONG_RUNS over SMALL.

    Raises:
        ConfigError: a setting that is none, that this credit does not use, or that cannot be.
    """
    choice("credit", credit, CREDITS)
    given = renamed(given, OLD_NAMES)
    check_names(given)
    if credit == "one_step":
        _require(given, TAKEN, "a pretraining has its own tasks and steps, and does not use {}; leave it out")
        own = {name: value for name, value in (base or {}).items() if name not in LEFT}
        return toml.compose({"task": "quadratic", "meta": LEARNED}, own, given)
    one_step = "take credit 'one_step', which learns along with runs of these settings"
    if base:
        what = "credit 'run' takes no preset and no file of settings: its problems are its own"
        raise ConfigError(f"{what}; {one_step}", base)
    taken = (*GENERATOR, "seed", "threads")
    _require(given, taken, f"credit 'run' does not use {{}}; it uses {', '.join(taken)}; or {one_step}")
    small: dict[str, Any] = {**SMALL, **(ON_LONG_RUNS if long else {})}
    if not _relative(given):
        small = {name: value for name, value in small.items() if name != "meta_settling"}
    shape = {name: value for name, value in given.items() if name != "meta"}  # what an encoder has not is left behind
    config = toml.compose(
        {"task": "quadratic", "meta": LEARNED, **small},
        shape,
        {name: given[name] for name in given.keys() - shape.keys()},
    )
    # A file says the same whatever its encoder takes, as those of earlier versions do.
    return config.filled(**{name: value for name, value in small.items() if name not in given})


def _relative(given: Mapping[str, Any]) -> bool:
    return bool({**SMALL, **given}["generator_output"] == "relative")


def _require(given: Iterable[str], known: Iterable[str], text: str) -> None:
    for name in given:
        if name not in known:
            raise ConfigError(text.format(name), [name])
