"""The messages that cross a boundary, and nothing else does.

    NoiseKey, Hyperparameters -> Population -> EvaluationBatch -> StrategyReport -> GenerationReport

Shape letters: N candidates, R rows (one row is one episode), P policy parameters, B base vectors, O observation,
A action, H generations of history, M meta-candidates, D behavior descriptor, T transitions, W numbers in each of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import ArgumentError, ArgumentTypeError, shown
from bierl_fast.hyperparameters import Hyperparameters as Hyperparameters  # noqa: PLC0414 - for all who import messages
from bierl_fast.hyperparameters import HyperparameterSpec as HyperparameterSpec  # noqa: PLC0414 - likewise
from bierl_fast.public import public

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
Arrays = dict[str, NDArray[np.generic]]


class Stream(IntEnum):
    """Who draws. Each stream has its own noise, reset and action randomness; no two ever share an address.

    The kernels put the stream into a counter word of its own (csrc/bierl/core/address.hpp), so streams cannot collide.
    """

    INNER = 0  # the strategy's candidates
    META = 1  # candidates that judge the meta-level's proposals
    EVALUATION = 2  # reporting only
    PRETRAIN = 3  # warm start of the meta-level
    GENERATOR = 4  # perturbations of the meta-level's own weights
    INITIAL = 5  # initial policy parameters and initial generator weights
    TASK = 6  # what a task itself is made of: rotation and shift of a test function
    CENTER = 7  # which of several centres a strategy draws around

    @classmethod
    def _missing_(cls, value: object) -> Stream:
        raise ArgumentError(f"a stream is one of {', '.join(stream.name for stream in cls)}, got {shown(value)}")


@dataclass(frozen=True, slots=True)
class NoiseKey:
    """The address of one generation's randomness. Equal keys give equal bits on every thread and machine.

    Attributes:
        run_seed: 0 <= run_seed < 2**64.
        generation: 0 <= generation < 2**32.
        stream: who draws; 0 <= stream < 2**30, as its counter word also holds the purpose.
    """

    run_seed: int
    generation: int
    stream: Stream = Stream.INNER

    def __post_init__(self) -> None:
        for name in ("run_seed", "generation", "stream"):
            if not isinstance(getattr(self, name), int | np.integer):
                raise ArgumentTypeError(f"{name} must be an integer, got {type(getattr(self, name)).__name__}")
        if not 0 <= self.run_seed < 2**64:
            raise ArgumentError(f"run_seed must be in [0, 2**64), got {shown(self.run_seed)}")
        if not 0 <= self.generation < 2**32:
            raise ArgumentError(f"generation must be in [0, 2**32), got {shown(self.generation)}")
        if not 0 <= self.stream < 2**30:
            raise ArgumentError(f"stream must be in [0, 2**30), got {shown(int(self.stream))}")

    def with_stream(self, stream: Stream) -> NoiseKey:
        """The same generation's key in another stream."""
        return NoiseKey(self.run_seed, self.generation, stream)


