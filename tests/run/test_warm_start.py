"""Warm starts in runs: what carries over, what is refused, and what is counted."""

from __future__ import annotations

import dataclasses
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.warm_starts import CHEAP, SHAPE, shorten

import bierl_fast as bf
from bierl_fast.errors import ConfigError, RunWarning
from bierl_fast.kernels import learner_seed
from bierl_fast.messages import NoiseKey, Stream
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.pretraining.api import pretrain
from bierl_fast.run import build
from bierl_fast.run.warm_start import easy_run

RUN: dict[str, Any] = {"task": "quadratic", "dim": 8, "population": 8, "meta": "mlp", "generations": 6, "threads": 1}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that was trained a little, so that it proposes other values than it was given."""
    path = tmp_path_factory.mktemp("warm") / "start.npz"
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        pretrain(path, ("quadratic",), rounds=2, **SHAPE)
    return path


def test_a_run_starts_from_a_file_and_brings_its_shape(start: Path, tmp_path: Path) -> None:
    result = bf.train(bf.Config(**RUN, warm_start=str(start), meta_budget=0.0), run_dir=tmp_path / "run")
    assert [record["meta_steps"] for record in result.metrics] == [0] * 6
    assert len({record["sigma"] for record in result.metrics}) > 1
    text = (tmp_path / "run" / "config.toml").read_text()
    assert "encoder_size = 6" in text
    assert 'generator_output = "relative"' in text
    found = WarmStart.load(start)
    noted = json.loads((tmp_path / "run" / "manifest.json").read_text())["warm_start"]
    assert noted == {"source": str(start), "reused": True, "steps": found.steps, "fingerprint": found.fingerprint}
    assert found.steps > 0
    assert result.metrics[-1]["warm_start_steps"] == 0


@pytest.mark.parametrize(("episodes", "credit"), [(0, "run"), (1, "run"), (0, "one_step")])
def test_a_generator_that_misses_the_centre_is_warned_of(
    start: Path, tmp_path: Path, episodes: int, credit: str
) -> None:
    """Without the centre's row the packaged one raises sigma without end: InvertedDoublePendulum-v5 falls to 152."""
    found = WarmStart.load(start)
    file = tmp_path / "start.npz"
    dataclasses.replace(found, made={**found.made, "credit": credit}).save(file)
    config = bf.Config(**RUN, warm_start=str(file), meta_budget=0.0, center_episodes=episodes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bf.train(config)
    said = [str(w.message) for w in caught if w.category is RunWarning and "take center_episodes 1" in str(w.message)]
    assert len(said) == (episodes == 0 and credit == "run")


@pytest.mark.parametrize("budget", [0.0, 0.5])
def test_resume_does_without_the_file(start: Path, tmp_path: Path, budget: float) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes(start.read_bytes())
    config = bf.Config(**RUN, **CHEAP, warm_start=str(copy), meta_budget=budget)
    whole = bf.train(config)
    bf.train(config.replace(generations=2), run_dir=tmp_path / "run")
    copy.unlink()
    resumed = bf.resume(tmp_path / "run", generations=6)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    assert (whole.metrics[-1]["meta_steps"] > 0) == (budget > 0)


def test_it_carries_over_to_another_strategy_and_population(start: Path) -> None:
    with pytest.raises(ConfigError, match="'cmaes' leaves a meta-level nothing to move; take meta = 'none'"):
        bf.train(bf.Config(**{**RUN, "strategy": "cmaes", "warm_start": str(start), "meta_budget": 0.0}))
    for change in ({"strategy": "snes", "population": 20}, {"strategy": "pgpe"}):
        config = {**RUN, **change, "warm_start": str(start), "meta_budget": 0.0}
        result = bf.train(bf.Config(**config))
        assert len({record["sigma"] for record in result.metrics}) > 1


def test_a_warm_start_of_this_run_is_counted() -> None:
    config = bf.Config(**RUN, warm_start_task="InvertedPendulum-v5", warm_start_limit=3000, meta_budget=0.5, **CHEAP)
    first, again = (bf.train(config) for _ in range(2))
    last = first.metrics[-1]
    assert last["warm_start_steps"] >= 3000
    assert last["env_steps"] == last["inner_steps"] + last["meta_steps"] + last["warm_start_steps"]
    np.testing.assert_array_equal(first.parameters, again.parameters)


def test_its_wall_time_is_the_meta_levels_in_the_first_generation() -> None:
    config = bf.Config(**RUN, **CHEAP, warm_start_task="InvertedPendulum-v5", warm_start_limit=3000)
    spent: list[float] = []
    first, *others = bf.train(config, warm_start_observer=lambda r: spent.append(sum(r["seconds"].values()))).metrics
    assert first["seconds"]["meta"] > sum(spent) > 0.0
    assert all(record["seconds"]["meta"] < first["seconds"]["meta"] for record in others)


def test_another_generator_has_another_fingerprint(start: Path) -> None:
    found = WarmStart.load(start)
    shape = dataclasses.replace(found.shape, meta_max_move=found.shape.meta_max_move + 1.0)
    weights = found.weights + np.float32(1e-3)
    others = [WarmStart(shape, found.weights, 0, {}), WarmStart(found.shape, weights, 0, {})]
    assert len({found.fingerprint, *(other.fingerprint for other in others)}) == 3
    assert WarmStart(found.shape, found.weights, 7, {"seed": 8}).fingerprint == found.fingerprint


def test_a_warm_run_that_may_learn_and_does_not_says_so(start: Path) -> None:
    with pytest.warns(RunWarning, match=r"its generator stayed as it began; .* raise meta_budget \(0 leaves it so"):
        bf.train(bf.Config(**{**RUN, "generations": 1}, warm_start=str(start)))


def test_nothing_is_left_to_train_after_such_a_warm_start() -> None:
    message = r"warm_start_limit must be below total_steps, .* got 1000000 and 1000000; lower warm_start_limit or raise"
    with pytest.raises(ConfigError, match=message):
        bf.Config(task="Swimmer-v5", warm_start_task="InvertedPendulum-v5", total_steps=1_000_000)
    bf.Config(task="Swimmer-v5", warm_start_task="InvertedPendulum-v5", total_steps=1_000_001)
    bf.Config(task="Swimmer-v5", total_steps=1_000_000)


def test_a_generator_that_is_frozen_afterwards_learns_first() -> None:
    warm: dict[str, Any] = {"warm_start_task": "InvertedPendulum-v5", "warm_start_limit": 3000}
    easy = easy_run("InvertedPendulum-v5", bf.Config(**RUN, **warm, meta_budget=0.0), 3000)
    assert easy.meta_budget == bf.Config(task="Swimmer-v5").meta_budget
    assert easy_run("InvertedPendulum-v5", bf.Config(**RUN, **warm, meta_budget=0.5), 3000).meta_budget == 0.5
    last = bf.train(bf.Config(**RUN, **warm, **CHEAP, meta_budget=0.0)).metrics[-1]
    assert last["meta_steps"] == 0
    assert last["warm_start_steps"] >= 3000


@pytest.mark.parametrize(
    ("changes", "easy", "kept"),
    [
        ({"task": "rastrigin", "dim": 20, "task_kwargs": {"noise": 0.1}}, "quadratic", {"dim": 20}),
        ({"task": "run.test_warm_start:value", "dim": 3, "vectorized": True}, "quadratic", {"dim": 3}),
        ({"task": "run.test_warm_start:value", "dim": 3, "vectorized": True}, "InvertedPendulum-v5", {"dim": None}),
        ({"task": "LunarLanderContinuous-v3", "workers": 2}, "InvertedPendulum-v5", {"workers": None}),
        ({"task": "Swimmer-v5", "evaluator": "pool", "workers": 1}, "InvertedPendulum-v5", {"workers": 1}),
    ],
)
def test_what_of_a_run_its_warm_start_shares(changes: dict[str, Any], easy: str, kept: dict[str, Any]) -> None:
    config = bf.Config(**changes, meta="mlp", threads=1, warm_start_task=easy)
    found = easy_run(easy, config, 1000)
    assert (found.task, found.vectorized, found.task_kwargs, found.total_steps) == (easy, False, {}, 1000)
    assert {name: getattr(found, name) for name in kept} == kept
    build.make_parts(found).evaluator.close()


def value(block: np.ndarray) -> np.ndarray:
    return np.asarray(-(block**2).sum(axis=1))


def test_a_function_is_no_easy_task_of_a_run_that_has_no_dim() -> None:
    with pytest.raises(
        ConfigError, match=r"function 'quadratic' takes dim.*bierl pretrain quadratic --credit one_step"
    ):
        bf.train(bf.Config(task="Swimmer-v5", generations=1, warm_start_task="quadratic"))


def test_a_run_and_its_warm_starts_draw_nothing_twice() -> None:
    """Every key of a run holds its seed, so other seeds are other addresses."""
    config = bf.Config(task="Swimmer-v5", seed=7)
    seeds = [easy_run("InvertedPendulum-v5", config, 1000, index).seed for index in range(4)]
    assert len({config.seed, *seeds}) == 5
    assert seeds == [learner_seed(NoiseKey(7, index, Stream.PRETRAIN)) for index in range(4)]
    assert easy_run("InvertedPendulum-v5", config.replace(seed=8), 1000).seed not in seeds


BAD: list[tuple[dict[str, Any], str]] = [
    ({"encoder_size": 7}, "generator has encoder_size 6, which cannot be changed, got 7; leave encoder_size out"),
    ({"meta": "mean"}, "generator has meta 'mlp', which cannot be changed, got 'mean'"),
    (
        {"adapt": ("sigma",)},
        r"generator has adapt \('sigma', 'learning_rate'\), which cannot be changed, got \('sigma',\)",
    ),
    ({"meta": "none"}, "a warm start is for the generator of a learned meta-level, and 'none' has none"),
    ({"warm_start_task": "Swimmer-v5"}, "a run has one warm start"),
    ({"warm_start": "nowhere.npz"}, "warm_start: there is no file nowhere.npz; the package's own: "),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_what_cannot_be_transferred_is_refused(start: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bf.train(bf.Config(**{**RUN, "warm_start": str(start), **change}))


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    result = bf.train(bf.Config(**{**RUN, "meta": "none"}), run_dir=tmp_path / "run")
    assert result.run_dir is not None
    with pytest.raises(ConfigError, match=r"policy.npz is not a warm start of format 1 .its header says vector of"):
        bf.train(bf.Config(**RUN, warm_start=str(tmp_path / "run" / "policy.npz")))
