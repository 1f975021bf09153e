"""The strategy `esac`: what its population is made of, its winners, its mutation, its state."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, assert_same_population, assert_same_state, evaluate, key, train
from strategy.actor_critic import HP, NETWORK, answered, learn, make

import bierl_fast as bf
from bierl_fast import kernels


def test_population() -> None:
    """Pairs alone first; then pairs, crossovers, the actor and the centre's row, each on a reset of its own."""
    strategy = make(center_episodes=2, episodes_per_candidate=2, winner_share=0.2)
    first = strategy.ask(HP, key(0))
    assert (first.candidates, first.rows) == (16, 34)
    assert np.count_nonzero(first.sign_r) == 32
    learn(strategy, range(1))
    population = strategy.ask(HP, key(1))
    assert (population.candidates, population.rows) == (16, 34)
    assert population.candidate_r.tolist() == [n for n in range(16) for _ in range(2)] + [-1, -1]
    assert population.sign_r.tolist() == [1, 1, -1, -1] * 6 + [0] * 10
    assert population.base_r.tolist() == [0] * 24 + [1, 1, 2, 2, 3, 3, 4, 4] + [0, 0]
    assert population.episode_r.tolist() == [e for p in range(6) for e in (2 * p, 2 * p + 1) * 2] + list(range(12, 22))
    np.testing.assert_array_equal(population.base_bp[0], strategy.mean)
    np.testing.assert_array_equal(population.base_bp[-1], strategy.actor)
    small = strategy.ask(HP, key(1), candidates=4)
    assert (small.candidates, small.rows) == (4, 8)
    assert np.count_nonzero(small.sign_r) == 8


@pytest.mark.parametrize(
    ("crn", "episodes"),
    [("none", list(range(9))), ("pair", [0, 0, 1, 1, 2, 2, 3, 4, 5]), ("population", [0] * 8 + [1])],
)
def test_common_random_numbers(crn: str, episodes: list[int]) -> None:
    """Eight candidates, one of them a crossover and one the actor; then the centre, on an episode of its own."""
    strategy = make(population=8, crn=crn, winner_share=0.0, center_episodes=1)
    learn(strategy, range(1))
    assert strategy.ask(HP, key(1)).episode_r.tolist() == episodes


def test_winners_are_the_best_whatever_they_are_and_crossovers_take_whole_units() -> None:
    strategy = make(winner_share=0.3)
    learn(strategy, range(2))
    population = strategy.ask(HP, key(2))
    batch = answered(population)
    batch.returns_r[15] = 1.0  # the actor, above every other
    batch.returns_r[3], batch.failed_r[3] = 99.0, True
    strategy.tell(population, batch)
    winners = np.asarray(strategy.state()["winners"])
    assert winners.shape == (5, P)
    np.testing.assert_array_equal(winners[0], population.base_bp[-1])
    order = np.argsort(-np.where(batch.failed_r, -np.inf, batch.returns_r))
    second = int(order[1])
    ran = kernels.perturb(
        population.base_bp[population.base_r[second]],
        float(population.sigma_r[second]),
        population.key,
        int(population.noise_r[second]),
        int(population.sign_r[second]),
    )
    np.testing.assert_array_equal(winners[1], ran)
    children = strategy.ask(HP, key(3)).base_bp[1:-1]
    assert children.shape == (5, P)
    shares = []
    for child, winner in zip(children, winners, strict=True):
        from_winner = child == winner
        assert (from_winner | (child == strategy.mean)).all()
        hidden, output = from_winner[:20].reshape(5, 4), from_winner[20:].reshape(5, 10)  # weights, then bias
        for layer in (hidden, output):
            np.testing.assert_array_equal(layer, np.broadcast_to(layer[0], layer.shape))
        shares.append(np.concatenate([hidden[0], output[0]]).mean())
    assert 0.0 < np.mean(shares) < 1.0
    assert len({child.tobytes() for child in children}) == 5


def test_few_winners_have_several_children() -> None:
    """Three of four candidates failed, of a population smaller than usual: the one that is left is every parent."""
    strategy = make()
    population = strategy.ask(HP, key(0), candidates=4)
    strategy.tell(population, evaluate(population, failed=(0, 1, 3)))
    (winner,) = np.asarray(strategy.state()["winners"])
    following = strategy.ask(HP, key(1))
    assert following.candidates == 16
    children = following.base_bp[1:-1]
    assert ((children == winner) | (children == strategy.mean)).all()
    assert len({child.tobytes() for child in children}) == len(children) == 7
    strategy.load(strategy.state())
    assert_same_population(following, strategy.ask(HP, key(1)))


def test_a_better_actor_draws_the_centre_towards_itself() -> None:
    """All returns equal but the actor's: the step is along its displacement, cut to the length of noise."""
    strategy = make(optimizer="gradient", winner_share=0.0, mutation_clip=0.0)
    learn(strategy, range(1))
    strategy._partner.actor = strategy.mean + np.float32(5.0)  # much further than sigma * sqrt(P)
    population = strategy.ask(HP, key(1))
    returns_r = np.zeros(16)
    returns_r[-1] = 1.0
    before = strategy.mean
    strategy.tell(population, replace(evaluate(population), returns_r=returns_r, entropy_r=None))
    # Pairs of equal weight cancel, the crossover is below the middle; a few roundings of order 1.
    step = (strategy.mean - before) / 0.1
    np.testing.assert_allclose(step, np.full(P, kernels.centered_rank_utilities(returns_r)[15]), rtol=0, atol=1e-5)
    returns_r[-1] = -1.0
    before = strategy.mean
    strategy.tell(population, replace(evaluate(population), returns_r=returns_r, entropy_r=None))
    assert np.abs(strategy.mean - before).max() < 0.1 / 16  # a worse one does not push it away


