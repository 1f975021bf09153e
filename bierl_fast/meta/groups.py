"""A population divided into groups that each go their own way for some generations, and are joined again.

    Groups.divided(moves) -> state -> load          M groups at the strategy's centre, each with hyperparameters moved
    ask  -> N / M candidates of each group, around its own centre, with its own hyperparameters; the mean's rows
    tell -> every group takes its own step
    k generations later, all with the same hyperparameters: ask, tell, and the groups' states are averaged

All groups share their noise rows and resets, so that they differ by their centres and hyperparameters alone. While
nothing is divided, the strategy is as it is without groups, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import (
    F32,
    F64,
    Arrays,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
    concatenate,
)
from bierl_fast.meta.credit import no_objective
from bierl_fast.meta.history import Range
from bierl_fast.strategy.antithetic import all_failed, report
from bierl_fast.strategy.base import OwnObjective, Strategy
from bierl_fast.strategy.checks import complete, require_above_zero, require_arrays, under
from bierl_fast.turns import TakesTurns

MOVES, LEFT, PREFIX = "groups_moves", "groups_left", "group"  # in the state, while it is divided
AVERAGED = ("path_ratio", "alignment", "tpa", "probe_agreement", "probe_slope")  # of the groups' own reports


@dataclass(frozen=True, slots=True, eq=False)
class _Division:
    """Where the groups are.

    Attributes:
        states: of the strategy, one for each of M groups.
        move_mk: (M, K) how far each adapted hyperparameter of a group stands from the common one, on its scale.
        left: generations with hyperparameters of their own that are to come; 0: the next one joins them.
    """

    states: tuple[Arrays, ...]
    move_mk: F64
    left: int


class Groups(TakesTurns, called="strategy"):
    """A strategy with a population of N, as M groups of N / M where it is divided.

    Args:
        whole: the strategy.
        part: the same strategy with a population of N / M and without the centre's rows.
        groups: M.
        ranges: the adapted hyperparameters, in the order of a division's moves.
        center_episodes: rows of the groups' mean while they are divided.
    """

    def __init__(
        self, whole: Strategy, part: Strategy, groups: int, ranges: Mapping[str, Range], center_episodes: int
    ) -> None:
        """See the class."""
        self._whole, self._part = whole, part
        self._groups = groups
        self._ranges = dict(ranges)
        self._center_episodes = center_episodes
        self._division: _Division | None = None

    @property
    def mean(self) -> F32:
        """(P,) the centre; of the groups, their mean."""
        return self._whole.mean

    @property
    def declared(self) -> Mapping[str, HyperparameterSpec]:
        """The strategy's."""
        return self._whole.declared

    @property
    def undivided(self) -> Strategy:
        """The strategy alone, at the groups' mean."""
        return self._whole

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """The groups' candidates in turn, then the mean's rows; with `candidates` around the mean alone. Pure."""
        if self._division is None or candidates is not None:
            return self._whole.ask(hp, key, candidates)
        hp = complete(hp, self.declared)
        return self._joined(self._asked(self._division, hp, key), hp)

    def _asked(self, division: _Division, hp: Hyperparameters, key: NoiseKey) -> list[Population]:
        """Each group's own population."""
        populations = []
        for state, moves in zip(division.states, division.move_mk.tolist(), strict=True):
            self._part.load(state)
            populations.append(self._part.ask(self._moved(hp, moves) if division.left else hp, key))
        return populations

    def _moved(self, hp: Hyperparameters, moves: Sequence[float]) -> Hyperparameters:
        named = zip(self._ranges.items(), moves, strict=True)
        return hp.replace(**{name: bounds.moved(hp[name], move) for (name, bounds), move in named})

    def _joined(self, populations: Sequence[Population], hp: Hyperparameters) -> Population:
        """One population: candidates are numbered on from group to group."""
        wide, each = concatenate(populations), populations[0].candidates
        number_r = np.repeat(np.arange(len(populations), dtype=np.int32), populations[0].rows)
        center = np.zeros(self._center_episodes, np.int32)
        riders = [population.riders_n for population in populations if population.riders_n is not None]  # all or none

        def followed(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
            return np.concatenate([array, rows]).astype(array.dtype)

        return replace(
            wide,
            base_bp=np.concatenate([wide.base_bp, self.mean[None]]),
            scale_bp=None if wide.scale_bp is None else np.concatenate([wide.scale_bp, wide.scale_bp[:1]]),
            base_r=followed(wide.base_r, center + len(wide.base_bp)),
            sigma_r=followed(wide.sigma_r, center + hp["sigma"]),
            noise_r=followed(wide.noise_r, center),
            sign_r=followed(wide.sign_r, center),
            candidate_r=followed(wide.candidate_r + each * number_r, center - 1),
            episode_r=followed(wide.episode_r, int(wide.episode_r.max()) + 1 + np.arange(center.size)),
            hyperparameters=hp,
            riders_n=np.concatenate(riders) if riders else None,
        )

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) the centre that `tell` would leave, at `hp` (of every group) in place of the population's own."""
        if not self._is_divided(population):
            return self._whole.stepped(population, batch, hp)
        thetas = []
        for state, own, answer in self._parts(population, batch):
            self._part.load(state)
            failed = all_failed(own, answer)
            thetas.append(self._part.mean if failed else self._part.stepped(own, answer, hp))
        return np.asarray(np.mean(thetas, axis=0, dtype=np.float64), np.float32)

    def _is_divided(self, population: Population) -> bool:
        """Whether `population` is one of all groups, and no other that was asked for around their mean."""
        return self._division is not None and population.base_bp.shape[0] > 1

    def _parts(
        self, population: Population, batch: EvaluationBatch
    ) -> list[tuple[Arrays, Population, EvaluationBatch]]:
        """Each group's state, its population, and what the batch answers to that."""
        if batch.returns_r.size != population.rows:
            raise ArgumentError(f"the batch answers {batch.returns_r.size} rows, the population has {population.rows}")
        assert self._division is not None
        populations = self._asked(self._division, population.hyperparameters, population.key)
        ends = np.cumsum([own.rows for own in populations]).tolist()
        answers = [batch.part(end - own.rows, end) for own, end in zip(populations, ends, strict=True)]
        return list(zip(self._division.states, populations, answers, strict=True))

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Every group takes its own step; one whose candidates all failed stays where it is.

        Raises:
            ArgumentError: every candidate of every group failed, or the batch answers another number of rows.
        """
        division = self._division
        if division is None:
            return self._whole.tell(population, batch)
        parts = self._parts(population, batch)
        if all_failed(population, batch):
            raise ArgumentError(f"all {population.candidates} candidates failed; lower sigma, or look at the task")
        states, reports = [], []
        for state, own, answer in parts:
            self._part.load(state)
            if not all_failed(own, answer):
                reports.append(self._part.tell(own, answer))
            states.append(self._part.state())
        before = self.mean
        self._divide(_Division(tuple(states), division.move_mk, division.left - 1) if division.left else None, states)
        with np.errstate(over="ignore"):  # as of a strategy alone: a step too long for single precision
            moved = float(np.linalg.norm(self.mean - before))
        told = report(population, batch, moved)
        means: dict[str, Any] = {name: _mean([getattr(each, name) for each in reports]) for name in AVERAGED}
        return replace(told, **means)

    def _divide(self, division: _Division | None, states: Sequence[Arrays]) -> None:
        """Be divided so, or not at all; the whole strategy stands at the mean of these states."""
        self._whole.load(averaged(states))
        self._division = division

    def divided(self, move_mk: F64, generations: int) -> Arrays:
        """The state of M groups at the present centre that act apart for so many generations.

        Args:
            move_mk: (M, K) how far each group's hyperparameters stand from the common ones, on the ranges' scales.
            generations: k, at least 1.

        Raises:
            ArgumentError: moves of another size.
        """
        if move_mk.shape != (self._groups, len(self._ranges)):
            wanted = (self._groups, len(self._ranges))
            raise ArgumentError(f"moves must be {wanted}, one row for each group, got {move_mk.shape}")
        state = self._whole.state()
        return _arrays(_Division((state,) * self._groups, move_mk, generations))

    def state(self) -> Arrays:
        """The strategy's; while it is divided, that of every group, their moves, and the generations left."""
        return self._whole.state() if self._division is None else _arrays(self._division)

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`, or from what `divided` gave."""
        if LEFT not in arrays:
            self._whole.load(arrays)
            self._division = None
            return
        moves = np.array(arrays[MOVES], np.float64)
        if moves.shape != (self._groups, len(self._ranges)):
            raise ArgumentError(
                f"there are {self._groups} groups with {len(self._ranges)} hyperparameters, saved were {moves.shape}"
            )
        own: Arrays = {MOVES: moves, LEFT: np.asarray(arrays[LEFT])}
        require_arrays(own, {MOVES: moves, LEFT: np.zeros(1, np.int64)}, whose="the groups'")
        require_above_zero(own, LEFT, zero=True)
        states = []
        for group in range(self._groups):
            self._part.load(under(f"{PREFIX}{group}_", arrays))
            states.append(self._part.state())
        self._divide(_Division(tuple(states), moves, int(arrays[LEFT][0])), states)

    def objective(self, batch: EvaluationBatch, hp: Hyperparameters) -> F64:
        """(R,) each row's fitness.

        Raises:
            ArgumentError: the strategy has none besides the return.
        """
        if not isinstance(self._whole, OwnObjective):
            raise no_objective()
        return self._whole.objective(batch, hp)


def joins(before: Arrays) -> bool:
    """Whether the generation drawn from this state judges what the groups did, all with the same hyperparameters."""
    return LEFT in before and int(before[LEFT][0]) == 0


def undivided(strategy: Strategy) -> Strategy:
    """The strategy alone, at the mean of the groups that it may be divided into."""
    return strategy.undivided if isinstance(strategy, Groups) else strategy


def averaged(states: Sequence[Arrays]) -> Arrays:
    """The mean of states of one strategy; what only counts is the first one's. Of equal states, that state."""
    found: Arrays = {}
    for name, array in states[0].items():
        if array.dtype.kind == "f":
            first = np.asarray(array, np.float64)  # the mean of what others differ by: exactly nothing for equal ones
            apart = np.sum([np.asarray(state[name], np.float64) - first for state in states], axis=0)
            found[name] = (first + apart / len(states)).astype(array.dtype)
        else:
            found[name] = np.array(array)
    return found


def _arrays(division: _Division) -> Arrays:
    arrays: Arrays = {MOVES: division.move_mk.copy(), LEFT: np.array([division.left], np.int64)}
    for group, state in enumerate(division.states):
        arrays.update({f"{PREFIX}{group}_{name}": np.array(array) for name, array in state.items()})
    return arrays


def _mean(values: Sequence[float]) -> float:
    """Of those that are no NaN; NaN where there is none."""
    kept = [value for value in values if not math.isnan(value)]
    return sum(kept) / len(kept) if kept else math.nan