@public(arrays=True)
@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Names of noise, not noise: row i runs base + sign * sigma * scale * eps(key, noise).

    `eps(key, noise)` is `bf.kernels.normals(key, noise, P)`. A row is ONE episode; a candidate on k episodes is k rows
    with the same `candidate` and different `episode`. Rows with equal `episode` share their reset and action noise.
    """

    base_bp: F32  # (B, P) base vectors, C order
    base_r: I32  # (R,) which base
    sigma_r: F32  # (R,) noise standard deviation, task parameters' units
    noise_r: I32  # (R,) noise row
    sign_r: I8  # (R,) -1, 0 or 1; 0 is the base itself
    candidate_r: I32  # (R,) which candidate; -1 marks the centre's reporting row
    episode_r: I32  # (R,) reset stream
    hyperparameters: Hyperparameters
    key: NoiseKey
    scale_bp: F32 | None = None  # (B, P) per-parameter factor of sigma, or None for ones
    whole: bool = False  # whether episodes run to the end that the task itself sets, whatever the evaluator's cap
    riders_n: I8 | None = None  # which of the first candidates ride, and as what: strategy/riders.py; None: none do

    @property
    def rows(self) -> int:
        """R, the number of episodes."""
        return int(self.base_r.shape[0])

    @property
    def candidates(self) -> int:
        """N, the number of candidates (the centre's row is not one)."""
        return int(self.candidate_r.max(initial=-1)) + 1


def concatenate(populations: Sequence[Population]) -> Population:
    """One wide population: the rows of each in turn, riders among them. Bases that are the same array are kept once.

    Raises:
        ArgumentError: no populations, or they differ in key, in having per-parameter scales or in being whole.
    """
    if not populations:
        raise ArgumentError("concatenate needs at least one population, got none")
    first = populations[0]
    kind = (first.key, first.whole, first.scale_bp is None)
    if any((p.key, p.whole, p.scale_bp is None) != kind for p in populations):
        raise ArgumentError(
            "populations to be evaluated together must share one key, and all or none be whole and have scale_bp"
        )
    shared = list({id(p.base_bp): p for p in populations}.values())
    starts = np.cumsum([0, *(p.base_bp.shape[0] for p in shared[:-1])])
    offsets = {id(p.base_bp): start for p, start in zip(shared, starts, strict=True)}

    def stack(arrays: Sequence[F32]) -> F32:
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    return Population(
        base_bp=stack([p.base_bp for p in shared]),
        base_r=np.concatenate([p.base_r + np.int32(offsets[id(p.base_bp)]) for p in populations]),
        sigma_r=np.concatenate([p.sigma_r for p in populations]),
        noise_r=np.concatenate([p.noise_r for p in populations]),
        sign_r=np.concatenate([p.sign_r for p in populations]),
        candidate_r=np.concatenate([p.candidate_r for p in populations]),
        episode_r=np.concatenate([p.episode_r for p in populations]),
        hyperparameters=first.hyperparameters,
        key=first.key,
        scale_bp=None if first.scale_bp is None else stack([p.scale_bp for p in shared if p.scale_bp is not None]),
        whole=first.whole,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Observation statistics by row: what `absorb` merges, in row order."""

    count_r: F64  # (R,) observations seen
    mean_ro: F64  # (R, O)
    m2_ro: F64  # (R, O) sum of squared differences from the row's mean


@dataclass(frozen=True, slots=True)
class Network:
    """What a policy is, apart from its parameters, for a strategy that learns one by gradient too.

    Its flat parameters (P,) are weights (inputs, outputs) and bias of each layer in turn.
    """

    sizes: tuple[int, ...]  # layer sizes from O to A
    activation: str  # of the hidden layers: "tanh" or "relu"
    squash: str  # how outputs enter the action box: "clip", "tanh" or "none"
    low: tuple[float, ...]  # (A,) the action box
    high: tuple[float, ...]

    @property
    def parameter_count(self) -> int:
        """P of the layers alone."""
        return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(self.sizes))


@public(arrays=True)
@dataclass(frozen=True, slots=True, eq=False)
class EvaluationBatch:
    """Row i answers row i of the population."""

    returns_r: F64  # (R,) summed reward, task units, higher is better
    lengths_r: I32  # (R,) environment steps taken
    failed_r: Bool  # (R,) the episode diverged or raised; ranks last
    behaviour_rd: F64 | None = None  # (R, D)
    entropy_r: F64 | None = None  # (R,) mean policy entropy per step over that of the starting policy, nats
    moments: Moments | None = None
    key: NoiseKey | None = None  # the population's key: only inner batches are absorbed
    # (T, W) every step of the rows that did not fail, in row order: observation (O) as the task gave it, action (A),
    # reward, next observation (O), terminated (1 or 0; a time limit does not terminate). None: not recorded.
    transitions_tw: F32 | None = None
    lost_steps: int = 0  # environment steps of attempts that failed and were run again
    failure: str | None = None  # of the first row that failed: which it was and why, where that is known

    @property
    def steps(self) -> int:
        """Environment steps that were taken for it: of all rows, and of what was lost."""
        return int(self.lengths_r.sum(dtype=np.int64)) + self.lost_steps

    def part(self, start: int, stop: int) -> EvaluationBatch:
        """The rows [start, stop), without observation moments, transitions and lost steps."""
        rows = slice(start, stop)
        return EvaluationBatch(
            returns_r=self.returns_r[rows],
            lengths_r=self.lengths_r[rows],
            failed_r=self.failed_r[rows],
            behaviour_rd=None if self.behaviour_rd is None else self.behaviour_rd[rows],
            entropy_r=None if self.entropy_r is None else self.entropy_r[rows],
            key=self.key,
        )


@public
@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedGeneration:
    """A generation that was evaluated, for a meta-level that uses it again."""

    population: Population
    batch: EvaluationBatch
    before: Arrays  # the strategy's state when it was drawn

    @staticmethod
    def required(generation: EvaluatedGeneration | None, by: str) -> EvaluatedGeneration:
        """`generation`; ArgumentError that says how to make one where it is missing."""
        if generation is None:
            raise ArgumentError(
                f"{by} needs the generation just evaluated: give improve(..., generation=EvaluatedGeneration("
                "population, batch, before)), where before is the strategy's state() from before its tell"
            )
        return generation


@dataclass(frozen=True, slots=True)
class StrategyReport:
    """What one `tell` did."""

    mean_return: float  # over candidates that did not fail, task units
    max_return: float
    center_return: float  # of the centre's own row; nan where the population had none
    returns_n: F64  # (N,) mean return of each candidate
    failed_n: Bool  # (N,)
    update_norm: float  # |theta' - theta|
    longest_episode: int  # env steps of the longest row
    center: int = 0  # which of the strategy's centres the candidates were drawn around
    path_ratio: float = math.nan  # length of the centre's path over what chance gives; nan where there is no path
    alignment: float = math.nan  # of this generation's direction with the path before it; N(0, 1) by chance
    odd_share: float = math.nan  # how much of the returns changes sign with the noise, in [-1, 1]; see strategy/signals
    step_ratio: float = math.nan  # update_norm over the expected length of a candidate's noise
    noise_std: float = math.nan  # of a candidate's parameters around the middle of all; sigma, or what it has become
    path_rate: float = 0.0  # by how much ln(step size) should move for each unit of path_ratio - 1
    tpa: float = math.nan  # whether the last step's direction still leads up, in [-1, 1]; nan without such a rider
    probe_agreement: float = math.nan  # of pairs at two sigmas on the same noise, in [-1, 1]; nan without such a rider
    probe_slope: float = math.nan  # ln(slope over the wider one's reach / over the narrower one's)


@public
@dataclass(frozen=True, slots=True)
class GenerationReport:
    """What one generation did: the run's metrics and the meta-level's history read this."""

    generation: int
    inner_steps: int  # of this generation
    strategy: StrategyReport
    hyperparameters: Hyperparameters  # as used in this generation
    seconds: Mapping[str, float] = field(default_factory=dict)  # per phase


@dataclass(frozen=True, slots=True)
class MetaReport:
    """What one meta-update did and cost."""

    steps: int  # environment steps of every row it evaluated
    failures: int  # rows that failed
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    adopt: Arrays | None = None  # the state that the run's strategy is to load
