"""Run directories: default names, and one claim among several starts."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Barrier
from typing import Any, BinaryIO

import pytest
from helpers.fakes import Fakes

from bierl_fast import archive, files
from bierl_fast.config.config import Config
from bierl_fast.errors import RunDirectoryError
from bierl_fast.run import metrics
from bierl_fast.run.api import resume, train
from bierl_fast.run.directory import RunDirectory, default_directory

CONFIG = Config(task="Parabola-v0", meta="lstm", population=6, generations=12, seed=5, checkpoint_seconds=0.0)


def test_the_default_directory_takes_the_first_free_number(tmp_path: Path) -> None:
    config = CONFIG.replace(task="ns/Odd task-v0")
    root = tmp_path / "runs"
    with default_directory(config, root) as first, default_directory(config, root) as second:
        assert first == root / "ns_Odd_task-v0-es-lstm-s5-1"
        assert second.name.endswith("-s5-2")
        assert {first, second} == set(root.iterdir())


def test_a_default_directory_without_files_goes_again(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    with pytest.raises(KeyError), default_directory(CONFIG, root):
        raise KeyError
    assert list(tmp_path.iterdir()) == []

    def begin_and_fail(path: Path) -> None:
        (path / "config.toml").touch()
        raise KeyError

    with pytest.raises(KeyError), default_directory(CONFIG, root) as path:
        begin_and_fail(path)
    assert (path / "config.toml").exists()


def test_parallel_starts_take_directories_of_their_own(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(_: int) -> Path:
        together.wait()
        with default_directory(CONFIG, tmp_path / "runs") as path:
            return path

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 8


def test_of_two_starts_in_one_directory_one_is_refused(fakes: Fakes, tmp_path: Path) -> None:
    """The second starts while the first builds its parts: neither saw the other's files."""
    built = []

    def start_another(parts: Any) -> None:
        built.append(parts)
        if len(built) == 1:
            train(CONFIG.replace(generations=3), tmp_path / "run")

    fakes.on_build = start_another
    with pytest.raises(RunDirectoryError, match="already holds a run"):
        train(CONFIG, tmp_path / "run")
    assert len(built) == 2
    assert len(metrics.read(tmp_path / "run" / "metrics.jsonl")) == 3


def test_only_one_claim_succeeds(tmp_path: Path) -> None:
    together = Barrier(8)

    def claim(_: int) -> bool:
        together.wait()
        try:
            with RunDirectory(tmp_path / "run").taken():
                together.wait()
        except RunDirectoryError:
            together.wait()
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 1


def test_a_run_under_way_is_not_resumed_beside_itself(fakes: Fakes, tmp_path: Path) -> None:
    def resume_beside(record: metrics.Record) -> None:
        if record["generation"] == 3:
            with pytest.raises(RunDirectoryError, match="under way in another process"):
                resume(tmp_path, generations=20)

    assert len(train(CONFIG, tmp_path, resume_beside).metrics) == 12
    assert len(resume(tmp_path, 14, observer=resume_beside).metrics) == 14


@pytest.mark.parametrize("full", ["config.toml", "manifest.json", "checkpoint.npz"])
def test_a_run_that_cannot_begin_leaves_its_directory_free(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    replacing = files.replacing

    def fill(path: Path) -> AbstractContextManager[BinaryIO]:
        if path.name == full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replacing(path)

    with monkeypatch.context() as disk:
        for module in (files, archive):
            disk.setattr(module, "replacing", fill)
        with pytest.raises(OSError, match="No space left on device"):
            train(CONFIG, tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
    assert len(train(CONFIG, tmp_path / "run").metrics) == 12
