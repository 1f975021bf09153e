"""Candidates that ride in a generation for what they tell of sigma and of the step; they cost no step of their own.

    Population of pairs -> Riders.board -> the last of its pairs stand elsewhere
    fitness (N,) -> told_in -> StrategyReport: tpa, probe_agreement, probe_slope
    weights (N,) -> injected -> (P,) what pairs along the last step add to the ascent

- `tpa`, two-point adaptation: pairs at the centre plus and minus its last step, which is cut or stretched to the length
  of a sample's noise. If plus is the better one, the last direction still leads up, and the step was too short; a step
  itself, where it is far too short, could not be told from none.
- `sigma_probe`: pairs of pairs on one noise row and the same resets, at sigma * f and at sigma / f, f the square root
  of 2. While the return is one slope over their reach, the two pairs' differences agree, and are as f * f is to 1.

In the update they count like any candidate: all share one shaping. A probe's weight stands on its noise row, as at
sigma itself; where the return is linear the two pairs together count as (f + 1 / f) / 2 = 1.06 ordinary ones each. A
pair along the last step adds its weight times its displacement in sigmas, over P: along its own direction that is what
an ordinary pair adds there on average, so that the sum of all still estimates the gradient. Its direction is no draw of
chance: over sqrt(P) times as much of the gradient lies along it as along noise, and with the whole displacement each
step would repeat the last one, a momentum that nobody set (on a sphere of 70 dimensions `es` under Adam was then at a
distance of 2.1 after 100 generations, with this at 0.8 as without riders). Of evolution paths and of each parameter's
own scale, which are compared with what chance gives, such a pair is no part.

Sources: Hansen 2008, "CMA-ES with two-point step-size adaptation", arXiv 0805.0231; Hansen, Atamna & Auger 2014, "How
to assess step-size adaptation mechanisms in randomised search", PPSN XIII; Hansen 2011, "Injecting external solutions
into CMA-ES", arXiv 1110.4181 (displacements of the length of noise).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, F64, I8, Bool, Population, StrategyReport
from bierl_fast.names import choice
from bierl_fast.strategy.signals import length

TPA, PROBE = "tpa", "sigma_probe"
RIDERS = (TPA, PROBE)
ORDINARY, ALONG_STEP, WIDE, NARROW = range(4)  # Population.riders_n
FACTOR = math.sqrt(2.0)  # f: wide and narrow are a factor of two apart, where their agreement was measured
PAIRS_PER_TPA = 32  # one pair along the last step for so many pairs; at least one
PAIRS_PER_PROBE = 16  # one probe, which is two pairs, for so many pairs; at least one


@dataclass(frozen=True, slots=True)
class Riders:
    """Which riders a population of N/2 pairs carries.

    Attributes:
        names: of RIDERS, each once.
        pairs: N/2.

    Raises:
        ArgumentError: an unknown name (the nearest is offered), one that stands twice, or more riders than leave an
            ordinary pair.
    """

    names: tuple[str, ...]
    pairs: int

    def __post_init__(self) -> None:
        """See the class."""
        for name in self.names:
            choice("rider", name, RIDERS, ["riders"])
        if len(set(self.names)) != len(self.names):
            raise ArgumentError(f"riders must name each rider once, got {list(self.names)}", ["riders"])
        if self.names and self.pairs <= self.tpa_pairs + 2 * self.probes:
            raise ArgumentError(
                f"riders {', '.join(self.names)} take {self.tpa_pairs + 2 * self.probes} antithetic pairs and leave at "
                f"least one ordinary pair, which needs {least(self.names)} candidates drawn in pairs, got "
                f"{2 * self.pairs}; raise population, or leave riders out",
                ["riders", "population"],
            )

    @property
    def tpa_pairs(self) -> int:
        """Pairs along the last step."""
        return max(1, self.pairs // PAIRS_PER_TPA) if TPA in self.names else 0

    @property
    def probes(self) -> int:
        """Probes, of two pairs each."""
        return max(1, self.pairs // PAIRS_PER_PROBE) if PROBE in self.names else 0

    def board(self, population: Population, last_step: F32 | None) -> Population:
        """`population`, whose candidates are all pairs, with riders in the place of its last pairs.

        Args:
            population: of N candidates around its first base.
            last_step: (P,) the centre's; where it is None, zero or too long to measure there are no pairs along it.
        """
        if not self.names:
            return population
        riders_n = np.zeros(population.candidates, np.int8)
        end = population.candidates
        if TPA in self.names and (displacement := _of_noise_length(population, last_step)) is not None:
            riders_n[end - 2 * self.tpa_pairs : end] = ALONG_STEP
            end -= 2 * self.tpa_pairs
            population = _along(population, displacement, _rows(population, riders_n == ALONG_STEP))
        for probe in range(self.probes):
            first = end - 4 * (probe + 1)
            riders_n[first : first + 4] = WIDE, WIDE, NARROW, NARROW
            population = _probing(population, first)
        return replace(population, riders_n=riders_n)


def least(names: Collection[str]) -> int:
    """Candidates of the smallest population that carries these riders and an ordinary pair."""
    return 2 * (int(TPA in names) + 2 * int(PROBE in names) + 1)


def _rows(population: Population, chosen_n: Bool) -> Bool:
    """(R,) the rows of these candidates."""
    return np.append(chosen_n, False)[population.candidate_r]  # the centre's rows have candidate -1: the last


def _of_noise_length(population: Population, last_step: F32 | None) -> F32 | None:
    """(P,) the step at the length of a sample's noise, sigma * sqrt(P) in units of each parameter's scale."""
    if last_step is None:
        return None
    scale_p = None if population.scale_bp is None else population.scale_bp[0]
    direction = last_step if scale_p is None else last_step / scale_p
    distance = length(direction)
    if not 0.0 < distance < math.inf:
        return None
    factor = float(population.sigma_r[0]) * math.sqrt(last_step.size) / distance
    return (last_step * factor).astype(np.float32)


def _along(population: Population, displacement: F32, row_r: Bool) -> Population:
    """Candidates of these rows stand at the first base plus and minus the displacement, in turn."""
    center, bases = population.base_bp[0], population.base_bp.shape[0]
    base_r, sign_r, noise_r = population.base_r.copy(), population.sign_r.copy(), population.noise_r.copy()
    base_r[row_r] = bases + population.candidate_r[row_r] % 2
    sign_r[row_r], noise_r[row_r] = 0, 0
    scale_bp = population.scale_bp
    return replace(
        population,
        base_bp=np.concatenate([population.base_bp, np.stack([center + displacement, center - displacement])]),
        scale_bp=None if scale_bp is None else np.concatenate([scale_bp, scale_bp[[0, 0]]]),
        base_r=base_r,
        sign_r=sign_r,
        noise_r=noise_r,
    )


def _probing(population: Population, first: int) -> Population:
    """The four candidates from `first` on are two pairs on the first one's noise row and resets, wide and narrow."""
    at = np.flatnonzero((population.candidate_r >= first) & (population.candidate_r < first + 4))
    wide, narrow = np.split(at, 2)
    sigma_r, noise_r, episode_r = population.sigma_r.copy(), population.noise_r.copy(), population.episode_r.copy()
    sigma_r[wide] *= np.float32(FACTOR)
    sigma_r[narrow] /= np.float32(FACTOR)
    noise_r[narrow], episode_r[narrow] = noise_r[wide], episode_r[wide]
    return replace(population, sigma_r=sigma_r, noise_r=noise_r, episode_r=episode_r)


