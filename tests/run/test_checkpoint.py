"""Checkpoints: whole or refused, and a refused file is left as it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bierl_fast.config.config import Config
from bierl_fast.errors import ArgumentError, CheckpointError
from bierl_fast.run import checkpoint
from bierl_fast.run.api import resume
from bierl_fast.run.checkpoint import Checkpoint, Counters
from bierl_fast.run.directory import RunDirectory

CONFIG = Config(task="Hopper-v5", generations=5)
SAVED = Checkpoint(
    Counters(generation=3, inner_steps=100, meta_steps=20, meta_updates=1),
    {
        "strategy": {"mean": np.arange(5, dtype=np.float32), "adam/m": np.ones((2, 3))},
        "evaluator": {"count": np.array(7.0)},
    },
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, CONFIG, SAVED)
    return path


def refused(path: Path, message: str, config: Config = CONFIG) -> None:
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=message) as caught:
        checkpoint.load(path, config)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def rewrite(path: Path, **changes: object) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(str(arrays["header"]))
    arrays["header"] = np.array(json.dumps({**header, **changes}))
    with path.open("wb") as target:
        np.savez(target, **arrays)


def test_what_is_saved_comes_back(path: Path) -> None:
    loaded = checkpoint.load(path, CONFIG.replace(generations=50, threads=2))
    assert loaded.counters == SAVED.counters
    assert loaded.counters.env_steps == 120
    assert set(loaded.parts) == {"strategy", "evaluator"}
    for part, arrays in SAVED.parts.items():
        assert set(loaded.parts[part]) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(loaded.parts[part][name], array)
            assert loaded.parts[part][name].dtype == array.dtype


def test_the_bytes_depend_on_training_alone(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    checkpoint.save(other, CONFIG.replace(threads=2, generations=None, total_steps=9), SAVED)
    assert other.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(path: Path, keep: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    refused(path, "damaged")


def test_flipped_bits_are_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"mean") + 160] ^= 0xFF
    path.write_bytes(content)
    refused(path, "damaged")


def test_other_files_are_refused(path: Path) -> None:
    rewrite(path, format=99)
    refused(path, "has format 99, this version reads format 1")
    rewrite(path, format=1, kind="warm start")
    refused(path, "no checkpoint of a run, but 'warm start'")
    np.savez(path, mean=np.zeros(3))
    refused(path, "has no header: it is not an archive of this project")
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    refused(path, "is damaged or not an archive of this project")
    with path.open("wb") as file:
        np.save(file, np.array([{}]), allow_pickle=True)
    refused(path, "is damaged or not an archive of this project")


def test_a_broken_header_is_refused(path: Path) -> None:
    rewrite(path, counters={"generation": 3})
    refused(path, "its header lacks 'inner_steps'")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": []}, r"header's config must be a JSON object, got \[\]"),
        ({"config": None}, "header's config must be a JSON object, got None"),
        ({"counters": 3}, "header's counters must be a JSON object, got 3"),
    ],
)
def test_a_header_of_other_types_is_refused(path: Path, changes: dict[str, object], message: str) -> None:
    rewrite(path, **changes)
    refused(path, message)


@pytest.mark.parametrize("value", [-1, 2.5, "3", True, None, float("inf")])
def test_counters_are_whole_numbers_from_zero_on(path: Path, value: object) -> None:
    rewrite(path, counters={**asdict(SAVED.counters), "meta_steps": value})
    refused(path, "meta_steps must be a whole number of at least 0")


def test_settings_newer_than_the_checkpoint_count_as_their_defaults(path: Path) -> None:
    settings = CONFIG.training()
    del settings["activation"], settings["behavior"]
    rewrite(path, config=settings)
    assert checkpoint.load(path, CONFIG).counters == SAVED.counters
    refused(path, "activation was 'tanh', is 'relu'", CONFIG.replace(activation="relu"))


def test_format_1_is_still_read(tmp_path: Path) -> None:
    """A run that version 0.1.0 wrote goes on."""
    run = shutil.copytree(Path(__file__).parents[1] / "data" / "run_format_1", tmp_path / "run")
    saved = checkpoint.load(run / "checkpoint.npz", RunDirectory(run).read_config())
    assert (saved.counters.generation, saved.counters.env_steps) == (3, 206)
    assert saved.parts["strategy"]["mean"].shape == (5,)
    assert [record["generation"] for record in resume(run, generations=4).metrics] == [0, 1, 2, 3]


def test_another_run_is_refused(path: Path) -> None:
    refused(path, "a checkpoint of task 'Hopper-v5', but .* says 'Ant-v5'", CONFIG.replace(task="Ant-v5"))
    refused(path, "other settings .*: population was 64, is 8, sigma was None, is 0.5",
            CONFIG.replace(population=8, sigma=0.5))  # fmt: skip


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        checkpoint.load(tmp_path / "checkpoint.npz", CONFIG)


def test_a_failed_save_leaves_the_old_file(path: Path) -> None:
    before = path.read_bytes()
    objects = Checkpoint(Counters(), {"meta": {"thing": np.array([{}])}})
    with pytest.raises(ArgumentError, match="must be arrays of numbers: Object arrays cannot be saved"):
        checkpoint.save(path, CONFIG, objects)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
