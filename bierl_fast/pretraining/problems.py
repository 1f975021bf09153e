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
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.table import make_strategy

MIS_SET = 30.0
FUNCTIONS = ("quadratic", "rosenbrock", "rastrigin", "ackley")
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


# "wide": further starts, noise that a pair's candidates share or do not, and tasks that fall over.
DISTRIBUTIONS = {
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
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One inner run that a meta-level is to control.

    Attributes:
        name: for people.
        evaluator: of its task, of one thread; shared by the runs side by side, so it has no statistics of its own.
        fresh: the strategy at its start.
        start: its hyperparameters, complete, and wrong.
        key: of its noise, generation 0.
        generations: how long it goes.
    """

    name: str
    evaluator: Evaluator
    fresh: Callable[[], Strategy]
    start: Hyperparameters
    key: NoiseKey
    generations: int


def sample(
    key: NoiseKey,
    index: int,
    tasks: Sequence[str],
    generations: int,
    distribution: str = "standard",
) -> Problem:
    """The problem at an address.

    Args:
        key: its generation is the round of training, its stream PRETRAIN.
        index: which problem of the round.
        tasks: names of native test functions and ids of native tasks to draw from; empty: the distribution's.
        generations: how long its inner run goes; the distribution's environment_generations at most with episodes.
        distribution: a name in DISTRIBUTIONS.
    """
    draw, drawn_from = Draws(key, index), lookup("distribution of problems", distribution, DISTRIBUTIONS)
    if tasks:
        name = draw.one_of(tasks)
    elif draw.uniform() < drawn_from.environment_share:
        name = draw.one_of(tuple(drawn_from.environments))
    else:
        name = draw.one_of(drawn_from.functions)
    if name in FUNCTIONS:
        made = _function(name, draw, drawn_from)
    else:
        made = _environment(name, draw, drawn_from)
        generations = min(generations, drawn_from.environment_generations)
    rate = made.start["learning_rate"]
    wrong = {
        "sigma": made.start["sigma"] * math.exp(draw.uniform(-1.0, 1.0) * math.log(MIS_SET)),
        "learning_rate": rate * math.exp(draw.uniform(-1.0, 1.0) * math.log(MIS_SET)),
    }
    address = NoiseKey(draw.integer(2**32), 0, key.stream)
    return Problem(name, made.evaluator, made.fresh, made.start.replace(**wrong), address, generations)


@dataclass(frozen=True, slots=True)
class _Made:
    evaluator: Evaluator
    fresh: Callable[[], Strategy]
    start: Hyperparameters  # sensible


def _function(name: str, draw: Draws, drawn_from: Distribution) -> _Made:
    dim = draw.one_of(DIMENSIONS)
    options: dict[str, Any] = {
        "rotation_seed": draw.integer(2**31),
        "shift_seed": draw.integer(2**31),
        "shift_radius": math.sqrt(dim) * 10.0 ** draw.uniform(*drawn_from.shift),
    }
    if name == "quadratic":
        options["condition"] = 10.0 ** draw.uniform(0.0, 5.0)
    noisy, magnitude, seed = draw.uniform() < drawn_from.noisy, 10.0 ** draw.uniform(-3.0, -0.3), draw.integer(2**31)
    plain = make_evaluator(name, dim=dim, task_kwargs=options, threads=1)
    start = plain.policy.initial_parameters(seed=seed)
    if noisy:
        options["noise"] = magnitude * abs(value_of(plain, start))
        plain.close()
        plain = make_evaluator(name, dim=dim, task_kwargs=options, threads=1)
    strategy = _strategy(draw, drawn_from, plain, seed, draw.one_of(POPULATIONS))
    return _Made(plain, strategy, _sensible(strategy(), sigma=0.15))


def _environment(name: str, draw: Draws, drawn_from: Distribution) -> _Made:
    hidden = draw.one_of(((), (16,), (32, 32)))
    evaluator = make_evaluator(
        name, hidden=hidden, obs_norm=False, episode_cap=drawn_from.environments.get(name), threads=1
    )
    strategy = _strategy(draw, drawn_from, evaluator, draw.integer(2**31), ENVIRONMENT_POPULATION)
    return _Made(evaluator, strategy, _sensible(strategy(), sigma=0.05))


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


def value_of(evaluator: Evaluator, theta: Any) -> float:
    """The return of one vector on a function without noise."""
    strategy = make_strategy("es", mean=theta, population=2)
    population = strategy.ask(Hyperparameters(sigma=1e-30), NoiseKey(0, 0))
    return float(evaluator.evaluate(population).returns_r[0])
