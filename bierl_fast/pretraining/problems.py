"""Cheap tasks to train a meta-level on: test functions and short episodes, from starts that are badly set.

    NoiseKey, index -> Problem: evaluator, a fresh strategy, wrong hyperparameters, generations

A problem is a pure function of its address. sigma and learning rate begin up to MIS_SET times too small or too large,
each by itself, so a meta-level learns to find them rather than to leave them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.table import make_evaluator
from bierl_fast.messages import Hyperparameters, NoiseKey
from bierl_fast.meta.draws import Draws
from bierl_fast.names import lookup
from bierl_fast.pretraining.long_runs import LONG, LongRuns
from bierl_fast.pretraining.problem import FUNCTIONS, Made, Problem, native_function
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.table import make_strategy

MIS_SET = 30.0
DIMENSIONS = (10, 20, 40, 100)
POPULATIONS = (8, 16, 32, 64)
ENVIRONMENT_POPULATION = 8


@dataclass(frozen=True, slots=True)
class Distribution:
    """What problems are drawn from.

    Attributes:
        functions: native test functions; one that stands here twice is drawn twice as often.
        noisy: share of the functions with noise.
        shift: powers of ten between which the root mean square distance of a coordinate from its optimum is drawn.
        environments: ids of native tasks, and an episode's env steps. Few show: a start decides on a pendulum, and a
            swimmer's gait shows within some dozens.
        environment_share: of the problems. An episode costs what thousands of function calls do, so there are few of
            them, and short runs.
        environment_generations: how long those are at most.
        adam: share of the strategies that are `es` with Adam; the others are `ars`, with its plain step: a controller
            is to serve both.
        crn: kinds of common random numbers of the strategies.
    """

    functions: tuple[str, ...]
    noisy: float
    shift: tuple[float, float]
    environments: Mapping[str, int]
    environment_share: float
    environment_generations: int
    adam: float
    crn: tuple[str, ...]


# "wide": further starts, noise that a pair's candidates share or do not, and tasks that fall over. "long" is
# long_runs.py's.
DISTRIBUTIONS: dict[str, Distribution | LongRuns] = {
    "standard": Distribution(
        functions=("quadratic", "quadratic", "quadratic", "rosenbrock", "rastrigin", "ackley"),
        noisy=0.6,
        shift=(-1.0, 0.5),
        environments={
            "InvertedPendulum-v5": 100,
            "InvertedDoublePendulum-v5": 100,
            "Reacher-v5": 50,
            "Swimmer-v5": 50,
        },
        environment_share=0.15,
        environment_generations=25,
        adam=0.7,
        crn=("pair",),
    ),
    "wide": Distribution(
        functions=("quadratic", "quadratic", "rosenbrock", "rastrigin", "ackley", "ackley"),
        noisy=0.6,
        shift=(-1.0, 1.0),
        environments={"InvertedDoublePendulum-v5": 200, "Swimmer-v5": 100, "Hopper-v5": 100, "Walker2d-v5": 100},
        environment_share=0.12,
        environment_generations=40,
        adam=0.5,
        crn=("pair", "none"),
    ),
    "long": LONG,
}


def sample(
    key: NoiseKey,
    index: int,
    tasks: Sequence[str],
    generations: int,
    distribution: str = "standard",
    riders: Sequence[str] = (),
) -> Problem:
    """The problem at an address.

    Args:
        key: its generation is the round of training, its stream PRETRAIN.
        index: which problem of the round.
        tasks: names of native test functions and ids of native tasks to draw from; empty: the distribution's.
        generations: how long its inner run goes; the distribution's environment_generations at most with episodes, and
            of LongRuns up to so long.
        distribution: a name in DISTRIBUTIONS.
        riders: that its strategy carries, of LongRuns as far as its population holds them.
    """
    draw, drawn_from = Draws(key, index), lookup("distribution of problems", distribution, DISTRIBUTIONS)
    if isinstance(drawn_from, LongRuns):
        return drawn_from.sample(key, draw, tasks, generations, riders)
    if tasks:
        name = draw.one_of(tasks)
    elif draw.uniform() < drawn_from.environment_share:
        name = draw.one_of(tuple(drawn_from.environments))
    else:
        name = draw.one_of(drawn_from.functions)
    if name in FUNCTIONS:
        evaluator, seed = native_function(name, draw.one_of(DIMENSIONS), draw, drawn_from.shift, drawn_from.noisy)
        strategy = _strategy(draw, drawn_from, evaluator, seed, draw.one_of(POPULATIONS))
        made = Made(evaluator, strategy, _sensible(strategy(), sigma=0.15))
    else:
        made = _environment(name, draw, drawn_from)
        generations = min(generations, drawn_from.environment_generations)
    off = {name: math.exp(draw.uniform(-1.0, 1.0) * math.log(MIS_SET)) for name in ("sigma", "learning_rate")}
    address = NoiseKey(draw.integer(2**32), 0, key.stream)
    return made.problem(name, address, generations, **off)


def _environment(name: str, draw: Draws, drawn_from: Distribution) -> Made:
    hidden = draw.one_of(((), (16,), (32, 32)))
    evaluator = make_evaluator(
        name, hidden=hidden, obs_norm=False, episode_cap=drawn_from.environments.get(name), threads=1
    )
    strategy = _strategy(draw, drawn_from, evaluator, draw.integer(2**31), ENVIRONMENT_POPULATION)
    return Made(evaluator, strategy, _sensible(strategy(), sigma=0.05))


def _strategy(
    draw: Draws, drawn_from: Distribution, evaluator: Evaluator, seed: int, population: int
) -> Callable[[], Strategy]:
    """`es` with Adam, or `ars`."""
    mean = evaluator.policy.initial_parameters(seed=seed)
    name = "es" if draw.uniform() < drawn_from.adam else "ars"
    options: dict[str, Any] = {"top": max(1, population // 4)} if name == "ars" else {}
    # What leaves no choice takes no draw: all that is drawn after it would be another.
    options["crn"] = draw.one_of(drawn_from.crn) if len(drawn_from.crn) > 1 else drawn_from.crn[0]
    return lambda: make_strategy(name, mean=mean, population=population, center_episodes=1, **options)


def _sensible(strategy: Strategy, sigma: float) -> Hyperparameters:
    """A step of half the noise, whatever the strategy; it only has to be the middle of what is drawn."""
    values = {name: spec.default for name, spec in strategy.declared.items()}
    return Hyperparameters(**{**values, "sigma": sigma, "learning_rate": sigma / 2.0})
