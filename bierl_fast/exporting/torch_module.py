"""A policy as a torch module: (batch, O) float32 -> action (batch, A) float32, or int64 of discrete ones.

Sums run in the order of the inputs, as the compiled policy's do: a matrix product of torch adds in an order of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch

from bierl_fast.evaluation.policy.numpy_policy import CUT, NumpyPolicy
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.torch_module import TorchPolicy

BLOCK = 32  # inputs whose terms are in memory at once, for each observation and output


class Dense(torch.nn.Module):
    """A linear layer, the bias first, then the inputs in order."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)  # (inputs, outputs)
        self.register_buffer("bias", bias)
        self.weight: torch.Tensor
        self.bias: torch.Tensor
        self.block = BLOCK

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, inputs) -> (batch, outputs)."""
        total = self.bias.repeat(x.shape[0], 1)[None]
        for start in range(0, self.weight.shape[0], self.block):
            rows = self.weight[start : start + self.block]
            terms = x[:, start : start + self.block].t()[:, :, None] * rows[:, None, :]  # (rows, batch, outputs)
            total = total.index_add(0, torch.zeros(rows.shape[0], dtype=torch.int64, device=x.device), terms)
        return total[0]


class Normalize(torch.nn.Module):
    """(x - mean) * inverse_std in double precision, cut at +-10."""

    def __init__(self, mean: torch.Tensor, inverse_std: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("inverse_std", inverse_std)
        self.mean: torch.Tensor
        self.inverse_std: torch.Tensor
        self.cut = CUT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, O) -> (batch, O), float32."""
        return ((x.double() - self.mean) * self.inverse_std).clamp(-self.cut, self.cut).float()


class InBox(torch.nn.Module):
    """The network's outputs become actions."""

    def __init__(self, low: torch.Tensor, high: torch.Tensor, squash: str) -> None:
        super().__init__()
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.low: torch.Tensor
        self.high: torch.Tensor
        self.squash = squash

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, A) -> (batch, A)."""
        if self.squash == "tanh":
            x = self.low + (torch.tanh(x) + 1.0) * 0.5 * (self.high - self.low)
        if self.squash == "none":
            return x
        return torch.minimum(torch.maximum(x, self.low), self.high)


class Choices(torch.nn.Module):
    """Of each choice's outputs the number of the largest, among equals the first."""

    def __init__(self, choices: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.outputs = [outputs for outputs, _ in choices]
        self.register_buffer("first", torch.tensor([first for _, first in choices]))
        self.first: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, outputs) -> (batch, choices), int64."""
        chosen = [own.argmax(1, keepdim=True) for own in torch.split(x, self.outputs, 1)]
        return torch.cat(chosen, 1) + self.first


class Switches(torch.nn.Module):
    """1 where an output is above 0, else 0."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, A) -> (batch, A), int64."""
        return (x > 0).to(torch.int64)


def module_of(policy: NumpyPolicy) -> torch.nn.Module:
    """The whole policy."""
    parts: list[torch.nn.Module] = []
    if policy.mean is not None and policy.inverse_std is not None:
        parts.append(Normalize(torch.from_numpy(policy.mean), torch.from_numpy(policy.inverse_std)))
    for number, (weight, bias) in enumerate(policy.layers, start=1):
        parts.append(Dense(torch.from_numpy(weight), torch.from_numpy(bias)))
        if number < len(policy.layers):
            parts.append(torch.nn.Tanh() if policy.activation == "tanh" else torch.nn.ReLU())
    low, high = torch.from_numpy(policy.low), torch.from_numpy(policy.high)
    parts.append(InBox(low, high, policy.squash))
    if policy.choices is not None:
        parts.append(Choices(policy.choices))
    elif policy.switches:
        parts.append(Switches())
    return torch.nn.Sequential(*parts).eval()


class Rows(torch.nn.Module):
    """A user's module, which answers one observation at a time, on a batch of them; with normalization and box."""

    def __init__(self, module: torch.nn.Module, before: torch.nn.Module, after: torch.nn.Module) -> None:
        super().__init__()
        self.module = module
        self.before = before
        self.after = after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, O) -> (batch, A), or (batch, choices)."""
        rows = [self.module(row) for row in self.before(x)]
        answer: torch.Tensor = self.after(torch.stack(rows))
        return answer


def rows_of(policy: TorchPolicy) -> torch.nn.Module:
    """The whole policy of a user's module."""
    spec, statistics = policy.spec, policy.statistics
    assert spec is not None
    module = copy.deepcopy(policy.module)
    torch.nn.utils.vector_to_parameters(torch.from_numpy(policy.parameters.copy()), module.parameters())
    before: torch.nn.Module = torch.nn.Identity()
    if statistics.seen:
        before = Normalize(torch.from_numpy(statistics.mean), torch.from_numpy(statistics.inverse_std))
    return Rows(module, before, _after(spec)).eval()


def _after(spec: PolicySpec) -> torch.nn.Module:
    if spec.switches:
        return Switches()
    if spec.first_action is not None:
        return Choices([(len(spec.low), spec.first_action)])
    if spec.several is not None:
        return Choices(spec.several)
    return InBox(torch.tensor(spec.low), torch.tensor(spec.high), spec.squash)
