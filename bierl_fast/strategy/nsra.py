"""Novelty search with an adaptive weight: `nsra`.

    return of the centres -> better or stagnant -> weight of novelty w -> (1 - w) R + w N

Source: Conti et al. 2018, arXiv 1712.06560, algorithm 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from bierl_fast.messages import F32, Hyperparameters
from bierl_fast.names import choice
from bierl_fast.settings import FAR, Section, setting
from bierl_fast.strategy.novelty import DECLARED, NoveltySearch
from bierl_fast.strategy.novelty_state import State

DIRECTIONS = ("paper", "inverted")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagnationSettings(Section):
    """When `nsra` turns to novelty, and how fast."""

    title: ClassVar[str] = "nsra"

    patience: int = setting(
        5, "generations without a better return until the search turns to novelty", at_least=1, at_most=FAR
    )
    novelty_delta: float = setting(0.05, "by how much the weight of novelty moves", above=0.0, at_most=1.0)


class AdaptiveNoveltyAndReward(NoveltySearch):
    """`nsra`: the return alone at first; novelty gains weight while the return stagnates.

    The weight of novelty starts at 0 and stays in [0, 1]. While no centre has returned more than the best before for
    `patience` generations or longer, every generation raises it by `novelty_delta`; one in which a centre did lowers
    it by as much. The paper counts the stagnating generations anew after each change; novelty would then take hundreds
    of generations to lead. The weight is state, so novelty_weight is no hyperparameter here: a meta-level that is to
    move it goes with `nsr`.

    Args: those of NoveltySearch, and
        nsra_direction: "paper", or "inverted": stagnation lowers the weight of novelty and improvement raises it.
        own: NoveltySettings and StagnationSettings by name.
    """

    declared = MappingProxyType(DECLARED)

    def __init__(
        self,
        *,
        mean: F32,
        nsra_direction: str = "paper",
        **own: Any,
    ) -> None:
        """See the class."""
        settings = StagnationSettings.taken(own)
        super().__init__(mean=mean, **own)
        self._patience = settings.patience
        inverted = choice("direction of nsra", nsra_direction, DIRECTIONS, ["reference"]) == "inverted"
        self._when_stagnant = -settings.novelty_delta if inverted else settings.novelty_delta

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