def test_mutation_grows_with_the_best_mutants_rank_and_never_beyond_the_clip() -> None:
    """0.1 / (16 * 0.1) * 0.5**2 / 2 = 1 / 128 without a clip, when a mutant is the best of 16."""
    for clip, growth in ((1.0, 1 / 128), (1e-3, 1e-3), (0.0, 0.0)):
        strategy = make(mutation_clip=clip)
        population = strategy.ask(HP, key(0))
        strategy.tell(population, evaluate(population))
        assert strategy.mutation == pytest.approx(1 + growth / 0.1, rel=1e-6)  # sigma is float32
        after = strategy.ask(HP, key(1))
        np.testing.assert_allclose(after.sigma_r, 0.1 + growth, rtol=1e-6)
        assert after.hyperparameters["sigma"] == 0.1


def test_mutation_reads_ranks_alone() -> None:
    """A thousandfold return changes nothing; mutants below the middle stop it, and it never shrinks."""
    growths = []
    for scale in (1.0, 1000.0):
        strategy = make(mutation_clip=1.0)
        population = strategy.ask(HP, key(0))
        batch = evaluate(population)
        strategy.tell(population, replace(batch, returns_r=scale * batch.returns_r))
        growths.append(strategy.mutation)
    assert growths[0] == growths[1]
    population = strategy.ask(HP, key(1))
    returns_r = np.where(population.sign_r == 0, 1.0, 0.0)  # 8 of 16 without noise, all above
    strategy.tell(population, replace(evaluate(population), returns_r=returns_r))
    assert strategy.mutation == growths[1]


@pytest.mark.slow
def test_resume_with_a_partner_that_learns_equals_uninterrupted() -> None:
    """A ring that turns, optimizers with moments, an entropy coefficient on its way."""
    options = {"replay_size": 90, "sac_batch": 16, "sac_updates": 0.25}
    whole, first, second = make(**options), make(**options), make(**options)
    learn(whole, range(6))
    learn(first, range(4))
    saved = first.state()
    learn(first, range(4, 5))  # the saved arrays are copies
    second.load(saved)
    learn(second, range(4, 6))
    assert_same_state(whole, second)
    assert len(whole._partner.replay) == 90
    assert_same_population(whole.ask(HP, key(6)), second.ask(HP, key(6)))


def test_transitions_of_another_task_change_nothing() -> None:
    strategy, untouched = make(), make()
    population = strategy.ask(HP, key(0))
    with pytest.raises(ValueError, match=r"transitions must be .* shape \(any, 20\), got shape \(5, 19\)"):
        strategy.tell(population, replace(evaluate(population), transitions_tw=np.zeros((5, 19), np.float32)))
    assert_same_state(strategy, untouched)


@pytest.mark.parametrize("name", ["sac_replay", "winners", "sac_log_alpha", "sac_policy/actor.mu.weight"])
def test_a_damaged_state_changes_nothing(name: str) -> None:
    strategy, untouched = make(), make()
    learn(strategy, range(1))
    state = strategy.state()
    with pytest.raises(ValueError, match="the strategy's arrays must be"):
        untouched.load({other: array for other, array in state.items() if other != name})
    with pytest.raises(ValueError, match=name):
        untouched.load({**state, name: np.zeros((3, 3, 3), np.float32)})
    assert_same_state(untouched, make())


def test_without_stable_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(
        bf.InstallationError, match=r"needs Stable-Baselines3; install it with: pip install 'bierl-fast\[esac\]'"
    ):
        make()


BAD: list[tuple[dict[str, Any], str]] = [
    ({"population": 2}, r"population must be at least 4 \(a pair, a crossover and the actor\), got 2"),
    ({"population": 5}, "population must be even"),
    ({"network": None}, "needs the policy's layers: pass network=evaluator.policy.network"),
    (
        {"network": replace(NETWORK, sizes=(4, 4, 9), low=(-1.0,) * 9, high=(1.0,) * 9)},
        "has 65 parameters, mean has 70",
    ),
    ({"network": replace(NETWORK, squash="clip")}, "needs squash 'tanh', as its actor has, got 'clip'"),
    (
        {"network": replace(NETWORK, high=(np.inf,) * 10)},
        r"needs a finite action box with low < high, got \[-2.0, inf\]",
    ),
    ({"network": replace(NETWORK, high=(-2.0,) * 10)}, r"low < high, got \[-2.0, -2.0\]"),
    ({"winner_share": 1.0}, "winner_share must be finite and at least 0.0 and below 1.0, got 1.0"),
    ({"mutation_clip": -1.0}, "mutation_clip must be finite and at least 0.0, got -1.0"),
    ({"shaping": "raw"}, "no shaping named 'raw'; known: centered_rank, log_rank"),
    ({"replay_size": 0}, "replay_size must be at least 1 and at most 2147483647, got 0"),
    ({"sac_batch": 0}, "sac_batch must be at least 1 and at most 1048576, got 0"),
    ({"sac_updates": np.nan}, "sac_updates must be finite and at least 0.0 and at most 65536.0, got nan"),
    ({"sac_learning_rate": 0.0}, "sac_learning_rate must be finite and above 0.0, got 0.0"),
    ({"sac_discount": 1.0}, "sac_discount must be finite and at least 0.0 and below 1.0, got 1.0"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_arguments(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**change)


def test_sphere_with_every_part_at_work() -> None:
    strategy = make(mean=np.zeros(P, np.float32), sac_batch=16)
    train(strategy, HP, range(2))
    assert strategy.ask(HP, key(2)).candidates == 16
