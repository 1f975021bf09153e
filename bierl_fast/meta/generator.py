"""From windows to hyperparameters: a body with one raw output for each, read by Outputs.

    windows (M or 1, K, H, features) -> body -> raw (M, K, outputs) -> Outputs -> Hyperparameters

A body's last layer starts at zero, and so the hyperparameters are exactly the configured ones at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from bierl_fast import kernels
from bierl_fast._torch import torch
from bierl_fast.messages import F32, Hyperparameters, NoiseKey, Stream
from bierl_fast.meta.encoder import ENCODERS, Encoder, Layer, LinearEncoder, affine, split
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import GeneratorSettings
from bierl_fast.torch_threads import one_torch_thread


class Body(Protocol):
    """A pure function of weights and windows."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer in the order of the flat weights."""

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """(M, P), (M or 1, K, H, features) -> raw (M, K, outputs)."""


class Network:
    """Encoder, then a tanh layer (or, with hidden 0, none: a linear generator), then the outputs."""

    def __init__(self, encoder: Encoder, hidden: int, outputs: int) -> None:
        """`hidden` units between code and outputs."""
        self._encoder = encoder
        inner = (Layer((hidden, encoder.size), encoder.size**-0.5), Layer((hidden,), 0.0)) if hidden else ()
        last = hidden or encoder.size
        self._head = (*inner, Layer((outputs, last), 0.0), Layer((outputs,), 0.0))

    @property
    def linear(self) -> bool:
        """Whether its code is LinearEncoder's, with nothing between it and the outputs."""
        return isinstance(self._encoder, LinearEncoder) and len(self._head) == 2

    @property
    def layers(self) -> tuple[Layer, ...]:
        """See Body."""
        return (*self._encoder.layers, *self._head)

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """See Body."""
        encoder_weights = sum(layer.size for layer in self._encoder.layers)
        code = self._encoder(weights_mp[:, :encoder_weights], windows)
        *inner, out_weight, out_bias = split(weights_mp[:, encoder_weights:], self._head)
        if inner:
            code = torch.tanh(affine(code, *inner))
        return affine(code, out_weight, out_bias)


class Constant:
    """No network: the weights are the raw outputs, whatever the window shows."""

    def __init__(self, outputs: int) -> None:
        """One weight an output."""
        self._outputs = outputs

    @property
    def layers(self) -> tuple[Layer, ...]:
        """See Body."""
        return (Layer((self._outputs,), 0.0),)

    def __call__(self, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """See Body."""
        return weights_mp[:, None].expand(-1, windows.shape[1], -1)


class Generator:
    """A body and what its outputs mean.

    Args:
        body: makes raw outputs.
        outputs: reads them.
    """

    def __init__(self, body: Body, outputs: Outputs) -> None:
        """See the class."""
        self.outputs = outputs
        self._body = body

    @property
    def parameter_count(self) -> int:
        """P_meta."""
        return sum(layer.size for layer in self._body.layers)

    @property
    def linear(self) -> bool:
        """Whether it is the `linear` one."""
        return isinstance(self._body, Network) and self._body.linear

    def initial_weights(self, seed: int) -> F32:
        """(P_meta,) normals scaled by 1/sqrt(inputs); biases and the last layer zero."""
        noise = kernels.normals(NoiseKey(seed, 0, Stream.INITIAL), 1, self.parameter_count)
        std = np.concatenate([np.full(layer.size, layer.initial_std, np.float32) for layer in self._body.layers])
        return np.asarray(noise * std, np.float32)

    def propose(
        self, weights_mp: F32, window: F32, used: Mapping[str, float], generations: int = 0
    ) -> list[Hyperparameters]:
        """M complete sets of hyperparameters, one for each row of weights (M, P_meta); within their ranges.

        `window` is (H, features), `used` what it ended with, `generations` how many the run has had.
        """
        raw_m = self.raw(weights_mp, window[None, None]).tolist()
        return [self.outputs.hyperparameters(raw[0], used, generations) for raw in raw_m]

    def raw(self, weights_mp: F32, windows: F32) -> F32:
        """(M, P_meta), (M or 1, K, H, features) -> raw outputs (M, K, outputs)."""
        with one_torch_thread(), torch.no_grad():
            raw = self._body(torch.from_numpy(weights_mp), torch.from_numpy(windows))
        return np.asarray(raw.numpy(), np.float32)


def make_generator(encoder: str | None, features: int, shape: GeneratorSettings, outputs: Outputs) -> Generator:
    """A generator by the name of its encoder; None: the weights themselves are the outputs.

    Args:
        encoder: a name in ENCODERS, or None.
        features: of a window's row.
        shape: units of the encoder, and of the tanh layer behind it (0: none); "linear" has neither, whatever is given.
        outputs: reads the raw outputs.
    """
    count = len(outputs.ranges)
    if encoder is None:
        return Generator(Constant(count), outputs)
    made = ENCODERS[encoder](features, shape.encoder_size)
    return Generator(Network(made, shape.generator_hidden if made.takes_layer else 0, count), outputs)
