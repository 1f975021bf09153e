"""The authors' switches: each does what its formula says, and nothing where it is off."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, assert_same_population, assert_same_state, evaluate, key, train
from helpers.strategies import hp_of, make
from reference import authors
from reference import shaping as shapings
from strategy import actor_critic

from bierl_fast.messages import F32, F64, EvaluationBatch, Hyperparameters, Population
from bierl_fast.strategy.behaviours import Archive, NoveltySettings
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.novelty import NoveltyAndReward
from bierl_fast.strategy.nsra import AdaptiveNoveltyAndReward
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.shaping import RANKINGS, SHAPINGS
from bierl_fast.strategy.table import STRATEGIES, options

START: F32 = np.linspace(-1, 2, P).astype(np.float32)
HP = Hyperparameters(sigma=0.1, learning_rate=0.1)

# switch -> (value that is off, value that is on, other options under which it shows)
SWITCHES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "mirrored": (True, False, {}),
    "ties": ("share", "best", {"shaping": "log_rank"}),
    "step_scale": ("strategy", "reference", {"optimizer": "gradient"}),
    "entropy": ("relative", "differential", {"starting_entropy": -9.0}),
    "novelty_mix": ("ranks", "raw", {}),
    "novelty_scale": ("mean_distance", "archive_norm", {"novelty_mix": "raw"}),
    "nsra_direction": ("paper", "inverted", {}),
    "sac_overwrites_mean": (False, True, {"sac_batch": 8}),
    "amt": ("ranks", "raw_returns", {"mutation_clip": 10.0}),
}
USED = [(name, switch) for name in sorted(STRATEGIES) for switch in SWITCHES if switch in options(name)]


def told(strategy: Any, name: str, generations: range) -> None:
    """Generations of few distinct returns and behaviours, so that there are ties, and without entropies."""
    even = {"novelty_weight": 0.5} if "novelty_weight" in strategy.declared else {}
    for generation in generations:
        population = strategy.ask(hp_of(name, **even), key(generation))
        rng = np.random.default_rng(generation)
        returns_r = rng.integers(0, 4, population.rows).astype(np.float64)
        behaviour_rd = rng.integers(0, 3, (population.rows, 2)).astype(np.float64)
        transitions_tw = rng.normal(size=(8, 2 * (P // 10 - 1) + 12)).astype(np.float32)
        batch = replace(evaluate(population), returns_r=returns_r, behaviour_rd=behaviour_rd, entropy_r=None)
        steps = transitions_tw if "sac_batch" in options(name) else None
        strategy.tell(population, replace(batch, transitions_tw=steps))


def test_who_uses_what() -> None:
    users = {switch: {name for name, used in USED if used == switch} for switch in SWITCHES}
    novelty = {"ns", "nsr", "nsra"}
    assert users == {
        "mirrored": {"es", "meps", *novelty},
        "ties": {"es", "meps", "esac", *novelty},
        "step_scale": {"es", "meps", "esac", *novelty},
        "entropy": {"es", "meps"},
        "novelty_mix": novelty,
        "novelty_scale": novelty,
        "nsra_direction": {"nsra"},
        "sac_overwrites_mean": {"esac"},
        "amt": {"esac"},
    }


@pytest.mark.parametrize(("name", "switch"), USED)
def test_a_switch_is_off_by_default_and_does_something_when_on(name: str, switch: str) -> None:
    off, on, others = SWITCHES[switch]
    others = {**others, "patience": 1, "novelty_delta": 0.5}  # so that nsra's weight moves within a few generations
    others = {each: value for each, value in others.items() if each in options(name)}
    assert options(name)[switch] == off
    plain, said, switched = (make(name, **others, **given) for given in ({}, {switch: off}, {switch: on}))
    for strategy in (plain, said, switched):
        told(strategy, name, range(6))
    assert_same_state(plain, said)
    if switch == "entropy":  # told without entropies above
        population = plain.ask(hp_of(name, entropy_weight=1.0), key(6))
        batch = evaluate(population)
        assert (plain.stepped(population, batch) != switched.stepped(population, batch)).any()
        return
    ours, theirs = plain.state(), switched.state()
    assert any(not np.array_equal(ours[each], theirs[each]) for each in ours)


@pytest.mark.parametrize(("name", "switch"), USED)
def test_an_unknown_value_offers_the_nearest(name: str, switch: str) -> None:
    off, on, _ = SWITCHES[switch]
    if isinstance(off, bool):
        return
    with pytest.raises(ValueError, match=rf"no .* named '{on}x'; did you mean '{on}'\? known: .*"):
        make(name, None, 16, **{switch: f"{on}x"})


# mirrored


def test_independent_candidates() -> None:
    population = Pairs(6, "pair", 2, 1, mirrored=False).ask(START, HP, key(0))
    assert population.noise_r.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0]
    assert population.sign_r.tolist() == [1] * 12 + [0]
    assert population.candidate_r.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, -1]
    mirrored = Pairs(6, "pair", 2, 1).ask(START, HP, key(0))
    for name in ("base_bp", "base_r", "sigma_r", "candidate_r"):
        np.testing.assert_array_equal(getattr(population, name), getattr(mirrored, name))


@pytest.mark.parametrize(
    ("crn", "episodes"), [("none", [0, 1, 2, 3, 4]), ("pair", [0, 1, 2, 3, 4]), ("population", [0, 0, 0, 0, 1])]
)
def test_an_independent_candidate_is_a_pair_of_its_own(crn: str, episodes: list[int]) -> None:
    assert Pairs(4, crn, 1, 1, mirrored=False).ask(START, HP, key(0)).episode_r.tolist() == episodes


def test_independent_candidates_of_another_number() -> None:
    """As a meta-level asks for them: the first of the whole population's noise rows."""
    strategy = EvolutionStrategy(mean=START, population=8, mirrored=False)
    few = strategy.ask(HP, key(0), candidates=4)
    assert few.noise_r.tolist() == [0, 1, 2, 3]
    assert np.isfinite(strategy.stepped(few, evaluate(few))).all()


