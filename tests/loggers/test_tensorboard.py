"""TensorBoard's files, read back by TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.fakes import Fakes

import bierl_fast as bf
from bierl_fast.loggers.names import numbers

CONFIG = bf.Config(
    task="Parabola-v0", meta="lstm", population=6, generations=8, seed=5, checkpoint_seconds=0.0,
    eval_interval=3, eval_episodes=2,
    meta_interval=2, meta_budget=0.7, log=("tensorboard",),
)  # fmt: skip


def read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    found.Reload()
    return found


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = read(folder)
    return {name: [(each.step, each.value) for each in found.Scalars(name)] for name in found.Tags()["scalars"]}


def expected(records: Any) -> dict[str, list[tuple[int, float]]]:
    wanted: dict[str, list[tuple[int, float]]] = {}
    before = 0
    for record in records:
        for name, value in numbers(record, before).items():
            wanted.setdefault(name, []).append((record["env_steps"], value))
        before = record["env_steps"]
    return wanted


def same(found: dict[str, list[tuple[int, float]]], wanted: dict[str, list[tuple[int, float]]]) -> None:
    assert found.keys() == wanted.keys()
    for name, points in wanted.items():
        assert [step for step, _ in found[name]] == [step for step, _ in points], name
        assert [value for _, value in found[name]] == pytest.approx([value for _, value in points], rel=1e-6), name


def test_every_number_is_a_curve_over_env_steps(fakes: Fakes, tmp_path: Path) -> None:
    result = bf.train(CONFIG, tmp_path / "run")
    found = scalars(tmp_path / "run" / "loggers" / "tensorboard")
    same(found, expected(result.metrics))
    assert {"rollout/mean_return", "train/sigma", "eval/mean_return", "time/steps_per_second", "meta/meta_updates"} <= (
        found.keys()
    )
    assert result.metrics[-1]["meta_updates"] > 0


def test_settings_are_hyperparameters(fakes: Fakes, tmp_path: Path) -> None:
    bf.train(CONFIG, tmp_path / "run")
    metadata = read(tmp_path / "run" / "loggers" / "tensorboard").summary_metadata
    content = metadata["_hparams_/session_start_info"].plugin_data.content
    for name in (b"population", b"Parabola-v0", b"meta_budget", b"reference.ties"):
        assert name in content
    assert b"sac_batch" not in content  # of another strategy


def test_a_killed_run_that_goes_on_draws_each_generation_once(fakes: Fakes, tmp_path: Path) -> None:
    """As after a kill: the curves hold more generations than the checkpoint."""
    run, kept = tmp_path / "run", ("checkpoint.npz", "policy.npz", "best_policy.npz")
    bf.train(CONFIG.replace(generations=5), run)
    early = {name: (run / name).read_bytes() for name in kept}
    bf.resume(run, generations=8)
    for name, content in early.items():
        (run / name).write_bytes(content)
    result = bf.resume(run, generations=9)
    assert len(result.metrics) == 9
    found = scalars(run / "loggers" / "tensorboard")
    wanted = expected(result.metrics)
    assert {name: [step for step, _ in points] for name, points in found.items()} == {
        name: [step for step, _ in points] for name, points in wanted.items()
    }
    same(*({name: points for name, points in each.items() if "second" not in name} for each in (found, wanted)))


def test_a_film_is_an_image_that_moves(tmp_path: Path) -> None:
    from bierl_fast.loggers.base import LogRun, Place
    from bierl_fast.loggers.tensorboard import TensorBoard

    gif = b"GIF89a" + (7).to_bytes(2, "little") + (5).to_bytes(2, "little") + b"..."
    (tmp_path / "film.gif").write_bytes(gif)
    logger = TensorBoard(LogRun("run", "0", "project", tmp_path / "events"))
    logger.film(tmp_path / "film.gif", Place(env_steps=12, generation=3, time=1.0))
    logger.close()
    (image,) = read(tmp_path / "events").Images("episode")
    assert (image.width, image.height, image.step, image.encoded_image_string) == (7, 5, 12, gif)
