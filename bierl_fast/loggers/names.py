"""A generation's record under the names that tools group by: rollout/, train/, eval/, meta/, time/.

record of metrics.jsonl -> numbers -> {"rollout/mean_return": 12.3, ...}       null is left out
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GROUPS = {  # of a record's own numbers; what is not here is train/
    "generation": "time",
    "env_steps": "time",
    "inner_steps": "time",
    "meta_steps": "time",
    "warm_start_steps": "time",
    "eval_steps": "time",
    "mean_return": "rollout",
    "max_return": "rollout",
    "center_return": "rollout",
    "episode_failures": "rollout",
    "meta_updates": "meta",
}
TABLES = {"hyperparameters": "train", "evaluation": "eval", "meta": "meta", "seconds": "time/seconds"}


def numbers(record: Mapping[str, Any], steps_before: int = 0) -> dict[str, float]:
    """Every number of a record, and time/steps_per_second; `steps_before`: env steps up to the generation before."""
    found: dict[str, float] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            group = TABLES.get(name, name)
            found |= {f"{group}/{inner}": number for inner, number in value.items() if _is_number(number)}
        elif _is_number(value):
            found[f"{GROUPS.get(name, 'train')}/{name}"] = value
    seconds = sum(record["seconds"].values())
    if seconds > 0:
        found["time/steps_per_second"] = (record["env_steps"] - steps_before) / seconds
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