def test_standardized_needs_pairs() -> None:
    with pytest.raises(ValueError, match="shaping 'standardized' keeps antithetic pairs; with mirrored = false take"):
        EvolutionStrategy(mean=START, shaping="standardized", mirrored=False)


# ties, step_scale, and all of them together


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
def test_five_generations_of_the_authors_strategies(mirrored: bool, full: bool) -> None:
    """Vanilla ES (independent, full) and their others (mirrored, half): the whole update on tied returns."""
    strategy = EvolutionStrategy(
        mean=START,
        population=10,
        shaping="log_rank_full" if full else "log_rank",
        optimizer="gradient",
        mirrored=mirrored,
        ties="best",
        step_scale="reference",
    )
    theta: F64 = START.astype(np.float64)
    for generation in range(5):
        hp = Hyperparameters(sigma=0.05 + 0.01 * generation, learning_rate=2.0)
        population = strategy.ask(hp, key(generation))
        returns_n = evaluate(population).returns_r.round(0)
        assert np.unique(returns_n).size < 10
        strategy.tell(population, replace(evaluate(population), returns_r=returns_n, entropy_r=None))
        theta = theta + authors.vanilla_step(population, returns_n, 2.0, full)
        # Five steps of float32: theta (<= 3) and a direction of order 1 round to 2**-24 of themselves.
        np.testing.assert_allclose(strategy.mean, theta, rtol=0, atol=5e-6)
    assert np.abs(theta - START).max() > 0.5


@pytest.mark.parametrize("shaping", SHAPINGS)
def test_the_reference_step_is_the_plain_one_over_forty_sigma(shaping: str) -> None:
    """`raw`, which divides by sigma by itself, is divided by no second one. Weight decay is left as it is."""
    hp = Hyperparameters(sigma=0.07, learning_rate=0.3, weight_decay=0.0)
    ours, theirs = (
        EvolutionStrategy(mean=START, population=8, shaping=shaping, optimizer="gradient", step_scale=scale)
        for scale in ("strategy", "reference")
    )
    population = ours.ask(hp, key(0))
    assert_same_population(population, theirs.ask(hp, key(0)))
    batch = evaluate(population)
    steps = [strategy.stepped(population, batch).astype(np.float64) - START for strategy in (ours, theirs)]
    divisor = 40 * (1.0 if shaping == "raw" else 0.07)
    # Steps are differences of float32 vectors below 2.
    np.testing.assert_allclose(
        steps[1], steps[0] / divisor, rtol=0, atol=1e-6 * max(1.0, float(np.abs(steps[0]).max()))
    )
    decaying = [strategy.stepped(population, batch, hp.replace(weight_decay=0.5)) for strategy in (ours, theirs)]
    for step, decayed in zip(steps, decaying, strict=True):
        np.testing.assert_allclose(decayed - START, step - 0.3 * 0.5 * START, rtol=0, atol=1e-5)


