"""Covariance matrix adaptation, by the `cma` package: for at most two thousand parameters, or with a diagonal matrix.

    cma.ask, its normals by address -> candidates -> fitness -> cma.tell

What cma learns with lies in objects of its own, which only pickle could save. A checkpoint holds the fitness of every
generation instead, and `load` replays them: as long as cma itself took so far, without a single episode.

Source: Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv 1604.00772; diagonal: Ros & Hansen 2008.
"""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from bierl_fast import finite, kernels
from bierl_fast.errors import ArgumentError, InstallationError
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
    Stream,
)
from bierl_fast.public import public
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.antithetic import ALIVE_OFFSET, losses, report
from bierl_fast.strategy.checks import complete, require_above_zero, require_arrays, require_finite, scales, vector
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.turns import TakesTurns

LARGEST_FULL = 2_000  # parameters; a decomposition takes seconds there, and grows with the cube


class AddressedNormals:
    """cma's source of normals: row i of the key it is set to. Copies of a sampler share it."""

    def __init__(self) -> None:
        self.key = NoiseKey(0, 0)

    def __call__(self, rows: int, size: int) -> F64:
        """(rows, size)."""
        return np.stack([kernels.normals(self.key, row, size) for row in range(rows)]).astype(np.float64)

    def __deepcopy__(self, memo: dict[int, Any]) -> AddressedNormals:
        return self


@dataclass(frozen=True, slots=True)
class Asked:
    """What drawing left: the sampler that drew, which waits for their losses, and the candidates (N,) of (P,)."""

    key: NoiseKey
    sigma: float
    sampler: Any
    solutions: list[F64]


@dataclass(frozen=True, slots=True)
class Told:
    """One generation as `load` needs it to replay."""

    key: NoiseKey
    loss_n: F64  # (N,) minus fitness, failures as told to cma


@dataclass(frozen=True, slots=True, kw_only=True)
class CovarianceSettings(Section):
    """What `cmaes` alone takes."""

    title: ClassVar[str] = "cmaes"

    separable: bool = setting(
        False, "a diagonal covariance matrix, whose cost is linear in the parameters: for more than two thousand"
    )


