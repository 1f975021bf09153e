"""The learned meta-level: what a meta-update asks, costs, and may move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from helpers.world import HP, KEY, RANGES, Evaluator, history, meta, report, state_bytes, strategy
from reference import noise
from reference import shaping as reference

from bierl_fast.messages import NoiseKey, Stream
from bierl_fast.meta import weights_es as optimizer
from bierl_fast.meta.encoder import LstmEncoder
from bierl_fast.meta.generator import Generator, Network
from bierl_fast.meta.history import Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.schedule import ScheduleSettings
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings
from bierl_fast.meta.table import MetaParts, make_meta
from bierl_fast.meta.weights_es import LARGEST_SIGMA, ascent_step, bounded_step, calibrated_sigma, perturbed

RELATIVE = GeneratorSettings(generator_output="relative")


def test_two_wide_evaluations_with_common_random_numbers() -> None:
    """Proposals differ by their hyperparameters alone: same noise rows, same signs, same episodes."""
    evaluator = Evaluator()
    meta(candidates=6, pairs=3, episodes=2).improve(strategy(), evaluator, history(), KEY)
    assert len(evaluator.asked) == 2
    first, second = evaluator.asked
    assert first.key == second.key == KEY.with_stream(Stream.META)
    assert (first.rows, second.rows) == (6 * 2 * 3, 6 * 2)
    for name in ("noise_r", "sign_r", "episode_r"):
        by_proposal = getattr(first, name).reshape(6, 6)
        assert (by_proposal == by_proposal[0]).all(), name
    sigma = first.sigma_r.reshape(6, 6)
    assert (sigma == sigma[:, :1]).all()
    assert len(np.unique(sigma[:, 0])) == 6
    episodes = second.episode_r.reshape(6, 2)
    assert (episodes == episodes[0]).all()
    assert not set(first.episode_r) & set(second.episode_r)  # judged on episodes that the step has not seen
    assert (second.sign_r == 0).all()
    assert second.base_r.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert len(np.unique(second.base_bp, axis=0)) == 6


def test_each_judged_centre_is_what_stepped_gives() -> None:
    evaluator, inner = Evaluator(), strategy()
    meta(candidates=2, pairs=2, episodes=1).improve(inner, evaluator, history(), KEY)
    first, second = evaluator.asked
    hp = HP.replace(sigma=float(first.sigma_r[0]))
    alone = inner.ask(hp, first.key, candidates=4)
    np.testing.assert_array_equal(alone.noise_r, first.noise_r[:4])
    moved = second.base_bp[0] - inner.mean
    # The proposal's learning rate is not seen here; it scales Adam's step and leaves its direction (float32 aside).
    answer = inner.stepped(alone, Evaluator().evaluate(alone), hp) - inner.mean
    assert float(moved @ answer) > 0.99 * float(np.linalg.norm(moved) * np.linalg.norm(answer))


@pytest.mark.parametrize("seed", range(12))
def test_one_update_moves_no_hyperparameter_beyond_max_move(seed: int) -> None:
    """Whatever the fitness says, for several updates in a row; some updates do move."""
    past = history()
    level = meta(seed=seed, max_move=1.2, learning_rate=50.0)
    moves = []
    for update in range(6):
        before = level.propose(past)
        level.improve(strategy(), Evaluator(noise=100 * seed + update), past, NoiseKey(5, update))
        after = level.propose(past)
        moves.append(max(abs(math.log(after[name] / before[name])) for name in RANGES))
    # The limit is checked on the same float64 numbers; ln and exp round by an ulp or two.
    assert max(moves) <= math.log(1.2) * (1 + 1e-12)
    assert max(moves) > 0.5 * math.log(1.2)  # halving stops at the first step that fits


def test_no_hyperparameter_moves_faster_than_max_move_from_generation_to_generation() -> None:
    """The window moves under the generator too, and a network answers a new window as it likes."""
    past, fastest = history(0), 0.0
    level = meta(past=past, max_move=1.3, learning_rate=20.0, interval=1, budget=0.9)
    for generation in range(40):
        hp = level.propose(past)
        if past.latest():
            fastest = max(fastest, *(abs(math.log(hp[name] / used)) for name, used in past.latest().items()))
        past.append(report(generation, hp))
        level.improve(strategy(), Evaluator(noise=generation), past, NoiseKey(5, generation))
    assert 0.0 < fastest <= math.log(1.3) * (1 + 1e-12)  # ln and exp round by an ulp or two


@pytest.mark.parametrize("sigma_range", [(0.049, 0.051), (0.04999, 5.0), (0.05, 5.0), (0.0005, 0.05)])
def test_narrow_and_one_sided_ranges(sigma_range: tuple[float, float]) -> None:
    """Proposals stay in the range and spread, no other hyperparameter is driven to its ends, and sigma can move."""
    ranges = {"sigma": Range(*sigma_range), "learning_rate": RANGES["learning_rate"]}
    past = history(0, ranges)
    for generation in range(4):
        past.append(report(generation))
    level = meta(past=past)
    told = level.improve(strategy(), Evaluator(noise=3), past, KEY)
    assert told.diagnostics["sigma_meta"] < 1.0
    assert told.diagnostics["proposal_spread_sigma"] > 0.0
    assert 0.05 < told.diagnostics["proposal_spread_learning_rate"] < 1.0
    sigma = level.propose(past)["sigma"]
    assert sigma_range[0] <= sigma <= sigma_range[1]


def test_linear_ranges_are_bounded_by_their_share() -> None:
    bounds = Range(0.0, 0.4, "linear")
    linear = history(0, {"sigma": bounds})
    for generation in range(4):
        linear.append(report(generation))
    level = meta(past=linear, learning_rate=50.0)
    before = level.propose(linear)["sigma"]
    level.improve(strategy(), Evaluator(), linear, KEY)
    move = abs(level.propose(linear)["sigma"] - before) / bounds.width
    assert 0.0 < move <= math.log(1.5) * (1 + 1e-12)


def test_the_first_spread_is_calibrated() -> None:
    """sigma_meta is fitted on 32 antithetic pairs, whose spread is known to 1 / sqrt(64) = 12.5 %; here, 3 of those."""
    past = history()
    for seed in range(5):
        level = meta(seed=seed)
        weights = np.asarray(level.state()["weights"], np.float32)
        level.improve(strategy(), Evaluator(), past, KEY)
        sigma = float(np.asarray(level.state()["sigma"], np.float64)[0])
        generator = Generator(Network(LstmEncoder(past.features, 8), 8, len(RANGES)), Outputs(HP, RANGES))
        np.testing.assert_array_equal(generator.initial_weights(seed), weights)
        (fresh,) = perturbed(weights, sigma, KEY.with_stream(Stream.GENERATOR), 1000, first_row=10_000)
        logs = [math.log(hp["sigma"]) for hp in generator.propose(fresh, past.window(), {})]
        assert abs(np.std(logs) / 0.3 - 1) < 0.375


def test_calibration() -> None:
    for slope in (0.05, 1.0, 40.0):
        sigma = calibrated_sigma(lambda s, k=slope: math.tanh(k * s), 0.3)  # type: ignore[misc]  # a bound loop variable
        assert abs(math.tanh(slope * sigma) / 0.3 - 1) <= 0.01
    assert calibrated_sigma(lambda _: 0.0, 0.3) == LARGEST_SIGMA  # never reached: no error, no runaway


def test_bounded_step() -> None:
    step = np.array([8.0], np.float32)
    assert bounded_step(step, lambda s: float(s[0]), 3.0).tolist() == [2.0]
    assert bounded_step(step, lambda s: float(s[0]), 8.0).tolist() == [8.0]
    assert bounded_step(step, lambda s: math.nan, 1.0).tolist() == [0.0]


def test_the_reference_step_is_in_the_authors_units() -> None:
    """learning_rate / (40 sigma_meta) * sum of u sign eps, as log ranks weigh the proposals."""
    settings = MetaSettings(learning_rate=0.03, sigma=0.05, step_scale="reference")
    fitness_m, none_m = np.array([3.0, 1.0, 2.0, 4.0]), np.zeros(4, np.bool_)
    step = ascent_step(fitness_m, none_m, 0.05, settings.rate(0.05), KEY, 50)
    utility_m = reference.log_rank(fitness_m, none_m)
    eps = [noise.normals(KEY, row, 50).astype(np.float64) for row in (0, 1)]
    total = (utility_m[0] - utility_m[1]) * eps[0] + (utility_m[2] - utility_m[3]) * eps[1]
    np.testing.assert_allclose(step, 0.03 / (40 * 0.05) * total, rtol=1e-5, atol=1e-9)  # sums of float32
    assert MetaSettings(learning_rate=0.03).rate(0.05) == 0.03
    with pytest.raises(ValueError, match=r"no step scale named 'referense'; did you mean 'reference'"):
        MetaSettings(step_scale="referense")


def test_ascent_step_climbs() -> None:
    """The best of four candidates is +eps of row 1, so the step points along it."""
    key = KEY.with_stream(Stream.GENERATOR)
    fitness_m = np.array([0.0, -1.0, 5.0, -5.0])
    weights = np.zeros(400, np.float32)
    (people,) = perturbed(weights, 0.5, key, 4)
    np.testing.assert_array_equal(people[2], -people[3])
    step = ascent_step(fitness_m, np.zeros(4, np.bool_), 0.5, 1.0, key, 400)
    cosine = step @ people[2] / (np.linalg.norm(step) * np.linalg.norm(people[2]))
    assert cosine > 0.8


def test_perturbed_weights_come_in_blocks_of_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are the same whatever a block holds; one pair at least."""
    key, weights = KEY.with_stream(Stream.GENERATOR), np.linspace(-1, 1, 100, dtype=np.float32)
    (whole,) = perturbed(weights, 0.5, key, 10)
    for limit, sizes in ((6 * 400, [6, 4]), (5 * 400, [4, 4, 2]), (1, [2] * 5)):
        monkeypatch.setattr(optimizer, "BLOCK_BYTES", limit)
        blocks = [block.copy() for block in perturbed(weights, 0.5, key, 10)]
        assert [len(block) for block in blocks] == sizes
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


