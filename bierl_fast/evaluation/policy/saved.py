"""A saved policy by its file, whatever kind it is of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bierl_fast.archive import read_archive
from bierl_fast.evaluation.base import AnyPolicy
from bierl_fast.evaluation.policy import torch_module, vector
from bierl_fast.evaluation.policy.mlp import Policy
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.policy.vector import VectorPolicy

POLICIES: dict[str, Callable[[Path], AnyPolicy]] = {
    "policy": Policy.load,
    vector.FILE.kind: VectorPolicy.load,
    torch_module.FILE.kind: TorchPolicy.load,
}


def load_policy(path: Path) -> AnyPolicy:
    """The policy in a file that some policy's `save` wrote; ArchiveError says what is wrong with it."""
    text, _ = read_archive(path)
    try:
        kind = str(json.loads(text)["kind"])
    except (ValueError, TypeError, KeyError):
        kind = "none"
    return POLICIES.get(kind, Policy.load)(path)  # a file of no known kind is refused there
