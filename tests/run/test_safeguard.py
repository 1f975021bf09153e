"""Runs with a safeguard: under every meta-level, counted, resumed bit for bit; and without one as ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.settings import taken

import bierl_fast as bf
from bierl_fast.archive import read_archive, write_archive
from bierl_fast.meta.table import META_LEVELS

# Steps a hundred times too long: the first ones lead far away.
THROWN: dict[str, Any] = {
    "task": "quadratic",
    "dim": 12,
    "task_kwargs": {"noise": 1.0},
    "population": 16,
    "generations": 30,
    "optimizer": "gradient",
    "sigma": 0.3,
    "learning_rate": 150.0,
    "meta": "none",
    "threads": 1,
    "seed": 2,
}
OF_META: dict[str, dict[str, Any]] = {
    "schedule": {"schedule_horizon": 20},
    "bo": {"meta_candidates": 2},
    "pbt": {"pbt_members": 2, "meta_interval": 4},
}
SMALL: dict[str, Any] = {"encoder_size": 4, "generator_hidden": 4, "quantiles": 4, "history": 4}
OFTEN: dict[str, Any] = {"meta_budget": 0.9, "meta_interval": 2, "meta_pairs": 1, "meta_episodes": 1}


def comparable(records: Any) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


def test_a_run_that_was_thrown_finds_back() -> None:
    plain, guarded = (bf.train(bf.Config(**THROWN, safeguard=on)) for on in (False, True))
    last = guarded.metrics[-1]
    assert last["restarts"] + last["rollbacks"] >= 3
    assert last["restarts"] >= 1
    assert last["center_return"] > -100.0 > 10 * -100.0 > plain.metrics[-1]["center_return"]
    assert not {"restarts", "rollbacks"} & set(plain.metrics[-1])
    assert last["learning_rate"] < THROWN["learning_rate"] / 4
    assert last["env_steps"] == plain.metrics[-1]["env_steps"]  # what was lost counts, and nothing more


def test_a_collapse_after_gains_goes_back_to_the_best(tmp_path: Path) -> None:
    """A schedule whose rate grows: it gains at first, and is thrown later."""
    grows: dict[str, Any] = {
        "learning_rate": 0.5,
        "meta": "schedule",
        "schedule_horizon": 30,
        "schedule_end": (0.3, 200.0),
        "learning_rate_range": (0.1, 300.0),
        "task_kwargs": {"shift_radius": 30.0},
        "generations": 40,
    }
    found = bf.train(bf.Config(**{**THROWN, **grows}, safeguard=True))
    assert found.metrics[-1]["rollbacks"] >= 1
    assert found.metrics[-1]["restarts"] == 0
    went = next(record["generation"] for record in found.metrics if record["rollbacks"])
    best = max(record["mean_return"] for record in found.metrics[:went])
    assert abs(found.metrics[went + 1]["mean_return"] - best) < 0.2 * abs(best - found.metrics[went]["mean_return"])


@pytest.mark.parametrize("meta", META_LEVELS)
def test_under_every_meta_level_and_resumed(meta: str, tmp_path: Path) -> None:
    own = {**SMALL, **OFTEN, **OF_META.get(meta, {})}
    config = bf.Config(**taken({**THROWN, "meta": meta, "safeguard": True, "generations": 12, **own}))
    whole = bf.train(config)
    assert whole.metrics[-1]["rollbacks"] + whole.metrics[-1]["restarts"] >= 1, meta
    for cut in (3, 5):  # amid a fall, and behind a return
        folder = tmp_path / str(cut)
        bf.train(config.replace(generations=cut), folder)
        resumed = bf.resume(folder, generations=12, threads=2)
        np.testing.assert_array_equal(resumed.parameters, whole.parameters)
        assert comparable(resumed.metrics) == comparable(whole.metrics)


@pytest.mark.parametrize("strategy", ["ars", "pgpe", "snes"])
def test_under_other_strategies_and_with_groups(strategy: str, tmp_path: Path) -> None:
    config = bf.Config(**{**THROWN, "optimizer": None, "strategy": strategy, "meta": "direct", "safeguard": True,
                          "meta_fitness": "in_batch", "riders": ("tpa",), "generations": 14})  # fmt: skip
    whole = bf.train(config)
    bf.train(config.replace(generations=6), tmp_path / "run")
    resumed = bf.resume(tmp_path / "run", generations=14)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)


def test_observation_statistics_go_back_too(tmp_path: Path) -> None:
    run = {"task": "InvertedPendulum-v5", "hidden": (), "population": 16, "generations": 10, "optimizer": "gradient",
           "sigma": 0.1, "learning_rate": 500.0, "meta": "none", "threads": 1, "safeguard": True}  # fmt: skip
    bf.train(bf.Config(**run), tmp_path / "run")
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    header, arrays = read_archive(tmp_path / "run" / "checkpoint.npz")
    assert records[-1]["restarts"] + records[-1]["rollbacks"] >= 1
    assert json.loads(header)["counters"]["restarts"] == records[-1]["restarts"]
    assert arrays["evaluator/obs_count"][0] < records[-1]["inner_steps"]
    whole = bf.train(bf.Config(**{**run, "generations": 14}))
    resumed = bf.resume(tmp_path / "run", generations=14)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)


def test_without_one_nothing_of_it_is_saved(tmp_path: Path) -> None:
    bf.train(bf.Config(**{**THROWN, "generations": 5}), tmp_path / "run")
    _, arrays = read_archive(tmp_path / "run" / "checkpoint.npz")
    assert not [name for name in arrays if name.startswith("safeguard")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"strategy": "nsr", "task": "InvertedPendulum-v5", "dim": None, "task_kwargs": {}},
            "to one best centre",
        ),
        ({"strategy": "cmaes", "learning_rate": None, "optimizer": None}, "has neither to change; leave safeguard out"),
        ({"safeguard": "yes"}, "safeguard must be true or false, got 'yes'"),
    ],
)
def test_bad_input(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(bf.ConfigError, match=message) as caught:
        bf.train(bf.Config(**{**THROWN, "safeguard": True, **settings}))
    assert "\n" not in str(caught.value)


def test_a_strategy_that_learns_from_all_steps_is_refused() -> None:
    run = {"task": "InvertedPendulum-v5", "strategy": "esac", "population": 8, "generations": 1, "hidden": (4,)}
    with pytest.raises(bf.ConfigError, match="strategy 'esac' also learns from all steps it has seen; leave safeguard"):
        bf.train(bf.Config(**run, meta="none", safeguard=True))


@pytest.mark.parametrize(
    ("array", "value"),
    [
        ("safeguard/numbers", np.array([1.0, np.nan, 0.0])),
        ("safeguard/numbers", np.array([-1.0, 1.0, 0.0])),
        ("safeguard/start_evidence", np.array([0.0, np.inf, 1.0, 16.0])),
        ("safeguard/start_strategy_mean", np.full(12, np.nan, np.float32)),
    ],
)
def test_a_checkpoint_of_impossible_numbers_is_refused(array: str, value: np.ndarray, tmp_path: Path) -> None:
    bf.train(bf.Config(**{**THROWN, "safeguard": True, "generations": 6}), tmp_path / "run")
    file = tmp_path / "run" / "checkpoint.npz"
    header, arrays = read_archive(file)
    write_archive(file, header, {**arrays, array: value})
    with pytest.raises(bf.CheckpointError):
        bf.resume(tmp_path / "run", generations=8)
