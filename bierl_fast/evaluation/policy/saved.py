"""A saved policy by its file, whatever kind it is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bierl_fast.archive import Archive
from bierl_fast.errors import ArchiveError, ConfigError
from bierl_fast.evaluation.base import Policy
from bierl_fast.evaluation.policy import torch_module, vector
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.spec import PolicySpec, read_spec
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.evaluation.policy.vector import VectorPolicy
from bierl_fast.files import json_object
from bierl_fast.trust import Trust

POLICIES: dict[str, Callable[..., Policy]] = {
    "policy": MlpPolicy.load,
    vector.FILE.kind: VectorPolicy.load,
    torch_module.FILE.kind: TorchPolicy.load,
}


def load_policy(path: Path, trust: Trust = False, module: str | Callable[..., Any] | None = None) -> Policy:
    """The policy in a file that some policy's `save` wrote; ArchiveError says what is wrong with it.

    Args:
        path: the file.
        trust: whether the code that it names may be imported, or which (see trust.py).
        module: what makes a TorchPolicy's module, or its import path, in place of what the file names.

    Raises:
        TrustError: the file names what makes its module, and is not trusted. A task is asked about when it is needed.
        ConfigError: `module` for a policy that has none.
    """
    with Archive.opened(path) as archive:
        try:
            kind = str(json_object(archive.header)["kind"])
        except (ValueError, KeyError):
            kind = "none"
    if kind == torch_module.FILE.kind:
        return TorchPolicy.load(path, module, trust=trust)
    if module is not None:
        raise ConfigError(f"policy is what makes a torch module, and the policy in {path} has none", ["policy"])
    return POLICIES.get(kind, MlpPolicy.load)(path, trust=trust)  # a file of no known kind is refused there


def saved_spec(path: Path) -> PolicySpec | None:
    """What the policy in a file is made for; None of a vector, and where the file does not say."""
    try:
        with Archive.opened(path) as archive:
            header = json_object(archive.header)
        return read_spec({name: header[name] for name in PolicySpec.__dataclass_fields__ if name in header})
    except (ArchiveError, ValueError, TypeError, AttributeError):
        return None
