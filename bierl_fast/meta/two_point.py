"""Two rules without a network: the learning rate by riders along the last step, sigma by how far candidates fall.

    history's memory: tpa, smoothed  -> ln learning_rate += half of what it leaves a band by
                      drop, smoothed -> ln sigma += half of WANTED_DROP - drop, from -1/4 to 1/10 a generation
    of a policy: sigma outside of where it is expected -> to its middle; steps likewise, to the nearest end

Where the better one of two candidates at the centre plus and minus its last step is the plus, the last direction still
leads up: the step was too short. Where the candidates' mean stands further below the centre than a fifth of (what was
gained since the start + spread of returns), sigma is too large; where it stands nearer, sigma may grow. Neither costs
an env step besides the candidates that ride. What a trained generator has to beat.

A rate that may be right is left alone, and sooner a large one than a small one. Two riders say little in one
generation: where episodes are noisy their signal is mostly chance, and a rate that follows it wanders (on
InvertedDoublePendulum-v5 from 0.1 to 0.001 within 60 generations, where 0.1 is right: a step as long as it should be
for one generation is too short for many). A step much longer than the candidates' noise goes where none of them has
looked: that takes riders who say so.

Of a policy something is known before anything was seen: what serves on one task serves on others. Sigma times the
square root of the observations, by which a candidate's first layer differs from the centre's where these are about 1,
is 0.08 to 0.3 where sigma was chosen well (the tables of Mania et al. and Salimans et al., and tasks of this package's
own), and steps are 0.7 to 1.6 times a sample's noise over the root of the pairs that they are an average of; 1 is a
step of CMA-ES. Values beyond that, and a little more, are taken for mistaken, and changed at once, the first step
before it is made. Inside, they stay where they are unless candidates lose most of what was gained, or riders lead all
one way. Sigma does not grow by the drop there: the spread of returns grows with it, so that at a sigma far too large
the drop may be half and no more (on Reacher-v5 sigma then ran up to 0.4), and before anything is gained it says
nothing.

Sources: Hansen 2008, "CMA-ES with two-point step-size adaptation", arXiv 0805.0231; Hansen, Atamna & Auger 2014, "How
to assess step-size adaptation mechanisms in randomised search", PPSN XIII; Wu, Ren, Liao & Grosse 2018, "Understanding
short-horizon bias in stochastic meta-optimization", arXiv 1803.02021; Mania, Guy & Recht 2018, arXiv 1803.07055, table
9; Salimans et al. 2017, arXiv 1703.03864; Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv 1604.00772
(equation 9: a step of the mean). The rules of the drop and of what is expected are this package's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bierl_fast.errors import ConfigError
from bierl_fast.messages import EvaluationBatch, Hyperparameters, Population
from bierl_fast.meta.factors import ADAPTS, Factors
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.signals import Memory
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.signals import length, step_ratio

Band = tuple[float, float]

STILL: Band = (-0.5, 0.3)  # of tpa: as wide as chance makes it with one pair along the step, and leaning to -0.1
LONGEST_STEP = 2.0  # over the length of a sample's noise; where starts were right, up to 1, ten times off 7 to 10
WANTED_DROP = 0.2  # of what was gained and the spread; at a sigma that was right, probes of tasks showed 0 to 0.3
DAMPING = 0.5  # of both rules
LARGEST_FALL, LARGEST_RISE = 0.25, 0.1  # of ln(sigma) in one generation: what is too large harms at once
# Of policies, whose values are expected somewhere:
STILL_EXPECTED: Band = (-0.7, 0.5)
EXPECTED_STEP: Band = (0.5, 2.0)  # over the length of a sample's noise / sqrt(pairs that the step is an average of)
FAR_OUTSIDE = math.log(2.0)  # of ln(step) beyond an end: a start that is mistaken, no drift
LOST = 0.8  # the drop from which sigma is too large wherever it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPointSettings(Section):
    """Where meta-level tpa expects sigma."""

    title: ClassVar[str] = "two-point"
    prefix: ClassVar[str] = "tpa_"

    noise: tuple[float, float] | None = setting(
        (0.08, 0.4),
        "low,high of sigma * sqrt(observations) between which meta-level tpa expects the sigma of a policy, and goes "
        "there; it then expects steps of 0.5 to 2 times sigma * sqrt(parameters / pairs), too (none: neither)",
    )

    def __post_init__(self) -> None:
        """ConfigError unless it is none, or a low end above 0 and a higher one."""
        Section.__post_init__(self)
        if self.noise is not None and not 0.0 < self.noise[0] < self.noise[1] < math.inf:
            raise ConfigError(f"tpa_noise must be low,high with 0 < low < high, got {self.noise}", ["tpa_noise"])


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a policy's sigma and steps are expected.

    Attributes:
        low, high: sigma's ends; 0 < low < high.
        step: the ends of steps, over the length of a sample's noise.
    """

    low: float
    high: float
    step: Band

    def sigma_move(self, memory: Memory, used: float) -> float:
        """By how much ln(sigma) should move from what was used: to the middle at once from outside."""
        if not self.low <= used <= self.high:
            return math.log(self.low / used) + math.log(self.high / self.low) / 2.0
        fall = min(DAMPING * max(memory.drop - LOST, 0.0), LARGEST_FALL) * _gained(memory)
        return -min(fall, math.log(used / self.low))

    def rate_move(self, memory: Memory, relative: float) -> float:
        """By how much ln(learning rate) should move.

        Args:
            memory: of the centre's generations.
            relative: ln(learning rate / sigma) if the rate did not move, and sigma as it will be.
        """
        move = DAMPING * beyond(memory.tpa, STILL_EXPECTED)
        return move if math.isnan(memory.reach) else self.step_move(memory.reach + relative, move)

    def step_move(self, step: float, move: float = 0.0) -> float:
        """`move` of ln(learning rate), or what brings a step in: to the nearest end, from far outside to the middle.

        Args:
            step: ln of its length over a sample's noise.
            move: by how much the rate should move otherwise.
        """
        low, high = (math.log(end) - step for end in self.step)
        if low > FAR_OUTSIDE or high < -FAR_OUTSIDE:
            return (low + high) / 2.0
        return min(max(move, low), high)


