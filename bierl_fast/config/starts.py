"""Where `bierl train TASK` starts from where nothing else is said: a strategy, its population, a policy for the task.

task, settings that were typed -> start_of -> {name: value}, a layer below them all

Each start is one for a meta-level to go on from (meta "auto"), so its sigma and learning rate are the same on most
tasks. What else a start says is what no meta-level moves: the population and the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bierl_fast.config import foreign
from bierl_fast.config.config import Config
from bierl_fast.config.resolve import configured
from bierl_fast.config.sections import hints, settings_of
from bierl_fast.evaluation.policy.vector import native_functions
from bierl_fast.meta.table import AUTO
from bierl_fast.strategy import table as strategies
from bierl_fast.values import typed

GENERAL: Mapping[str, Any] = {
    "strategy": "ars",
    "population": 32,
    "top": 8,
    "hidden": [],
    "obs_norm": True,
    "sigma": 0.05,
    "learning_rate": 0.05,
}


def _of(population: int) -> Mapping[str, Any]:
    return {**GENERAL, "population": population, "top": population // 4, "sigma": 0.03, "learning_rate": 0.02}


# Where a gait shows in few candidates, more generations are worth more; where it falls over by chance, or has many
# joints, more candidates are.
STARTS: Mapping[str, Mapping[str, Any]] = {
    "Ant-v5": _of(64),
    "HalfCheetah-v5": {  # its gait shows within 300 steps; where steps follow the best quarter alone, it runs slower
        **_of(64),
        "top": 32,
        "hidden": [64, 64],
        "episode_cap": 300,
        "sigma": 0.05,
        "learning_rate": 0.04,
    },
    "Hopper-v5": _of(24),  # with 16 every fifth run falls short
    "Humanoid-v5": _of(256),
    "HumanoidStandup-v5": _of(64),
    "InvertedDoublePendulum-v5": _of(64),
    "InvertedPendulum-v5": _of(32),
    "Pusher-v5": _of(32),
    "Reacher-v5": _of(32),
    # Normalized, with fewer candidates, a smaller sigma, or the better ones alone, it stays in a slow way to swim.
    "Swimmer-v5": {**_of(16), "top": 8, "obs_norm": False, "sigma": 0.1, "learning_rate": 0.1},
    "Walker2d-v5": _of(64),
}
FUNCTION: Mapping[str, Any] = {"dim": 30}  # of a test function, whose strategy is the one of all settings' defaults
NONE = "none"  # as a preset: no task's own


def start_of(task: Any, given: Mapping[str, Any], preset: str | None = None) -> Mapping[str, Any]:
    """The start's settings; none where the task has none, or where what was given is for another strategy.

    Args:
        task: as it was typed.
        given: settings that were typed, by name; each of them wins over the start's.
        preset: NONE: not the task's own start, but that of all tasks.
    """
    if isinstance(task, str) and task in native_functions():
        return {} if "dim" in given else FUNCTION
    start = STARTS.get(task, {}) if isinstance(task, str) else {}
    if preset == NONE and start:
        start = GENERAL
    if not start or _of_another(str(start["strategy"]), given):
        return {}
    if "population" not in given:
        return start
    population = typed("population", given["population"], hints()["population"])
    return {**start, "top": max(1, population // 4)}


def _of_another(strategy: str, given: Mapping[str, Any]) -> bool:
    """Whether a strategy was given, or something that this one does not take or declare."""
    named = {
        *(typed("adapt", given.get("adapt"), hints()["adapt"]) or ()),
        *(given.get("ranges") or ()),
        *(given.get("scales") or ()),
    }
    declared = strategies.declared(strategy, 4)
    hyperparameters = {name for name, field in settings_of().items() if field.metadata.get("hyperparameter")}
    others = foreign.foreign(strategy, AUTO) | (hyperparameters - declared.keys())
    return bool({"strategy", "dim", "policy", *others} & set(given)) or not named <= declared.keys()


def in_words(task: str, config: Config) -> str:
    """One line that says what a run starts from, for people.

    Args:
        task: as it was typed.
        config: its settings, with nothing of the policy left open.
    """
    values = configured(config, strategies.declared(config.strategy, config.dim or 1))
    parts = [config.strategy, f"population {config.population}", _policy(config)]
    parts += [f"{name.replace('_', ' ')} {values[name]:g}" for name in ("sigma", "learning_rate") if name in values]
    parts += [f"episodes of {config.episode_cap} steps"] if config.episode_cap else []
    return f"start for {task}: {', '.join(parts)}"


def _policy(config: Config) -> str:
    if config.dim is not None:
        return f"{config.dim} parameters"
    if config.policy is not None:
        return "a torch policy"
    layers = ", ".join(str(size) for size in config.hidden or ())
    return f"hidden layers of {layers}" if layers else "linear policy"