@pytest.mark.parametrize("name", ["lstm", "mlp", "mean", "linear", "direct"])
def test_a_relative_generator_starts_at_the_configured_values_and_moves(name: str) -> None:
    past, level = history(0), make_meta(name, MetaParts(HP, history(0), generator=RELATIVE))
    assert level.propose(past) == HP
    for generation in range(12):
        hp = level.propose(past)
        past.append(report(generation, hp))
        level.improve(strategy(), Evaluator(), past, NoiseKey(5, generation))
    spread = level.improve(strategy(), Evaluator(), past, KEY).diagnostics["proposal_spread_sigma"]
    assert 0.0 < spread <= math.log(1.5)
    assert level.propose(past) != HP


def test_what_has_settled_neither_moves_nor_learns() -> None:
    """The same window later in a run: shorter moves, and in the end no meta-update is due."""
    settings = MetaSettings(settling=5.0, budget=0.9, interval=1)
    past, level = history(6), make_meta("lstm", MetaParts(HP, history(0), settings, RELATIVE))
    level.improve(strategy(), Evaluator(), past, KEY)
    moves = []
    for generations in (8, 20, 34, 36):
        past.generations = generations
        moves.append(abs(math.log(level.propose(past)["sigma"] / HP["sigma"])))
        assert level.due(past, 10**6, 0) == (generations < 35)  # 5 * 7 generations: a fiftieth of the first move
    # Proportional to 1 / (1 + (t / 5)^2); exp and ln, an ulp or two of numbers near 1.
    assert moves == pytest.approx([moves[0] * 3.56 / (1 + (t / 5) ** 2) for t in (8, 20, 34, 36)], abs=1e-15)
    assert moves[0] > 0.0


