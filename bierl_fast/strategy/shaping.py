"""From fitness to update weights, by name. The rules for ties and failures are csrc/bierl/core/shaping.hpp's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from bierl_fast import finite, kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, F64, Bool
from bierl_fast.names import choice, lookup

Shaping = Callable[[F64, Bool, int], F32]  # fitness (N,), failed (N,), top pairs -> weights (N,)


def standardized(fitness_n: F64, failed_n: Bool, top: int) -> F32:
    """(N,) weights of ARS (Mania et al. 2018), of the fitnesses less the highest of them.

    Weights keep the level of the fitnesses, which pairs cancel; taken off before, it costs single precision no digits.
    """
    level = fitness_n[~failed_n].max(initial=-np.inf)
    if not np.isfinite(level):
        return kernels.standardized_weights(fitness_n, failed_n, top=top)
    powers = finite.exponent(fitness_n[~failed_n])
    lowered_n = finite.scaled(fitness_n, powers) - finite.scaled(level, powers)
    return kernels.standardized_weights(np.asarray(lowered_n), failed_n, top=top)


def _log_rank(fitness_n: F64, failed_n: Bool, top: int, *, full: bool = False, best_of_ties: bool = False) -> F32:
    return kernels.log_rank_utilities(fitness_n, failed_n, full=full, best_of_ties=best_of_ties)


def _centered_rank(fitness_n: F64, failed_n: Bool, top: int) -> F32:
    return kernels.centered_rank_utilities(fitness_n, failed_n)


def _raw(fitness_n: F64, failed_n: Bool, top: int) -> F32:
    return kernels.raw_weights(fitness_n, failed_n)


SHAPINGS: dict[str, Shaping] = {
    "centered_rank": _centered_rank,
    "log_rank": _log_rank,
    "log_rank_full": partial(_log_rank, full=True),
    "standardized": standardized,
    "raw": _raw,
}  # functions with names, so that strategies pickle
RANKINGS = ("centered_rank", "log_rank", "log_rank_full")  # those that see no more of a fitness than its rank

BEST_OF_TIES: dict[str, Shaping] = {
    "log_rank": partial(_log_rank, best_of_ties=True),
    "log_rank_full": partial(_log_rank, full=True, best_of_ties=True),
}
TIES = ("share", "best")


def make_shaping(name: str, ties: str = "share", known: Iterable[str] = tuple(SHAPINGS)) -> Shaping:
    """The shaping called `name`, one of `known`; `ties` says what candidates of equal fitness get.

    "share": the mean of their ranks' weights. "best": all the weight of the best of their ranks, before the weights are
    normalised to sum to zero, as the BiERL authors' code has it; failed candidates share in either case.

    Raises:
        ArgumentError: an unknown name (the nearest is offered), or ties "best" of a shaping that has no such form.
    """
    shape = lookup("shaping", name, {each: SHAPINGS[each] for each in known}, ["shaping"])
    if choice("way of ties", ties, TIES, ["reference"]) == "share":
        return shape
    if name not in BEST_OF_TIES:
        raise ArgumentError(
            f"ties = 'best' is of shapings {' and '.join(BEST_OF_TIES)}, got shaping {name!r}", ["reference", "shaping"]
        )
    return BEST_OF_TIES[name]
