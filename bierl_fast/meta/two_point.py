"""Two rules without a network: the learning rate by riders along the last step, sigma by how far candidates fall.

    history's memory: tpa, smoothed  -> ln learning_rate += half of what it leaves STILL by
                      drop, smoothed -> ln sigma += half of WANTED_DROP - drop, from -1/4 to 1/10 a generation
    latest step over noise           -> unless riders lead further: the rate falls to where it is two samples' noise

Where the better one of two candidates at the centre plus and minus its last step is the plus, the last direction still
leads up: the step was too short. Where the candidates' mean stands further below the centre than a fifth of (what was
gained since the start + spread of returns), sigma is too large; where it stands nearer, sigma may grow. Neither costs
an env step besides the candidates that ride. What a trained generator has to beat.

A rate that may be right is left alone, and sooner a large one than a small one. Two riders say little in one
generation: where episodes are noisy their signal is mostly chance, and a rate that follows it wanders (on
InvertedDoublePendulum-v5 from 0.1 to 0.001 within 60 generations, where 0.1 is right: a step as long as it should be
for one generation is too short for many). A step much longer than the candidates' noise goes where none of them has
looked: that takes riders who say so. Sigma has no such band: the spread of returns grows with it, so that at a sigma
far too large the drop may be half and no more (on Reacher-v5, with a band up to there, sigma ran up to 0.4).

Sources: Hansen 2008, "CMA-ES with two-point step-size adaptation", arXiv 0805.0231; Hansen, Atamna & Auger 2014, "How
to assess step-size adaptation mechanisms in randomised search", PPSN XIII; Wu, Ren, Liao & Grosse 2018, "Understanding
short-horizon bias in stochastic meta-optimization", arXiv 1803.02021. The rule of the drop is this package's.
"""

from __future__ import annotations

import math

from bierl_fast.meta.factors import Factors
from bierl_fast.meta.history import History
from bierl_fast.meta.signals import Memory

Band = tuple[float, float]

STILL: Band = (-0.5, 0.3)  # of tpa: as wide as chance makes it with one pair along the step, and leaning to -0.1
LONGEST_STEP = 2.0  # over the length of a sample's noise; where starts were right, up to 1, ten times off 7 to 10
WANTED_DROP = 0.2  # of what was gained and the spread; at a sigma that was right, probes of tasks showed 0 to 0.3
DAMPING = 0.5  # of both rules
LARGEST_FALL, LARGEST_RISE = 0.25, 0.1  # of ln(sigma) in one generation: what is too large harms at once


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

    Arguments and errors: see Factors.
    """

    called = "tpa"

    def moves(self, history: History, center: int) -> dict[str, float]:
        """See Factors."""
        memory, told = history.memory(center), history.told(center)
        return {"sigma": sigma_move(memory), "learning_rate": rate_move(memory, told["step_ratio"])}
