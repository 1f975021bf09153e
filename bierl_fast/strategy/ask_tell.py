"""An optimizer of another library as a strategy: whatever has ask and tell.

    optimizer.ask() -> candidates -> Population ... EvaluationBatch -> optimizer.tell(candidates, losses)

For the loop of ask, evaluate and tell alone. A meta-level, a checkpoint and so `bf.train` need what such an object does
not offer: hyperparameters as arguments, a step that leaves the state alone, a state as arrays.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn, Protocol

import numpy as np

from bierl_fast.errors import ArgumentError, ArgumentTypeError, UnsupportedError
from bierl_fast.messages import (
    F32,
    Arrays,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
)
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.strategy.antithetic import losses, report
from bierl_fast.turns import TakesTurns

CRN = ("none", "population")


class Optimizer(Protocol):
    """What AskTell takes. pycma's objects are such."""

    def ask(self) -> Any:
        """The next candidates: N vectors of P numbers, as a list or an array (N, P)."""

    def tell(self, candidates: Any, losses: list[float], /) -> Any:
        """Learn from what each candidate lost, in the order that `ask` gave; smaller is better."""


@public
class AskTell(TakesTurns, called="strategy"):
    """A strategy around an optimizer that minimises: it is told minus the candidates' returns.

        strategy = bf.AskTell(cma.CMAEvolutionStrategy(theta, 0.1))
        strategy = bf.AskTell.functional(evosax_strategy, state, params, keys)

    Candidates are evaluated as float32. A failed one is told as worse than all others. The optimizer's randomness is
    its own: a NoiseKey says resets and action noise alone. Asking again before telling gives the same candidates.

    Args:
        optimizer: has ask() and tell(candidates, losses).
        center: gives the vector (P,) to report as `mean`; None takes the optimizer's attribute `mean`, or else the best
            candidate of the last generation.
        crn: "population" lets all candidates share reset and action noise, "none" gives each its own.
        episodes_per_candidate: episodes whose mean is a candidate's return.

    Raises:
        ArgumentTypeError: no ask or no tell, or one that takes other arguments.
        ArgumentError: an unknown kind of common random numbers, or fewer than one episode.
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType({})

    def __init__(
        self,
        optimizer: Any,  # an Optimizer: `_require` says what is missing
        *,
        center: Callable[[], Any] | None = None,
        crn: str = "none",
        episodes_per_candidate: int = 1,
    ) -> None:
        """See the class."""
        wanted = "an optimizer has ask() and tell(candidates, losses)"
        _require(optimizer, "ask", {0}, wanted)
        _require(optimizer, "tell", {2}, wanted)
        choice("kind of common random numbers", crn, CRN, ["crn"])
        if episodes_per_candidate < 1:
            raise ArgumentError(
                f"episodes_per_candidate must be at least 1, got {episodes_per_candidate}", ["episodes_per_candidate"]
            )
        self._optimizer = optimizer
        self._center = center
        self._shared = crn == "population"
        self._episodes = episodes_per_candidate
        self._asked: tuple[Any, F32] | None = None  # the optimizer's own candidates, and as an array (N, P)
        self._best: F32 | None = None

    @classmethod
    def functional(
        cls,
        strategy: Any,
        state: Any,
        params: Any,
        keys: Iterator[Any],
        *,
        crn: str = "none",
        episodes_per_candidate: int = 1,
    ) -> AskTell:
        """Around functions that take and give their state, as evosax's do.

        Args:
            strategy: has ask(key, state, params) -> (candidates, state), and either
                tell(key, candidates, losses, state, params) -> (state, metrics), or
                tell(candidates, losses, state, params) -> state.
            state: its state to start from; `mean` is the state's `mean`, where it has one.
            params: passed on.
            keys: gives a random key for each call, such as iter(jax.random.split(jax.random.key(0), 10_000)).
            crn: as the class's.
            episodes_per_candidate: as the class's.

        Raises:
            ArgumentTypeError: as the class.
        """
        wanted = "functions are ask(key, state, params) and tell([key,] candidates, losses, state, params)"
        _require(strategy, "ask", {3}, wanted)
        _require(strategy, "tell", {4, 5}, wanted)
        stateful = _Stateful(strategy, state, params, keys)
        return cls(stateful, crn=crn, episodes_per_candidate=episodes_per_candidate)

    @property
    def mean(self) -> F32:
        """(P,) what to report as the centre; ArgumentError before there is anything."""
        mean = self._known_mean()
        if mean is None:
            raise ArgumentError(
                f"{_name(self._optimizer)} has no attribute mean, and nothing was told yet; give AskTell(center=...)"
            )
        return mean

    def _known_mean(self) -> F32 | None:
        given = getattr(self._optimizer, "mean", None) if self._center is None else self._center()
        given = self._best if given is None else given
        return None if given is None else np.array(given, np.float32)

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """One row for each episode of each candidate. The same candidates until `tell`.

        Raises:
            ArgumentError: hyperparameters are given, not as many candidates are wanted as the optimizer gives, or
                what it gives are not vectors of finite numbers.
        """
        if hp:
            raise ArgumentError(
                f"AskTell takes no hyperparameters, {_name(self._optimizer)} has its own; got {', '.join(hp)}"
            )
        if self._asked is None:
            given = self._optimizer.ask()
            self._asked = given, self._vectors(given)
        vectors = self._asked[1]
        count = vectors.shape[0]
        if candidates not in {None, count}:
            raise ArgumentError(f"{_name(self._optimizer)} gives {count} candidates at a time, asked for {candidates}")
        candidate_r = np.repeat(np.arange(count, dtype=np.int32), self._episodes)
        repeat_r = np.tile(np.arange(self._episodes, dtype=np.int32), count)
        zeros_r = np.zeros(candidate_r.size, np.int32)
        return Population(
            base_bp=vectors.copy(),
            base_r=candidate_r,
            sigma_r=zeros_r.astype(np.float32),
            noise_r=zeros_r,
            sign_r=zeros_r.astype(np.int8),
            candidate_r=candidate_r,
            episode_r=repeat_r if self._shared else candidate_r * np.int32(self._episodes) + repeat_r,
            hyperparameters=Hyperparameters(**hp),
            key=key,
        )

    def _vectors(self, given: Any) -> F32:
        try:
            vectors = np.ascontiguousarray(np.stack([np.asarray(vector) for vector in given]), np.float32)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"ask() of {_name(self._optimizer)} must give N vectors of P numbers: {error}"
            ) from error
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ArgumentError(
                f"ask() of {_name(self._optimizer)} must give N vectors of P finite numbers, "
                f"got shape {vectors.shape}, {int((~np.isfinite(vectors)).sum())} not finite"
            )
        return vectors

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Tell the optimizer. The report's update_norm is nan while there is no centre to measure from.

        Raises:
            ArgumentError: every candidate failed, the batch answers other rows in number, or the population is not the
                one asked last.
        """
        if self._asked is None or not np.array_equal(population.base_bp, self._asked[1]):
            raise ArgumentError("the population is not the one that was asked last; ask, evaluate and tell in turn")
        loss_n = losses(population, batch, population.hyperparameters)
        (given, vectors), self._asked = self._asked, None
        before = self._known_mean()
        self._best = vectors[int(np.argmin(loss_n))]
        self._optimizer.tell(given, loss_n.tolist())
        norm = math.nan if before is None else float(np.linalg.norm(self.mean - before))
        return report(population, batch, norm)

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> NoReturn:
        """Not to be had: telling changes the optimizer."""
        raise UnsupportedError(self._cannot("try a step out, as a meta-level does"))

    def state(self) -> Arrays:
        """Not to be had; save the optimizer by its own means."""
        raise UnsupportedError(self._cannot("be saved"))

    def load(self, arrays: Arrays) -> None:
        """Not to be had; load the optimizer by its own means."""
        raise UnsupportedError(self._cannot("be resumed"))

    def _cannot(self, what: str) -> str:
        return (
            f"AskTell around {_name(self._optimizer)} cannot {what}: it has ask and tell alone; "
            "take a strategy of this package, or the loop of ask, evaluate and tell"
        )


