"""From a code to hyperparameters: an MLP with one output for each, moved on its range's scale.

    window (H, features) -> encoder -> code (M, E) -> tanh layer -> raw (M, K) -> a place in each range

With its last layer at zero every raw output is zero and the hyperparameters are exactly the configured ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch

from bierl_fast import kernels
from bierl_fast.messages import F32, Hyperparameters, NoiseKey, Stream
from bierl_fast.meta.encoder import Encoder, Layer, split
from bierl_fast.meta.history import Range
from bierl_fast.torch_threads import one_torch_thread


class Generator:
    """Encoder and output layers over one flat weight vector.

    Args:
        encoder: makes the code.
        hidden: units of the tanh layer between code and outputs.
        start: the configured hyperparameters, complete.
        ranges: the adapted ones, in order.
    """

    def __init__(self, encoder: Encoder, hidden: int, start: Hyperparameters, ranges: Mapping[str, Range]) -> None:
        """ValueError when a configured value lies outside its range."""
        for name, bounds in ranges.items():
            if not bounds.low <= start[name] <= bounds.high:
                raise ValueError(
                    f"the configured {name} {start[name]:g} must lie in its range "
                    f"[{bounds.low:g}, {bounds.high:g}]; change {name} or {name}_range"
                )
        self._encoder = encoder
        self._start = start
        self._ranges = dict(ranges)
        self._head = (
            Layer((hidden, encoder.size), encoder.size**-0.5),
            Layer((hidden,), 0.0),
            Layer((len(ranges), hidden), 0.0),
            Layer((len(ranges),), 0.0),
        )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer in the order of the flat weights."""
        return (*self._encoder.layers, *self._head)

    @property
    def parameter_count(self) -> int:
        """P_meta."""
        return sum(layer.size for layer in self.layers)

    def initial_weights(self, seed: int) -> F32:
        """(P_meta,) normals scaled by 1/sqrt(inputs); biases and the last layer zero."""
        noise = kernels.normals(NoiseKey(seed, 0, Stream.INITIAL), 1, self.parameter_count)
        std = np.concatenate([np.full(layer.size, layer.initial_std, np.float32) for layer in self.layers])
        return np.asarray(noise * std, np.float32)

    def propose(self, weights_mp: F32, window: F32) -> list[Hyperparameters]:
        """M complete sets of hyperparameters, one for each row of weights (M, P_meta); within their ranges."""
        return [self._decode(raw) for raw in self._raw(weights_mp, window)]

    def _raw(self, weights_mp: F32, window: F32) -> list[list[float]]:
        encoder_size = sum(layer.size for layer in self._encoder.layers)
        with one_torch_thread(), torch.no_grad():
            weights = torch.from_numpy(weights_mp)
            code = self._encoder(weights[:, :encoder_size], torch.from_numpy(window))
            hidden_weight, hidden_bias, out_weight, out_bias = split(weights[:, encoder_size:], self._head)
            hidden = torch.tanh(torch.einsum("mhe,me->mh", hidden_weight, code) + hidden_bias)
            raw: list[list[float]] = (torch.einsum("mkh,mh->mk", out_weight, hidden) + out_bias).tolist()
        return raw

    def _decode(self, raw: list[float]) -> Hyperparameters:
        values = {}
        for (name, bounds), output in zip(self._ranges.items(), raw, strict=True):
            values[name] = bounds.moved(self._start[name], _squashed(output, bounds, self._start[name]))
        return self._start.replace(**values)


def _squashed(raw: float, bounds: Range, start: float) -> float:
    """Distance from `start`: a quarter of the range's width a unit of `raw` near zero, flat at the range's ends.

    For a start in the middle this is the logistic function; elsewhere each side is flattened by itself, so that a
    start near an end can still leave it.
    """
    room = bounds.distance(start, bounds.high if raw > 0.0 else bounds.low)
    return room * math.tanh(abs(raw) * bounds.width / (4.0 * abs(room))) if room else 0.0
