"""Cumulative step-size adaptation: sigma and the step grow while steps lead the same way, and shrink when they cancel.

    history's latest path_ratio, path_rate -> exp(path_rate * (path_ratio - 1)) -> sigma, learning rate

Source: Hansen & Ostermeier 2001, "Completely derandomized self-adaptation in evolution strategies", Evolutionary
Computation 9. What the path is, its c and its d: strategy/evolution_path.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.history import History, Range

ADAPTS = ("sigma", "learning_rate")  # of whose product with the noise a step is made


class CumulativeStepSize(MetaLevel):
    """Multiplies sigma and the learning rate, or one of them, by one factor a generation; starts where configured.

    Made for sigma AND the learning rate together, over the plain step (optimizer "gradient"): the step is then as long
    as the path says it should be, and its ratio to sigma stays what was configured. Costs no env steps.

    Under Adam or ClipUp with little momentum (at most 0.5) both together are as sound. With more, the centre swings
    about its goal in long arcs, along which directions agree however long the steps are: everything grows without end,
    so a run refuses that (config/rules.py has the measurement). Sigma alone has nothing that answers it: where the
    learning rate, and so the step, stays, the path stays long (or short), and sigma runs to an end of its range. The
    exception is `snes`, whose step is in units of sigma already: there a run moves sigma alone. (Both together diverged
    in 3 of 4 runs on a quadratic of 10 dimensions with noise 0.5 and 16 candidates.)

    With as many antithetic pairs as parameters or more, one generation's direction is long whatever steps do, and only
    the way it points tells that they are too long (strategy/evolution_path.py): with rank shapings, 6.4 pairs a
    parameter and starts ten times off all converge on a quadratic. The weights of `raw` and `standardized` carry the
    task's scale or never fade, and may not.

    Each of several centres has a path, and so values, of its own.

    Args:
        hyperparameters: the configured ones, complete.
        ranges: of sigma, learning_rate or both; on a log scale, and with the configured value inside.
        max_move: the largest factor from one generation to the next.

    Raises:
        ArgumentError: a linear range, or another hyperparameter's.
    """

    def __init__(self, hyperparameters: Hyperparameters, ranges: Mapping[str, Range], max_move: float) -> None:
        """See the class."""
        linear = [name for name, bounds in ranges.items() if bounds.scale != "log"]
        if linear:
            raise ArgumentError(
                f"csa multiplies sigma and learning rate, and cannot adapt {', '.join(linear)}, which has a linear "
                "scale; leave it out of adapt"
            )
        others = [name for name in ranges if name not in ADAPTS]
        if others:
            raise ArgumentError(
                f"csa multiplies sigma and learning rate, and cannot adapt {', '.join(others)}; leave it out of adapt"
            )
        self._configured = hyperparameters
        self._ranges = dict(ranges)
        self._largest = math.log(max_move)

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """What the centre's last generation used, times the factor; the same for all, cut where one range ends."""
        used = history.latest(center)
        if not used:
            return self._configured
        told = history.told(center)
        distance = told["path_rate"] * (told["path_ratio"] - 1.0)
        distance = 0.0 if math.isnan(distance) else min(max(distance, -self._largest), self._largest)
        lowest = max(bounds.distance(used[name], bounds.low) for name, bounds in self._ranges.items())
        highest = min(bounds.distance(used[name], bounds.high) for name, bounds in self._ranges.items())
        distance = min(max(distance, lowest), highest)
        return self._configured.replace(
            **{name: bounds.moved(used[name], distance) for name, bounds in self._ranges.items()}
        )
