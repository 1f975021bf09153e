"""Pre-training on long runs: other problems, a start at a rule, validation apart, bits that no CPU changes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.world import state_bytes

import bierl_fast as bf
from bierl_fast.errors import ArgumentError, ConfigError
from bierl_fast.messages import Hyperparameters, NoiseKey, Stream
from bierl_fast.meta.draws import Draws
from bierl_fast.meta.generator import Generator, make_generator
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import GeneratorSettings
from bierl_fast.meta.signals import FIRST, told_by
from bierl_fast.meta.two_point import TwoPointAdaptation
from bierl_fast.pretraining import landscapes, linear, long_runs, trainer, validation
from bierl_fast.pretraining.judging import closing as ends
from bierl_fast.pretraining.judging import gained, whole
from bierl_fast.pretraining.plan import ADAPTED, ON_LONG_RUNS, PretrainSettings
from bierl_fast.pretraining.trainer import Pretraining

HELD_OUT = ("Walker2d", "Ant", "Reacher", "LunarLander")
KEY = NoiseKey(5, 6, Stream.PRETRAIN)
SIGNALS = told_by(("tpa",))
WINDOW: dict[str, Any] = {"length": 6, "quantiles": 2, "signals": SIGNALS}
SHORT = replace(
    PretrainSettings(**ON_LONG_RUNS), generators=4, problems=2, generations=(20,), tasks=("sharp", "tumble"), horizon=3
)


def generator(encoder: str = "linear") -> Generator:
    ranges = {name: Range(0.01, 1.0) for name in ADAPTED}
    outputs = Outputs(Hyperparameters(sigma=0.1, learning_rate=0.1), ranges, "relative", 3.0)
    return make_generator(encoder, History(**WINDOW, ranges=ranges).features, GeneratorSettings(), outputs)


@pytest.fixture(name="short")
def short_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation of some milliseconds, after every second round."""
    cheap = replace(long_runs.VALIDATION, environment_share=0.0)
    monkeypatch.setattr(long_runs, "POPULATIONS", (4, 8))
    monkeypatch.setattr(validation, "PROBLEMS", 2)
    monkeypatch.setattr(trainer, "VALIDATED_EVERY", 2)
    monkeypatch.setattr("bierl_fast.pretraining.plan.VALIDATION", cheap)
    monkeypatch.setattr("bierl_fast.pretraining.plan.LONGEST_APART", 20)


@pytest.mark.parametrize("drawn_from", [long_runs.LONG, long_runs.VALIDATION])
def test_nothing_that_is_held_out_is_drawn(drawn_from: long_runs.LongRuns) -> None:
    assert not [name for name in drawn_from.environments if name.startswith(HELD_OUT)]
    names, lengths, factors, sizes = set(), set(), [], set()
    for index in range(120):
        problem = drawn_from.sample(KEY, Draws(KEY, index), (), 300, ("tpa", "sigma_probe"))
        with closing(problem.evaluator):
            population = problem.fresh().ask(problem.start, problem.key)
        names.add(problem.name)
        lengths.add(problem.generations)
        sizes.add(population.candidates)
        factors += [problem.start[name] / problem.sensible[name] for name in ADAPTED]
        assert population.riders_n is None if population.candidates < 4 else True
    assert names == {*drawn_from.functions, *drawn_from.landscapes, *drawn_from.environments}
    assert min(lengths) >= 20
    assert max(lengths) > 200
    assert sizes == set(long_runs.POPULATIONS)
    assert max(factors) <= 100.0 * (1 + 1e-9)
    assert min(factors) < 0.05
    assert max(factors) > 20.0


def test_validation_is_of_other_kinds() -> None:
    assert not set(long_runs.LONG.landscapes) & set(long_runs.VALIDATION.landscapes)
    own = set(long_runs.VALIDATION.environments) - set(long_runs.LONG.environments)
    assert len(own) >= 2


