"""Population-based training: k members of the same strategy train side by side; bad ones become copies of good ones.

    the run's own strategy            member 0, the leader: its steps are the run's inner steps
    improve, in every generation      the others ask, ONE wide batch, the others tell: meta steps
    every `interval` generations      the best becomes the leader; the worst copy the best, and perturb what they got

Source: Jaderberg et al. 2017, "Population based training of neural networks", arXiv 1711.09846: truncation selection,
perturbation by 1.2 or 0.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.finite import mean, middle
from bierl_fast.messages import (
    F64,
    Arrays,
    EvaluatedGeneration,
    EvaluationBatch,
    Hyperparameters,
    MetaReport,
    NoiseKey,
    Population,
    Stream,
)
from bierl_fast.meta.base import MetaContext, MetaLevel
from bierl_fast.meta.draws import Draws
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.side_by_side import Generation, advance
from bierl_fast.settings import MANY, Section, setting
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.checks import require_arrays, under

PERTURBATIONS = (0.8, 1.2)
TRUNCATION = 0.2  # of the members are replaced at a time, and as many may be copied


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings(Section):
    """How many members there are."""

    title: ClassVar[str] = "pbt"
    prefix: ClassVar[str] = "pbt_"

    members: int = setting(
        4,
        "members that train side by side, the leader among them",
        at_least=2,
        at_most=MANY,
        also=("pbt_population", "pbt_size"),
    )


class PopulationBasedTraining(MetaLevel):
    """A meta-level whose proposals are members: each has a strategy's state, hyperparameters and a score.

    The leader starts at the configured hyperparameters, the others anywhere in the ranges (evenly on their scales), all
    at the same centre. A member's score is the return of its own centre's rows (of the best, where it has several; of
    the mean candidate where it has none), smoothed over about `interval` generations. Members that fail altogether, or
    whose parameters leave what float32 holds, score lowest and stay where they were.

    Every generation costs k times the leader's, and no budget limits that. All members but the leader share their noise
    rows and resets, so that they differ by their states and hyperparameters alone; the leader has the run's own. They
    see the world through the evaluator's observation statistics, which only the leader's steps enter.

    Args:
        hyperparameters: the configured ones, complete.
        ranges: the adapted ones, at least one, in order.
        own: k, the members, the leader among them.
        interval: generations from one selection to the next, at least 1.
    """

    def __init__(
        self, hyperparameters: Hyperparameters, ranges: Mapping[str, Range], own: MemberSettings, interval: int
    ) -> None:
        """See the class."""
        members = own.members
        self._configured = hyperparameters
        self._ranges = dict(ranges)
        self._interval = interval
        self._value_kh = np.tile([hyperparameters[name] for name in ranges], (members, 1))
        self._score_k = np.full(members, np.nan)  # before the first generation
        self._states: list[Arrays] = []  # of the members from 1 on; none before the first generation
        self._generations = 0

    @property
    def reads_generation(self) -> bool:
        """It scores its leader by it."""
        return True

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The leader's hyperparameters."""
        return self._hyperparameters(0)

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """After every generation of the leader's, whatever it costs."""
        return history.generations > 0

    def update(self, context: MetaContext) -> MetaReport:
        """The other members' generation in one wide evaluation, then a selection if it is time.

        The strategy is left as it is; where another member has become the best, the report has the state to adopt.

        Raises:
            ArgumentError: the leader's generation is not given.
        """
        generation = EvaluatedGeneration.required(context.generation, "pbt")
        own, draws = context.strategy.state(), Draws(context.key.with_stream(Stream.GENERATOR))
        if not self._states:
            self._begin(generation.before, draws)
        others, sample_k = self._advance(context.strategy, context.evaluator, context.key.with_stream(Stream.META))
        sample_k[0] = _sample(generation.population, generation.batch)
        share = 2.0 / (self._interval + 1.0)
        begins_k = ~np.isfinite(self._score_k)  # at first, and after a generation that failed
        with np.errstate(invalid="ignore"):
            smoothed_k = (1.0 - share) * self._score_k + share * sample_k
        self._score_k = np.where(begins_k, sample_k, smoothed_k)
        self._generations += 1
        adopted = self._select(own, draws) if self._generations % self._interval == 0 else None
        return MetaReport(others.steps, others.failures, self._diagnostics(), adopted)

    def _begin(self, start: Arrays, draws: Draws) -> None:
        """All members at the same state, each with hyperparameters of its own."""
        others = range(1, self._score_k.size)
        self._states = [start for _ in others]
        for member in others:
            self._value_kh[member] = [bounds.at(draws.uniform()) for bounds in self._ranges.values()]

    def _advance(self, strategy: Strategy, evaluator: Evaluator, key: NoiseKey) -> tuple[Generation, F64]:
        """One generation of every member but the leader, and (k,) what each returned; -inf for one that failed."""
        members = [(state, self._hyperparameters(member)) for member, state in enumerate(self._states, start=1)]
        others = advance(strategy, evaluator, members, key)
        sample_k = np.full(self._score_k.size, -np.inf)
        for index, other in enumerate(others.members):
            if other.state is not None:
                self._states[index], sample_k[index + 1] = other.state, _sample(other.population, other.batch)
        return others, sample_k

    def _select(self, own: Arrays, draws: Draws) -> Arrays | None:
        """The best leads; the worst become perturbed copies of the best. The state the run's strategy is to take."""
        best = int(np.argmax(self._score_k))  # of equals the leader, which stays
        states = [own, *self._states]
        order = np.arange(self._score_k.size)
        order[[0, best]] = best, 0
        states = [states[member] for member in order]
        self._value_kh, self._score_k = self._value_kh[order], self._score_k[order]
        count = max(1, int(TRUNCATION * order.size))
        ranking = np.argsort(-self._score_k, kind="stable")
        for worst in ranking[-count:].tolist():
            source = int(ranking[int(draws.uniform() * count)])
            states[worst], self._score_k[worst] = states[source], self._score_k[source]
            self._value_kh[worst] = self._perturbed(self._value_kh[source], draws)
        self._states = states[1:]
        return states[0] if best else None

    def _perturbed(self, value_h: F64, draws: Draws) -> list[float]:
        """(h,) each value times 0.8 or 1.2, inside its range."""
        moved = value_h * [PERTURBATIONS[draws.uniform() < 0.5] for _ in self._ranges]
        return [min(max(value, b.low), b.high) for value, b in zip(moved.tolist(), self._ranges.values(), strict=True)]

    def _hyperparameters(self, member: int) -> Hyperparameters:
        return self._configured.replace(**dict(zip(self._ranges, self._value_kh[member].tolist(), strict=True)))

    def _diagnostics(self) -> dict[str, float]:
        return {
            "leader_score": float(self._score_k[0]),
            "best_score": float(self._score_k.max()),
            "median_score": middle(self._score_k),
        }

    def state(self) -> Arrays:
        """Hyperparameters (k, h), scores (k,), the count of generations, and `member{i}_`: the states from 1 on."""
        arrays: Arrays = {
            "hyperparameters": self._value_kh.copy(),
            "scores": self._score_k.copy(),
            "generations": np.array([self._generations], np.int64),
        }
        for member, state in enumerate(self._states, start=1):
            arrays.update({f"member{member}_{name}": np.array(array) for name, array in state.items()})
        return arrays

    @property
    def strategies(self) -> tuple[Arrays, ...]:
        """The states of the members from 1 on."""
        return tuple(self._states)

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError when it has another number of members or hyperparameters."""
        values = arrays.get("hyperparameters", np.zeros(0))
        if values.shape != self._value_kh.shape:
            raise ArgumentError(
                f"there are {self._value_kh.shape[0]} members with {self._value_kh.shape[1]} hyperparameters, "
                f"saved were {values.shape}"
            )
        own = {name: array for name, array in arrays.items() if not name.startswith("member")}
        kept = {"hyperparameters": self._value_kh, "scores": self._score_k, "generations": np.zeros(1, np.int64)}
        require_arrays(own, kept, loose=("scores",), whose="the meta-level's")
        for (name, bounds), value_k in zip(self._ranges.items(), np.array(values, np.float64).T.tolist(), strict=True):
            for value in value_k:
                bounds.require(f"hyperparameters {name}", value)
        self._value_kh, self._score_k = np.array(values, np.float64), np.array(arrays["scores"], np.float64)
        self._generations = int(arrays["generations"][0])
        members = [under(f"member{member}_", arrays) for member in range(1, len(values) if self._generations else 1)]
        self._states = [{name: np.array(array) for name, array in state.items()} for state in members]


def _sample(population: Population, batch: EvaluationBatch) -> float:
    """The best mean return of a base among the centre's rows, else that of the candidates; -inf if all failed."""
    kept_r, own_r = ~batch.failed_r, population.candidate_r < 0
    returns = [
        float(mean(batch.returns_r[rows]))
        for base in np.unique(population.base_r[own_r])
        if kept_r[rows := own_r & (population.base_r == base)].all()
    ]
    if returns:
        return max(returns)
    return float(mean(batch.returns_r[kept_r])) if kept_r.any() else -np.inf
