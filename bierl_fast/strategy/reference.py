"""What the BiERL authors' code does otherwise and several strategies can be switched to; off unless asked for.

    step   = learning_rate / (40 sigma) * sum of u sign eps          step_scale "reference"
    bonus  = entropy_weight * sum over steps of entropy              entropy "differential"

Source: BiERL, arXiv 2308.01207, and its code.
"""

from __future__ import annotations

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32
from bierl_fast.names import choice

STEP_SCALES = ("strategy", "reference")
ENTROPIES = ("relative", "differential")
FROZEN_POPULATION = 40  # their divisor, whatever the population


def per_frozen_population(ascent_p: F32, sigma: float) -> F32:
    """(P,) ascent / (40 sigma): what a plain step then makes learning_rate / (40 sigma) * ascent of."""
    return ascent_p / np.float32(FROZEN_POPULATION * sigma)


def check_entropy(entropy: str, starting_entropy: float | None) -> float | None:
    """What `fitness` adds to the relative entropy of each step; None: nothing, and it takes the mean over steps.

    Raises:
        ArgumentError: an unknown name, or a differential entropy without that of the reference policy.
    """
    if choice("entropy", entropy, ENTROPIES, ["reference"]) == "relative":
        return None
    if starting_entropy is None:
        raise ArgumentError(
            "entropy = 'differential' needs starting_entropy, that of the policy at its configured log_std"
        )
    return starting_entropy
