"""What an evaluator is asked for: the message from `make_evaluator` to whichever evaluator serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.module_factory import ModuleFactory
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.settings import Section

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Episodes of a task, by a policy of this shape; see `bierl_fast.evaluation.table.make_evaluator`.

    Attributes:
        network: what PolicySpec takes of the network, and its `ran_by`.
        again: a saved policy that is to act once more, as it is: nothing is left of network, cap and behavior to say.
        sections: what evaluators alone take, those of others at their defaults.
    """

    task: str | Callable[..., Any]
    task_kwargs: dict[str, Any]
    network: dict[str, Any]
    obs_norm: bool
    episode_cap: int | None
    behavior: str | Callable[..., Any]
    transitions: bool
    policy: TorchPolicy | ModuleFactory | None
    threads: int | None
    sections: tuple[Section, ...]
    again: MlpPolicy | TorchPolicy | None = None

    def section(self, kind: type[S]) -> S:
        """What one evaluator alone takes."""
        return next(section for section in self.sections if isinstance(section, kind))
