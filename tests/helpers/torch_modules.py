"""Torch modules for the tests of policies, in a module that worker processes can import."""

from __future__ import annotations

import os
import time
from typing import Any

import torch


class Recurrent(torch.nn.Module):
    """Remembers a running sum of its observations."""

    memory: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.reset()

    def reset(self) -> None:
        self.memory = torch.zeros(2)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        self.memory = self.memory + observation
        answer: torch.Tensor = self.layer(self.memory)
        return answer


class Stacked(torch.nn.Module):
    """Sees this observation and the one before."""

    last: torch.Tensor | None

    def __init__(self, copies: bool = False) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
        self.copies = copies
        self.reset()

    def reset(self) -> None:
        self.last = None

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        last = observation if self.last is None else self.last
        self.last = observation.clone() if self.copies else observation
        answer: torch.Tensor = self.layer(torch.cat([last, observation]))
        return answer


class Double(torch.nn.Linear):
    """Computes in single precision and answers in double."""

    def __init__(self) -> None:
        super().__init__(2, 1)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return super().forward(observation).double()


class Noisy(torch.nn.Linear):
    """Adds draws of torch's generator to what it answers."""

    def __init__(self) -> None:
        super().__init__(2, 1)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return super().forward(observation) + torch.randn(1)


class _Traveller(torch.nn.Linear):
    """Does something where it is unpickled, anywhere but here."""

    def __init__(self) -> None:
        super().__init__(2, 1)

    @staticmethod
    def arrive() -> None:
        """What that is."""
        raise NotImplementedError

    def __reduce__(self) -> Any:
        return (_arrived, (type(self), os.getpid()))


def _arrived(kind: type[_Traveller], pid: int) -> _Traveller:
    if os.getpid() != pid:
        kind.arrive()
    return kind()


class Unwelcome(_Traveller):
    """Cannot be unpickled."""

    @staticmethod
    def arrive() -> None:
        raise OSError("no such module on this machine")


class Fatal(_Traveller):
    """Ends the process that reads it."""

    @staticmethod
    def arrive() -> None:
        os._exit(9)


class Heavy(_Traveller):
    """Takes six seconds to come into being."""

    @staticmethod
    def arrive() -> None:
        time.sleep(6.0)


class Large(torch.nn.Linear):
    """Holds 64 MB beside its parameters."""

    def __init__(self) -> None:
        super().__init__(2, 1)
        self.register_buffer("ballast", torch.ones(2**24))


def sized(observation_size: int, action_size: int) -> torch.nn.Module:
    """Fits any environment; starts at draws of torch's generator."""
    return torch.nn.Sequential(torch.nn.Linear(observation_size, 3), torch.nn.Tanh(), torch.nn.Linear(3, action_size))


def too_wide() -> torch.nn.Module:
    return torch.nn.Linear(5, 1)


def in_batches() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1))


def failing() -> torch.nn.Module:
    raise OSError("the weights are gone")


def nothing() -> None:
    return None


def one_size(observation_size: int) -> torch.nn.Module:
    return torch.nn.Linear(observation_size, 1)
