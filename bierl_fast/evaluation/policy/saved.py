"""A saved policy by its file, whatever kind it is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bierl_fast.archive import Archive
from bierl_fast.evaluation.base import Policy
from bierl_fast.evaluation.policy import torch_module, vector
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.policy.vector import VectorPolicy
from bierl_fast.files import json_object

POLICIES: dict[str, Callable[[Path], Policy]] = {
    "policy": MlpPolicy.load,
    vector.FILE.kind: VectorPolicy.load,
    torch_module.FILE.kind: TorchPolicy.load,
}


def load_policy(path: Path) -> Policy:
    """The policy in a file that some policy's `save` wrote; ArchiveError says what is wrong with it."""
    with Archive.opened(path) as archive:
        try:
            kind = str(json_object(archive.header)["kind"])
        except (ValueError, KeyError):
            kind = "none"
    return POLICIES.get(kind, MlpPolicy.load)(path)  # a file of no known kind is refused there
