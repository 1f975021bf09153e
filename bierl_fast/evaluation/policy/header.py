"""What the file of a policy says, checked as the settings of a run are.

header -> from_header -> PolicySpec or FunctionSpec          Archive -> saved_parameters -> (P,)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from bierl_fast.archive import Archive
from bierl_fast.errors import ArgumentError
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.settings import EpisodeSettings, PolicySettings, TaskSettings
from bierl_fast.messages import F32
from bierl_fast.settings import checked_fields
from bierl_fast.values import checked

S = TypeVar("S")
SECTIONS = (TaskSettings, PolicySettings, EpisodeSettings, PoolSettings)  # whose settings a policy may carry


def from_header(spec: type[S], header: Mapping[str, Any]) -> S:
    """A `spec` out of a header; see checked_fields."""
    return checked_fields(spec, header, SECTIONS)


def check_ran_by(ran_by: Mapping[str, Any]) -> None:
    """ConfigError for a setting of episodes that cannot be; of others' evaluators any plain value can."""
    rules = {name: field.metadata for section in SECTIONS for name, field in section.settings().items()}
    kinds = {name: kind for section in SECTIONS for name, kind in section.hints().items()}
    for name, value in ran_by.items():
        checked(name, value, kinds.get(name, bool | int | float | str | None), rules.get(name, {}))


def saved_parameters(archive: Archive, count: int) -> F32:
    """The parameters (P,) in a policy's file; ArgumentError unless they are so many finite numbers."""
    found: F32 = archive.read("parameters", np.float32, (count,))
    wrong = int((~np.isfinite(found)).sum())
    if wrong:
        raise ArgumentError(f"parameters must be finite; {wrong} of {count} are not")
    return found
