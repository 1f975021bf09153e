"""One inner run that a meta-level is to control, and how its parts are drawn.

Draws -> native_function -> Evaluator; with a strategy and sensible values Made; with wrong ones Problem
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.table import make_evaluator
from bierl_fast.messages import Hyperparameters, NoiseKey
from bierl_fast.meta.draws import Draws
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.table import make_strategy

FUNCTIONS = ("quadratic", "rosenbrock", "rastrigin", "ackley")  # native ones


@dataclass(frozen=True, slots=True)
class Problem:
    """One inner run that a meta-level is to control.

    Attributes:
        name: for people.
        evaluator: of its task, of one thread; shared by the runs side by side, so it has no statistics of its own.
        fresh: the strategy at its start.
        start: its hyperparameters, complete, and wrong.
        key: of its noise, generation 0.
        generations: how long it goes.
        sensible: the hyperparameters that the wrong ones were drawn around.
    """

    name: str
    evaluator: Evaluator
    fresh: Callable[[], Strategy]
    start: Hyperparameters
    key: NoiseKey
    generations: int
    sensible: Hyperparameters


@dataclass(frozen=True, slots=True)
class Made:
    """The parts of a problem whose hyperparameters are still sensible."""

    evaluator: Evaluator
    fresh: Callable[[], Strategy]
    start: Hyperparameters

    def problem(self, name: str, key: NoiseKey, generations: int, **factors: float) -> Problem:
        """The problem whose values of these names are so many times too large."""
        wrong = {name: self.start[name] * factor for name, factor in factors.items()}
        return Problem(name, self.evaluator, self.fresh, self.start.replace(**wrong), key, generations, self.start)


@dataclass(frozen=True, slots=True)
class Noise:
    """What is drawn of a function's start and noise; `magnitude` is in units of its value there."""

    magnitude: float
    seed: int

    @classmethod
    def drawn(cls, draw: Draws, share: float) -> Noise:
        """Of a share of the functions; the others have none."""
        noisy, magnitude, seed = draw.uniform() < share, 10.0 ** draw.uniform(-3.0, -0.3), draw.integer(2**31)
        return cls(magnitude if noisy else 0.0, seed)


def native_function(
    name: str, dim: int, draw: Draws, shift: tuple[float, float], noisy: float
) -> tuple[Evaluator, int]:
    """A native function and the seed of its start.

    Args:
        name: in FUNCTIONS.
        dim: parameters.
        draw: of all else.
        shift: powers of ten between which the root mean square distance of a coordinate from its optimum is drawn.
        noisy: share of those with noise.
    """
    options: dict[str, Any] = {
        "rotation_seed": draw.integer(2**31),
        "shift_seed": draw.integer(2**31),
        "shift_radius": math.sqrt(dim) * 10.0 ** draw.uniform(*shift),
    }
    if name == "quadratic":
        options["condition"] = 10.0 ** draw.uniform(0.0, 5.0)
    noise = Noise.drawn(draw, noisy)
    plain = make_evaluator(name, dim=dim, task_kwargs=options, threads=1)
    if noise.magnitude:
        options["noise"] = noise.magnitude * abs(_value(plain, plain.policy.initial_parameters(seed=noise.seed)))
        plain.close()
        plain = make_evaluator(name, dim=dim, task_kwargs=options, threads=1)
    return plain, noise.seed


def _value(evaluator: Evaluator, theta: Any) -> float:
    """The return of one vector on a function without noise."""
    strategy = make_strategy("es", mean=theta, population=2)
    population = strategy.ask(Hyperparameters(sigma=1e-30), NoiseKey(0, 0))
    return float(evaluator.evaluate(population).returns_r[0])
