"""A run that was killed before its first checkpoint: what it left is in nobody's way, and nothing else goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.fakes import Fakes

from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.errors import RunDirectoryError, RunWarning
from bierl_fast.meta.fitness import META_FITNESS
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run import checkpoint, manifest
from bierl_fast.run.api import resume, train
from bierl_fast.run.record import Recorder

CONFIG = Config(task="Parabola-v0", population=6, meta="none", generations=4, seed=2)
STEPS = ("manifest", "config", "metrics", "policy", "checkpoint")


class Killed(BaseException):
    """In place of SIGKILL: nothing is cleared up."""


def killed_after(step: str, directory: Path, monkeypatch: pytest.MonkeyPatch, config: Config = CONFIG) -> None:
    """Train until a file of the run is written, and no further."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as kill:
        kill.setattr("bierl_fast.run.directory.RunDirectory.clear", lambda self, **_: None)
        if step == "manifest":
            kill.setattr("bierl_fast.run.directory.RunDirectory.write_config", killed)
        elif step == "config":
            kill.setattr("bierl_fast.run.followers.Recorder", killed)
        elif step == "metrics":
            kill.setattr(Recorder, "start", killed)
        elif step == "policy":
            kill.setattr(checkpoint, "save", killed)
        else:
            kill.setattr("bierl_fast.run.loop.advance", killed)
        with pytest.raises(Killed):
            train(config, directory)


@pytest.mark.parametrize("step", STEPS[:-1])
def test_train_begins_again(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    killed_after(step, tmp_path, monkeypatch)
    assert not (tmp_path / "checkpoint.npz").exists()
    again = train(CONFIG.replace(generations=3), tmp_path)
    assert (again.parameters == train(CONFIG.replace(generations=3)).parameters).all()


@pytest.mark.parametrize("step", STEPS[1:])
def test_resume_goes_on(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    killed_after(step, tmp_path, monkeypatch)
    if step == "checkpoint":
        resumed = resume(tmp_path)
    else:
        with pytest.warns(RunWarning, match="stopped before its first checkpoint: it begins anew"):
            resumed = resume(tmp_path)
    assert (resumed.parameters == train(CONFIG).parameters).all()


@pytest.mark.filterwarnings("ignore::bierl_fast.errors.RunWarning")  # two generations are too few to learn in
@pytest.mark.parametrize(
    ("meta", "fitness"),
    [
        (name, fitness)
        for name, line in META_LEVELS.items()
        for fitness in (META_FITNESS if line.learned else (None,))
        if not (name == "bo" and fitness == "in_batch")
    ],
)
def test_from_the_first_checkpoint_under_every_meta_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meta: str, fitness: str | None
) -> None:
    """Which is written before any generation: what a meta-level has not begun with is no damage."""
    settings: dict[str, Any] = {} if fitness is None else {"meta_fitness": fitness}
    settings |= {"schedule_horizon": 3} if meta == "schedule" else {}
    config = Config(task="quadratic", dim=3, population=8, meta=meta, generations=2, seed=3, threads=1, **settings)
    killed_after("checkpoint", tmp_path, monkeypatch, config)
    assert (resume(tmp_path).parameters == train(config).parameters).all()


def test_an_empty_config_is_begun_by_train(fakes: Fakes, tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    with pytest.raises(RunDirectoryError, match=r"stopped before it began; begin it again by `bierl train TASK --run-"):
        resume(tmp_path)
    assert len(train(CONFIG, tmp_path).metrics) == 4


def test_a_config_of_ones_own_is_begun_by_resume(fakes: Fakes, tmp_path: Path) -> None:
    """A person's config.toml may be the only one there is."""
    (tmp_path / "config.toml").write_text('task = "Parabola-v0"\nmeta = "none"\npopulation = 6\n', encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="already holds a run; go on with it by `bierl resume"):
        train(CONFIG, tmp_path)
    with pytest.warns(RunWarning, match="begins anew"):
        assert len(resume(tmp_path, generations=2).metrics) == 2
    assert toml.read(tmp_path / "config.toml")["population"] == 6


@pytest.mark.parametrize("gone", [("checkpoint.npz",), ("checkpoint.npz", "metrics.jsonl")])
def test_what_was_learned_stays(fakes: Fakes, tmp_path: Path, gone: tuple[str, ...]) -> None:
    train(CONFIG, tmp_path)
    for name in gone:
        (tmp_path / name).unlink()
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(RunDirectoryError, match=r"whose checkpoint\.npz is gone, so nothing can go on with it"):
        train(CONFIG, tmp_path)
    with pytest.raises(RunDirectoryError, match="no checkpoint at"):
        resume(tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_one_that_begins_is_not_taken_for_dead(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = manifest.create

    def meanwhile(path: Path, config: Config, warm_start: None) -> None:
        create(path, config, warm_start)
        with pytest.raises(RunDirectoryError, match="under way in another process"):
            train(CONFIG, tmp_path)

    monkeypatch.setattr(manifest, "create", meanwhile)
    assert len(train(CONFIG, tmp_path).metrics) == 4
