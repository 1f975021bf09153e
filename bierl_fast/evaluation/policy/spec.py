"""What a policy network is, apart from its parameters.

environment's sizes and box, network settings -> PolicySpec -> PolicyShape     the compiled policy's own form
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast import finite
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, ArgumentTypeError, TaskError, shown
from bierl_fast.evaluation.arguments import MOST_STEPS, real
from bierl_fast.evaluation.base import Action, Observation
from bierl_fast.evaluation.policy.header import check_ran_by, from_header
from bierl_fast.messages import F32, F64

SIZES = {"at_least": 1, "at_most": MOST_STEPS}  # of layers


@dataclass(frozen=True)
class PolicySpec:
    """What a policy is, apart from its parameters.

    Attributes:
        task: the environment it acts in.
        task_kwargs: that environment's keyword arguments.
        observation_size: O.
        low, high: (A,) the action box.
        hidden: hidden layer sizes; empty is a linear policy.
        activation: "tanh" or "relu".
        squash: "clip" cuts the output to the box, "tanh" maps it in, "none" leaves it as it is.
        action_noise: "none", "fixed" or "evolved" Gaussian noise while training.
        log_std: its log standard deviation (the start, when evolved).
        observation_shape: of the environment's observations, where they are flattened; (O,) where they are no arrays,
            and the policy takes what gymnasium.wrappers.FlattenObservation makes of them.
        observation_parts, part_sizes: of observations that are no arrays, the names of their parts in the order of the
            vector, `goal` or within others `goal.0`, and how many numbers each is; empty in files from before.
        action_shape: of the environment's actions, where it is not (A,): they are reshaped.
        episode_cap: env steps after which an episode ends, where the environment has no time limit of its own.
        first_action: of a discrete action space, its lowest action. The policy then has an output for each action (its
            box is infinite), and acts by the largest; among equals, the lowest.
        choices, first_choices: of several discrete choices, how many each has and its lowest (MultiDiscrete). Their
            outputs lie one after another, and of each choice's the largest acts.
        switches: whether each output is a switch, which is on where it is above 0 (MultiBinary).
        entry_point: what Gymnasium's registry made the environment by, where the task is an id in worker processes.
        ran_by: how its episodes were run: evaluator, the name of the one that ran them, and the settings that it alone
            takes, but for how much of the machine it used; empty in files from before there was this.
    """

    task: str
    observation_size: int = field(metadata=SIZES)
    low: tuple[float, ...]
    high: tuple[float, ...]
    task_kwargs: dict[str, Any] = field(default_factory=dict)
    hidden: tuple[int, ...] = field(default=(64, 64), metadata=SIZES)
    activation: str = "tanh"
    squash: str = "clip"
    action_noise: str = "none"
    log_std: float = -1.0
    observation_shape: tuple[int, ...] | None = None
    observation_parts: tuple[str, ...] = ()
    part_sizes: tuple[int, ...] = field(default=(), metadata=SIZES)
    action_shape: tuple[int, ...] | None = None
    first_action: int | None = field(default=None, metadata={"at_least": -(2**63), "at_most": 2**63 - 1})
    episode_cap: int | None = None
    choices: tuple[int, ...] | None = None
    first_choices: tuple[int, ...] | None = None
    switches: bool = False
    entry_point: str | None = None
    ran_by: dict[str, Any] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes from O to A."""
        return (self.observation_size, *self.hidden, len(self.low))

    @property
    def discrete(self) -> bool:
        """Whether its outputs choose, rather than being the action."""
        return self.first_action is not None or self.choices is not None or self.switches

    @property
    def parts(self) -> str:
        """What observations that are no arrays are made of, in words: "goal 2, speed 3"; "" of others."""
        told = zip(self.observation_parts, self.part_sizes, strict=True)
        return ", ".join(f"{name} {size}".strip() for name, size in told)

    @property
    def several(self) -> tuple[tuple[int, int], ...] | None:
        """Of several discrete choices, how many outputs each has and its lowest action; None of other actions."""
        if self.choices is None:
            return None
        return tuple(zip(self.choices, self.first_choices or (0,) * len(self.choices), strict=True))

    @cached_property
    def _parts(self) -> list[tuple[slice, int]]:
        """Where each choice's outputs lie, and its lowest action."""
        several = self.several or ()
        ends = accumulate(outputs for outputs, _ in several)
        return [(slice(end - outputs, end), first) for end, (outputs, first) in zip(ends, several, strict=True)]

    def flat(self, observation: Observation) -> F64:
        """(O,) what the network sees of one observation; float32 and integers are widened, which is exact.

        Raises:
            ArgumentError: the observation has another shape.
            ArgumentTypeError: it holds something else than real numbers.
        """
        numbers = self.numbers(observation)
        if numbers.shape != self._observed:
            raise ArgumentError(f"observation must have shape {self._observed}, got {numbers.shape}")
        return np.ascontiguousarray(numbers, np.float64).reshape(-1)

    def are_many(self, numbers: NDArray[Any]) -> bool:
        """Whether these are many observations, one in each row of an array with one more dimension."""
        return numbers.ndim > len(self._observed) and numbers.shape[1:] == self._observed

    @property
    def _observed(self) -> tuple[int, ...]:
        return self.observation_shape or (self.observation_size,)

    def numbers(self, observation: Observation) -> NDArray[Any]:
        """An array of what was observed, which is itself where it is one of real numbers.

        Raises:
            ArgumentTypeError: it holds something else than real numbers.
        """
        if isinstance(observation, np.ndarray) and observation.dtype.kind in "fiub":
            return observation
        found = real(observation)
        if found is None:
            parts = f" ({self.parts}, as gymnasium.wrappers.FlattenObservation has them)" if self.parts else ""
            raise ArgumentTypeError(
                f"observation must be real numbers of shape {self._observed}{parts}, got {shown(observation)}"
            )
        return found

    def answers(self, actions: Sequence[Action]) -> Action:
        """One action in each row; also of none."""
        one = np.asarray(self.answer(np.zeros(len(self.low), np.float32)))
        return np.array(actions, one.dtype).reshape(len(actions), *one.shape)

    def answer(self, action: F32) -> Action:
        """What the environment's `step` takes for the network's answer (A,): a copy in its shape, or a choice."""
        if self.first_action is not None:
            return np.int64(self.first_action + action.argmax())
        if self.choices is not None:
            chosen = [action[some].argmax() + first for some, first in self._parts]
            return np.array(chosen, np.int64).reshape(self.action_shape or -1)
        if self.switches:
            return (action > 0.0).astype(np.int8).reshape(self.action_shape or -1)
        return action.reshape(self.action_shape or action.shape).copy()


