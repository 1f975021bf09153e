"""What a diagnosis is asked, and where its randomness comes from.

arguments -> Question.checked -> Question -> key -> NoiseKey
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bierl_fast.errors import ConfigError
from bierl_fast.messages import NoiseKey, Stream
from bierl_fast.run.api import FRESH_GENERATION
from bierl_fast.settings import LONG
from bierl_fast.values import check_rules, checked, typed

# Places among a question's addresses: two estimates, two generations for those that use one again, and behind them the
# generations of the continuations.
ESTIMATES, TOLD, LATER = (0, 1), (2, 3), 3


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, checked, with the addresses of its randomness.

    No run draws from the meta stream at these generations, so nothing here is what the run itself would draw; and the
    continuations share no noise with the estimate that they are to test.
    """

    proposals: int
    generations: tuple[int, ...]  # rising
    episodes: int
    seed: int

    @classmethod
    def checked(cls, proposals: int, generations: Sequence[int], episodes: int, seed: int) -> Question:
        """ConfigError names what cannot be."""
        whole = {"at_least": 1, "at_most": LONG}
        proposals = checked("proposals", proposals, int, {"at_least": 2, "at_most": LONG})
        episodes = checked("episodes", episodes, int, whole)
        seed = checked("seed", seed, int, {"at_least": 0, "at_most": 2**64 - 1})
        if proposals % 2:
            raise ConfigError(f"proposals must be even (antithetic pairs), got {proposals}", ["proposals"])
        later = typed("generations", generations, tuple[int, ...])
        for k in later:
            check_rules("each of generations", k, whole)
        if not later or len(set(later)) < len(later):
            raise ConfigError(f"generations must be one or more different numbers, got {list(later)}", ["generations"])
        return cls(proposals, tuple(sorted(later)), episodes, seed)

    def key(self, place: int) -> NoiseKey:
        """The address of a place: see ESTIMATES, TOLD, LATER."""
        return NoiseKey(self.seed, FRESH_GENERATION - place, Stream.META)