def test_the_reference_step_does_not_know_the_population() -> None:
    """One pair of many alone gives the direction; what its weight is multiplied by stays the same."""
    moves = []
    for count in (4, 64):
        strategy = EvolutionStrategy(mean=START, population=count, optimizer="gradient", step_scale="reference")
        population = strategy.ask(HP, key(0))
        returns_n = np.where(population.noise_r == 0, 1.0 * population.sign_r, 0.0)
        batch = replace(evaluate(population), returns_r=returns_n, entropy_r=None)
        weight = (shapings.centered_rank(returns_n, np.zeros(count, np.bool_))[0]).item()
        moves.append(np.linalg.norm(strategy.stepped(population, batch) - START) / weight)
    assert moves[0] == pytest.approx(moves[1], rel=1e-4)  # differences of float32 vectors


@pytest.mark.parametrize("shaping", [name for name in SHAPINGS if "log_rank" not in name])
def test_ties_are_of_log_ranks(shaping: str) -> None:
    with pytest.raises(ValueError, match=f"'best' is of shapings log_rank and log_rank_full, got shaping '{shaping}'"):
        EvolutionStrategy(mean=START, shaping=shaping, ties="best")


# entropy


def test_differential_entropy_is_summed_over_steps() -> None:
    strategy = EvolutionStrategy(mean=START, population=6, entropy="differential", starting_entropy=-2.0)
    population = strategy.ask(HP.replace(entropy_weight=0.5, alive_offset=3.0), key(0))
    batch = evaluate(population)
    assert batch.entropy_r is not None
    wanted_r = batch.returns_r - 3.0 * batch.lengths_r + 0.5 * batch.lengths_r * (batch.entropy_r - 2.0)
    fitness_r = strategy.objective(batch, population.hyperparameters)
    np.testing.assert_allclose(fitness_r, wanted_r, rtol=1e-15)  # the same sum in another order
    plain = EvolutionStrategy(mean=START, population=6)
    same = plain.stepped(population, replace(batch, returns_r=wanted_r + 3.0 * batch.lengths_r, entropy_r=None))
    np.testing.assert_array_equal(strategy.stepped(population, batch), same)


def test_differential_entropy_needs_the_reference_policys() -> None:
    with pytest.raises(ValueError, match="entropy = 'differential' needs starting_entropy"):
        EvolutionStrategy(mean=START, entropy="differential")


# novelty


def generation_of(strategy: Any, hp: Hyperparameters, rows: int = 8) -> tuple[Population, EvaluationBatch, F64]:
    """A population of one centre, its answers, and the archive that they are compared with: the centre's own row."""
    population = strategy.ask(hp, key(0))
    rng = np.random.default_rng(4)
    behaviour_rd = rng.normal(size=(population.rows, 2))
    batch = replace(evaluate(population), returns_r=rng.normal(size=population.rows), behaviour_rd=behaviour_rd)
    return population, replace(batch, entropy_r=None), behaviour_rd[rows : rows + 1]


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shaping", RANKINGS)
def test_raw_novelty_and_return_are_mixed_and_then_ranked(shaping: str, weight: float) -> None:
    strategy = NoveltyAndReward(
        mean=START,
        population=8,
        centers=1,
        optimizer="gradient",
        shaping=shaping,
        novelty_mix="raw",
        novelty_scale="archive_norm",
        step_scale="reference",
    )
    population, batch, archive_nd = generation_of(strategy, HP.replace(learning_rate=1.0, novelty_weight=weight))
    assert batch.behaviour_rd is not None
    novelty_n = authors.novelty(batch.behaviour_rd[:8], archive_nd, 10)
    mixed_n = weight * novelty_n + (1 - weight) * batch.returns_r[:8]
    none_n = np.zeros(8, np.bool_)
    if shaping == "centered_rank":
        weight_n = shapings.centered_rank(mixed_n, none_n)
    else:
        weight_n = shapings.log_rank(mixed_n, none_n, full=shaping == "log_rank_full")
    wanted = authors.direction(population, weight_n) / (40 * float(population.sigma_r[0]))
    # Differences of float32 vectors below 2.
    np.testing.assert_allclose(strategy.stepped(population, batch) - START, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 3, 20])
