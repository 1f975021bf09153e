"""A policy in NumPy alone: the same bits as the compiled one, by the same sums in the same order.

observation (O,) -> normalized -> linear layers, tanh or relu between them -> squashed -> action (A,)

This module imports NumPy and nothing else: `bierl export --format numpy` writes it out whole, with a policy's numbers
behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

CUT = 10.0  # standard deviations: what is normalized stays within


class NumpyPolicy:
    """A trained policy's arrays, and what they do. Any number of threads may call at once: nothing changes.

    Attributes:
        layers: for each layer its weight (inputs, outputs) and bias (outputs,), float32.
        activation: between layers: "tanh" or "relu".
        squash: how the last layer's outputs enter the box: "clip", "tanh", or "none": not at all.
        low, high: (A,) float32, the action box.
        mean, inverse_std: (O,) float64, what observations are normalized by: (x - mean) * inverse_std, cut at +-10; an
            inverse_std of 0 stands for a number that has not varied in training. None: they pass as they are.
        observation_shape, action_shape: where they are not (O,) and (A,).
        choices: of discrete actions, for each choice that an action consists of how many outputs it has and its lowest
            action; of each choice's outputs, which lie one after another, the largest one's acts, among equals the
            first. None: the outputs are the action.
        first_action: the lowest action where there is one choice and the action is its number; else None.
        switches: whether each output is a switch, 1 where it is above 0 and else 0.
        facts: what else is known of the policy, such as its task.
    """

    def __init__(
        self,
        layers: Sequence[tuple[F32, F32]],
        activation: str,
        squash: str,
        low: F32,
        high: F32,
        mean: F64 | None = None,
        inverse_std: F64 | None = None,
        observation_shape: Sequence[int] | None = None,
        action_shape: Sequence[int] | None = None,
        first_action: int | None = None,
        facts: Mapping[str, Any] | None = None,
        choices: Sequence[tuple[int, int]] | None = None,
        switches: bool = False,
    ) -> None:
        self.layers = tuple(layers)
        self.activation = activation
        self.squash = squash
        self.low, self.high = low, high
        self.mean, self.inverse_std = mean, inverse_std
        self.observation_shape = tuple(observation_shape or (self.sizes[0],))
        self.action_shape = tuple(action_shape or (self.sizes[-1] if choices is None else len(choices),))
        self.first_action = first_action
        self.choices = ((self.sizes[-1], first_action),) if first_action is not None else choices
        self.switches = switches
        self.facts = dict(facts or {})

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes from O to A."""
        return (self.layers[0][0].shape[0], *(weight.shape[1] for weight, _ in self.layers))

    def act(self, observation: ArrayLike) -> Any:
        """The action for one observation of `observation_shape`: `action_shape` float32, or integers of discrete ones.

        Many at once, one in each row, are answered row by row.

        Raises:
            ValueError: the observation has another shape.
        """
        if np.shape(observation)[1:] == self.observation_shape and np.ndim(observation) > len(self.observation_shape):
            rows = [self.act(row) for row in np.asarray(observation)]
            return np.array(rows) if rows else np.array([self.act(np.zeros(self.observation_shape))])[:0]
        if np.shape(observation) != self.observation_shape:
            raise ValueError(f"observation must have shape {self.observation_shape}, got {np.shape(observation)}")
        with np.errstate(all="ignore"):  # what is not finite stays so, as in the compiled policy
            x = self._normalized(np.asarray(observation, np.float64).reshape(-1))
            for number, (weight, bias) in enumerate(self.layers, start=1):
                # Bias first, then the inputs in order: a matrix product adds in an order of its own.
                x = np.add.accumulate(np.concatenate([bias[None], x[:, None] * weight]), axis=0)[-1]
                if number < len(self.layers):
                    x = tanh(x) if self.activation == "tanh" else np.where(x < 0, np.float32(0), x)
            action = self._in_box(x)
        if self.choices is None:
            return self._shaped((action > 0).astype(np.int8) if self.switches else action)
        chosen, end = [], 0
        for outputs, first in self.choices:
            end += outputs
            chosen.append(first + action[end - outputs : end].argmax())
        return np.int64(chosen[0]) if self.first_action is not None else self._shaped(np.array(chosen, np.int64))

    __call__ = act

    def _shaped(self, action: NDArray[Any]) -> NDArray[Any]:
        return action.reshape(self.action_shape)

    def _normalized(self, observation: F64) -> F32:
        if self.mean is not None and self.inverse_std is not None:
            observation = np.clip((observation - self.mean) * self.inverse_std, -CUT, CUT)
        return observation.astype(np.float32)

    def _in_box(self, x: F32) -> F32:
        if self.squash == "tanh":
            x = self.low + (tanh(x) + np.float32(1)) * np.float32(0.5) * (self.high - self.low)
        return x if self.squash == "none" else np.clip(x, self.low, self.high)


def tanh(x: F32) -> F32:
    """-m / (m + 2) with m = exp(-2 |x|) - 1, as the compiled policy forms it; within 3 ulp of the exact one."""
    number = np.float32
    y = np.where(np.abs(x) > 10, number(10), np.abs(x)) * number(-2)
    k = (y * number(float.fromhex("0x1.715476p+0")) - number(0.5)).astype(np.int32)  # exp(y) = 2**k exp(r)
    whole = k.astype(np.float32)
    ln2 = number(float.fromhex("0x1.62e400p-1")), number(float.fromhex("0x1.7f7d1cp-20"))  # in two parts
    r = (y - whole * ln2[0]) - whole * ln2[1]
    q = np.full_like(r, float.fromhex("0x1.6d993cp-10"))
    for coefficient in ("0x1.122824p-7", "0x1.555486p-5", "0x1.5554b0p-3", "0x1p-1"):
        q = q * r + number(float.fromhex(coefficient))
    power = np.ldexp(number(1), k)
    m = power * (r + r * r * q) + (power - number(1))
    return np.asarray(np.copysign(-m / (m + number(2)), x), np.float32)