@public
class CovarianceMatrixAdaptation(TakesTurns, called="strategy"):
    """CMA-ES over a flat vector. Its candidates are base vectors of the population, without noise of their own.

    sigma is the standard deviation to start from: the first generation's is taken, and cma adapts it from there on.
    Equal fitness is ordered by cma as it comes, not shared; failed candidates rank last. Neither cma's restarts nor its
    stopping criteria are used.

    Args:
        mean: (P,) float32, where the search starts; copied.
        population: N candidates, even and at least 4.
        crn: common random numbers: "pair" lets candidates 2i and 2i + 1 share reset and action noise.
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the distribution's mean, for reports and the history; no weight in the update.
        scale: (P,) per-parameter factor of sigma to start from, above 0; None for ones.
        own: CovarianceSettings by name.

    Raises:
        InstallationError: the cma package is missing.
        ArgumentError: too many parameters for a full matrix, or an argument out of range.
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType(
        {
            "sigma": HyperparameterSpec(default=0.1, adaptable=False),
            "alive_offset": ALIVE_OFFSET,
        }
    )

    def __init__(
        self,
        *,
        mean: F32,
        population: int = 64,
        crn: str = "pair",
        episodes_per_candidate: int = 1,
        center_episodes: int = 0,
        scale: F32 | None = None,
        **own: Any,
    ) -> None:
        """See the class."""
        settings = CovarianceSettings(**own)
        self._pairs = Pairs(population, crn, episodes_per_candidate, center_episodes)
        self._cma, self._libraries = _packages()
        self._start = vector("mean", mean)
        size = self._start.size
        if population < 4:
            raise ArgumentError(f"population must be at least 4 for cmaes, got {population}", ["population"])
        if size < 2:
            raise ArgumentError(f"cmaes needs at least 2 parameters, got {size}")
        if size > LARGEST_FULL and not settings.separable:
            raise ArgumentError(
                f"cmaes with a full covariance matrix takes at most {LARGEST_FULL} parameters, got {size}: a matrix of "
                f"{size} by {size} and its decomposition; take separable=True (--separable), or a smaller policy",
                ["separable", "hidden"],
            )
        self._scale = scales(scale, size)
        self._separable = settings.separable
        self._normals = AddressedNormals()
        self._sampler: Any = None  # cma's object, from the first `tell` on
        self._sigma = math.nan  # the first generation's
        self._told: list[Told] = []
        self._asked: Asked | None = None  # no state: spares `tell` to draw, and to decompose, once more

    def __getstate__(self) -> dict[str, Any]:
        """Without the packages, and without what spares drawing once more."""
        return {**super().__getstate__(), "_cma": None, "_libraries": None, "_asked": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._cma, self._libraries = _packages()

    def __deepcopy__(self, memo: dict[int, Any]) -> CovarianceMatrixAdaptation:
        copied: CovarianceMatrixAdaptation = pickle.loads(pickle.dumps(self))  # with normals of its own
        return copied

    @property
    def mean(self) -> F32:
        """(P,) the distribution's mean; a copy."""
        return self._start.copy() if self._sampler is None else _center(self._sampler)

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """N candidates as base vectors, then the mean's rows when `candidates` is not given. Pure."""
        hp = complete(hp, self.declared)
        population = self._pairs.ask(self.mean, hp, key, candidates)
        base_bp = np.stack(self._draw(key, hp["sigma"], population.candidates).solutions).astype(np.float32)
        own_r = population.candidate_r
        if (own_r < 0).any():
            base_bp = np.concatenate([base_bp, self.mean[None]])
            own_r = np.where(own_r < 0, base_bp.shape[0] - 1, own_r)
        return replace(
            population,
            base_bp=base_bp,
            base_r=own_r.astype(np.int32),
            sigma_r=np.zeros(population.rows, np.float32),
            noise_r=np.zeros(population.rows, np.int32),
            sign_r=np.zeros(population.rows, np.int8),
        )

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) the mean `tell` would leave; of `hp`, the offset of the fitness is read. State unchanged.

        Raises:
            ArgumentError: as `tell`.
        """
        hp = complete(population.hyperparameters if hp is None else hp, self.declared)
        told = self._evaluated(population, batch, hp)
        asked = self._drawn(population)
        sampler = copy.deepcopy(asked.sampler)
        with self._one_thread():
            sampler.tell([solution.copy() for solution in asked.solutions], _for_cma(told.loss_n))
        return _center(sampler)

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Learn from one evaluated population.

        Raises:
            ArgumentError: every candidate failed, the batch answers another number of rows, or the population is of
                another size or was asked from another state.
        """
        told = self._evaluated(population, batch, complete(population.hyperparameters, self.declared))
        asked, before = self._drawn(population), self.mean
        self._learn(asked, told)
        return report(population, batch, float(np.linalg.norm(self.mean - before)))

    def _evaluated(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Told:
        loss_n = losses(population, batch, hp)
        if loss_n.size != self._pairs.population:
            raise ArgumentError(f"cmaes learns from {self._pairs.population} candidates at a time, got {loss_n.size}")
        return Told(population.key, loss_n)

    def _learn(self, asked: Asked, told: Told) -> None:
        self._asked = None
        with self._one_thread():
            asked.sampler.tell(asked.solutions, _for_cma(told.loss_n))
        require_finite(_center(asked.sampler), Hyperparameters(sigma=asked.sigma), told.key.generation)
        if self._sampler is None:
            self._sigma = asked.sigma
        self._sampler = asked.sampler
        self._told.append(told)

    def _drawn(self, population: Population) -> Asked:
        """What `population` was asked from; ArgumentError when this state does not give it."""
        asked = self._draw(population.key, population.hyperparameters["sigma"], population.candidates)
        base_bp = population.base_bp[: len(asked.solutions)]
        if not np.array_equal(base_bp, np.stack(asked.solutions).astype(np.float32)):
            raise ArgumentError(
                "the population was asked from another state of cmaes; tell each before asking the next"
            )
        return asked

    def _draw(self, key: NoiseKey, sigma: float, count: int) -> Asked:
        """`count` candidates drawn by a copy of the sampler, which alone can learn from them; the last is kept."""
        asked = self._asked
        if asked is None or (asked.key, asked.sigma, len(asked.solutions)) != (key, sigma, count):
            sampler = self._begun(sigma) if self._sampler is None else copy.deepcopy(self._sampler)
            self._normals.key = key
            self._asked = asked = Asked(key, sigma, sampler, self._asked_of(sampler, count))
        return asked

    def _asked_of(self, sampler: Any, count: int) -> list[F64]:
        with self._one_thread():
            return list(sampler.ask(count))

    def _one_thread(self) -> Any:
        """Linear algebra on one thread, so that its sums are the same on any number of cores."""
        return self._libraries.limit(limits=1, user_api="blas")

    def _begun(self, sigma: float) -> Any:
        """The object of cma before the first generation."""
        options = {
            "popsize": self._pairs.population,
            "randn": self._normals,
            "seed": math.nan,
            "CMA_diagonal": self._separable,
            "CMA_mirrors": 0,
            "CMA_stds": 1 if self._scale is None else self._scale.astype(np.float64),
            "verbose": -10,
            "verb_log": 0,
        }
        return self._cma.CMAEvolutionStrategy(self._start.astype(np.float64), sigma, options)

    def state(self) -> Arrays:
        """The mean, and what `load` replays: the first sigma, each generation's key and loss (G, N)."""
        keys = [(told.key.run_seed, told.key.generation, int(told.key.stream)) for told in self._told]
        losses = [told.loss_n for told in self._told]
        return {
            "mean": self.mean,
            "start": self._start.copy(),
            "sigma": np.array([self._sigma]),
            "keys": np.array(keys, np.uint64).reshape(len(keys), 3),
            "losses": np.array(losses, np.float64).reshape(len(losses), self._pairs.population),
        }

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`, by replaying every generation; changes nothing when it raises.

        Raises:
            ArgumentError: the arrays are not this strategy's, or the replay leads elsewhere: another version of cma, or
                another linear algebra library, rounds otherwise.
        """
        generations = np.shape(arrays.get("keys", ()))[:1]
        like = self.state()
        like["keys"] = np.zeros((*generations, 3), np.uint64)
        like["losses"] = np.zeros((*generations, self._pairs.population))
        require_arrays(arrays, like, loose=("sigma",))
        if generations > (0,):  # before the first there is no sigma
            require_above_zero(arrays, "sigma")
            if arrays["sigma"].max() > finite.LARGEST32:
                raise ArgumentError("sigma must be finite in single precision, got " + str(arrays["sigma"].max()))
        other = copy.copy(self)
        other._start = vector("mean", np.asarray(arrays["start"], np.float32))
        other._replay(arrays)
        if not np.array_equal(other.mean, arrays["mean"]):
            raise ArgumentError(
                "replaying the saved generations did not lead to the saved mean; continue with the cma and NumPy "
                f"versions, and on the kind of machine, that wrote them (cma here: {self._cma.__version__})"
            )
        self.__dict__.update(other.__dict__)

    def _replay(self, arrays: Arrays) -> None:
        self._sampler, self._asked, self._told = None, None, []
        self._sigma = float(np.asarray(arrays["sigma"], np.float64)[0])
        keys, losses = np.asarray(arrays["keys"], np.uint64), np.asarray(arrays["losses"], np.float64)
        for (seed, generation, stream), loss_n in zip(keys.tolist(), losses, strict=True):
            told = Told(NoiseKey(seed, generation, Stream(stream)), loss_n.copy())
            self._normals.key = told.key
            sampler = self._begun(self._sigma) if self._sampler is None else self._sampler
            self._learn(Asked(told.key, self._sigma, sampler, self._asked_of(sampler, loss_n.size)), told)


def _center(sampler: Any) -> F32:
    with np.errstate(over="ignore"):
        return np.asarray(sampler.mean, np.float32).copy()


def _for_cma(loss_n: F64) -> list[float]:
    """The losses as they are, or their ranks, which are all that counts, where cma's own statistics would overflow."""
    if finite.exponent(loss_n) > 0:
        loss_n = np.searchsorted(np.unique(loss_n), loss_n).astype(np.float64)
    return [float(loss) for loss in loss_n]


def _packages() -> tuple[Any, Any]:
    """The cma package, and the numerical libraries' threads; InstallationError where one is missing."""
    try:
        import cma  # noqa: PLC0415 - optional
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - optional
    except ImportError as error:
        raise InstallationError(
            "strategy 'cmaes' needs the packages cma and threadpoolctl; pip install 'bierl-fast[cmaes]'"
        ) from error
    return cma, ThreadpoolController()
