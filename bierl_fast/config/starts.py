"""Where `bierl train TASK` starts from where nothing else is said: a strategy, its population, a policy for the task.

task, settings that were typed -> start_of -> {name: value}, a layer below them all

Each start is one for a meta-level to go on from (meta "auto"), so its sigma and learning rate are the same on many
tasks. What else a start says is what no meta-level moves: the population and the policy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bierl_fast.config import foreign
from bierl_fast.config.sections import settings_of
from bierl_fast.meta.table import AUTO
from bierl_fast.strategy import table as strategies

LINEAR: Mapping[str, Any] = {
    "strategy": "ars",
    "population": 16,
    "top": 4,
    "hidden": [],
    "obs_norm": True,
    "sigma": 0.03,
    "learning_rate": 0.02,
}
# Tasks whose angles and speeds are of one size already, and whose episodes are short at first.
PENDULUM: Mapping[str, Any] = {
    **LINEAR,
    "population": 32,
    "top": 8,
    "obs_norm": False,
    "sigma": 0.1,
    "learning_rate": 0.1,
}
STARTS: Mapping[str, Mapping[str, Any]] = {
    "Ant-v5": {**LINEAR, "population": 64, "top": 16},
    "HalfCheetah-v5": {**LINEAR, "population": 64, "top": 16},
    "Hopper-v5": LINEAR,
    "Humanoid-v5": {**LINEAR, "population": 256, "top": 128},
    "HumanoidStandup-v5": {**LINEAR, "population": 64, "top": 16},
    "InvertedDoublePendulum-v5": PENDULUM,
    "InvertedPendulum-v5": PENDULUM,
    "Pusher-v5": LINEAR,
    "Reacher-v5": LINEAR,
    "Swimmer-v5": LINEAR,
    "Walker2d-v5": {**LINEAR, "population": 64, "top": 16},
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
        start = LINEAR
    if not start or _of_another(str(start["strategy"]), given):
        return {}
    population = given.get("population")
    return {**start, "top": max(1, population // 4)} if population else start


def _of_another(strategy: str, given: Collection[str]) -> bool:
    """Whether a strategy was given, or something that this one does not take."""
    declared = strategies.declared(strategy, 4)
    hyperparameters = {name for name, field in settings_of().items() if field.metadata.get("hyperparameter")}
    others = foreign.foreign(strategy, AUTO) | (hyperparameters - declared.keys())
    return bool({"strategy", "dim", "policy", *others} & set(given))


def in_words(start: Mapping[str, Any]) -> str:
    """One line that says what a run starts from, for people."""
    return (
        f"start for {start['task']}: {start['strategy']}, population {start['population']}, {_policy(start)}, sigma "
        f"{start['sigma']:g}, learning rate {start['learning_rate']:g} (--strategy NAME leaves it out)"
    )


def _policy(start: Mapping[str, Any]) -> str:
    layers = ", ".join(str(size) for size in start["hidden"])
    return f"hidden layers of {layers}" if layers else "linear policy"
