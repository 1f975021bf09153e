"""Evolution strategy with a soft actor-critic partner.

    theta +- sigma eps, crossovers of the last winners, the actor -> fitness -> ranks -> theta, winners, sigma
    every step of all of them -> replay memory -> soft actor-critic -> the actor

Source: Suri et al. 2020, "Maximum mutation reinforcement learning for scalable control", arXiv 2007.13690. What is
decided otherwise than there: the actor and the crossovers are ranked as they are, without noise, and where they do
well their displacement from the centre enters the update, cut to the length of noise (Hansen 2011, "Injecting external
solutions into CMA-ES", arXiv 1110.4181); soft actor-critic learns from the population's own steps instead of episodes
apart; automatic mutation tuning reads ranks instead of returns, whose scale is the task's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import (
    F32,
    F64,
    Arrays,
    Bool,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    Network,
    NoiseKey,
    Population,
    StrategyReport,
)
from bierl_fast.names import choice
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.actor_network import fitting, genes
from bierl_fast.strategy.antithetic import ALIVE_OFFSET, Antithetic, by_candidate, decayed, first_rows, fitness
from bierl_fast.strategy.checks import complete, require_above_zero, require_arrays, require_finite, vector
from bierl_fast.strategy.evolution_path import SCALARS
from bierl_fast.strategy.optimizer import MOMENTUM, Optimizer
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.reference import FROZEN_POPULATION, STEP_SCALES, per_frozen_population
from bierl_fast.strategy.riders import padded
from bierl_fast.strategy.sac import REPLAY, SacSettings, SoftActorCritic
from bierl_fast.strategy.shaping import RANKINGS, make_shaping

TUNINGS = ("ranks", "raw_returns")
OVERWRITTEN_EVERY = 5  # generations, where the actor overwrites the centre: the authors' interval
CROSSOVER = 2**31  # noise rows from here on choose genes; candidates' rows are 31 bits
LEAST = 4  # a pair, a crossover and the actor


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerSettings(Section):
    """What `esac` does with its best candidates."""

    title: ClassVar[str] = "esac"

    winner_share: float = setting(
        0.4,
        "crossovers of the last winners as a share of the population; at least one, and as many as leave whole pairs",
        at_least=0.0,
        below=1.0,
    )
    mutation_clip: float = setting(
        1e-4, "largest growth of sigma by automatic mutation tuning in one generation; 0: none", at_least=0.0
    )


class EvolutionWithActorCritic(Antithetic):
    """Evolution strategy whose population holds the actor of a soft actor-critic and crossovers of its winners.

    A generation of N candidates is pairs theta +- sigma eps, then W crossovers (each unit of the network, with its
    incoming weights and bias, from a winner of the generation before or from the centre, evenly), then the actor. The
    W best become winners, whatever they were (soft winner selection). The first generation is pairs alone.

    Automatic mutation tuning: after a generation, sigma grows by learning_rate / (N sigma) * g**2 / 2, cut at
    the clip, where g is how far the best mutant's rank lies above the middle, of -1/2 to 1/2 (nothing when it
    lies below). It is kept as a factor of the hyperparameter sigma, which stays the caller's.

    A population of another size (`ask` with `candidates`) is pairs alone, and `stepped` the step of the centre: neither
    touches the partner, whose learning is `tell`'s.

    Args:
        mean: (P,) float32, where centre and actor start; copied.
        network: the policy's layers and action box; squash by tanh, no evolved action noise, no observation
            normalisation (the partner learns from observations as the task gives them).
        population: N candidates, even, at least 4.
        shaping: "centered_rank", "log_rank" or "log_rank_full": the actor has a rank like any other.
        optimizer: "adam", "gradient", "momentum" or "clipup".
        crn: common random numbers: "none", "pair" or "population"; crossovers and actor are pairs of their own.
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself; no weight in the update.
        riders: names of candidates that ride for a signal in the place of its last pairs; see riders.py.
        seed: of the partner's initial critics.
        pool: a kernels.ThreadPool that shares sums over noise out; the bits stay the same.
        ties: what equals get of a log-rank shaping: "share" or "best"; see shaping.make_shaping.
        step_scale: "strategy", or "reference": the ascent is divided by 40 sigma, and mutation tuning takes 40 for N.
        sac_overwrites_mean: every fifth generation ends with the actor in the centre's place, whatever its rank (the
            authors also leave that to chance, with a probability that falls from 1 to 0.1 over thousands of them).
        amt: "ranks", or "raw_returns": mutation tuning takes the smooth L1 distance of the best mutant's return from
            the mutants' mean in the place of g**2 / 2; beyond a distance of 1 the task's scale of returns decides.
        own: WinnerSettings and sac.SacSettings by name; W is winner_share of N.

    Raises:
        InstallationError: Stable-Baselines3 is not installed.
        ArgumentError: no network or one that is not of `mean`,
            an infinite or empty action box, a number out of its range, an unknown name (the nearest is offered).
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType(
        {
            "sigma": HyperparameterSpec(default=0.02),
            "learning_rate": HyperparameterSpec(default=0.01),
            "momentum": MOMENTUM,
            "weight_decay": HyperparameterSpec(default=0.0, scale="linear"),
            "alive_offset": ALIVE_OFFSET,
        }
    )

    def __init__(
        self,
        *,
        mean: F32,
        network: Network | None = None,
        population: int = 64,
        shaping: str = "centered_rank",
        optimizer: str = "adam",
        crn: str = "pair",
        episodes_per_candidate: int = 1,
        center_episodes: int = 0,
        riders: tuple[str, ...] = (),
        seed: int = 0,
        pool: kernels.ThreadPool | None = None,
        ties: str = "share",
        step_scale: str = "strategy",
        sac_overwrites_mean: bool = False,
        amt: str = "ranks",
        **own: Any,
    ) -> None:
        """See the class."""
        laid_out = Pairs(population, crn, episodes_per_candidate, center_episodes, riders=tuple(riders))
        super().__init__(mean, laid_out, pool=pool)
        if population < LEAST:
            raise ArgumentError(
                f"population must be at least {LEAST} (a pair, a crossover and the actor), got {population}",
                ["population"],
            )
        learning = SacSettings.taken(own)
        settings = WinnerSettings(**own)
        self._network = fitting(network, self._theta)
        # Odd, so that with the actor an even number is left for the pairs.
        self._winners = min(2 * int(settings.winner_share * population / 2) + 1, population - 3)
        replace(self._pairs, population=population - self._winners - 1)  # its own check: riders need pairs there
        self._mutation_clip = settings.mutation_clip
        self._rank = make_shaping(shaping, ties, RANKINGS)
        self._frozen = choice("step scale", step_scale, STEP_SCALES, ["reference"]) == "reference"
        self._overwrites = sac_overwrites_mean
        self._raw_tuning = choice("mutation tuning", amt, TUNINGS, ["reference"]) == "raw_returns"
        self._optimizer = Optimizer(optimizer)
        self._partner = SoftActorCritic(self._network, self._theta, learning, seed)
        self._state |= {"winners": np.empty((0, self._theta.size), np.float32), "mutation": np.ones(1)}

    @property
    def actor(self) -> F32:
        """(P,) the soft actor-critic's actor as a flat policy; a copy."""
        return self._partner.actor

    @property
    def mutation(self) -> float:
        """The factor of sigma that automatic mutation tuning has reached; at least 1."""
        return float(np.asarray(self._state["mutation"])[0])

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Pairs, crossovers and the actor, then the centre's rows; pairs alone with `candidates`. Pure."""
        hp = complete(hp, self.declared)
        if candidates is not None or not len(self._state["winners"]):
            alone = self._mutated(self._pairs.ask(self._theta, hp, key, candidates))
            return self._pairs.board(alone, self._last_step, candidates)
        extra = self._winners + 1
        pairs = replace(self._pairs, population=self._pairs.population - extra, center_episodes=0)
        own = np.concatenate([self._crossovers(key), self._partner.actor[None]])
        return self._joined(pairs.board(self._mutated(pairs.ask(self._theta, hp, key)), self._last_step), own)

    def _mutated(self, population: Population) -> Population:
        return replace(population, sigma_r=population.sigma_r * np.float32(self.mutation))

    def _crossovers(self, key: NoiseKey) -> F32:
        """(W, P): of a winner, each in turn, the units that a coin says; of the centre, the others."""
        winners = np.resize(np.asarray(self._state["winners"], np.float32), (self._winners, self._theta.size))
        gene_p, count = genes(self._network)
        coins = [kernels.normals(key, CROSSOVER + child, count) > 0.0 for child in range(self._winners)]
        return np.where(np.stack(coins)[:, gene_p], winners, self._theta)

    def _joined(self, pairs: Population, own_cp: F32) -> Population:
        """The pairs' rows, those of candidates that are bases of their own, and the centre's."""
        episodes, center = self._pairs.episodes, self._pairs.center_episodes
        number_c = np.repeat(np.arange(len(own_cp), dtype=np.int32), episodes)
        repeat_c = np.tile(np.arange(episodes, dtype=np.int32), len(own_cp))
        shared = self._pairs.crn == "population"
        used = int(pairs.episode_r.max()) + 1
        episode_c = repeat_c if shared else used + number_c * np.int32(episodes) + repeat_c
        episode_r = np.concatenate([pairs.episode_r, episode_c])
        center_r = int(episode_r.max()) + 1 + np.arange(center)
        rows = number_c.size + center

        def followed(array: np.ndarray, *others: object) -> np.ndarray:
            return np.concatenate([array, *others]).astype(array.dtype)

        return replace(
            pairs,
            base_bp=np.concatenate([pairs.base_bp, own_cp]),
            base_r=followed(pairs.base_r, len(pairs.base_bp) + number_c, np.zeros(center)),
            sigma_r=followed(pairs.sigma_r, np.full(rows, pairs.sigma_r[0])),
            noise_r=followed(pairs.noise_r, np.zeros(rows)),
            sign_r=followed(pairs.sign_r, np.zeros(rows)),
            candidate_r=followed(pairs.candidate_r, pairs.candidates + number_c, np.full(center, -1)),
            episode_r=followed(episode_r, center_r),
        )

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Take one step, choose winners, tune the mutation, and let the partner learn from the batch's transitions.

        Raises:
            ArgumentError, ArgumentTypeError: every candidate failed, the batch answers another number of rows, or its
                transitions are another task's; nothing has changed then.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            following = self._next(population, batch, complete(population.hyperparameters, self.declared))
        require_finite(np.asarray(following["mean"]), population.hyperparameters, population.key.generation)
        if batch.transitions_tw is not None:
            self._partner.learn(batch.transitions_tw, population.key)
            if self._overwrites and (population.key.generation + 1) % OVERWRITTEN_EVERY == 0:
                following = {**following, "mean": self._partner.actor}
        return self._taken(following, population, batch)

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        fitness_n, failed_n = fitness(population, batch, hp)
        weight_n = self._rank(fitness_n, failed_n, 0)
        ascent, path = self._ascent(population, weight_n)  # the path is the pairs' alone
        ascent = ascent + self._injected(population, weight_n)
        if self._frozen:
            ascent = per_frozen_population(ascent, population.sigma_r[0])
        ascent = decayed(ascent, self._theta, hp)
        step, optimizer_state = self._optimizer.step(self._state, ascent, hp["learning_rate"], hp["momentum"])
        loss = self._rank_loss(population, fitness_n, failed_n)
        if self._raw_tuning:
            loss = self._raw_loss(population, batch)
        growth = self._growth(loss, population, hp)
        return {
            "mean": self._theta + step,
            "winners": self._best(population, fitness_n, failed_n),
            "mutation": np.array([self.mutation + growth / hp["sigma"]]),
            **path,
            **optimizer_state,
        }

    def _injected(self, population: Population, weight_n: F32) -> F32:
        """(P,) sum of weight * displacement in sigmas, over candidates without noise that did better than the middle.

        Away from a bad one is no direction: it would lead past the centre's own past.
        """
        total, longest = np.zeros_like(self._theta), math.sqrt(self._theta.size)
        riders_n = 0 if population.riders_n is None else padded(population.riders_n, population)
        for candidate in np.flatnonzero((_signs(population) == 0) & (riders_n == 0) & (weight_n > 0.0)):
            row = int(first_rows(population)[candidate])
            displacement = (population.base_bp[population.base_r[row]] - self._theta) / population.sigma_r[row]
            length = float(np.linalg.norm(displacement))
            total += np.float32(weight_n[candidate] * min(1.0, longest / max(length, longest))) * displacement
        return total

    def _growth(self, loss: float, population: Population, hp: Hyperparameters) -> float:
        """What automatic mutation tuning adds to sigma; at least 0, at most the clip."""
        candidates = FROZEN_POPULATION if self._frozen else population.candidates
        sigma = float(population.sigma_r[0])
        return min(hp["learning_rate"] / (candidates * sigma) * loss, self._mutation_clip)

    def _rank_loss(self, population: Population, fitness_n: F64, failed_n: Bool) -> float:
        """Half the square of how far the best mutant's rank lies above the middle."""
        rank_n = kernels.centered_rank_utilities(fitness_n, failed_n) * np.float32(fitness_n.size)
        lead = max(0.0, float(rank_n[_signs(population) != 0].max()))
        return lead**2 / 2

    def _raw_loss(self, population: Population, batch: EvaluationBatch) -> float:
        """Smooth L1 distance of the best mutant's return from the mutants' mean; 0 where all of them failed."""
        returns_n, failed_n = by_candidate(population, batch.returns_r, batch.failed_r)
        mutants = returns_n[(_signs(population) != 0) & ~failed_n]
        lead = float(mutants.max() - mutants.mean()) if mutants.size else 0.0
        return lead**2 / 2 if lead < 1.0 else lead - 0.5

    def _best(self, population: Population, fitness_n: F64, failed_n: Bool) -> F32:
        """(W, P) what the best candidates ran, best first; of equals, the earlier; fewer where fewer did not fail."""
        survivors = np.flatnonzero(~failed_n)
        best = survivors[np.argsort(-fitness_n[survivors], kind="stable")][: self._winners]
        return np.stack([kernels.row_parameters(population, int(row)) for row in first_rows(population)[best]])

    def state(self) -> Arrays:
        """Centre, optimizer, winners, mutation; the partner's memory, networks and optimizers; copied."""
        return {**super().state(), **self._partner.state()}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when the arrays are not this strategy's."""
        partner = self._partner.like(arrays)
        if "mean" in arrays:
            vector("mean", np.asarray(arrays["mean"]), self._theta.size)
        # What is remembered may be beyond single precision, as an environment gave it.
        require_arrays(arrays, {**self._like(arrays), **partner}, loose=(SCALARS, REPLAY))
        require_above_zero(arrays, "mutation")
        self._partner.require(arrays)
        super().load({name: array for name, array in arrays.items() if name not in partner})
        self._partner.load(arrays)

    def _like(self, arrays: Arrays) -> Arrays:
        rows = min(len(arrays["winners"]), self._winners) if "winners" in arrays else 0
        return {
            **super()._like(arrays),
            "mutation": np.ones(1),
            "winners": np.empty((rows, self._theta.size), np.float32),
            **self._optimizer.like(arrays, self._theta),
        }


def _signs(population: Population) -> np.ndarray:
    """(N,) the sign of each candidate's noise."""
    return population.sign_r[first_rows(population)]
