"""Problems on another scale: whole runs of 20 to 300 generations, from starts up to a hundred times off.

    Draws -> LongRuns.sample -> Problem

Populations of 4 to 256; four strategies, with plain steps and with Adam's; functions of six kinds, one that never ends
and falls over; and tasks cut at 100 to 200 steps. Those of validation (VALIDATION) are other functions and other tasks
for the most part. Walker2d, Ant, Reacher and LunarLander, and functions in other units, are in neither: what is claimed
is to be shown on them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bierl_fast import kernels
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.table import make_evaluator
from bierl_fast.messages import Hyperparameters, NoiseKey, Stream
from bierl_fast.meta.draws import Draws
from bierl_fast.pretraining.landscapes import KEPT_APART, TRAINED_ON, Landscape
from bierl_fast.pretraining.problem import FUNCTIONS, Made, Noise, Problem, native_function
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.riders import least
from bierl_fast.strategy.table import make_strategy

FURTHEST = 100.0  # a start is off by, either way
SHORTEST = 20  # generations
EPISODE_STEPS = 12_000  # env steps of one inner run with episodes, more only where SHORTEST generations take more
SHIFT = (-1.0, 1.0)  # see problem.native_function; so is NOISY
NOISY = 0.6
DIMENSIONS = (5, 10, 20, 40, 100)
POPULATIONS = (4, 8, 16, 32, 64, 128, 256)
OF_EPISODES = (4, 8, 8, 16)
# By how often each is drawn. Without Adam's momentum a controller sees in one generation what its values do.
STRATEGIES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    *[("ars", {})] * 4,
    *[("es", {"optimizer": "gradient"})] * 3,
    ("es", {"optimizer": "adam"}),
    ("pgpe", {"optimizer": "gradient"}),
    ("snes", {}),
)


@dataclass(frozen=True, slots=True)
class LongRuns:
    """What problems are drawn from.

    Attributes:
        functions: native test functions.
        landscapes: others, by name.
        landscape_share: of them among functions.
        environments: ids of native tasks, and an episode's most env steps.
        environment_share: of the problems.
    """

    functions: tuple[str, ...]
    landscapes: Mapping[str, Landscape]
    landscape_share: float
    environments: Mapping[str, int]
    environment_share: float

    def sample(self, key: NoiseKey, draw: Draws, tasks: Sequence[str], longest: int, riders: Sequence[str]) -> Problem:
        """The problem that is drawn; see problems.sample. Its strategy carries the riders that its population holds."""
        if tasks:
            name = draw.one_of(tasks)
        elif draw.uniform() < self.environment_share:
            name = draw.one_of(tuple(self.environments))
        else:
            landscape = draw.uniform() < self.landscape_share
            name = draw.one_of(tuple(self.landscapes) if landscape else self.functions)
        generations = round(SHORTEST * (max(longest, SHORTEST) / SHORTEST) ** draw.uniform())
        if name in FUNCTIONS or name in self.landscapes:
            population = draw.one_of(POPULATIONS)
            made = self._function(name, draw, population, _carried(riders, population))
        else:
            population, cap = draw.one_of(OF_EPISODES), self.environments.get(name, 150)
            made = _environment(name, cap, draw, population, _carried(riders, population))
            generations = min(generations, max(SHORTEST, EPISODE_STEPS // (cap * (population + 1))))
        off = {name: _off(draw) for name in ("sigma", "learning_rate")}
        return made.problem(name, NoiseKey(draw.integer(2**32), 0, key.stream), min(generations, longest), **off)

    def _function(self, name: str, draw: Draws, population: int, riders: tuple[str, ...]) -> Made:
        dim = draw.one_of(DIMENSIONS)
        if name in self.landscapes:
            evaluator, seed = _landscape(self.landscapes[name], dim, draw), draw.integer(2**31)
        else:
            evaluator, seed = native_function(name, dim, draw, SHIFT, NOISY)
        return _made(evaluator, seed, draw, population, riders, sigma=0.15)


def _landscape(function: Landscape, dim: int, draw: Draws) -> Evaluator:
    options, noise = {"width": 10.0 ** draw.uniform(-0.7, 0.5)}, Noise.drawn(draw, NOISY)
    initial = kernels.normals(NoiseKey(noise.seed, 0, Stream.INITIAL), 0, dim)
    options["noise"] = noise.magnitude * max(1.0, abs(float(function(initial[None], **options)[0])))
    return make_evaluator(function, dim=dim, task_kwargs=options, vectorized=True, initial=initial, threads=1)


def _environment(name: str, cap: int, draw: Draws, population: int, riders: tuple[str, ...]) -> Made:
    evaluator = make_evaluator(
        name, hidden=draw.one_of(((), (16,), (32, 32))), obs_norm=False, episode_cap=cap, threads=1
    )
    made = _made(evaluator, draw.integer(2**31), draw, population, riders, sigma=0.05)
    # Half of the runs on a task that pays for being alive know of it, as they should.
    alive = 1.0 if name.startswith("Hopper") and draw.uniform() < 0.5 else 0.0
    return Made(made.evaluator, made.fresh, made.start.replace(alive_offset=alive)) if alive else made


def _made(evaluator: Evaluator, seed: int, draw: Draws, population: int, riders: tuple[str, ...], sigma: float) -> Made:
    mean = evaluator.policy.initial_parameters(seed=seed)
    name, fixed = draw.one_of(STRATEGIES)
    options = {**fixed, "crn": draw.one_of(("pair", "none")), "riders": riders}
    if name == "ars":
        options["top"] = max(1, population // draw.one_of((2, 4)))

    def fresh() -> Strategy:
        return make_strategy(name, mean=mean, population=population, center_episodes=1, **options)

    values = {name: spec.default for name, spec in fresh().declared.items()}
    # A step of half the noise, in each strategy's own units.
    rate = 0.5 if name == "snes" else sigma / 2.0
    return Made(evaluator, fresh, Hyperparameters(**{**values, "sigma": sigma, "learning_rate": rate}))


def _off(draw: Draws) -> float:
    """What a sensible value is multiplied by: half of the draws by up to 3, all by up to FURTHEST, either way."""
    drawn = draw.uniform(-1.0, 1.0)
    return math.exp(drawn * abs(drawn) * math.log(FURTHEST))


def _carried(riders: Sequence[str], population: int) -> tuple[str, ...]:
    """Those of the riders, from the first on, that leave an ordinary pair."""
    carried: tuple[str, ...] = ()
    for rider in riders:
        if least((*carried, rider)) <= population:
            carried = (*carried, rider)
    return carried


LONG = LongRuns(
    functions=FUNCTIONS,
    landscapes=TRAINED_ON,
    landscape_share=0.4,
    environments={
        "HalfCheetah-v5": 100,
        "Hopper-v5": 150,
        "Swimmer-v5": 150,
        "InvertedDoublePendulum-v5": 200,
        "InvertedPendulum-v5": 200,
    },
    environment_share=0.2,
)
# Chosen once, before any training. The kinds that the training has, too, stand here at other addresses.
VALIDATION = LongRuns(
    functions=("quadratic", "rastrigin"),
    landscapes=KEPT_APART,
    landscape_share=0.6,
    environments={"Pusher-v5": 100, "BipedalWalker-v3": 200, "Swimmer-v5": 200},
    environment_share=0.35,
)
