"""The peers, written anew: policies in torch and NumPy, and the loops that run them over a Gymnasium environment.

What each of them is, and what it is compared with: peers.py.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

import gymnasium
import numpy as np
import torch
from common import require

import bierl_fast as bf
from bierl_fast.messages import F32, F64

TASK = "HalfCheetah-v5"
FIRST = 5  # steps whose rewards are compared: later ones have grown apart
TOLERANCE = 1e-4  # of a reward among them, and of an action on equal observations; both are of order one
CUT = 10.0  # normalised observations are cut there
SIGMA = 0.02
LOG_STD = -3.5  # the authors' start

Act = Callable[[F64], F32]
Env = gymnasium.Env[Any, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row: which policy, from which reset."""

    policy: bf.Policy
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One episode."""

    total: float
    length: int
    first_rewards: F64  # (FIRST,)


def layers(policy: bf.Policy) -> list[tuple[F32, F32]]:
    """Weights (inputs, outputs) and bias of each layer."""
    made, at = [], 0
    for inputs, outputs in itertools.pairwise(policy.spec.sizes):
        weight = policy.parameters[at : at + inputs * outputs].reshape(inputs, outputs)
        at += inputs * outputs
        made.append((weight, policy.parameters[at : at + outputs]))
        at += outputs
    return made


def normalizer(policy: bf.Policy) -> Callable[[F64], F32]:
    """Normalisation as the compiled policy does it: float64, cut, then float32."""
    mean, std = policy.statistics.mean, policy.statistics.std
    inverse = np.where(std > 1e-8, 1.0 / np.maximum(std, 1e-8), 0.0)
    return lambda observation: np.clip((observation - mean) * inverse, -CUT, CUT).astype(np.float32)


def numpy_policy(policy: bf.Policy) -> Act:
    """The same network in NumPy float32."""
    normalize = normalizer(policy)
    *hidden, (last, bias) = layers(policy)
    low, high = np.array(policy.spec.low, np.float32), np.array(policy.spec.high, np.float32)

    def act(observation: F64) -> F32:
        x = normalize(observation)
        for weight, offset in hidden:
            x = np.tanh(x @ weight + offset)
        action: F32 = np.clip(x @ last + bias, low, high)
        return action

    return act


class Network(torch.nn.Module):
    """The same network in torch."""

    def __init__(self, policy: bf.Policy) -> None:
        super().__init__()
        self.linear = torch.nn.ModuleList()
        for weight, bias in layers(policy):
            linear = torch.nn.Linear(*weight.shape)
            linear.load_state_dict({"weight": torch.from_numpy(weight.T.copy()), "bias": torch.from_numpy(bias.copy())})
            self.linear.append(linear)
        self.log_std = torch.nn.Parameter(torch.full((len(policy.spec.low),), LOG_STD))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The mean action, not cut."""
        *hidden, last = self.linear
        for linear in hidden:
            x = torch.tanh(linear(x))
        mean: torch.Tensor = last(x)
        return mean

    def sample(self, observation: F64) -> F32:
        """What the authors do at every step; MuJoCo cuts the action."""
        mean = self.forward(torch.from_numpy(observation).float())
        distribution = torch.distributions.Normal(mean, torch.exp(self.log_std))
        action: F32 = distribution.sample().numpy()  # type: ignore[no-untyped-call]
        return action


def lean_torch_policy(policy: bf.Policy) -> Act:
    """Deterministic, normalised, without autograd."""
    normalize, network = normalizer(policy), Network(policy)
    low, high = torch.tensor(policy.spec.low), torch.tensor(policy.spec.high)

    def act(observation: F64) -> F32:
        with torch.no_grad():
            action: F32 = torch.clamp(network(torch.from_numpy(normalize(observation))), low, high).numpy()
        return action

    return act


def mean_policy(policy: bf.Policy) -> Act:
    """The authors' network without its noise, cut as ours is."""
    network = Network(policy)

    def act(observation: F64) -> F32:
        action: F32 = network(torch.from_numpy(observation).float()).detach().clamp(-1.0, 1.0).numpy()
        return action

    return act


def run_episode(env: Env, act: Act, seed: int) -> Outcome:
    """One episode in Gymnasium."""
    observation, _ = env.reset(seed=seed)
    rewards, total, done = [], 0.0, False
    while not done:
        observation, reward, terminated, truncated, _ = env.step(act(observation))
        rewards.append(float(reward))
        total += rewards[-1]
        done = terminated or truncated
    return Outcome(total, len(rewards), np.array(rewards[:FIRST]))


def authors_child(env: Env, network: Network, seed: int, queue: Any) -> None:
    """A candidate's process: one episode."""
    torch.manual_seed(seed)  # a fork inherits the parent's generator; theirs all draw the same
    queue.put((seed, run_episode(env, network.sample, seed)))


def authors_generation(env: Env, center: bf.Policy, candidates: int) -> list[Outcome]:
    """The authors' way to evaluate a generation."""
    fork = multiprocessing.get_context("fork")
    with fork.Manager() as manager:
        queue = manager.Queue()
        networks = []
        for seed in range(candidates):
            network = Network(center)
            np.random.seed(seed)  # noqa: NPY002 - their generator
            for tensor in network.state_dict().values():
                noise = np.random.normal(0, 1, tuple(tensor.shape))  # noqa: NPY002
                tensor.add_(torch.from_numpy(SIGMA * noise).float())
            networks.append(network)
        processes = [
            fork.Process(target=authors_child, args=(env, network, seed, queue))
            for seed, network in enumerate(networks)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        require(all(process.exitcode == 0 for process in processes), "a candidate's process failed")
        return [outcome for _, outcome in sorted((queue.get() for _ in processes), key=lambda pair: pair[0])]


def lean_child(env: Env, candidate: Candidate, pipe: Connection) -> None:
    """A candidate's process: one episode."""
    pipe.send(run_episode(env, lean_torch_policy(candidate.policy), candidate.seed))
    pipe.close()


def lean_generation(env: Env, candidates: list[Candidate], cores: int) -> list[Outcome]:
    """A process for each candidate, `cores` at a time."""
    fork = multiprocessing.get_context("fork")
    outcomes: dict[int, Outcome] = {}
    running: dict[Any, tuple[int, Any]] = {}  # pipe -> candidate's number, process
    waiting = list(enumerate(candidates))
    while waiting or running:
        while waiting and len(running) < cores:
            index, candidate = waiting.pop(0)
            receiver, sender = fork.Pipe(duplex=False)
            process = fork.Process(target=lean_child, args=(env, candidate, sender))
            process.start()
            sender.close()
            running[receiver] = (index, process)
        ready: list[Any] = list(wait(list(running)))
        for pipe in ready:
            index, process = running.pop(pipe)
            outcomes[index] = pipe.recv()
            process.join()
    return [outcomes[index] for index in range(len(candidates))]