def injected(population: Population, weight_n: F32) -> F32 | None:
    """(P,) what the pairs along the last step add to the sum of weight * noise; None without such pairs.

    In sigmas, each parameter's scale included, over P; see the module.
    """
    riders_n = population.riders_n
    if riders_n is None or not (riders_n == ALONG_STEP).any():
        return None
    weight = weight_n[: riders_n.size].astype(np.float64)
    pair_k = weight[0::2] - weight[1::2]
    total = float(pair_k[riders_n[0::2] == ALONG_STEP].sum()) / population.base_bp.shape[1]
    row = int(np.flatnonzero(_rows(population, padded(riders_n, population) == ALONG_STEP))[0])
    displacement = population.base_bp[population.base_r[row]] - population.base_bp[0]
    return np.asarray(np.float32(total / float(population.sigma_r[row])) * displacement, np.float32)


def padded(riders_n: I8, population: Population) -> I8:
    """(N,) with those behind the pairs, which are no riders."""
    return np.append(riders_n, np.zeros(population.candidates - riders_n.size, np.int8))


def told_in(report: StrategyReport, population: Population, fitness_n: F64 | F32, failed_n: Bool) -> StrategyReport:
    """`report` with what the riders say, by the fitness that the update climbs; a failed one counts as the worst."""
    riders_n = population.riders_n
    if riders_n is None or failed_n.all():
        return report
    worst = float(fitness_n[~failed_n].min())
    value_n = np.where(failed_n, worst, fitness_n)[: riders_n.size].astype(np.float64)
    value_n = value_n / (float(np.abs(value_n).max()) or 1.0)  # squares stay finite
    failed_k = failed_n[: riders_n.size][0::2] & failed_n[: riders_n.size][1::2]
    difference_k = value_n[0::2] - value_n[1::2]
    rider_k = riders_n[0::2]
    along = difference_k[(rider_k == ALONG_STEP) & ~failed_k]
    agreement, slope = _probed(difference_k[rider_k == WIDE], difference_k[rider_k == NARROW])
    spread = float(np.std(value_n[riders_n == ORDINARY]))
    lead = math.tanh(float(along.mean()) / spread) if along.size and spread > 0.0 else math.nan
    return replace(report, tpa=lead, probe_agreement=agreement, probe_slope=slope)


def _probed(wide_j: F64, narrow_j: F64) -> tuple[float, float]:
    """Agreement in [-1, 1], and ln(slope over the wide pairs / slope over the narrow ones); NaN where there is none."""
    wide, narrow = float(np.square(wide_j).sum()), float(np.square(narrow_j).sum())
    if not (wide > 0.0 and narrow > 0.0):
        return math.nan, math.nan
    agreement = float((wide_j * narrow_j).sum()) / math.sqrt(wide) / math.sqrt(narrow)
    return min(max(agreement, -1.0), 1.0), (math.log(wide) - math.log(narrow)) / 2.0 - 2.0 * math.log(FACTOR)
