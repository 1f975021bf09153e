"""Cumulative step-size adaptation: sigma and the step grow while steps lead the same way, and shrink when they cancel.

    history's latest path_ratio, path_rate -> exp(path_rate * (path_ratio - 1)) -> sigma, learning rate

Source: Hansen & Ostermeier 2001, "Completely derandomized self-adaptation in evolution strategies", Evolutionary
Computation 9. What the path is, its c and its d: strategy/evolution_path.py.
"""

from __future__ import annotations

import math

from bierl_fast.meta.factors import Factors
from bierl_fast.meta.history import History


class CumulativeStepSize(Factors):
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

    Arguments and errors: see Factors.
    """

    called = "csa"

    def moves(self, history: History, center: int) -> dict[str, float]:
        """The same for all, cut where one range ends."""
        used, told = history.latest(center), history.told(center)
        move = told["path_rate"] * (told["path_ratio"] - 1.0)
        move = 0.0 if math.isnan(move) else self._cut(move)
        lowest = max(bounds.distance(used[name], bounds.low) for name, bounds in self._ranges.items())
        highest = min(bounds.distance(used[name], bounds.high) for name, bounds in self._ranges.items())
        return dict.fromkeys(self._ranges, min(max(move, lowest), highest))
