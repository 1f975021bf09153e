"""Where a policy came from: a file of policies may name code, and is marked as this user's when it is written.

header, arrays -> write -> FILE.npz, its mark        FILE.npz, header -> origin_of -> Origin, or None of a trusted one
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast import trust
from bierl_fast.archive import Kind
from bierl_fast.errors import TrustError
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.trust import Named, Origin, Trust


def write(
    kind: Kind,
    path: Path,
    header: Mapping[str, Any],
    arrays: Mapping[str, NDArray[np.generic]],
    origin: Origin | None,
) -> None:
    """Write a policy's file; it is this user's, unless the policy came from a file that nobody trusted."""
    if origin is None:
        trust.remember(path, _text(header), _named(header))
    kind.write(path, header, arrays)


def origin_of(path: Path, header: Mapping[str, Any], trusted: Trust) -> Origin | None:
    """Where a policy came from, by its header as it was read; None where it names no code, or that is trusted."""
    origin = Origin(path, _text(header), _named(header))
    try:
        origin.require(trusted)
    except TrustError:
        return origin
    return None


def _named(header: Mapping[str, Any]) -> tuple[Named, ...]:
    keywords, ran_by = header.get("task_kwargs"), header.get("ran_by")
    own = {name: ran_by.get(name) for name in PoolSettings.naming_code()} if isinstance(ran_by, dict) else {}
    settings = {"task": header.get("task"), "policy": header.get("factory"), **own}
    return trust.named_in(settings, keywords if isinstance(keywords, dict) else {})


def _text(header: Mapping[str, Any]) -> str:
    return json.dumps(header, sort_keys=True)
