"""Novelty search: `ns` and `nsr` (and nsra.py), several centres that look for what none of them has done yet.

    centres (M, P) -> one chosen by its novelty -> theta +- sigma eps -> return and behaviour of each candidate
    -> ranks of return R, ranks of novelty N -> (1 - w) R + w N -> sum of weight * eps -> optimizer -> that centre

Every generation also runs each centre itself, and the best policy so far. From these rows come the behaviours that
enter the archive (a centre's, the generation after its update), the chance of each centre to be chosen, and `mean`.

Source: Conti et al. 2018, "Improving exploration in evolution strategies for deep reinforcement learning via a
population of novelty-seeking agents", arXiv 1712.06560. Its w is the weight of the return; here `novelty_weight` is
that of the novelty, 1 - w. Return and novelty are each shaped by rank before they are mixed, so that neither's scale
counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import (
    F32,
    F64,
    Arrays,
    Bool,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
    Stream,
)
from bierl_fast.names import choice, lookup
from bierl_fast.public import public
from bierl_fast.strategy.antithetic import decayed, direction, fitness, mean_return, report, row_fitness
from bierl_fast.strategy.behaviours import Archive, NoveltySettings, behaviours, by_candidate, finite, mean_by_group
from bierl_fast.strategy.checks import complete, require_finite, scales, vector
from bierl_fast.strategy.evolution_path import EvolutionPath
from bierl_fast.strategy.novelty_state import Own, State, Step, saved
from bierl_fast.strategy.optimizer import MOMENTUM, OPTIMIZERS
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.reference import STEP_SCALES, per_frozen_population
from bierl_fast.strategy.riders import told_in
from bierl_fast.strategy.shaping import RANKINGS, make_shaping
from bierl_fast.turns import TakesTurns

T = TypeVar("T")
WEIGHT = "novelty_weight"
MIXES = ("ranks", "raw")
SCALES = ("mean_distance", "archive_norm")
# Candidates must behave differently to be told apart by their behaviour: on bierl/DeceptivePoint-v0 nsra gets out in 19
# of 20 seeds with sigma 0.05 (bench/results/learning_deceptive.json), and in 5 of 8 with the 0.02 of other strategies.
DECLARED = {
    "sigma": HyperparameterSpec(default=0.05),
    "learning_rate": HyperparameterSpec(default=0.01),
    "momentum": MOMENTUM,
    "weight_decay": HyperparameterSpec(default=0.0, scale="linear"),
}


def _replaced(of_m: tuple[T, ...], center: int, value: T) -> tuple[T, ...]:
    return (*of_m[:center], value, *of_m[center + 1 :])


def _declared(novelty_weight: float) -> Mapping[str, HyperparameterSpec]:
    weight = HyperparameterSpec(default=novelty_weight, high=1.0, scale="linear")
    return MappingProxyType({**DECLARED, WEIGHT: weight})


@public
class NoveltySearch(TakesTurns, called="strategy"):
    """`ns`: novelty alone leads (novelty_weight 1).

    `mean` is the best policy so far by its own episodes. It runs anew in every generation beside the centres, and gives
    way to a centre that returns more; so it is the answer of the search although the centres go on.

    Args:
        mean: (P,) float32, where every centre starts; copied.
        population: N candidates, even.
        shaping: "centered_rank", "log_rank" or "log_rank_full", of return and of novelty.
        optimizer: "adam", "gradient", "momentum" or "clipup"; each centre has a state of its own.
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes_per_candidate: episodes whose mean is a candidate's return and behaviour.
        center_episodes: episodes of each centre and of the best policy in every generation; at least one is run.
        riders: names of candidates that ride for a signal; see riders.py. They read what the update climbs.
        scale: (P,) per-parameter factor of sigma, or None for ones.
        pool: a kernels.ThreadPool that shares out gradient and search; the bits stay the same.
        mirrored: antithetic pairs; False: N independent candidates, a pair each for `crn`.
        ties: what equals get of a log-rank shaping: "share" or "best"; see shaping.make_shaping.
        step_scale: "strategy", or "reference": the ascent is divided by 40 sigma.
        novelty_mix: "ranks", or "raw": (1 - w) * return + w * novelty, as they are, and then one shaping; the larger of
            the two scales leads.
        novelty_scale: "mean_distance", or "archive_norm": the sum of the k distances over the Frobenius norm of the
            archive, which says something in a raw mix alone.
        own: NoveltySettings by name.

    Raises:
        ArgumentError: an odd or small population, an unknown name (the nearest is offered), a count below its least.
    """

    declared: Mapping[str, HyperparameterSpec] = _declared(1.0)

    def __init__(
        self,
        *,
        mean: F32,
        population: int = 64,
        shaping: str = "centered_rank",
        optimizer: str = "adam",
        crn: str = "pair",
        episodes_per_candidate: int = 1,
        center_episodes: int = 1,
        riders: tuple[str, ...] = (),
        scale: F32 | None = None,
        pool: kernels.ThreadPool | None = None,
        mirrored: bool = True,
        ties: str = "share",
        step_scale: str = "strategy",
        novelty_mix: str = "ranks",
        novelty_scale: str = "mean_distance",
        **own: Any,
    ) -> None:
        """See the class."""
        settings = NoveltySettings(**own)
        count = settings.centers
        Pairs(population, crn, episodes_per_candidate, center_episodes)  # its own check of what was given
        self._own_episodes = max(1, center_episodes)
        laid_out = (population, crn, episodes_per_candidate, self._own_episodes, mirrored, tuple(riders))
        self._pairs = Pairs(*laid_out)
        start = vector("mean", mean)
        self._scale = scales(scale, start.size)
        self._shape = make_shaping(shaping, ties, RANKINGS)
        self._frozen = choice("step scale", step_scale, STEP_SCALES, ["reference"]) == "reference"
        self._raw_mix = choice("novelty mix", novelty_mix, MIXES, ["reference"]) == "raw"
        self._over_norm = choice("novelty scale", novelty_scale, SCALES, ["reference"]) == "archive_norm"
        self._optimize = lookup("optimizer", optimizer, OPTIMIZERS, ["optimizer"])
        self._pool = pool
        self._state = State(
            center_mp=np.tile(start, (count, 1)),
            optimizer_m=({},) * count,
            path_m=(EvolutionPath.start(start.size),) * count,
            mean=start,
            archive=Archive(np.zeros((0, 0)), settings),
            behaviour_md=np.zeros((count, 0)),
            due_m=np.ones(count, np.bool_),
            weight=0.0,
            best=-math.inf,
            stagnant=0,
            last_step_mp=np.zeros((count, start.size), np.float32) if self._pairs.along_step else None,
        )

    @property
    def mean(self) -> F32:
        """(P,) the best policy so far by its own episodes, run anew in every generation; a copy."""
        return self._state.mean.copy()

    @property
    def centers(self) -> int:
        """How many there are to draw around."""
        return int(self._state.center_mp.shape[0])

    def center_thetas(self) -> F32:
        """(M, P) the centres; a copy."""
        return self._state.center_mp.copy()

    def center(self, key: NoiseKey) -> int:
        """Which centre `ask` draws around at `key`: by chance, in proportion to the novelty of its behaviour.

        A pure function of state and key. A centre's behaviour is the one seen when it last ran, before its last update.
        All are equally likely before any has run, and where none is novel.
        """
        novelty_m = self._state.archive.novelty(self._state.behaviour_md, self._pool)
        share_m = np.cumsum(novelty_m if novelty_m.any() else np.ones_like(novelty_m))
        drawn = kernels.uniform(key.with_stream(Stream.CENTER), int(key.stream)) * share_m[-1]
        return int(np.searchsorted(share_m, drawn, side="right"))

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Pairs around one centre; without `candidates` then the rows of that centre, the others, and the best policy.

        These rows have candidate -1 and share their episodes. Pure.
        """
        chosen = self.center(key)
        theta = self._state.center_mp[chosen]
        asked = self._pairs.ask(theta, complete(hp, self.declared), key, candidates, self._scale)
        if candidates is not None:
            return asked
        others = np.delete(self._state.center_mp, chosen, axis=0)
        base_bp = np.concatenate([asked.base_bp, others, self._state.mean[None]])
        added, episodes = base_bp.shape[0] - 1, self._own_episodes
        own = slice(asked.rows - episodes, None)  # the chosen centre's
        repeated: dict[str, Any] = {
            name: np.concatenate([getattr(asked, name), np.tile(getattr(asked, name)[own], added)])
            for name in ("sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r")
        }
        laid_out = replace(
            asked,
            base_bp=base_bp,
            base_r=np.concatenate([asked.base_r, np.repeat(np.arange(1, added + 1, dtype=np.int32), episodes)]),
            scale_bp=None if asked.scale_bp is None else np.repeat(asked.scale_bp, added + 1, axis=0),
            **repeated,
        )
        steps = self._state.last_step_mp
        return self._pairs.board(laid_out, None if steps is None else steps[chosen])

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) what `tell` would leave of the centre drawn around, at `hp` (the population's own when None)."""
        hp = complete(population.hyperparameters if hp is None else hp, self.declared)
        chosen = self.center(population.key)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._step(self._seen(population, batch), chosen, population, batch, hp).theta

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Take one step of the centre drawn around, and enter what the centres' own rows showed.

        Raises:
            ArgumentError: every candidate failed, the batch answers another number of rows, or it has no behaviours.
            DivergedError: the step leaves parameters that are not finite; the state stays.
        """
        chosen = self.center(population.key)
        seen = self._seen(population, batch)
        with np.errstate(over="ignore", invalid="ignore"):
            step = self._step(seen, chosen, population, batch, complete(population.hyperparameters, self.declared))
            moved = step.theta - population.base_bp[0]
            length = float(np.linalg.norm(moved))
        require_finite(step.theta, population.hyperparameters, population.key.generation)
        told = report(population, batch, length)
        told = told_in(told, population, step.weight_n, told.failed_n)
        center_mp, due_m = seen.center_mp.copy(), seen.due_m.copy()
        center_mp[chosen], due_m[chosen] = step.theta, True
        if (last_step_mp := seen.last_step_mp) is not None:
            last_step_mp = last_step_mp.copy()
            last_step_mp[chosen] = moved
        self._state = replace(
            seen,
            center_mp=center_mp,
            due_m=due_m,
            optimizer_m=_replaced(seen.optimizer_m, chosen, step.optimizer),
            path_m=_replaced(seen.path_m, chosen, step.path),
            last_step_mp=last_step_mp,
        )
        chosen_r = (population.candidate_r < 0) & (population.base_r == 0)
        center_return = mean_return(batch, chosen_r)
        return step.path.told_in(replace(told, center=chosen, center_return=center_return))

    def objective(self, batch: EvaluationBatch, hp: Hyperparameters) -> F64:
        """(R,) ranks of return and of novelty among these rows, mixed as the update mixes them."""
        novelty_r = self._novelty(self._state, finite(behaviours(batch)))
        return self._mixed(row_fitness(batch, hp), novelty_r, batch.failed_r, hp).astype(np.float64)

    def _novelty(self, state: State, behaviour_qd: F64) -> F64:
        """(Q,) the novelty of behaviours against the archive, on the scale that was asked for."""
        novelty_q = state.archive.novelty(behaviour_qd, self._pool)
        return novelty_q * state.archive.sum_over_norm() if self._over_norm else novelty_q

    def _mixed(self, fitness_n: F64, novelty_n: F64, failed_n: Bool, hp: Hyperparameters) -> F32:
        """(N,) rank weights of return and novelty, mixed by the weight of novelty that holds now."""
        if self._raw_mix:
            share = self._weight(self._state, hp)
            return self._shape((1.0 - share) * fitness_n + share * novelty_n, failed_n, 0)
        weight = np.float32(self._weight(self._state, hp))
        return (1 - weight) * self._shape(fitness_n, failed_n, 0) + weight * self._shape(novelty_n, failed_n, 0)

    def _weight(self, state: State, hp: Hyperparameters) -> float:
        """The weight of novelty in the update, from 0 to 1."""
        return hp[WEIGHT]

    def _step(
        self, state: State, chosen: int, population: Population, batch: EvaluationBatch, hp: Hyperparameters
    ) -> Step:
        """What one step makes of the chosen centre."""
        fitness_n, failed_n = fitness(population, batch, hp)
        novelty_n = self._novelty(state, by_candidate(population, behaviours(batch)))
        weight_n = self._mixed(fitness_n, novelty_n, failed_n, hp)
        theta = state.center_mp[chosen]
        found = direction(population, weight_n, self._pool)
        ascent = per_frozen_population(found.scaled_p, population.sigma_r[0]) if self._frozen else found.scaled_p
        ascent = decayed(ascent, theta, hp)
        step, optimizer = self._optimize(state.optimizer_m[chosen], ascent, hp["learning_rate"], hp["momentum"])
        return Step(theta + step, optimizer, state.path_m[chosen].along(found.noise_p, found.weight_k), weight_n)

    def _seen(self, population: Population, batch: EvaluationBatch) -> State:
        """The state after the centres' own rows (archive, behaviours, best policy); as it is where there are none."""
        own = self._own(population, batch)
        if own is None:
            return self._state
        state, centers = self._state, self._state.center_mp.shape[0]
        ran_m = ~own.failed_b[:centers]
        behaviour_md = own.behaviour_bd[:centers].copy()
        if state.behaviour_md.size:
            behaviour_md[~ran_m] = state.behaviour_md[~ran_m]
        due_m = state.due_m & ran_m
        best = int(np.argmax(np.roll(own.return_b, 1)))  # the best policy first: it stays where a centre only equals it
        return self._adapted(
            replace(
                state,
                archive=state.archive.added(behaviour_md[due_m]) if due_m.any() else state.archive,
                behaviour_md=behaviour_md,
                due_m=state.due_m & ~ran_m,
                mean=state.mean if best == 0 else state.center_mp[best - 1].copy(),
            ),
            float(own.return_b[:centers].max()),
        )

    def _adapted(self, state: State, largest_return: float) -> State:
        """The state after a generation whose best centre returned so much."""
        return state

    def _own(self, population: Population, batch: EvaluationBatch) -> Own | None:
        """The rows of the centres by centre, the best policy's last; None where the population has none."""
        behaviour_rd = behaviours(batch)
        own_r = population.candidate_r < 0
        if batch.returns_r.size != population.rows or not own_r.any():
            return None  # `fitness` says what is wrong with the rows
        bases = self.centers + 1  # those behind are riders'
        chosen = self.center(population.key)
        order = np.insert(np.arange(1, bases), chosen, 0)  # the base of each centre, then the best policy's
        group_r = np.argsort(order)[population.base_r[own_r]]
        value_rd = np.column_stack([batch.failed_r[own_r], batch.returns_r[own_r], behaviour_rd[own_r]])
        finite_rd = np.where(np.isfinite(value_rd), value_rd, 0.0)
        mean_bd = mean_by_group(finite_rd, group_r, bases)
        failed_b = mean_bd[:, 0] > 0.0
        return Own(np.where(failed_b, -np.inf, mean_bd[:, 1]), np.ascontiguousarray(mean_bd[:, 2:]), failed_b)

    def state(self) -> Arrays:
        """Centres, optimizers, archive and what is known of each centre, copied."""
        return self._state.arrays()

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when the arrays are not this strategy's."""
        after_a_step = self._optimize({}, np.zeros_like(self._state.mean), 1.0, 0.5)[1]
        self._state = saved(arrays, self._state, after_a_step)


class NoveltyAndReward(NoveltySearch):
    """`nsr`: novelty and return in equal parts (novelty_weight 0.5)."""

    declared = _declared(0.5)
