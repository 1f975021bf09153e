"""From windows of generations to codes: (M or 1, K, H, features) -> (M, K, E), for M sets of weights at once.

Pure functions of (weights, windows): the hidden state starts at zero for every window and nothing carries over.
A window's rows go from the oldest generation to the latest; the last feature of a row says whether it is filled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bierl_fast._torch import torch


@dataclass(frozen=True, slots=True)
class Layer:
    """One weight matrix or bias inside the flat vector: its shape and the standard deviation it starts with."""

    shape: tuple[int, ...]
    initial_std: float

    @property
    def size(self) -> int:
        """Elements."""
        count = 1
        for length in self.shape:
            count *= length
        return count


def split(weights_mp: torch.Tensor, layers: tuple[Layer, ...]) -> Iterator[torch.Tensor]:
    """Views of the layers, each (M, *shape), in order."""
    at = 0
    for layer in layers:
        yield weights_mp[:, at : at + layer.size].reshape(weights_mp.shape[0], *layer.shape)
        at += layer.size


class Encoder(Protocol):
    """Turns a window into a code of `size` numbers; `takes_layer`: whether a tanh layer may stand behind it."""

    size: int
    takes_layer: bool

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What it takes from the flat weights."""

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """(M, P) weights and (M or 1, K, H, features) windows -> (M, K, size); one window set serves all weights."""


def affine(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """(M or 1, K, I), (M, O, I), (M, O) -> (M, K, O)."""
    return torch.matmul(inputs, weight.transpose(1, 2)) + bias[:, None]


class LstmEncoder:
    """A single LSTM layer over the window, oldest generation first; its last hidden state is the code.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; BiERL, arXiv 2308.01207, section 3.
    """

    takes_layer = True

    def __init__(self, features: int, size: int) -> None:
        """`features` numbers a generation, `size` hidden units."""
        self.size = size
        self._features = features

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Input weights, recurrent weights and bias of the four gates."""
        gates = 4 * self.size
        return (
            Layer((gates, self._features), self._features**-0.5),
            Layer((gates, self.size), self.size**-0.5),
            Layer((gates,), 0.0),
        )

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """See Encoder."""
        input_weight, recurrent_weight, bias = split(weights_mp, self.layers)
        sets, count, length, features = windows.shape
        driven = affine(windows.reshape(sets, count * length, features), input_weight, bias)
        driven = driven.reshape(weights_mp.shape[0], count, length, 4 * self.size)
        recurrent = recurrent_weight.transpose(1, 2)
        hidden = torch.zeros(weights_mp.shape[0], count, self.size)
        cell = torch.zeros_like(hidden)
        for step in driven.unbind(dim=2):
            gates = torch.baddbmm(step, hidden, recurrent)
            admit, forget, write, emit = gates.chunk(4, dim=2)
            cell = torch.sigmoid(forget + 1.0) * cell + torch.sigmoid(admit) * torch.tanh(write)
            hidden = torch.sigmoid(emit) * torch.tanh(cell)
        return hidden


class _Dense:
    """A tanh layer over some summary of the window's rows."""

    takes_layer = True

    def __init__(self, features: int, size: int) -> None:
        """`features` numbers a generation, `size` units."""
        self.size = size
        self._features = features

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Weights and bias."""
        return (Layer((self.size, self._features), self._features**-0.5), Layer((self.size,), 0.0))

    def _code(self, weights_mp: torch.Tensor, summary: torch.Tensor) -> torch.Tensor:
        """(M, P), (M or 1, K, features) -> (M, K, size)."""
        weight, bias = split(weights_mp, self.layers)
        return torch.tanh(affine(summary, weight, bias))


class MlpEncoder(_Dense):
    """The latest generation alone: the baseline "without LSTM" of BiERL, arXiv 2308.01207.

    Its row holds the four numbers that the authors give it (rank, z-scores of centre and extremes) and all others.
    """

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """See Encoder."""
        return self._code(weights_mp, windows[:, :, -1])


class MeanEncoder(_Dense):
    """The mean of the window's filled rows: memory without order, what an LSTM has to beat."""

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """See Encoder."""
        filled = windows[..., -1].sum(dim=2, keepdim=True).clamp(min=1.0)
        return self._code(weights_mp, windows.sum(dim=2) / filled)


class LinearEncoder:
    """No network: the latest row as it is, and an average of the filled rows that fades with their age.

    One weight w: each generation keeps 1 / (1 + exp(w - 1/2)) of the average before it, 0.62 at w = 0.
    """

    takes_layer = False

    def __init__(self, features: int) -> None:
        """`features` numbers a generation; the code has twice as many."""
        self.size = 2 * features

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The one weight."""
        return (Layer((1,), 0.0),)

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """See Encoder."""
        kept_m = torch.sigmoid(0.5 - weights_mp[:, 0])
        age_h = torch.arange(windows.shape[2] - 1, -1, -1, dtype=torch.float32)
        share_mkh = kept_m[:, None, None] ** age_h * windows[..., -1]
        total = share_mkh.sum(dim=2, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)  # of no rows: zero
        faded = torch.matmul((share_mkh / total)[:, :, None], windows).squeeze(2)
        return torch.cat([windows[:, :, -1].expand_as(faded), faded], dim=2)


ENCODERS: dict[str, Callable[[int, int], Encoder]] = {
    "lstm": LstmEncoder,
    "mlp": MlpEncoder,
    "mean": MeanEncoder,
    "linear": lambda features, _: LinearEncoder(features),
}
