"""The strategy `esac` on a small network, with transitions that look like a task's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from helpers.sphere import P, evaluate, key

from bierl_fast.messages import F32, EvaluationBatch, Hyperparameters, Network, Population
from bierl_fast.strategy.esac import EvolutionWithActorCritic

NETWORK = Network(sizes=(4, 4, 10), activation="tanh", squash="tanh", low=(-2.0,) * 10, high=(3.0,) * 10)
START: F32 = np.linspace(-1, 2, P).astype(np.float32)
HP = Hyperparameters(sigma=0.1, learning_rate=0.1)


def make(**options: Any) -> EvolutionWithActorCritic:
    return EvolutionWithActorCritic(**{"mean": START, "network": NETWORK, "population": 16, **options})


def transitions(generation: int, count: int) -> F32:
    """Steps that look like a task's: observations and actions of order 1, a reward that depends on both."""
    rng = np.random.default_rng(generation)
    before, after = rng.normal(size=(2, count, 4))
    action = rng.uniform(-2, 3, (count, 10))
    reward = before[:, :1] * action[:, :1] + action[:, 1:2]
    return np.concatenate([before, action, reward, after, rng.random((count, 1)) < 0.1], axis=1).astype(np.float32)


def answered(population: Population, count: int = 40) -> EvaluationBatch:
    return replace(evaluate(population), transitions_tw=transitions(population.key.generation, count))


def learn(strategy: EvolutionWithActorCritic, generations: range) -> None:
    for generation in generations:
        population = strategy.ask(HP, key(generation))
        strategy.tell(population, answered(population))
