"""When a meta-level that judges proposals may do so, and how fast what it wants may arrive.

history, steps so far -> affordable -> whether a meta-update runs now
wanted hyperparameters, those in use -> approached -> at most max_move from one generation to the next
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bierl_fast.messages import Hyperparameters

if TYPE_CHECKING:  # annotations only: naming the meta-levels must not load the native module
    from collections.abc import Mapping

    from bierl_fast.meta.history import History, Range
    from bierl_fast.meta.settings import MetaSettings


def affordable(settings: MetaSettings, history: History, last_update: int, inner_steps: int, meta_steps: int) -> bool:
    """Whether the interval has passed since the history had `last_update` generations, and an update fits the budget.

    Its cost is predicted causally: all its episodes as long as the longest of the latest generation.
    """
    if history.generations - last_update < settings.interval:
        return False
    after = meta_steps + settings.candidates * settings.credit.rows * history.longest_episode
    return after <= settings.budget * (inner_steps + after)


def approached(
    wanted: Hyperparameters, used: Mapping[str, float], ranges: Mapping[str, Range], max_move: float
) -> Hyperparameters:
    """`wanted`, each adapted value at most `max_move` from the one in `used`, where there is one.

    On a log scale max_move is a factor; on a linear one its logarithm is a share of the range.
    """
    largest = math.log(max_move)
    moved = {}
    for name, value in used.items():
        relative = ranges[name].relative(value, wanted[name])
        if abs(relative) > largest:
            unit = 1.0 if ranges[name].scale == "log" else ranges[name].width
            moved[name] = ranges[name].moved(value, math.copysign(largest * unit, relative))
    return wanted.replace(**moved)