@dataclass(slots=True)
class _Stateful:
    """Functions that take and give their state, as an object that keeps it."""

    strategy: Any
    state: Any
    params: Any
    keys: Iterator[Any]

    @property
    def mean(self) -> Any:
        return getattr(self.state, "mean", None)

    def ask(self) -> Any:
        candidates, self.state = self.strategy.ask(next(self.keys), self.state, self.params)
        return candidates

    def tell(self, candidates: Any, losses: list[float], /) -> None:
        told = (candidates, np.array(losses, np.float32), self.state, self.params)
        if len(inspect.signature(self.strategy.tell).parameters) > len(told):
            self.state, _ = self.strategy.tell(next(self.keys), *told)
        else:
            self.state = self.strategy.tell(*told)


def _require(optimizer: Any, name: str, counts: set[int], wanted: str) -> None:
    """Before a generation is paid for: ArgumentTypeError unless the method takes one of these many arguments."""
    method = getattr(optimizer, name, None)
    if not callable(method):
        raise ArgumentTypeError(f"{wanted}; {_name(optimizer)} has no {name}")
    try:
        signature = inspect.signature(method)
    except ValueError:  # some that are written in C do not tell
        return
    if not any(_takes(signature, count) for count in counts):
        raise ArgumentTypeError(
            f"{wanted}; {_name(optimizer)} has {name}{signature}; put an object around it that translates"
        )


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _name(optimizer: Any) -> str:
    return type(optimizer.strategy if isinstance(optimizer, _Stateful) else optimizer).__name__