def require_box(spec: PolicySpec) -> None:
    """ArgumentError where outputs are to be squashed into a box of actions, and there is none, or one too wide."""
    if spec.discrete and spec.squash != "clip":
        raise ArgumentError(
            f"squash {spec.squash!r} needs a box of actions, and those of {spec.task} are discrete", ["squash"]
        )
    width_a = [high - low for low, high in zip(spec.low, spec.high, strict=True)]
    a = next((a for a, width in enumerate(width_a) if finite.LARGEST32 < width < math.inf), None)
    if a is not None and spec.squash == "tanh":  # an infinite one is the compiled policy's to refuse
        raise ArgumentError(
            f"squash 'tanh' needs an action box whose width is at most {finite.LARGEST32:.3g}, action {a} of "
            f"{spec.task} has [{spec.low[a]:.3g}, {spec.high[a]:.3g}]; use squash 'clip'",
            ["squash"],
        )


def read_spec(header: dict[str, Any]) -> PolicySpec:
    """A PolicySpec out of a file's header; ConfigError for a value that no environment and no Config has.

    Nothing of the size that it speaks of is made.
    """
    spec = from_header(PolicySpec, header)
    check_ran_by(spec.ran_by)
    if any(map(math.isnan, (*spec.low, *spec.high))):
        raise ArgumentError("low and high must be numbers, got nan")
    for name, shape, size in (
        ("observation_shape", spec.observation_shape, spec.observation_size),
        ("action_shape", spec.action_shape, len(spec.choices or spec.low)),
    ):
        if shape is not None and (math.prod(shape) != size or min(shape, default=1) < 1):
            raise ArgumentError(f"{name} must hold {size} elements, got {shape}")
    if len(spec.observation_parts) != len(spec.part_sizes):
        raise ArgumentError(f"part_sizes must be as many as observation_parts, got {len(spec.part_sizes)}")
    if spec.part_sizes and sum(spec.part_sizes) != spec.observation_size:
        raise ArgumentError(f"part_sizes must hold {spec.observation_size} numbers, got {spec.part_sizes}")
    if spec.choices is not None and (sum(spec.choices) != len(spec.low) or min(spec.choices, default=0) < 1):
        raise ArgumentError(f"choices must hold {len(spec.low)} outputs, got {spec.choices}")
    if spec.first_choices is not None and len(spec.first_choices) != len(spec.choices or ()):
        raise ArgumentError(f"first_choices must be as many as choices, got {len(spec.first_choices)}")
    policy_shape(spec)
    return spec


def require_same_kind(saved: PolicySpec, now: PolicySpec) -> None:
    """TaskError where a task does not have the observations and actions that a policy was made for."""
    if (now.observation_size, len(now.low)) != (saved.observation_size, len(saved.low)):
        raise TaskError(
            f"the policy was made for {saved.observation_size} observations and {len(saved.low)} actions, and task "
            f"{now.task} has {now.observation_size} and {len(now.low)} here",
            ["task"],
        )
    if saved.parts and now.parts and now.parts != saved.parts:  # an array does not say what it is made of
        raise TaskError(
            f"the policy was made for observations of {saved.parts}, and task {now.task} has {now.parts} here",
            ["task"],
        )
    kinds = [_kind_of_actions(spec) for spec in (saved, now)]
    if kinds[0] != kinds[1]:
        raise TaskError(f"the policy was made for {kinds[0]}, and task {now.task} has {kinds[1]} here", ["task"])


def _kind_of_actions(spec: PolicySpec) -> str:
    if spec.choices is not None:
        return f"choices of {spec.choices} actions"
    if spec.switches:
        return "switches"
    return "a box of actions" if spec.first_action is None else "discrete actions"


def policy_shape(spec: PolicySpec) -> core.PolicyShape:
    """The compiled policy's own form of `spec`; ArgumentError when it cannot be."""
    return core.PolicyShape(
        sizes=list(spec.sizes),
        activation=spec.activation,
        low=list(spec.low),
        high=list(spec.high),
        squash=spec.squash,
        noise=spec.action_noise,
        log_std=spec.log_std,
    )