def test_novelty_over_the_archives_norm(rows: int) -> None:
    """With fewer rows than neighbors, all of them; the mean becomes the sum."""
    rng = np.random.default_rng(rows)
    behaviour_qd, rows_nd = rng.normal(size=(5, 3)), rng.normal(size=(rows, 3))
    archive = Archive(rows_nd, NoveltySettings(neighbors=4))
    ours = archive.novelty(behaviour_qd) * archive.sum_over_norm()
    np.testing.assert_allclose(ours, authors.novelty(behaviour_qd, rows_nd, 4), rtol=1e-13)  # sums in another order


def test_an_archive_without_a_norm_leaves_novelty_as_it_is() -> None:
    for rows_nd in (np.zeros((0, 0)), np.zeros((3, 2))):
        assert Archive(rows_nd, NoveltySettings()).sum_over_norm() == 1.0


def test_inverted_nsra_turns_to_the_return_while_it_stagnates() -> None:
    weights = []
    strategy = AdaptiveNoveltyAndReward(mean=START, population=4, nsra_direction="inverted", patience=2)
    for generation, value in enumerate([0.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0]):
        population = strategy.ask(HP, key(generation))
        batch = replace(evaluate(population), returns_r=np.full(population.rows, value))
        batch.returns_r[:4] += [-1.0, 1.0, -1.0, 1.0]
        strategy.tell(population, batch)
        weights.append(round(float(strategy.state()["progress"][0]), 9))
    assert weights == [0.05, 0.1, 0.15, 0.15, 0.1, 0.05, 0.0, 0.0, 0.05]


# esac


@pytest.mark.slow
def test_the_actor_overwrites_the_centre_every_fifth_generation() -> None:
    strategy, untouched = (
        actor_critic.make(sac_batch=16, sac_overwrites_mean=overwrites, mutation_clip=0.0)
        for overwrites in (True, False)
    )
    for generation in range(10):
        actor_critic.learn(strategy, range(generation, generation + 1))
        overwritten = np.array_equal(strategy.mean, strategy.actor)
        assert overwritten == (generation in {4, 9})
        if generation < 4:
            actor_critic.learn(untouched, range(generation, generation + 1))
            assert_same_state(strategy, untouched)
    population = strategy.ask(HP, key(9))
    np.testing.assert_array_equal(population.base_bp[0], strategy.actor)


@pytest.mark.parametrize("lead", [0.5, 200.0])
@pytest.mark.parametrize("step_scale", ["strategy", "reference"])
@pytest.mark.parametrize("clip", [1e-4, 100.0])
def test_mutation_tuning_on_raw_returns(lead: float, step_scale: str, clip: float) -> None:
    """Either side of the smooth L1 distance's bend; mutants alone count, failed ones do not."""
    strategy = actor_critic.make(amt="raw_returns", mutation_clip=clip, step_scale=step_scale)
    actor_critic.learn(strategy, range(1))
    before = strategy.mutation
    population = strategy.ask(HP, key(1))
    batch = evaluate(population)
    mutant_n = population.sign_r[:16] != 0
    returns_r = np.where(population.sign_r != 0, np.linspace(0.0, lead, population.rows), 1e6)
    batch.failed_r[0] = True
    strategy.tell(population, replace(batch, returns_r=returns_r))
    alive_n = mutant_n & (np.arange(16) > 0)
    candidates = 40 if step_scale == "reference" else 16
    sigma = float(population.sigma_r[0])
    growth = authors.mutation_growth(returns_r[:16][alive_n], 0.1, sigma, candidates, clip)
    assert growth > 0.0
    assert strategy.mutation == pytest.approx(before + growth / 0.1, rel=1e-9)


def test_esacs_reference_step_is_over_forty_sigma() -> None:
    steps = []
    for scale in ("strategy", "reference"):
        strategy = actor_critic.make(optimizer="gradient", step_scale=scale, mutation_clip=0.0)
        population = strategy.ask(HP, key(0))
        steps.append(strategy.stepped(population, evaluate(population)).astype(np.float64) - actor_critic.START)
    np.testing.assert_allclose(steps[1], steps[0] / (40 * 0.1), rtol=0, atol=1e-6)  # float32 vectors below 2


def test_constructors_take_switches_by_name_alone() -> None:
    for name, switch in USED:
        parameters = inspect.signature(STRATEGIES[name].make).parameters
        assert switch not in parameters or parameters[switch].kind is inspect.Parameter.KEYWORD_ONLY
    train(make("nsra", novelty_mix="raw"), hp_of("nsra"), range(1))  # handed on to what it is made from
