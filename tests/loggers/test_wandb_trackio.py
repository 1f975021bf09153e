"""What the two services get, by stand-ins for their packages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.logged import FakeWandb

from bierl_fast.loggers.base import LogRun, Place
from bierl_fast.loggers.trackio import Trackio
from bierl_fast.loggers.wandb import WeightsAndBiases
from bierl_fast.run.to_loggers import AT_THE_END


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    found = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", found)
    monkeypatch.setitem(sys.modules, "trackio", found)
    return found


def described(folder: Path, **facts: Any) -> LogRun:
    return LogRun("hopper", "12ab", "walkers", folder / "wandb", {"sigma": 0.1}, **facts)


def test_wandb_gets_rows_by_generation_over_env_steps(package: FakeWandb, tmp_path: Path) -> None:
    logger = WeightsAndBiases(described(tmp_path))
    for generation in range(2):
        logger.numbers({"rollout/mean_return": 1.0}, Place(100 * generation, generation, 0.0))
    logger.film(tmp_path / "film.mp4", Place(100, 1, 0.0))
    logger.close()
    ((facts,),) = package.of("init")
    assert facts | {"settings": None} == {
        "project": "walkers", "name": "hopper", "id": "12ab", "resume": "allow", "dir": str(tmp_path / "wandb"),
        "config": {"sigma": 0.1}, "settings": None,
    }  # fmt: skip
    assert package.of("define_metric") == [("time/env_steps", {}), ("*", {"step_metric": "time/env_steps"})]
    film = (str(tmp_path / "film.mp4"), {"format": "mp4", "caption": "generation 1"})
    assert package.of("log") == [
        ({"rollout/mean_return": 1.0}, {"step": 0}),
        ({"rollout/mean_return": 1.0}, {"step": 1}),
        ({"episode": film}, {"commit": False}),
    ]
    assert package.told[-1] == ("finish",)


@pytest.mark.parametrize("given", [None, "120"])
def test_wandb_waits_for_its_server_no_longer_than_a_run_does(
    given: str | None, package: FakeWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_INIT_TIMEOUT", raising=False)
    if given is not None:
        monkeypatch.setenv("WANDB_INIT_TIMEOUT", given)
    WeightsAndBiases(described(tmp_path))
    ((facts,),) = package.of("init")
    assert facts["settings"].get("init_timeout") == (None if given else AT_THE_END)


def test_what_wandb_has_already_is_not_sent_again(package: FakeWandb, tmp_path: Path) -> None:
    package.starting_step = 4
    logger = WeightsAndBiases(described(tmp_path, generations=3))
    for generation in range(3, 6):
        logger.numbers({}, Place(0, generation, 0.0))
    assert [facts["step"] for _, facts in package.of("log")] == [4, 5]


def test_nor_what_lies_in_its_folder_offline(package: FakeWandb, tmp_path: Path) -> None:
    """No server says what there is; the first run was killed behind generation 4, and goes on from generation 2."""
    package.offline = True
    killed, again = WeightsAndBiases(described(tmp_path)), range(2, 7)
    for generation in range(5):
        killed.numbers({}, Place(0, generation, 0.0))
    logger = WeightsAndBiases(described(tmp_path, generations=2))
    for generation in again:
        logger.numbers({}, Place(0, generation, 0.0))
    logger.close()
    killed.close()
    assert [facts["step"] for _, facts in package.of("log")] == list(range(7))


@pytest.mark.parametrize("content", [b"", b"\xff" * 30, b"none\n"])
def test_a_count_that_cannot_be_read_is_none(content: bytes, package: FakeWandb, tmp_path: Path) -> None:
    package.offline = True
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "rows.txt").write_bytes(content)
    logger = WeightsAndBiases(described(tmp_path))
    logger.numbers({}, Place(0, 0, 0.0))
    logger.close()
    assert [facts["step"] for _, facts in package.of("log")] == [0]


def test_trackio_gets_rows_by_env_steps(package: FakeWandb, tmp_path: Path) -> None:
    logger = Trackio(described(tmp_path))
    logger.numbers({"train/sigma": 0.1}, Place(300, 2, 0.0))
    logger.film(tmp_path / "film.mp4", Place(300, 2, 0.0))
    logger.close()
    ((facts,),) = package.of("init")
    assert (facts["name"], facts["project"], facts["resume"]) == ("hopper-12ab", "walkers", "allow")
    film = (str(tmp_path / "film.mp4"), {"caption": "generation 2"})
    assert package.of("log") == [({"train/sigma": 0.1}, {"step": 300}), ({"episode": film}, {"step": 300})]
    assert package.told[-1] == ("finish",)