@pytest.mark.parametrize("name", ["tumble", "sharp", "stairs", "bend"])
def test_landscapes_know_no_neighbours(name: str) -> None:
    """A row's value is its own, to the bit, and its noise of deviation 1."""
    function = {**landscapes.TRAINED_ON, **landscapes.KEPT_APART}[name]
    x_rp = np.random.default_rng(1).normal(size=(400, 7)).astype(np.float32)
    together = function(x_rp, width=0.7, noise=2.0)
    alone = [function(row[None], width=0.7, noise=2.0)[0] for row in x_rp[:20]]
    np.testing.assert_array_equal(together[:20], alone)
    noise = (together - function(x_rp, width=0.7)) / 2.0
    assert abs(noise.mean()) < 0.2
    assert 0.85 < noise.std() < 1.15


def test_one_order_of_sums_gives_what_torch_gives() -> None:
    made = generator()
    rng = np.random.default_rng(2)
    weights_mp = np.stack([made.initial_weights(seed) + np.float32(0.1) for seed in range(4)])
    windows = rng.normal(size=(4, 6, History(**WINDOW, ranges=made.outputs.ranges).features)).astype(np.float32)
    windows[0], windows[1, :3] = 0.0, 0.0
    windows[1:, :, -1] = windows[1:, :, 0] != 0.0
    expected = [made.raw(weights_mp[m : m + 1], windows[m : m + 1, None])[0, 0] for m in range(4)]
    np.testing.assert_allclose(linear.raw(weights_mp, windows, 2), expected, rtol=1e-5, atol=1e-6)


def test_it_starts_as_tpa_acts() -> None:
    """On a window that a run of tpa left: by its signals, and where the rule itself moves, its way."""
    made, ranges = generator(), {name: Range(0.001, 10.0) for name in ADAPTED}
    weights = linear.at_two_point(SIGNALS, 2, ADAPTED, 3.0)
    outputs = replace(made.outputs, ranges=ranges)
    strategy = bf.make_strategy("ars", mean=np.ones(9, np.float32), population=16, center_episodes=1, riders=("tpa",))
    evaluator = bf.make_evaluator("quadratic", dim=9, threads=1)
    start = Hyperparameters(sigma=0.1, learning_rate=0.05, alive_offset=0.0)
    history, rule = History(**WINDOW, ranges=ranges), TwoPointAdaptation(start, ranges, 3.0)
    with closing(evaluator):
        for t in range(12):
            population = strategy.ask(rule.propose(history), NoiseKey(1, t))
            batch = evaluator.evaluate(population)
            told = strategy.tell(population, batch)
            history.append(bf.GenerationReport(t, batch.steps, told, population.hyperparameters))
    used = history.latest()
    raw = linear.raw(weights[None], history.window()[None], 2)[0]
    learned, ruled = outputs.hyperparameters(raw.tolist(), used), rule.propose(history)
    known = history.memory()
    wanted = {"sigma": (0.2 - known.drop) / 2, "learning_rate": known.tpa / 2}
    for name in ADAPTED:
        moved, by_rule = (np.log(hp[name] / used[name]) for hp in (learned, ruled))
        assert abs(moved - wanted[name]) < 0.1, (name, moved, wanted)
        assert moved * wanted[name] > 0.0
        assert moved * by_rule >= 0.0
    with pytest.raises(ArgumentError, match="starts as `tpa` reads drop and tpa"):
        linear.at_two_point(FIRST, 2, ADAPTED, 3.0)


def test_what_is_gained_knows_no_scale() -> None:
    ends_m = np.array([2.0, 5.0, -np.inf, 11.0, -90.0])
    np.testing.assert_allclose(gained(ends_m, 1.0, 5.0), [0.25, 1.0, -1.0, 1.5, -1.0])
    np.testing.assert_allclose(gained(ends_m * 1e-7 - 4, 1e-7 - 4, 5e-7 - 4), [0.25, 1.0, -1.0, 1.5, -1.0], rtol=1e-6)
    assert not gained(ends_m, 5.0, 5.0).any()


def test_to_hurry_is_worth_less_than_to_arrive() -> None:
    """One rises at once and stays, one later and further, one never, one fails."""
    t = np.arange(40.0)
    value_mt = np.stack([np.minimum(t, 10.0), t / 2.0, np.zeros(40), np.full(40, -np.inf)])
    value_mt[3, 0] = 0.0
    fitness_m = whole(value_mt)
    assert fitness_m[1] > fitness_m[0] > fitness_m[2] > fitness_m[3]
    np.testing.assert_allclose(whole(value_mt * 1e6 + 3.0), fitness_m)
    assert ends(value_mt)[3] == -np.inf


