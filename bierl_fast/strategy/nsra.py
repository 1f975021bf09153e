"""Novelty search with an adaptive weight: `nsra`.

    return of the centres -> better or stagnant -> weight of novelty w -> (1 - w) R + w N

Source: Conti et al. 2018, arXiv 1712.06560, algorithm 3.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, Hyperparameters
from bierl_fast.strategy.novelty import DECLARED, NoveltySearch, State
from bierl_fast.strategy.reference import checked

DIRECTIONS = ("paper", "inverted")


class AdaptiveNoveltyAndReward(NoveltySearch):
    """`nsra`: the return alone at first; novelty gains weight while the return stagnates.

    The weight of novelty starts at 0 and stays in [0, 1]. While no centre has returned more than the best before for
    `patience` generations or longer, every generation raises it by `novelty_delta`; one in which a centre did lowers
    it by as much. The paper counts the stagnating generations anew after each change; novelty would then take hundreds
    of generations to lead. The weight is state, so novelty_weight is no hyperparameter here: a meta-level that is to
    move it goes with `nsr`.

    Args: those of NoveltySearch, and
        patience: generations of stagnation, at least 1.
        novelty_delta: in (0, 1].
        nsra_direction: "paper", or "inverted": stagnation lowers the weight of novelty and improvement raises it.
    """

    declared = MappingProxyType(DECLARED)

    def __init__(
        self,
        *,
        mean: F32,
        patience: int = 5,
        novelty_delta: float = 0.05,
        nsra_direction: str = "paper",
        **search: Any,
    ) -> None:
        """See the class."""
        if patience < 1:
            raise ArgumentError(f"patience must be at least 1 generation, got {patience}")
        if not 0.0 < novelty_delta <= 1.0:
            raise ArgumentError(f"novelty_delta must be in (0, 1], got {novelty_delta}")
        super().__init__(mean=mean, **search)
        self._patience = patience
        inverted = checked("direction of nsra", nsra_direction, DIRECTIONS) == "inverted"
        self._when_stagnant = -novelty_delta if inverted else novelty_delta

    def _weight(self, state: State, hp: Hyperparameters) -> float:
        return state.weight

    def _adapted(self, state: State, largest_return: float) -> State:
        if largest_return > state.best:
            weight = _bounded(state.weight - self._when_stagnant)
            return replace(state, weight=weight, best=largest_return, stagnant=0)
        stagnant = state.stagnant + 1
        change = self._when_stagnant if stagnant >= self._patience else 0.0
        return replace(state, weight=_bounded(state.weight + change), stagnant=stagnant)


def _bounded(weight: float) -> float:
    return min(1.0, max(0.0, weight))
