"""How a generation of antithetic candidates is laid out: pairs around a centre, those that ride, the centre's rows.

theta, hp, key -> Pairs.ask -> Population
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, I32, Hyperparameters, NoiseKey, Population
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.strategy.checks import require_even
from bierl_fast.strategy.riders import TPA, Riders

CRN = ("none", "pair", "population")


@public
@dataclass(frozen=True, slots=True)
class Pairs:
    """How a generation is laid out: candidates 2i and 2i + 1 are theta +- sigma * scale * eps(i).

    Not mirrored, candidate i is theta + sigma * scale * eps(i) and a pair of its own.

    Attributes:
        population: N candidates, even.
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.
        mirrored: antithetic pairs; False: independent candidates, each with noise of its own.
        riders: names of riders.RIDERS that stand in the place of the last pairs; see `board`.

    Raises:
        ArgumentError: an odd or small population, an unknown name (the nearest is offered), a count below its least,
            more riders than pairs, or riders without pairs.
    """

    population: int = 64
    crn: str = "pair"
    episodes: int = 1
    center_episodes: int = 0
    mirrored: bool = True
    riders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_even(self.population)
        choice("kind of common random numbers", self.crn, CRN, ["crn"])
        if self.episodes < 1 or self.center_episodes < 0:
            raise ArgumentError(
                "episodes_per_candidate must be at least 1 and center_episodes at least 0, "
                f"got {self.episodes} and {self.center_episodes}",
                ["episodes_per_candidate", "center_episodes"],
            )
        if self.riders and not self.mirrored:
            raise ArgumentError(
                "riders stand in antithetic pairs; with mirrored = false leave riders out", ["riders", "reference"]
            )
        _ = self._riders

    @property
    def _riders(self) -> Riders:
        return Riders(self.riders, self.population // 2)

    @property
    def along_step(self) -> bool:
        """Whether riders stand along the centre's last step, which a strategy then keeps in its state."""
        return TPA in self.riders

    def ask(
        self,
        theta: F32,
        hp: Hyperparameters,
        key: NoiseKey,
        candidates: int | None = None,
        scale: F32 | None = None,
    ) -> Population:
        """The rows of every candidate, then the centre's when `candidates` is not given.

        `scale` (P,) is the per-parameter factor of hp.sigma, None for ones.
        """
        count = self.population if candidates is None else require_even(candidates)
        center = self.center_episodes if candidates is None else 0
        candidate_r = np.repeat(np.arange(count, dtype=np.int32), self.episodes)
        pair_r, sign_r = candidate_r, np.ones_like(candidate_r)
        if self.mirrored:
            pair_r, sign_r = candidate_r // 2, 1 - 2 * (candidate_r % 2)
        episode_r, used = self._episode_rows(candidate_r, pair_r)
        center_r = np.arange(center, dtype=np.int32)
        rows = candidate_r.size + center
        return Population(
            base_bp=theta[None].copy(),
            base_r=np.zeros(rows, np.int32),
            sigma_r=np.full(rows, hp["sigma"], np.float32),
            noise_r=np.concatenate([pair_r, np.zeros(center, np.int32)]),
            sign_r=np.concatenate([sign_r, np.zeros(center)]).astype(np.int8),
            candidate_r=np.concatenate([candidate_r, np.full(center, -1, np.int32)]),
            episode_r=np.concatenate([episode_r, used + center_r]).astype(np.int32),
            hyperparameters=hp,
            key=key,
            scale_bp=None if scale is None else scale[None].copy(),
        )

    def board(self, population: Population, last_step: F32 | None, candidates: int | None = None) -> Population:
        """What `ask` gave with its riders; as it is where it was asked for another number of `candidates`."""
        return population if candidates is not None else self._riders.board(population, last_step)

    def check_top(self, top: int | None) -> int | None:
        """`top`, the pairs a shaping keeps; ArgumentError unless it is None or one of 1 .. N/2."""
        if top is not None and not 1 <= top <= self.population // 2:
            raise ArgumentError(f"top must be in [1, {self.population // 2}] pairs, got {top}", ["top", "population"])
        return top

    def kept(self, top: int | None, pairs: int) -> int:
        """How many of `pairs` pairs are kept: all for None, else the share that `top` is of N/2, at least one."""
        return pairs if top is None else max(1, round(top * pairs / (self.population // 2)))

    def _episode_rows(self, candidate_r: I32, pair_r: I32) -> tuple[I32, int]:
        """Reset streams of the candidates' rows, and the first stream that none of them uses."""
        repeat_r = np.arange(candidate_r.size, dtype=np.int32) % self.episodes
        if self.crn == "population":
            return repeat_r, self.episodes
        group_r = pair_r if self.crn == "pair" else candidate_r
        return group_r * np.int32(self.episodes) + repeat_r, (int(group_r[-1]) + 1) * self.episodes
