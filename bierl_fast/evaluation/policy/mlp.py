"""The policy: a network's parameters with the observation statistics they were trained under.

observation (O,) -> normalised -> MLP or linear -> action (A,) in the box
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast import kernels
from bierl_fast.archive import Archive, Kind
from bierl_fast.errors import ArgumentError
from bierl_fast.evaluation import arguments
from bierl_fast.evaluation.base import Action, Observation
from bierl_fast.evaluation.policy import origin
from bierl_fast.evaluation.policy.header import saved_parameters
from bierl_fast.evaluation.policy.numpy_policy import NumpyPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec, policy_shape, read_spec
from bierl_fast.files import as_path
from bierl_fast.messages import F32, Network, NoiseKey, Stream
from bierl_fast.public import public
from bierl_fast.trust import Origin, Trust

FILE = Kind(
    "policy",
    format=1,
    name="a policy",
    remedy="write one with Policy.save or bierl train",
    others={"torch_policy": "it is a TorchPolicy's, read by bf.TorchPolicy.load(path, module)"},
)


@public(but=("act",))
class MlpPolicy:
    """A compiled policy. `act` is deterministic: exploration noise belongs to training episodes alone.

    Any number of threads may call at once: a policy never changes.
    """

    def __init__(
        self,
        spec: PolicySpec,
        statistics: ObservationStatistics,
        parameters: F32 | None = None,
        origin: Origin | None = None,
    ) -> None:
        """Parameters are zeros unless given; statistics with no observations leave observations as they are.

        `origin`: the file it was read from, where that names code and nobody has trusted it yet.
        """
        self.origin = origin
        self.spec = spec
        self.statistics = statistics
        self.shape = policy_shape(spec)
        self._normalizer = statistics.normalizer()
        self.parameters = np.zeros(self.parameter_count, np.float32) if parameters is None else parameters

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.spec, self.statistics, self.parameters, self.origin)

    @property
    def task(self) -> str:
        """The environment's id."""
        return self.spec.task

    @property
    def task_kwargs(self) -> dict[str, Any]:
        """The environment's keyword arguments."""
        return dict(self.spec.task_kwargs)

    @property
    def network(self) -> Network:
        """Layers and action box, for a strategy that learns the same network by gradient too."""
        spec = self.spec
        return Network(spec.sizes, spec.activation, spec.squash, spec.low, spec.high)

    @property
    def parameter_count(self) -> int:
        """P: weights (inputs, outputs) and bias of each layer in turn, then evolved log standard deviations."""
        return self.shape.parameter_count

    def initial_parameters(self, seed: int = 0) -> F32:
        """(P,) where training starts: hidden weights N(0, 1/inputs), output weights a hundredth of that, biases zero.

        A linear policy starts at zero (Mania et al. 2018). Evolved log standard deviations start at `log_std`.
        """
        theta = np.zeros(self.parameter_count, np.float32)
        noise = kernels.normals(NoiseKey(seed, 0, Stream.INITIAL), 0, theta.size)
        sizes, at = self.spec.sizes, 0
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            weights = slice(at, at + inputs * outputs)
            if self.spec.hidden:
                gain = 0.01 if layer == len(sizes) - 2 else 1.0
                theta[weights] = noise[weights] * np.float32(gain / math.sqrt(inputs))
            at += (inputs + 1) * outputs
        theta[at:] = self.spec.log_std
        return theta

    def starting_entropy(self) -> float:
        """Differential entropy, in nats, of the action noise at `log_std`: what `relative_entropy` is relative to.

        Raises:
            ArgumentError: the policy has no action noise.
        """
        if self.spec.action_noise == "none":
            raise ArgumentError(
                "a policy without action noise has no differential entropy; set action_noise to 'evolved'",
                ["action_noise"],
            )
        return len(self.spec.low) * (self.spec.log_std + 0.5 * math.log(2.0 * math.pi * math.e))

    def noise_scale(self, log_std_scale: float) -> F32 | None:
        """(P,) per-parameter factor of sigma: `log_std_scale` for evolved log standard deviations, 1 elsewhere.

        None when every factor is 1.
        """
        if self.spec.action_noise != "evolved" or log_std_scale == 1.0:
            return None
        scale = np.ones(self.parameter_count, np.float32)
        scale[-len(self.spec.low) :] = log_std_scale
        return scale

    def with_parameters(self, theta: F32) -> MlpPolicy:
        """The same policy with other parameters (P,) float32, copied."""
        theta = arguments.parameters("theta", theta, self.parameter_count)
        return MlpPolicy(self.spec, self.statistics, theta, self.origin)

    def with_statistics(self, statistics: ObservationStatistics) -> MlpPolicy:
        """The same policy under other observation statistics, which it keeps."""
        return MlpPolicy(self.spec, statistics, self.parameters, self.origin)

    def with_spec(self, spec: PolicySpec) -> MlpPolicy:
        """The same policy for a task of the same kind."""
        return MlpPolicy(spec, self.statistics, self.parameters, self.origin)

    def act(self, observation: Observation) -> Action:
        """The action for one observation of the environment, in its own shapes: (O,) -> (A,) float32 for most.

        A discrete action space is answered by an integer (np.int64, as the space's own `sample`). Many observations
        at once, as a vector environment gives them, are answered row by row: (N, O) -> (N, A), of choices (N,) int64.
        """
        numbers = self.spec.numbers(observation)
        if self.spec.are_many(numbers):
            return self.spec.answers([self.act(row) for row in numbers])
        action = np.empty(len(self.spec.low), np.float32)
        self.shape.act(self._normalizer, self.parameters, self.spec.flat(numbers), action)
        return self.spec.answer(action)

    def numpy(self) -> NumpyPolicy:
        """The same policy in NumPy alone, as copies: its arrays, and `act` with the same bits."""
        spec, statistics, at, layers = self.spec, self.statistics, 0, []
        for inputs, outputs in itertools.pairwise(spec.sizes):
            numbers = self.parameters[at : at + (inputs + 1) * outputs].reshape(inputs + 1, outputs).copy()
            layers.append((numbers[:-1], numbers[-1]))
            at += numbers.size
        return NumpyPolicy(
            layers,
            spec.activation,
            spec.squash,
            np.array(spec.low, np.float32),
            np.array(spec.high, np.float32),
            mean=statistics.mean if statistics.seen else None,
            inverse_std=statistics.inverse_std if statistics.seen else None,
            observation_shape=spec.observation_shape,
            action_shape=spec.action_shape,
            first_action=spec.first_action,
            facts={"task": spec.task, "task_kwargs": dict(spec.task_kwargs)},
            choices=spec.several,
            switches=spec.switches,
        )

    def save(self, path: str | Path) -> None:
        """Write policy.npz: parameters, statistics and a JSON header; atomically."""
        arrays = {"parameters": self.parameters, **self.statistics.state()}
        origin.write(FILE, as_path(path, "path"), asdict(self.spec), arrays, self.origin)

    @classmethod
    def load(cls, path: str | Path, *, trust: Trust = False) -> MlpPolicy:
        """Read policy.npz; ArchiveError says what is wrong with it.

        `trust`: whether its task may be imported where the file names code (see trust.py). Nothing is imported here:
        without it `evaluate` asks.
        """
        file = as_path(path, "path")

        def read(header: dict[str, Any], archive: Archive) -> MlpPolicy:
            found = origin.origin_of(file, header, trust)
            spec = read_spec(header)
            parameters = saved_parameters(archive, policy_shape(spec).parameter_count)
            return cls(spec, ObservationStatistics.saved(archive, spec.observation_size), parameters, found)

        return FILE.read(file, read)