def test_moves_that_have_nearly_settled_are_no_reason_for_wilder_weights() -> None:
    """sigma_meta is what spreads proposals at the moves' full reach, however late the first meta-update comes."""
    found = []
    for settling in (None, 5.0):
        settings = MetaSettings(settling=settling, budget=0.9, interval=1)
        past, level = history(6), make_meta("lstm", MetaParts(HP, history(0), settings, RELATIVE))
        past.generations = 30
        assert level.due(past, 10**6, 0)
        found.append(level.improve(strategy(), Evaluator(), past, KEY).diagnostics["sigma_meta"])
    assert found[0] == found[1] < LARGEST_SIGMA / 10


def test_a_configured_sigma_is_not_calibrated() -> None:
    level = meta(sigma=0.05)
    level.improve(strategy(), Evaluator(), history(), KEY)
    assert level.state()["sigma"].tolist() == [0.05]


@pytest.mark.parametrize("budget", [0.05, 0.2, 0.6])
@pytest.mark.parametrize("steps", [12, 25])
def test_the_budget_is_kept_after_every_generation(budget: float, steps: int) -> None:
    """Never above the share, at no time; and a budget that allows updates gets them."""
    level, past, evaluator = meta(budget=budget, interval=2), history(0), Evaluator()
    inner_steps = meta_steps = updates = 0
    for generation in range(150):
        past.append(report(generation, population=40, steps=steps))
        inner_steps += 40 * steps
        if level.due(past, inner_steps, meta_steps):
            # This world's episodes last 10, 11 or 12 steps: the prediction, `steps` for every row, is a bound.
            meta_steps += level.improve(strategy(), evaluator, past, KEY).steps
            updates += 1
        assert meta_steps <= budget * (inner_steps + meta_steps)
    assert updates >= 3
    # The next update would cost 8 * (2 * 4 + 2) rows: the budget is used up to one update and the interval.
    if budget < 0.3:
        assert meta_steps + 2 * 80 * steps > 0.5 * budget * (inner_steps + meta_steps)


