"""The learning partner of `esac`: actor and flat policy are one function, what it learns, and from what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import assert_same_state, key
from strategy.actor_critic import NETWORK, START, learn, make, transitions

import bierl_fast as bf
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.strategy.esac import EvolutionWithActorCritic
from bierl_fast.strategy.sac import SacSettings, SoftActorCritic


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden", [(), (5,), (16, 8)])
@pytest.mark.parametrize("task", ["Hopper-v5", "InvertedPendulum-v5", "Pusher-v5"])
def test_the_actor_is_the_policy(task: str, hidden: tuple[int, ...], activation: str) -> None:
    """Same weights, same actions; boxes of +-1, +-3 and +-2.

    Both are float32. Sums of at most 23 products of order 1 in two orders: 23 * 2**-24; tanh of two libraries: a few
    ulp; together below 1e-5 of the box.
    """
    evaluator = bf.make_evaluator(task, hidden=hidden, activation=activation, squash="tanh", obs_norm=False, threads=1)
    policy = evaluator.policy
    assert isinstance(policy, MlpPolicy)
    rng = np.random.default_rng(0)
    theta = (rng.normal(size=policy.parameter_count) / 2).astype(np.float32)
    partner = SoftActorCritic(policy.network, theta, SacSettings(replay_size=10))
    np.testing.assert_array_equal(partner.actor, theta)
    observations = rng.normal(size=(50, policy.network.sizes[0])).astype(np.float32)
    compiled = np.stack([policy.with_parameters(theta).act(o.astype(np.float64)) for o in observations])
    box = policy.network.high[0] - policy.network.low[0]
    assert np.ptp(compiled) > 0.2 * box
    np.testing.assert_allclose(partner.act(observations), compiled, rtol=0, atol=1e-5 * box)


def test_it_still_is_after_learning() -> None:
    strategy = make(sac_batch=16, sac_updates=1.0)
    learn(strategy, range(2))
    assert np.abs(strategy.actor - START).max() > 1e-3
    spec_free = SoftActorCritic(NETWORK, strategy.actor, SacSettings(replay_size=10))
    observations = transitions(9, 20)[:, :4].copy()
    np.testing.assert_array_equal(spec_free.act(observations), strategy._partner.act(observations))


def test_learning_sees_actions_as_the_actor_makes_them() -> None:
    """The corners of the box are -1 and 1 to the learner, whatever the box: acting and learning share one scale."""
    network = replace(NETWORK, low=tuple(range(-10, 0)), high=tuple(range(1, 11)))
    partner = SoftActorCritic(network, START, SacSettings(replay_size=10, batch=1, updates=1.0))
    steps = transitions(0, 3)
    steps[:, 4:14] = np.stack([network.low, network.high, (np.array(network.low) + network.high) / 2])
    seen: list[Any] = []
    model: Any = partner._model
    model.train = lambda **_: seen.append(model.replay_buffer.sample(60))
    partner.learn(steps, key(0))
    (batch,) = seen
    # Quotients of small integers in float32.
    np.testing.assert_allclose(np.unique(batch.actions.numpy().round(6)), [-1.0, 0.0, 1.0], rtol=0, atol=1e-6)
    assert set(batch.dones.numpy().ravel()) <= {0.0, 1.0}


@pytest.mark.slow
def test_a_time_limit_is_no_failure_to_the_critic() -> None:
    """One state, reward 1 for ever: worth 1 / (1 - discount) = 2 unless it terminates, where it is worth 1.

    1,500 steps of Adam at 3e-3 take the entropy coefficient to e**-4.5 and each value to within a tenth.
    """
    values = []
    for terminated in (0.0, 1.0):
        network = replace(NETWORK, sizes=(1, 1), low=(-1.0,), high=(1.0,))
        settings = SacSettings(replay_size=8, batch=8, updates=1500 / 8, learning_rate=3e-3, discount=0.5)
        partner = SoftActorCritic(network, np.zeros(2, np.float32), settings)
        partner._model.target_entropy = -1e9  # drives the entropy coefficient to zero
        action = np.linspace(-1, 1, 8)
        steps = np.stack([np.ones(8), action, np.ones(8), np.ones(8), np.full(8, terminated)], axis=1)
        partner.learn(steps.astype(np.float32), key(0))
        import torch

        with torch.no_grad():
            value = partner._model.critic(torch.ones(1, 1), torch.zeros(1, 1))
        values.append(float(value[0]))
    assert values == pytest.approx([2.0, 1.0], abs=0.1)


def test_nothing_depends_on_torchs_threads_or_generator() -> None:
    import torch

    states = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            torch.manual_seed(threads)
            strategy = make(sac_batch=64, sac_updates=0.25)
            generator = torch.get_rng_state()
            learn(strategy, range(3))
            assert torch.equal(generator, torch.get_rng_state())
            assert torch.get_num_threads() == threads
            states.append(strategy)
    finally:
        torch.set_num_threads(before)
    assert_same_state(*states)


def test_seeds_and_keys_change_what_is_learned() -> None:
    def critic(strategy: EvolutionWithActorCritic) -> bytes:
        return next(a for n, a in strategy.state().items() if n.startswith("sac_policy/critic")).tobytes()

    one, other = make(seed=0), make(seed=1)
    assert critic(one) != critic(other)
    assert critic(one) == critic(make(seed=0))


def test_too_few_transitions_are_remembered_but_not_learned_from() -> None:
    strategy = make(sac_batch=100, sac_updates=1.0)
    learn(strategy, range(2))  # 80 transitions
    np.testing.assert_array_equal(strategy.actor, START)
    learn(strategy, range(2, 3))
    assert (strategy.actor != START).any()


def test_no_fraction_of_a_gradient_step_is_lost() -> None:
    """0.04 steps for each of 40 transitions: 1, 2, 1, 2, 2, ... whole ones; the sum is that of all."""
    partner = SoftActorCritic(NETWORK, START, SacSettings(replay_size=1000, batch=1, updates=0.04))
    steps = [partner.learn(transitions(generation, 40), key(generation)) for generation in range(10)]
    assert steps[:5] == [1, 2, 1, 2, 2]
    assert sum(steps) == 16