@pytest.mark.slow
def test_a_training_stopped_and_gone_on_is_never_stopped(short: None) -> None:
    """The curve and the weights that are kept included; threads change nothing."""
    whole_one, first = (Pretraining(generator(), WINDOW, SHORT) for _ in range(2))
    for _ in range(4):
        whole_one.advance()
    for _ in range(3):
        first.advance()
    second = Pretraining(generator(), WINDOW, SHORT, threads=1)
    second.load(first.state())
    second.advance()
    assert [each.round for each in whole_one.curve] == [0.0, 2.0, 4.0]
    assert state_bytes(whole_one.state()) == state_bytes(second.state())
    assert (second.kept == whole_one.kept).all()
    with pytest.raises(ArgumentError):
        second.load({**first.state(), "best": np.zeros(3, np.float32)})


def test_only_chosen_weights_move(short: None) -> None:
    training = Pretraining(generator(), WINDOW, SHORT)
    start = training.weights
    training.advance()
    moved, scale = linear.searched(SIGNALS, 2, ADAPTED, 3.0)
    assert set(np.flatnonzero(training.weights != start)) == set(moved)
    assert (scale > 0.0).all()


def test_the_file_holds_what_validated_best(short: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was better than the start, it holds the start."""
    found: list[dict[str, Any]] = []
    monkeypatch.setitem(ON_LONG_RUNS, "generators", 4)
    monkeypatch.setitem(ON_LONG_RUNS, "problems", 2)
    monkeypatch.setitem(ON_LONG_RUNS, "generations", (20,))
    given: dict[str, Any] = {"meta": "linear", "distribution": "long", "rounds": 2, "threads": 1, "history": 6}
    file = bf.pretrain(tmp_path / "long.npz", ["ackley"], observer=found.append, **given)
    (validated,) = [record["validated"] for record in found if "validated" in record]
    assert (validated["round"], file.training["curve"].shape) == (2.0, (2, 5))
    start = linear.at_two_point(file.shape.signals, 2, ADAPTED, file.shape.meta_max_move)
    value = file.training["curve"][:, 1:3].sum(axis=1)  # score and better, of rounds 0 and 2
    assert (file.weights != start).any() == (value[1] > value[0])
    assert file.shape.meta_settling is None
    assert file.made["distribution"] == "long"
    run = bf.Config(task="quadratic", dim=6, population=8, generations=4, meta_budget=0.0)
    result = bf.train(run.replace(warm_start=str(tmp_path / "long.npz")))
    assert result.metrics[-1]["meta_steps"] == 0
    assert result.metrics[-1]["sigma"] != result.metrics[0]["sigma"]
    with pytest.raises(ConfigError, match="with distribution 'long', got 'wide'"):
        bf.pretrain(tmp_path / "long.npz", resume=True, rounds=3, distribution="wide")


def test_distributions_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no distribution of problems named 'lang'; did you mean 'long'"):
        bf.pretrain(tmp_path / "a.npz", distribution="lang")
    with pytest.raises(ConfigError, match="credit 'one_step' does not use distribution, got long"):
        bf.pretrain(tmp_path / "a.npz", ["quadratic"], credit="one_step", distribution="long")


PLAIN = {
    "ATEN_CPU_CAPABILITY": "default",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
}
CODE = """
import sys
sys.path[:0] = sys.argv[1:]
from pretraining import test_long_runs as own
training = own.Pretraining(own.generator(), own.WINDOW, own.SHORT)
training.advance()
print(training.weights.tobytes().hex())
"""


@pytest.mark.slow
def test_other_vectors_give_the_same_bits() -> None:
    """torch and NumPy without the widest instructions, as on another CPU."""
    tests = str(Path(__file__).parents[1])
    package = str(Path(bf.__file__).parents[1])
    out = []
    for more in ({}, PLAIN):
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", CODE, package, tests],
            env={**os.environ, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        out.append(done.stdout)
    assert out[0] == out[1]
    assert len(out[0]) > 100
