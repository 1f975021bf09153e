"""From an ascent direction to a step. Pure: a step returns the next state and changes nothing.

state, gradient (P,), learning rate, momentum -> step (P,), next state
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bierl_fast.messages import F32, Arrays, HyperparameterSpec
from bierl_fast.names import lookup
from bierl_fast.strategy.checks import require_above_zero, under

Step = Callable[[Arrays, F32, float, float], tuple[F32, Arrays]]

MOMENTUM = HyperparameterSpec(default=0.9, high=0.9999, scale="linear")  # of the optimizers that have one
ADAM_BETA2 = 0.999
ADAM_EPSILON = 1e-8
CLIPUP_SPEED = 2.0  # largest speed in learning rates, the paper's recommendation


def plain(state: Arrays, gradient: F32, learning_rate: float, momentum: float) -> tuple[F32, Arrays]:
    """learning_rate * gradient."""
    return np.float32(learning_rate) * gradient, state


def heavy_ball(state: Arrays, gradient: F32, learning_rate: float, momentum: float) -> tuple[F32, Arrays]:
    """V <- momentum v + gradient; step = learning_rate v. Source: Polyak 1964."""
    velocity = np.float32(momentum) * _buffer(state, "velocity", gradient) + gradient
    return np.float32(learning_rate) * velocity, {"velocity": velocity}


def adam(state: Arrays, gradient: F32, learning_rate: float, momentum: float) -> tuple[F32, Arrays]:
    """Adam with beta1 = momentum, beta2 = 0.999, epsilon = 1e-8. Source: Kingma & Ba 2015, arXiv 1412.6980."""
    count = int(state["count"][0]) + 1 if "count" in state else 1
    beta1, beta2 = np.float32(momentum), np.float32(ADAM_BETA2)
    first = beta1 * _buffer(state, "first", gradient) + (1 - beta1) * gradient
    second = beta2 * _buffer(state, "second", gradient) + (1 - beta2) * gradient * gradient
    correction = math.sqrt(1 - ADAM_BETA2**count)
    rate = np.float32(learning_rate * correction / (1 - momentum**count))
    step = np.asarray(rate * first / (np.sqrt(second) + np.float32(ADAM_EPSILON * correction)), np.float32)
    return step, {"count": np.array([count]), "first": first, "second": second}


def clipup(state: Arrays, gradient: F32, learning_rate: float, momentum: float) -> tuple[F32, Arrays]:
    """Heavy ball on the normalised gradient, its speed cut at twice the learning rate. Source: Toklu et al. 2020."""
    velocity = np.float32(momentum) * _buffer(state, "velocity", gradient)
    norm = float(np.linalg.norm(gradient))
    if norm > 0.0:
        velocity = velocity + np.float32(learning_rate / norm) * gradient
    speed, largest = float(np.linalg.norm(velocity)), CLIPUP_SPEED * learning_rate
    if speed > largest:
        velocity = velocity * np.float32(largest / speed)
    return velocity, {"velocity": velocity}


def _buffer(state: Arrays, name: str, like: F32) -> F32:
    return np.asarray(state[name], np.float32) if name in state else np.zeros_like(like)


OPTIMIZERS: dict[str, Step] = {"gradient": plain, "momentum": heavy_ball, "adam": adam, "clipup": clipup}

PREFIX = "optimizer_"  # of an optimizer's arrays in a strategy's state


class Optimizer:
    """An optimizer by name, whose arrays live in a strategy's state.

    Raises:
        UnknownNameError: `name` is not in OPTIMIZERS; the nearest is offered.
    """

    def __init__(self, name: str) -> None:
        self._step = lookup("optimizer", name, OPTIMIZERS, ["optimizer"])

    def step(self, state: Arrays, gradient: F32, learning_rate: float, momentum: float) -> tuple[F32, Arrays]:
        """The step (P,) and the optimizer's arrays of the strategy's next state; `state` is its present one."""
        step, after = self._step(under(PREFIX, state), gradient, learning_rate, momentum)
        return step, {PREFIX + name: array for name, array in after.items()}

    @staticmethod
    def require(state: Arrays, prefix: str = PREFIX) -> None:
        """ArgumentError for values that no optimizer's arrays in `state` come to: a mean of squares below zero."""
        require_above_zero(state, *(name for name in state if name == f"{prefix}second"), zero=True)

    def like(self, state: Arrays, theta: F32) -> Arrays:
        """Arrays such as the optimizer's in `state`: none before the first step."""
        if not any(name.startswith(PREFIX) for name in state):
            return {}
        return self.step({}, np.zeros_like(theta), 1.0, 0.5)[1]
