"""What travels between the pool and its workers, over one socket each; the arrays lie in the shared block.

parent -> worker: the Places of a Start and a Job, then for each evaluation a Batch and row numbers; None to stop
worker -> parent: what it does and finds out while it starts (Doing, Found), Ready or StartFailed, PolicyReady once it
                  has its Job, then Done for each row; Closing and Closed around the close of an environment
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bierl_fast.evaluation.environment.maker import EnvMaker
from bierl_fast.evaluation.environment.probe import Findings
from bierl_fast.evaluation.environment.spaces import Interface
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.pool.shared_block import Field
from bierl_fast.messages import NoiseKey

# (env, last observation as the environment gave it, last info) -> (D,) numbers
Descriptor = Callable[[Any, Any, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class PickledMessage:
    """A Start or a Job, which may hold objects of the user's; opened in two steps because they may need his script.

    It may be of any size, and a worker may never come to read it: it lies in a file, and its Place alone is sent.
    """

    script: dict[str, Any] | None  # what multiprocessing.spawn.prepare takes to import the parent's script
    payload: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker is told first."""

    maker: EnvMaker
    settings: PoolSettings
    descriptor: Descriptor | None
    findings: Findings | None  # of the first worker: what is known so far; it finds out the rest. None: others
    episode_cap: int | None  # of training


@dataclass(frozen=True, slots=True)
class Doing:
    """Said while it starts, at each new thing and then now and then: what it does, in words.

    `question`: the field of Findings that is being tried out.
    """

    text: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the environment by now, should this worker be lost."""

    findings: Findings


@dataclass(frozen=True, slots=True)
class Closing:
    """Said before an environment is closed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Said when it is."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker answers to Start."""

    interface: Interface
    findings: Findings
    private_bytes: int  # as PolicyReady's, so far


@dataclass(frozen=True, slots=True)
class StartFailed:
    """Answered instead of Ready: why this worker cannot start."""

    text: str
    refused: bool  # a setting or a task that cannot be, rather than something that broke


@dataclass(frozen=True, slots=True)
class Job:
    """What all batches have in common."""

    spec: PolicySpec
    module: Any | None  # of a TorchPolicy
    behavior: str  # a name of the actor's; "none" beside a function
    descriptor_size: int
    max_steps: int  # of an episode
    whole_steps: int  # of one that no cap cuts
    episode_timeout: float | None  # seconds
    fresh: bool
    tried_steps: int | None  # an environment that went further is not used again
    seed_bits: int


@dataclass(frozen=True, slots=True)
class PolicyReady:
    """Answered to Job: its policy is there, which may have taken imports; rows begin at once from now on."""

    private_bytes: int  # memory that this process shares with no other


@dataclass(frozen=True, slots=True)
class Batch:
    """One evaluation: the sizes of what lies in the shared block, and the address of its randomness."""

    rows: int
    bases: int
    parameters: int
    scaled: bool
    observations: int
    descriptor: int
    moments: bool
    key: NoiseKey
    max_steps: int
    transitions: tuple[int, int] | None = None  # room for so many steps of a row, numbers in each; None: not recorded

    def fields(self) -> list[Field]:
        """The block's arrays: the population, the frozen observation statistics, the results by row."""
        r, o = self.rows, self.observations
        seen = r if self.moments else 0
        room = (r, *self.transitions) if self.transitions else (0, 0, 0)
        scale = [("scale_bp", np.float32, (self.bases, self.parameters))] if self.scaled else []
        return [
            ("base_bp", np.float32, (self.bases, self.parameters)),
            *scale,
            ("base_r", np.int32, (r,)),
            ("sigma_r", np.float32, (r,)),
            ("noise_r", np.int32, (r,)),
            ("sign_r", np.int8, (r,)),
            ("candidate_r", np.int32, (r,)),
            ("episode_r", np.int32, (r,)),
            ("obs_count", np.float64, (1,)),
            ("obs_mean", np.float64, (o,)),
            ("obs_m2", np.float64, (o,)),
            ("returns_r", np.float64, (r,)),
            ("lengths_r", np.int32, (r,)),
            ("failed_r", np.bool_, (r,)),
            ("entropy_r", np.float64, (r,)),
            ("behaviour_rd", np.float64, (r, self.descriptor)),
            ("count_r", np.float64, (seen,)),
            ("mean_ro", np.float64, (seen, o)),
            ("m2_ro", np.float64, (seen, o)),
            ("transitions_rsw", np.float32, room),  # last, and the system gives memory to what is written alone
        ]


@dataclass(frozen=True, slots=True)
class Done:
    """One row has run. `reason`: why it failed; `fatal`: no failure of an episode, but of the settings."""

    row: int
    reason: str | None = None
    fatal: bool = False
