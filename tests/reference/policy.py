"""The slow twins of csrc/bierl/core/{mlp,policy,moments}.hpp in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from reference.noise import f32, polynomial

from bierl_fast.messages import F32, F64


def tanh(x: F32) -> F32:
    """-m / (m + 2) with m = exp(-2|x|) - 1, operation by operation as kernels.inl."""
    y = np.minimum(np.abs(x), np.float32(10.0)) * np.float32(-2.0)
    k = (y * f32("0x1.715476p+0") - np.float32(0.5)).astype(np.int32)
    whole = k.astype(np.float32)
    r = (y - whole * f32("0x1.62e400p-1")) - whole * f32("0x1.7f7d1cp-20")
    q = polynomial(r, "0x1.6d993cp-10", "0x1.122824p-7", "0x1.555486p-5", "0x1.5554b0p-3", "0x1p-1")
    small = r + r * r * q
    power = ((k + np.int32(127)) << np.int32(23)).view(np.float32)
    m = power * small + (power - np.float32(1.0))
    return np.asarray(np.copysign(-m / (m + np.float32(2.0)), x), np.float32)


def relu(x: F32) -> F32:
    return np.where(x < 0, np.float32(0), x)


ACTIVATIONS = {"tanh": tanh, "relu": relu}


def forward(sizes: Sequence[int], activation: str, parameters: F32, x: F32) -> F32:
    """Bias first, then the inputs in order, all in float32; the last layer has no activation."""
    at = 0
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weight_io = parameters[at : at + inputs * outputs].reshape(inputs, outputs)
        total = parameters[at + inputs * outputs : at + (inputs + 1) * outputs]
        for value, weight_o in zip(x, weight_io, strict=True):
            total = total + value * weight_o
        at += (inputs + 1) * outputs
        x = total if layer == len(sizes) - 2 else ACTIVATIONS[activation](total)
    return x


def moments(value_to: F64) -> tuple[F64, F64]:
    """Mean and sum of squared differences, in two passes."""
    mean_o = value_to.mean(axis=0)
    return mean_o, ((value_to - mean_o) ** 2).sum(axis=0)


def normalized(observation: F64, count: float, mean: F64, m2: F64) -> F32:
    """(x - mean) / std cut at +-10; 0 where a dimension has not varied; unchanged before the first observation."""
    if count == 0:
        return observation.astype(np.float32)
    std = np.sqrt(m2 / count)
    inverse = np.divide(1.0, std, out=np.zeros_like(std), where=std > 1e-8)
    return np.clip((observation - mean) * inverse, -10.0, 10.0).astype(np.float32)


def into_box(x: F32, low: F32, high: F32, squash: str) -> F32:
    if squash == "tanh":
        x = low + (tanh(x) + np.float32(1.0)) * np.float32(0.5) * (high - low)
    return x if squash == "none" else np.clip(x, low, high)
