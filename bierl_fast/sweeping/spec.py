"""SPEC.toml: what is searched for, and how.

    TOML text -> read -> Spec

    trials = 40
    seeds = 3                                   # 0 to 2, or a list: the runs of each trial
    sampler = "tpe"                             # any of Optuna's by its name, or "module:Class"
    pruner = {name = "median", n_startup_trials = 5}    # a name alone takes its defaults; "none" prunes nothing
    objective = "final"                         # return of the last policy on fresh episodes; "best": of the best one
    evaluation = {episodes = 20}                # those episodes; seed = 1000000

    [base]                                      # settings of every run; a preset, too
    task = "Hopper-v5"
    total_steps = 500_000
    eval_interval = 10                          # what pruning looks at

    [space]                                     # see space.py
    sigma = {low = 0.01, high = 0.3, log = true}

The same file gives the same trials, whatever the number of jobs, and however often it was stopped: see order.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.comparison import reading
from bierl_fast.comparison.reading import located
from bierl_fast.comparison.spec import EVALUATION_EPISODES, EVALUATION_SEED
from bierl_fast.config.toml import layered
from bierl_fast.errors import ConfigError, shown
from bierl_fast.import_path import written_name
from bierl_fast.names import choice
from bierl_fast.settings import LONG, MANY
from bierl_fast.sweeping import space
from bierl_fast.sweeping.space import Dimension
from bierl_fast.values import plain

OBJECTIVES = ("final", "best")
AVERAGES = ("mean", "median", "min")
RESERVED = {name: why for name, why in space.RESERVED.items() if name in {"seed", "threads", "workers"}}
SHOWN_NAME = 60  # characters of a study's name


_KEYS = {"episodes": "evaluation.episodes", "evaluation_seed": "evaluation.seed"}  # what a file calls them


@dataclass(frozen=True, slots=True)
class Spec:
    """What a file says."""

    source: str  # the file's name
    base: Mapping[str, Any]  # settings, a preset's below its own
    space: tuple[Dimension, ...]
    trials: int
    seeds: tuple[int, ...]
    episodes: int
    evaluation_seed: int
    objective: str  # of OBJECTIVES
    over_seeds: str  # of AVERAGES
    sampler: Any  # a name, a table, or an object of Optuna's
    pruner: Any  # the same
    looks: int  # equal parts of a run, at whose ends it may be pruned
    at_once: int  # trials under way at once
    seed: int  # of the sampler
    study: str
    storage: Any  # a URL, an Optuna storage, or None: a file beside the results

    def settings(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a run: the base's, and above them a layer of the space."""
        return layered(self.base, values)

    def identity(self) -> dict[str, Any]:
        """What trials depend on, as JSON has it: the number of trials may change, and what holds them."""
        left_out = {"source", "trials", "storage"}
        others = {_KEYS.get(name, name): getattr(self, name) for name in self.__slots__ if name not in left_out}
        flat = {f"base.{name}": value for name, value in others.pop("base").items()}
        flat |= {f"space.{each.name}": _told(each) for each in others.pop("space")}
        told: dict[str, Any] = json.loads(json.dumps(plain({**flat, **others}), default=_written, sort_keys=True))
        return told


KEYS = (
    "trials", "seeds", "evaluation", "objective", "over_seeds", "sampler", "pruner", "looks", "at_once", "seed",
    "study", "storage", "base", "space",
)  # fmt: skip


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    """The sweep that a TOML file, or a dict of the same form, describes.

    Raises:
        ConfigError: no TOML, an unknown key or setting, a value that cannot be; the text says where in the file, and
            names the nearest known name.
    """
    return reading.read_by(source, "the sweep", _spec)


def _spec(values: dict[str, Any], source: str) -> Spec:
    reading.require_known("key", values, KEYS)
    with located("base"):
        base = reading.settings(reading.table(values.get("base", {})), RESERVED, "a sweep", times=False)
    if "space" not in values:
        raise ConfigError(
            "no [space]: give a setting with its range, sigma = {low = 0.01, high = 0.3, log = true}", ["space"]
        )
    with located("space"):
        dimensions = space.read(values["space"])
    evaluation = reading.table(values.get("evaluation", {}))
    with located("evaluation"):
        reading.require_known("key", evaluation, ("episodes", "seed"))
        episodes = reading.whole("episodes", evaluation.get("episodes", EVALUATION_EPISODES), 1, LONG)
        fresh = reading.whole("seed", evaluation.get("seed", EVALUATION_SEED), 0, 2**64 - 1)
    seeds = reading.seeds(values.get("seeds", 1))
    if fresh in seeds:
        raise ConfigError(
            f"seed {fresh} is evaluation's too; give evaluation another, evaluation = {{seed = N}}", ["seeds"]
        )
    spec = Spec(
        source=source,
        base=base,
        space=dimensions,
        trials=reading.whole("trials", values.get("trials", 50), 1, MANY),
        seeds=seeds,
        episodes=episodes,
        evaluation_seed=fresh,
        objective=choice("objective", values.get("objective", "final"), OBJECTIVES),
        over_seeds=choice("average over seeds (over_seeds)", values.get("over_seeds", "mean"), AVERAGES),
        sampler=values.get("sampler", "tpe"),
        pruner=values.get("pruner", "none"),
        looks=reading.whole("looks", values.get("looks", 10), 2, 1000),
        at_once=reading.whole("at_once", values.get("at_once", 4), 1, MANY),
        seed=reading.whole("seed", values.get("seed", 0), 0, 2**32 - 1),
        study=_text("study", values.get("study", Path(source).stem)),
        storage=values.get("storage"),
    )
    if isinstance(spec.storage, bool | int | float | list | dict):
        raise ConfigError(f"storage must be a URL, such as sqlite:///sweep.db, got {shown(spec.storage)}", ["storage"])
    _require_evaluations(spec)
    return spec


def _require_evaluations(spec: Spec) -> None:
    """Raise where something is to go by evaluations during training, and there are none."""
    names = {dimension.name for dimension in spec.space}
    if spec.base.get("eval_interval") or "eval_interval" in names:
        return
    who = "objective 'best' takes" if spec.objective == "best" else "a pruner looks at" if prunes(spec) else None
    if who is not None:
        raise ConfigError(
            f"{who} reporting evaluations, and there are none; give eval_interval, the generations between them, in "
            "[base]",
            ["eval_interval"],
        )


def prunes(spec: Spec) -> bool:
    """Whether trials may be pruned."""
    given = spec.pruner["name"] if isinstance(spec.pruner, Mapping) and "name" in spec.pruner else spec.pruner
    return not (isinstance(given, str) and given.lower() in {"none", "nop", "noppruner"})


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= SHOWN_NAME or not value.isprintable():
        raise ConfigError(f"{name} must be a name of at most {SHOWN_NAME} characters, got {shown(value)}", [name])
    return value


def _told(dimension: Dimension) -> dict[str, Any]:
    if dimension.choices is not None:
        return {"choices": list(dimension.choices), "only": dict(dimension.only)}
    return {name: getattr(dimension, name) for name in ("low", "high", "step", "log")} | {"only": dict(dimension.only)}


def _written(value: Any) -> str:
    """Of what JSON has no form for: a function, an object of Optuna's."""
    return written_name(value) if callable(value) else type(value).__qualname__
