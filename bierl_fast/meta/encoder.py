"""From the window of generations to a code: (H, features) -> (M, E), for M perturbed sets of weights at once.

Pure functions of (weights, window): the hidden state starts at zero for every window and nothing carries over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch


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
    """Turns a window into a code of `size` numbers."""

    size: int

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What it takes from the flat weights."""

    def __call__(self, weights_mp: torch.Tensor, window: torch.Tensor) -> torch.Tensor:
        """(M, P) weights and a (H, features) window -> (M, size)."""


class LstmEncoder:
    """A single LSTM layer over the window, oldest generation first; its last hidden state is the code.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; BiERL, arXiv 2308.01207, section 3.
    """

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

    def __call__(self, weights_mp: torch.Tensor, window: torch.Tensor) -> torch.Tensor:
        """(M, P), (H, features) -> (M, size)."""
        input_weight, recurrent_weight, bias = split(weights_mp, self.layers)
        driven = torch.einsum("mgf,hf->hmg", input_weight, window) + bias
        hidden = torch.zeros(weights_mp.shape[0], self.size)
        cell = torch.zeros_like(hidden)
        for step in driven:
            gates = step + torch.einsum("mgs,ms->mg", recurrent_weight, hidden)
            admit, forget, write, emit = gates.split(self.size, dim=1)
            cell = torch.sigmoid(forget + 1.0) * cell + torch.sigmoid(admit) * torch.tanh(write)
            hidden = torch.sigmoid(emit) * torch.tanh(cell)
        return hidden
