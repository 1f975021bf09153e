"""Two rules without a network: the learning rate by the signal-to-noise of the steps, sigma by the drop.

    step / learning_rate = Delta -> E, V -> signal-to-noise, kept at ALPHA times the rate -> learning rate
    history's memory: drop       -> sigma, as meta/two_point.py moves it

    E <- (1 - BETA) E + BETA Delta                      V <- (1 - BETA) V + BETA |Delta|^2
    snr = (|E|^2 - BETA / (2 - BETA) V) / (V - |E|^2)
    ln learning_rate += BETA * clip(snr / (ALPHA eta) - 1, -1, 1)

eta is the rate in units of the canonical step, a mean of the pairs' noise: |step| * sqrt(pairs) / (sigma * sqrt(P)).

Source: Nomura, Akimoto & Ono 2024, "CMA-ES with learning rate adaptation", arXiv 2401.15876: the rule of its mean
vector, with its ALPHA and BETA. What differs: the paper's rate also moves by no more than a tenth of eta in a
generation, as it starts at 1, where here it may start far too small; and it multiplies sigma where it divides the rate,
as a covariance matrix then adapts. Here sigma goes by the drop. Its second rate, of that matrix, has nothing to act on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import Arrays, EvaluatedGeneration, Hyperparameters, MetaReport
from bierl_fast.meta.base import MetaContext
from bierl_fast.meta.factors import Factors
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.two_point import sigma_move
from bierl_fast.strategy.base import center_thetas, centers_of
from bierl_fast.strategy.checks import require_arrays
from bierl_fast.strategy.signals import length

ALPHA = 1.4  # signal-to-noise wanted for each unit of the rate
BETA = 0.1  # share of the latest step in the averages, and the largest move of ln(learning rate) in a generation


class ConstantSignalToNoise(Factors):
    """Moves the learning rate so that the steps' signal-to-noise stays in proportion to it, and sigma by the drop.

    Made for the plain step (optimizer "gradient"), whose steps are independent of each other but for what they find.
    Costs no env steps. It looks at every generation, so `meta_updates` counts them.

    Arguments and errors: see Factors.
    """

    called = "lra"

    def __init__(self, hyperparameters: Hyperparameters, ranges: Mapping[str, Range], max_move: float) -> None:
        """See the class."""
        super().__init__(hyperparameters, ranges, max_move)
        self._mean_p = np.zeros(0, np.float32)  # E; before the first step of no size
        self._square = 0.0  # V
        self._move = 0.0  # of ln(learning rate) after the latest generation

    @property
    def reads_generation(self) -> bool:
        """The step is measured from where its candidates were drawn around."""
        return True

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """After every generation; it costs none."""
        return history.generations > 0

    def moves(self, history: History, center: int) -> dict[str, float]:
        """See Factors."""
        return {"sigma": self._cut(sigma_move(history.memory(center))), "learning_rate": self._cut(self._move)}

    def update(self, context: MetaContext) -> MetaReport:
        """Take in the step that was just made.

        Raises:
            ArgumentError: the generation is not given, or the strategy has several centres.
        """
        told = EvaluatedGeneration.required(context.generation, "lra")
        require_one_center(centers_of(context.strategy))
        population = told.population
        rate = population.hyperparameters["learning_rate"]
        step_p = (center_thetas(context.strategy)[0] - population.base_bp[0]).astype(np.float64)
        noise = float(population.sigma_r[0]) * math.sqrt(step_p.size)
        pairs = population.candidates / 2.0
        snr = self._signal_to_noise(step_p / rate)
        eta = length(step_p) * math.sqrt(pairs) / noise if noise > 0.0 else 0.0
        self._move = BETA * min(max(snr / (ALPHA * eta) - 1.0, -1.0), 1.0) if eta > 0.0 else 0.0
        return MetaReport(0, 0, {"signal_to_noise": snr, "eta": eta})

    def _signal_to_noise(self, delta_p: np.ndarray) -> float:
        """Of the steps so far, this one the latest; both averages corrected for how few there were."""
        if not self._mean_p.size:
            self._mean_p = np.zeros(delta_p.size, np.float32)
        self._mean_p = ((1.0 - BETA) * self._mean_p + BETA * delta_p).astype(np.float32)
        self._square = (1.0 - BETA) * self._square + BETA * length(delta_p) ** 2
        signal = length(self._mean_p) ** 2
        noise = self._square - signal
        return (signal - BETA / (2.0 - BETA) * self._square) / noise if noise > 0.0 else math.inf

    def state(self) -> Arrays:
        """Both averages and the move."""
        return {"mean": self._mean_p.copy(), "numbers": np.array([self._square, self._move])}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, where the arrays are none that it can have."""
        like: Arrays = {"mean": np.zeros(np.size(arrays.get("mean", ())), np.float32), "numbers": np.zeros(2)}
        require_arrays(arrays, like, whose="the meta-level's")
        self._mean_p = np.array(arrays["mean"], np.float32)
        self._square, self._move = (float(number) for number in arrays["numbers"])


def require_one_center(count: int) -> None:
    """ArgumentError where steps are taken of several centres in turn: their average says nothing of any."""
    if count > 1:
        raise ArgumentError(
            f"lra averages the steps of one centre, and the strategy has {count}; take another meta-level, 'tpa' or "
            "'csa', or one center",
            ["meta", "strategy"],
        )