def _gained(memory: Memory) -> float:
    """The share of what was gained since the start in it and the spread of returns then: 0 to 1."""
    if not memory.gain > 0.0:
        return 0.0
    both = memory.gain + memory.start_spread
    return memory.gain / both if math.isfinite(both) else 1.0


def sigma_move(memory: Memory) -> float:
    """By how much ln(sigma) should move, by the rule of the drop; 0 before the first generation."""
    if memory.generations == 0.0:
        return 0.0
    return min(max(DAMPING * (WANTED_DROP - memory.drop), -LARGEST_FALL), LARGEST_RISE)


def rate_move(memory: Memory, step_ratio: float) -> float:
    """By how much ln(learning rate) should move, by the riders along the last step and by how long it was.

    Args:
        memory: of the centre's generations.
        step_ratio: its latest step over the length of a sample's noise; NaN where there is none.
    """
    move = DAMPING * beyond(memory.tpa, STILL)
    return min(move, -math.log(step_ratio / LONGEST_STEP)) if step_ratio > LONGEST_STEP and move <= 0.0 else move


def beyond(value: float, band: Band) -> float:
    """How far `value` lies outside `band`, above 0 above it; 0 inside."""
    low, high = band
    return value - high if value > high else min(value - low, 0.0)


class TwoPointAdaptation(Factors):
    """Moves the learning rate by two-point adaptation and sigma by the drop, each apart; starts where configured.

    The strategy carries riders `tpa`, and runs its centre in each generation (center_episodes at least 1) where sigma
    is adapted. For the plain step, or optimizers of a momentum of at most 0.5: with more, the centre swings about its
    goal, and along the way of a swing the last direction leads up and down in turn, however wide it is. Each of several
    centres has values of its own.

    Args:
        hyperparameters, ranges, max_move: see Factors. To where values are expected they go at once, beyond max_move.
        settings: where sigma is expected.
        observations: numbers that the policy reads; None: the parameters are of no policy, and nothing is expected.
        pairs: antithetic pairs that a step is an average of; at least 1.

    Errors: see Factors.
    """

    called = "tpa"

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        ranges: Mapping[str, Range],
        max_move: float,
        settings: TwoPointSettings | None = None,
        observations: int | None = None,
        pairs: int = 1,
    ) -> None:
        """See the class."""
        super().__init__(hyperparameters, ranges, max_move)
        noise = (settings or TwoPointSettings()).noise
        self._expected: Expected | None = None
        if noise is not None and observations is not None:
            low, high = (end / math.sqrt(observations) for end in noise)
            shortest, longest = (end / math.sqrt(pairs) for end in EXPECTED_STEP)
            self._expected = Expected(low, high, (shortest, longest))

    def moves(self, history: History, center: int) -> dict[str, float]:
        """See Factors."""
        memory, told = history.memory(center), history.told(center)
        if self._expected is None:
            moves = (sigma_move(memory), rate_move(memory, told["step_ratio"]))
            return dict(zip(ADAPTS, map(self._cut, moves), strict=True))
        used = {**self._configured, **history.latest(center)}
        sigma = self._expected.sigma_move(memory, used["sigma"]) if "sigma" in self._ranges else 0.0
        if "learning_rate" not in self._ranges:
            return {"sigma": sigma}
        relative = math.log(used["learning_rate"] / used["sigma"]) - sigma
        return {"sigma": sigma, "learning_rate": self._expected.rate_move(memory, relative)}

    def for_step(
        self, strategy: Strategy, population: Population, batch: EvaluationBatch, history: History, center: int = 0
    ) -> Hyperparameters:
        """With a rate that keeps the first step of a centre from being longer than steps are expected to be.

        Of later steps what was measured tells how long they will be.
        """
        hp = population.hyperparameters
        known = not math.isnan(history.memory(center).reach)
        if self._expected is None or known or "learning_rate" not in self._ranges:
            return hp
        there_p = strategy.stepped(population, batch).astype(np.float64)
        ratio = step_ratio(population, length(there_p - population.base_bp[0]))
        if not ratio > self._expected.step[1]:
            return hp
        move = self._expected.step_move(math.log(ratio))
        return hp.replace(learning_rate=self._ranges["learning_rate"].moved(hp["learning_rate"], move))