def test_interval() -> None:
    level, past = meta(interval=4, budget=0.9), history(0)
    updates = []
    for generation in range(12):
        past.append(report(generation))
        if level.due(past, 10**9, 0):
            level.improve(strategy(), Evaluator(), past, KEY)
            updates.append(generation + 1)
    assert updates == [4, 8, 12]


def test_failed_proposals_rank_last_and_all_failed_moves_nothing() -> None:
    past = history()
    level = meta(candidates=4, pairs=2, episodes=2)
    before = level.state()["weights"].tobytes()
    everything = tuple(range(100))
    told = level.improve(strategy(), Evaluator(failing=everything), past, KEY)
    assert level.state()["weights"].tobytes() == before
    assert told.failures == 4 * 4 + 4 * 2
    # All rows of the first proposal's step fail, and the judged centres of the first two: the others move the weights.
    told = level.improve(strategy(), Evaluator(failing=(0, 1, 2, 3)), past, KEY)
    assert level.state()["weights"].tobytes() != before
    assert told.failures == 8
    assert np.isfinite(np.asarray(level.state()["weights"], np.float64)).all()


def test_same_results_at_any_number_of_torch_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matrices as small as these never split, so it is how many threads the network has that tells."""
    before, body, inside, answers = torch.get_num_threads(), Network.__call__, [], []

    def watched(self: Network, weights_mp: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        inside.append(torch.get_num_threads())
        return body(self, weights_mp, windows)

    monkeypatch.setattr(Network, "__call__", watched)
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            level, past = meta(), history()
            for _ in range(3):
                level.improve(strategy(), Evaluator(), past, KEY)
            answers.append((state_bytes(level.state()), level.propose(past)))
            assert torch.get_num_threads() == threads  # what the user set is put back
    finally:
        torch.set_num_threads(before)
    assert set(inside) == {1}
    assert answers[0] == answers[1]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"candidates": 3}, "meta_candidates must be even .* got 3"),
    ({"candidates": 0}, "meta_candidates must be at least 2 and at most 65536, got 0"),
    ({"pairs": 0}, "meta_pairs must be at least 1 and at most 65536, got 0"),
    ({"episodes": 0}, "meta_episodes must be at least 1 and at most 65536, got 0"),
    ({"interval": 0}, "meta_interval must be at least 1 and at most"),
    ({"budget": -0.1}, "meta_budget must be finite and at least 0.0 and below 1.0, got -0.1"),
    ({"budget": 1.0}, "meta_budget must be finite and at least 0.0 and below 1.0"),
    ({"budget": math.nan}, "meta_budget must be finite and at least 0.0 and below 1.0"),
    ({"learning_rate": 0.0}, "meta_learning_rate must be finite and above 0.0, got 0.0"),
    ({"spread": math.inf}, "meta_spread must be finite and above 0.0, got inf"),
    ({"sigma": 0.0}, "meta_sigma must be finite and above 0.0, got 0.0"),
    ({"objective": "returns"}, "no meta_objective named 'returns'.*did you mean 'return'"),
    ({"max_move": 1.0}, "meta_max_move must be finite and above 1.0, got 1.0"),
    ({"fitness": "one_stp"}, "no meta_fitness named 'one_stp'.*did you mean 'one_step'"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_settings(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MetaSettings(**change)


def test_bad_parts() -> None:
    with pytest.raises(ValueError, match=r"at least one hyperparameter to adapt, got adapt = \[\]"):
        meta(past=history(0, {}))
    with pytest.raises(ValueError, match=r"the configured sigma 0.05 must lie in its range \[0.1, 1\]"):
        meta(past=history(0, {"sigma": Range(0.1, 1.0)}))
    with pytest.raises(ValueError, match=r"the generator has .* weights, the saved one 3"):
        meta().load({"weights": np.zeros(3, np.float32), "sigma": np.zeros(1), "counts": np.zeros(2, np.int64)})
    with pytest.raises(TypeError, match="own must be MemberSettings, got ScheduleSettings"):
        make_meta("pbt", MetaParts(HP, history(0), own=ScheduleSettings(horizon=2)))
