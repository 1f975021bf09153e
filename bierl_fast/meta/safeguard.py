"""Going back: a run that has fallen far below its best returns to there, with smaller values.

    Population, EvaluationBatch -> look -> the best centre's evidence, and its state; how often returns stood below it
    -> act -> strategy and evaluator as they were at the best centre, or at the start; smaller values

Under any meta-level: that proposes as before, and what it proposes is multiplied by SMALLER for each return so far. So
one that moves from what it last used may raise its values again, and one that always proposes the same does not throw
the run a second time.

Restarts with other step sizes are usual in CMA-ES (Auger & Hansen 2005, "A restart CMA evolution strategy with
increasing population size"); going back to the best centre is this package's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bierl_fast import finite
from bierl_fast.errors import ArgumentError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import F32, F64, Arrays, EvaluationBatch, Hyperparameters, NoiseKey, Population
from bierl_fast.meta.groups import Groups
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.antithetic import by_candidate, mean_return
from bierl_fast.strategy.base import OwnObjective, Strategy, centers_of
from bierl_fast.strategy.checks import require_above_zero, require_arrays, under
from bierl_fast.turns import TakesTurns

PATIENCE = 3  # generations in a row that stand below the best until the run goes back
LOST = 0.5  # of what was gained since the start: less is the usual up and down of a run
CHANCE = 3.0  # standard errors of a difference of two generations' means
SHARE = 0.3  # of the latest generation in the smoothed square of their deviation
DEVIATIONS = 3.0  # standard deviations of returns: what a centre that only wanders about its goal does not fall by
# What the values are multiplied by at each return. It was the steps that threw the centre; with a sigma that is halved
# as often, a noisy quadratic under Adam with a rate ten times too large found nothing any more after eight returns.
EVIDENCE = "_evidence"  # behind the name of a place, in the state
SMALLER = {"learning_rate": 0.5, "sigma": 0.8}
MOST = 20  # returns that make the values smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeguardSettings(Section):
    """Whether a run goes back after a collapse."""

    title: ClassVar[str] = "safeguard"

    safeguard: bool = setting(
        False,
        "after a collapse go back to the best centre, with half the learning rate and four fifths of sigma, or begin "
        "again where it came at the start",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A centre with its evidence.

    Attributes:
        mean: of its candidates' returns.
        level: the centre's own return, where it was run and is the larger; what is gained is measured from the start's.
        deviation: standard deviation of these returns.
        candidates: how many there were.
        strategy: its state when they were drawn.
        evaluator: likewise.
    """

    mean: float
    level: float
    deviation: float
    candidates: float
    strategy: Arrays
    evaluator: Arrays


