"""Two rules without a network: the learning rate by riders along the last step, sigma by how far candidates fall.

    history's memory: tpa, smoothed  -> ln learning_rate += tpa / 2
                      drop, smoothed -> ln sigma += (1/5 - drop) / 2, from -1/4 to 1/10 a generation

Where the better one of two candidates at the centre plus and minus its last step is the plus, the last direction still
leads up: the step was too short. Where the candidates' mean stands further below the centre than a fifth of (what was
gained since the start + spread of returns), sigma is too large; where it stands nearer, sigma may grow. Neither costs
an env step besides the candidates that ride. What a trained generator has to beat.

Sources: Hansen 2008, "CMA-ES with two-point step-size adaptation", arXiv 0805.0231; Hansen, Atamna & Auger 2014, "How
to assess step-size adaptation mechanisms in randomised search", PPSN XIII. The rule of the drop is this package's.
"""

from __future__ import annotations

from bierl_fast.meta.factors import Factors
from bierl_fast.meta.history import History
from bierl_fast.meta.signals import Memory

DAMPING = 0.5  # of both rules
WANTED_DROP = 0.2  # of what was gained and the spread; at a sigma that was right, probes of tasks showed 0 to 0.3
LARGEST_FALL, LARGEST_RISE = 0.25, 0.1  # of ln(sigma) in one generation: what is too large harms at once


def sigma_move(memory: Memory) -> float:
    """By how much ln(sigma) should move, by the rule of the drop; 0 before the first generation."""
    if memory.generations == 0.0:
        return 0.0
    return min(max(DAMPING * (WANTED_DROP - memory.drop), -LARGEST_FALL), LARGEST_RISE)


def rate_move(memory: Memory) -> float:
    """By how much ln(learning rate) should move, by the riders along the last step."""
    return DAMPING * memory.tpa


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
        memory = history.memory(center)
        return {"sigma": sigma_move(memory), "learning_rate": rate_move(memory)}
