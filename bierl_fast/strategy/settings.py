"""The settings that several strategies take. What one alone takes stands beside its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.settings import LONG, MANY, Section, hyperparameter, option, setting
from bierl_fast.strategy.pairs import CRN
from bierl_fast.strategy.riders import RIDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings(Section):
    """Hyperparameters that strategies declare, and options of several strategies' constructors.

    A strategy takes those that its constructor names, with its own defaults where these leave them open.
    """

    title: ClassVar[str] = "strategy"

    population: int = option(
        64,
        "candidates per generation, in antithetic pairs",
        common=True,
        at_least=2,
        at_most=LONG,
        also=("pop", "pop_size", "popsize", "population_size", "n_pop", "lam", "num_candidates"),
    )
    sigma: float | None = hyperparameter(
        "noise standard deviation on policy parameters",
        common=True,
        above=0.0,
        also=("std", "stdev", "noise_std", "noise_stdev", "sigma_init", "init_std", "stdev_init", "noise"),
    )
    learning_rate: float | None = hyperparameter(
        "step size of the optimizer",
        common=True,
        above=0.0,
        also=("lr", "alpha", "step_size", "lrate", "stepsize", "center_learning_rate"),
    )
    momentum: float | None = hyperparameter(
        "of the optimizers that have one", at_least=0.0, at_most=1.0, also=("beta1", "b1")
    )
    scale_learning_rate: float | None = hyperparameter("step size of each parameter's own noise scale", at_least=0.0)
    weight_decay: float | None = hyperparameter(
        "shrinks the parameters at every update",
        at_least=0.0,
        also=("l2", "l2_coeff", "l2coeff", "wd", "weight_decay_coef"),
    )
    novelty_weight: float | None = hyperparameter(
        "share of novelty in the update, the rest is the return's", at_least=0.0, at_most=1.0
    )
    entropy_weight: float | None = hyperparameter(
        "of the policy's entropy in the fitness", also=("ent_coef", "entropy_coef", "entropy_bonus")
    )
    alive_offset: float | None = hyperparameter("subtracted from the fitness for every step lived")
    shaping: str | None = option(
        None,
        "how fitnesses become update weights (none: the strategy's)",
        also=("fitness_shaping", "ranking", "ranking_method", "utility", "rank_fitness"),
    )
    top: int | None = option(
        None,
        "pairs that shaping 'standardized' keeps (none: all)",
        at_least=1,
        at_most=MANY,
        also=("elite", "elites", "elite_ratio", "n_top", "num_top", "top_k", "n_elite"),
    )
    optimizer: str | None = option(
        None, "how the gradient becomes a step (none: the strategy's)", also=("opt", "optim", "optimiser")
    )
    crn: str = option(
        "pair",
        "who shares resets and action noise (common random numbers)",
        choices=CRN,
        also=("common_random_numbers", "same_seeds"),
    )
    episodes_per_candidate: int = option(
        1,
        "episodes averaged for each candidate",
        at_least=1,
        at_most=MANY,
        also=("n_episodes", "num_episodes", "episodes_per_eval", "rollouts", "n_rollouts", "episodes"),
    )
    riders: tuple[str, ...] = option(
        (),
        "candidates in the place of the last pairs that tell of the step or of sigma: tpa along the last step, "
        "sigma_probe at two sigmas",
        each=RIDERS,
    )
    center_episodes: int = option(1, "episodes of the centre that ride in every inner batch", at_least=0, at_most=MANY)
    log_std_noise_scale: float | None = setting(
        None, "factor of sigma for an evolved log_std (none: the strategy's, else 1)", above=0.0, left_open=1.0
    )