class Safeguard(TakesTurns, called="safeguard"):
    """Watches one centre's returns.

    A generation stands below the best one where its candidates' mean is lower by more than half of what was gained
    since the start, by more than chance gives (3 standard errors), and by more than 3 standard deviations of returns
    (the smaller of both generations'), and so does the centre's own return where it was run. After three such
    generations in a row the run goes back: to the best centre (`rollback`), or to the start where no more than chance
    had been gained (`restart`). The learning rate is then half as large, and sigma four fifths.

    Args:
        strategy: for what it declares.

    Raises:
        ArgumentError: the strategy has several centres, learns from single steps, or leaves nothing to make smaller.
    """

    def __init__(self, strategy: Strategy) -> None:
        """See the class."""
        if centers_of(strategy) > 1:
            raise ArgumentError(
                f"safeguard goes back to one best centre, and the strategy has {centers_of(strategy)}; leave safeguard "
                "out, or take a strategy with one",
                ["safeguard", "strategy"],
            )
        declared = strategy.declared
        self._shrunk = tuple(name for name in SMALLER if name in declared and declared[name].adaptable)
        if not self._shrunk:
            raise ArgumentError(
                "safeguard makes sigma and learning rate smaller, and the strategy has neither to change; leave "
                "safeguard out",
                ["safeguard", "strategy"],
            )
        self._returns = 0  # so far
        self._start: _Place | None = None
        self._best: _Place | None = None
        self._deviation = 0.0
        self._below = 0  # generations in a row

    def tempered(self, hp: Hyperparameters) -> Hyperparameters:
        """`hp` with smaller values; as it is before the first return."""
        if self._returns == 0:
            return hp
        times = min(self._returns, MOST)
        return hp.replace(**{name: hp[name] * SMALLER[name] ** times for name in self._shrunk if name in hp})

    def view(self, strategy: Strategy) -> Strategy:
        """`strategy` for a meta-level whose proposals are to be judged at the values that they would have."""
        relative = isinstance(strategy, Groups)  # whose proposals are distances from what the strategy is told
        if relative or self._returns == 0:
            return strategy
        return _TemperedObjective(strategy, self) if isinstance(strategy, OwnObjective) else _Tempered(strategy, self)

    def look(self, population: Population, batch: EvaluationBatch, strategy: Strategy, evaluator: Evaluator) -> None:
        """Take in one generation, before strategy and evaluator learn from it."""
        value_n, failed_n = by_candidate(population, batch.returns_r, batch.failed_r)
        value_n = np.where(failed_n, value_n[~failed_n].min(), value_n)
        largest = float(np.abs(value_n).max()) or 1.0  # sums and squares stay finite
        mean = float(np.mean(value_n / largest)) * largest
        deviation = min(float(np.std(value_n / largest, ddof=1)) * largest, finite.LARGEST)
        center = mean_return(batch, population.candidate_r < 0)
        level = center if center > mean else mean
        if self._start is None or self._best is None:
            self._deviation = deviation
            self._start = self._best = _Place(mean, level, deviation, value_n.size, strategy.state(), evaluator.state())
            return
        smoothed = math.hypot(math.sqrt(1.0 - SHARE) * self._deviation, math.sqrt(SHARE) * deviation)
        self._deviation = min(smoothed, finite.LARGEST)
        gained, apart = self._best.mean - self._start.level, DEVIATIONS * min(self._best.deviation, deviation)
        needed = max(LOST * gained, apart, self._chance(value_n.size))
        fallen = self._best.mean - mean > needed and not self._best.mean - center <= needed
        self._below = self._below + 1 if fallen else 0
        if mean > self._best.mean:
            self._best = _Place(mean, level, deviation, value_n.size, strategy.state(), evaluator.state())

    def _chance(self, candidates: float) -> float:
        """What two generations' means differ by no more than by chance, as far as they are around one centre."""
        assert self._best is not None
        return CHANCE * self._deviation * math.sqrt(1.0 / self._best.candidates + 1.0 / candidates)

    def act(self, strategy: Strategy, evaluator: Evaluator) -> str | None:
        """Go back if it is time: "rollback" or "restart"; None: it is not."""
        if self._below < PATIENCE or self._best is None or self._start is None:
            return None
        gained = self._best.mean - self._start.mean > self._chance(self._start.candidates)
        if not gained:
            self._best = self._start
        strategy.load(self._best.strategy)
        evaluator.load(self._best.evaluator)
        self._returns, self._below = self._returns + 1, 0
        return "rollback" if gained else "restart"

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""
        if self._start is None or self._best is None:
            return {"numbers": np.array([self._returns, self._deviation, self._below], np.float64)}
        places = {"start": self._start} | ({} if self._best is self._start else {"best": self._best})
        arrays: Arrays = {"numbers": np.array([self._returns, self._deviation, self._below], np.float64)}
        for name, place in places.items():
            arrays[name + EVIDENCE] = np.array([place.mean, place.level, place.deviation, place.candidates])
            for part in ("strategy", "evaluator"):
                own: Arrays = getattr(place, part)
                arrays.update({f"{name}_{part}_{key}": np.array(array) for key, array in own.items()})
        return arrays

    @property
    def places(self) -> tuple[tuple[Arrays, Arrays], ...]:
        """States of strategy and evaluator that it may go back to."""
        return tuple((place.strategy, place.evaluator) for place in (self._start, self._best) if place is not None)

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, where numbers are none that it can have."""
        own = {name: array for name, array in arrays.items() if name == "numbers" or name.endswith(EVIDENCE)}
        like: Arrays = {name: np.zeros(4 if name.endswith(EVIDENCE) else 3) for name in {*own, "numbers"}}
        require_arrays(own, like, whose="the safeguard's")
        require_above_zero(own, "numbers", zero=True)
        for name, evidence in own.items():
            if name != "numbers" and not (evidence[2] >= 0.0 and evidence[3] > 0.0):
                raise ArgumentError(f"{name} must have a deviation of at least 0 and candidates, got {evidence}")
        returns, self._deviation, below = (float(number) for number in arrays["numbers"])
        self._returns, self._below = int(returns), int(below)
        self._start = _place("start", arrays)
        self._best = _place("best", arrays) or self._start


def _place(name: str, arrays: Arrays) -> _Place | None:
    if name + EVIDENCE not in arrays:
        return None
    mean, level, deviation, candidates = (float(number) for number in arrays[name + EVIDENCE])
    strategy, evaluator = (under(f"{name}_{part}_", arrays) for part in ("strategy", "evaluator"))
    copies = ({key: np.array(array) for key, array in part.items()} for part in (strategy, evaluator))
    return _Place(mean, level, deviation, candidates, *copies)


class _Tempered:
    """A strategy that draws and steps with smaller values than it is told; all else is the strategy's own."""

    def __init__(self, strategy: Strategy, safeguard: Safeguard) -> None:
        self._strategy, self._safeguard = strategy, safeguard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._strategy, name)

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        return self._strategy.ask(self._safeguard.tempered(hp), key, candidates)

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        return self._strategy.stepped(population, batch, None if hp is None else self._safeguard.tempered(hp))


class _TemperedObjective(_Tempered):
    """One with a fitness of its own: a method of its class, where Python 3.12 and later look for it."""

    def objective(self, batch: EvaluationBatch, hp: Hyperparameters) -> F64:
        assert isinstance(self._strategy, OwnObjective)
        return self._strategy.objective(batch, hp)
