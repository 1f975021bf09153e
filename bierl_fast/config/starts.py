"""Where `bierl train TASK` starts from where nothing else is said: a strategy, its population, a policy for the task.

task, settings that were typed -> start_of -> {name: value}, a layer below them all

Each start is one for a meta-level to go on from (meta "auto"), so its sigma and learning rate are the same on most
tasks. What else a start says is what no meta-level moves: the population and the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bierl_fast.config import foreign
from bierl_fast.config.sections import Settings, hints, settings_of
from bierl_fast.meta.table import AUTO
from bierl_fast.strategy import table as strategies
from bierl_fast.values import typed

GENERAL: Mapping[str, Any] = {
    "strategy": "ars",
    "population": 32,
    "top": 8,
    "hidden": [],
    "obs_norm": True,
    "sigma": 0.03,
    "learning_rate": 0.02,
}


def _of(population: int) -> Mapping[str, Any]:
    return {**GENERAL, "population": population, "top": population // 4}


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
    "Hopper-v5": _of(16),
    "Humanoid-v5": _of(256),
    "HumanoidStandup-v5": _of(64),
    "InvertedDoublePendulum-v5": _of(64),
    "InvertedPendulum-v5": GENERAL,
    "Pusher-v5": GENERAL,
    "Reacher-v5": GENERAL,
    # Normalized, or with fewer candidates or the better ones alone, it stays in a slow way to swim more often.
    "Swimmer-v5": {**_of(16), "top": 8, "obs_norm": False, "sigma": 0.04, "learning_rate": 0.04},
    "Walker2d-v5": _of(64),
}
NONE = "none"  # as a preset: no task's own


def start_of(task: Any, given: Mapping[str, Any], preset: str | None = None) -> Mapping[str, Any]:
    """The start's settings; none where the task has none, or where what was given is for another strategy.

    Args:
        task: as it was typed.
        given: settings that were typed, by name; each of them wins over the start's.
        preset: NONE: not the task's own start, but that of all tasks.
    """
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


def in_words(task: str, config: Settings, own: bool) -> str:
    """One line that says what a run starts from, for people.

    Args:
        task: as it was typed.
        config: its settings; sigma and learning rate may be left to the strategy.
        own: whether the task has a start of its own, and its settings are those.
    """
    declared = strategies.declared(config.strategy, 4)
    values = {name: getattr(config, name) for name in ("sigma", "learning_rate")}
    sigma, rate = (declared[name].default if value is None else value for name, value in values.items())
    policy = "" if config.dim is not None else f"{_policy(config)}, "
    cap = f", episodes of {config.episode_cap} steps" if config.episode_cap else ""
    return (
        f"start for {task}: {config.strategy}, population {config.population}, {policy}sigma {sigma:g}, learning rate "
        f"{rate:g}{cap}{' (--strategy NAME leaves it out)' * own}"
    )


def _policy(config: Settings) -> str:
    if config.policy is not None:
        return "a policy of your own"
    layers = ", ".join(str(size) for size in config.hidden)
    return f"hidden layers of {layers}" if layers else "linear policy"
