"""What meta "auto" stands for: one rule, by the strategy, its population and what was given by hand.

Config -> decided -> Config with a meta-level of a name, which is what config.toml and the run's name say

1. A warm start: the meta-level of its generator.
2. A setting that learned meta-levels alone take, or something to adapt besides sigma and learning rate: `lstm`.
3. Where riders can stand along a step that tells of itself: `tpa`, with the safeguard where it can go back. No env step
   is the meta-level's own.
4. Else the packaged `linear` generator as it is; of strategies that leave nothing to move, `none`.

Where the task pays for being alive, alive_offset takes this off again unless it was given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.factors import ADAPTS
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.meta.table import AUTO
from bierl_fast.strategy import table as strategies
from bierl_fast.strategy.riders import TPA, least

# Of Gymnasium's tasks that pay something each step besides what they are about.
PAID_ALIVE: Mapping[str, float] = {"Ant-v5": 1.0, "Hopper-v5": 1.0, "Humanoid-v5": 5.0, "Walker2d-v5": 1.0}
PACKAGED: Mapping[str, Any] = {"meta": "linear", "warm_start": "linear", f"{MetaSettings.prefix}budget": 0.0}


def decided(config: Config, warm_start: WarmStart | None = None) -> Config:
    """`config` with the meta-level that "auto" stands for, and its settings; as it is where one was named.

    Args:
        config: any; one that names the file of a warm start waits for what is in it.
        warm_start: what its generator starts from.
    """
    if config.meta != AUTO or strategies.STRATEGIES.get(config.strategy) is None:
        return config
    if warm_start is not None:
        return config.filled(meta=warm_start.shape.meta)
    if config.warm_start is not None:
        return config
    return config.filled(**_alive_offset(config), **_wanted(config, config.given))


def _alive_offset(config: Config) -> Mapping[str, float]:
    """What the task pays for being alive, to be taken off again: a run that finds it first stands still with it.

    No meta-level can know of it, and none moves it.
    """
    pay = PAID_ALIVE.get(config.task) if isinstance(config.task, str) else None
    if pay is None or config.alive_offset is not None or "alive_offset" not in _declared(config):
        return {}
    return {"alive_offset": float(config.task_kwargs.get("healthy_reward", pay))}


def _declared(config: Config) -> Mapping[str, Any]:
    return strategies.declared(config.strategy, 4)


def _wanted(config: Config, given: Collection[str]) -> Mapping[str, Any]:
    strategy = strategies.entry(config.strategy)
    learned = meta_levels.entry("lstm").taken - meta_levels.entry("tpa").taken
    linear_scale = "linear" in {config.sigma_scale, *config.scales.values()}
    if config.warm_start_task is not None or learned & set(given) or not _of_steps(config) or linear_scale:
        return {"meta": "lstm"}
    declared = _declared(config)
    if not any(name in declared and declared[name].adaptable for name in config.adapt or ADAPTS):
        return {"meta": "none"}
    if not _tells(config, given):
        return PACKAGED if config.center_episodes else {"meta": "none"}
    asked = config.safeguard if "safeguard" in given else strategy.of_returns_alone
    return {"meta": "tpa", "riders": config.riders or (TPA,), "safeguard": asked}


def _of_steps(config: Config) -> bool:
    return set(config.adapt or ()) <= set(ADAPTS)


def _tells(config: Config, given: Collection[str]) -> bool:
    """Whether riders along the last step can stand in this population, and say whether it was too long."""
    if "riders" not in strategies.options(config.strategy) or ("riders" in given and TPA not in config.riders):
        return False
    most = meta_levels.entry("tpa").most_momentum
    momentum = 1.0 if config.momentum is None else config.momentum
    calm = config.optimizer in {None, "gradient"} or most is None or momentum <= most
    drops = config.center_episodes > 0 or strategies.entry(config.strategy).behaviors
    return calm and drops and config.reference.mirrored and config.population >= least({TPA, *config.riders})
