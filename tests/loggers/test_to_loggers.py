"""Whatever a logger does, the run does not notice: neither its numbers, nor its speed, nor its end."""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from helpers.fakes import Fakes
from helpers.logged import FakeLogger
from helpers.outcomes import lines

import bierl_fast as bf
from bierl_fast.config import toml
from bierl_fast.loggers import delivery, table
from bierl_fast.loggers.base import LogRun, Place
from bierl_fast.loggers.delivery import Delivery
from bierl_fast.loggers.filming import Filming
from bierl_fast.loggers.names import numbers
from bierl_fast.machine import waited
from bierl_fast.run import to_loggers

CONFIG = bf.Config(
    task="Parabola-v0", meta="lstm", population=6, generations=8, seed=5, eval_interval=3, eval_episodes=2,
    meta_interval=2, meta_budget=0.7, log=("wandb",),
)  # fmt: skip
RUN = LogRun("run", "0", "project", Path("nowhere"))


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLogger]:
    """In the place of wandb and trackio."""
    found = FakeLogger()
    monkeypatch.setattr(to_loggers, "maker_of", lambda _: found)
    monkeypatch.setattr(to_loggers, "require_installed", lambda _: None)
    yield found
    if found.hold is not None:
        found.hold.set()


def test_every_number_of_a_record_has_a_name(fakes: Fakes, tmp_path: Path, logger: FakeLogger) -> None:
    result = bf.train(CONFIG, tmp_path / "run")
    assert [at.generation for _, at in logger.rows] == list(range(8))
    assert [at.env_steps for _, at in logger.rows] == [record["env_steps"] for record in result.metrics]
    for record, (row, _) in zip(result.metrics, logger.rows, strict=True):
        flat = [value for value in record.values() if not isinstance(value, dict)]
        flat += [value for table in record.values() if isinstance(table, dict) for value in table.values()]
        assert {value for value in flat if value is not None} <= set(row.values())
        assert all(type(value) in {int, float} and name.count("/") >= 1 for name, value in row.items())
    assert logger.closed


def test_names_are_those_that_tools_group_by() -> None:
    record = {"generation": 3, "env_steps": 50, "mean_return": 1.5, "center_return": None, "sigma": 0.1, "new": 2,
              "hyperparameters": {"sigma": 0.1, "momentum": 0.5}, "meta": None, "evaluation": {"mean_return": 2.0},
              "seconds": {"ask": 0.5, "tell": 1.5}, "true": True}  # fmt: skip
    assert numbers(record, 10) == {
        "time/generation": 3, "time/env_steps": 50, "rollout/mean_return": 1.5, "train/sigma": 0.1, "train/new": 2,
        "train/momentum": 0.5, "eval/mean_return": 2.0, "time/seconds/ask": 0.5, "time/seconds/tell": 1.5,
        "time/steps_per_second": 20.0,
    }  # fmt: skip


def test_the_run_is_told_of(fakes: Fakes, tmp_path: Path, logger: FakeLogger) -> None:
    bf.train(CONFIG.replace(log_project="walkers", generations=3), tmp_path / "run")
    first = logger.run
    assert first is not None
    assert (first.name, first.project, first.generations) == ("run", "walkers", 0)
    assert first.folder == tmp_path / "run" / "loggers" / "wandb"
    assert first.hyperparameters["population"] == 6
    assert first.hyperparameters["log"] == "wandb"
    assert all(type(value) in {int, float, str, bool} for value in first.hyperparameters.values())
    assert first.hyperparameters.keys() <= {
        *CONFIG.values(),
        *(f"{name}.{inner}" for name in ("reference", "ranges") for inner in CONFIG.reference.__slots__),
    }
    json.dumps(dict(first.hyperparameters), allow_nan=False)
    bf.resume(tmp_path / "run", generations=5)
    assert logger.run is not None
    assert (logger.run.ident, logger.run.generations) == (first.ident, 3)
    assert [at.generation for _, at in logger.rows] == [0, 1, 2, 3, 4]
    bf.train(CONFIG, tmp_path / "other")
    assert logger.run.ident != first.ident


def test_following_by_loggers_changes_no_bit(fakes: Fakes, tmp_path: Path, logger: FakeLogger) -> None:
    plain = bf.train(CONFIG.replace(log=()), tmp_path / "plain")
    logged = bf.train(CONFIG, tmp_path / "logged")
    assert lines(plain) == lines(logged)
    np.testing.assert_array_equal(plain.parameters, logged.parameters)
    assert (tmp_path / "plain" / "checkpoint.npz").read_bytes() == (tmp_path / "logged" / "checkpoint.npz").read_bytes()


@pytest.mark.parametrize("error", [OSError("no route to host"), SystemExit(3), KeyboardInterrupt()])
@pytest.mark.parametrize("after", [0, 1, 4, 9])
def test_a_logger_that_fails_is_told_once(
    error: BaseException, after: int, fakes: Fakes, tmp_path: Path, logger: FakeLogger
) -> None:
    logger.fail, logger.fail_at = error, after
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = bf.train(CONFIG, tmp_path / "run")
    assert len(result.metrics) == 8
    (only,) = told
    what = f"the logger wandb gets nothing more, and the run goes on: {type(error).__name__}"
    assert str(only.message).startswith(what)
    assert only.category is bf.RunWarning


def test_where_warnings_are_errors_the_run_goes_on_too(fakes: Fakes, tmp_path: Path, logger: FakeLogger) -> None:
    logger.fail = ValueError("broken")
    assert len(bf.train(CONFIG, tmp_path / "run").metrics) == 8


def test_a_logger_that_hangs_holds_up_nothing(
    fakes: Fakes, tmp_path: Path, logger: FakeLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_loggers, "AT_THE_END", 0.05)
    monkeypatch.setattr(delivery, "LONGEST", 3)
    logger.hold = threading.Event()
    with pytest.warns(bf.RunWarning, match=r"^the logger wandb was too slow: it did not get 8 of 8 rows$"):
        result = bf.train(CONFIG, tmp_path / "run")
    assert len(result.metrics) == 8
    assert logger.rows == []


def test_what_waited_arrives_when_the_logger_comes_to_itself() -> None:
    logger = FakeLogger()
    logger.hold = threading.Event()
    link = Delivery("slow", lambda: logger, RUN)
    for number in range(5):
        link.put("numbers", {"x": number}, Place(number, number, 0.0))
    logger.hold.set()
    assert link.close(60.0) is None
    assert [row["x"] for row, _ in logger.rows] == [0, 1, 2, 3, 4]
    assert logger.closed


def test_seconds_without_a_processor_are_not_the_loggers(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a tool may take minutes to load, of which seconds are its own."""
    given = threading.Event()
    late = FakeLogger()
    looked: list[int | None] = []

    def waited(thread: int | None = None) -> float:
        looked.append(thread)
        if len(looked) > 4:
            given.set()
        return time.monotonic()  # never yet a processor

    def load() -> FakeLogger:
        assert given.wait(60.0)
        return late

    monkeypatch.setattr(delivery, "waited", waited)
    monkeypatch.setattr(delivery, "LOOK_EVERY", 0.01)
    link = Delivery("late", load, RUN)
    link.put("numbers", {"x": 1}, Place(0, 0, 0.0))
    assert link.close(1e-3) is None
    assert [row["x"] for row, _ in late.rows] == [1]
    assert set(looked) == {link._thread.native_id}


def test_a_thread_that_runs_waits_less_than_time_passes() -> None:
    thread, began = threading.get_native_id(), time.monotonic()
    first = waited(thread)
    assert 0.0 <= waited() - first <= time.monotonic() - began + 0.1
    assert waited(2**22 + 1) == 0.0  # none


def test_a_second_interrupt_waits_no_longer(
    fakes: Fakes, tmp_path: Path, logger: FakeLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: Any) -> str | None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Delivery, "close", again)
    assert len(bf.train(CONFIG, tmp_path / "run").metrics) == 8


@pytest.mark.parametrize("name", sorted(table.LOGGERS))
def test_a_missing_package_is_one_line_before_anything_begins(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(bf.InstallationError, match=rf"install it with: pip install 'bierl-fast\[{name}\]'"):
        bf.train(bf.Config(task="quadratic", dim=3, generations=2, meta="none", log=(name,)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_extras_have_the_loggers_names() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for name, entry in table.LOGGERS.items():
        assert any(each.startswith(entry.package) for each in project["optional-dependencies"][name])
        assert callable(table.maker_of(name))


@pytest.mark.filterwarnings("ignore:the run ended before the first update")
def test_settings_are_checked_and_saved(fakes: Fakes, tmp_path: Path, logger: FakeLogger) -> None:
    with pytest.raises(bf.ConfigError, match="tensorbord"):
        CONFIG.replace(log=("tensorbord",))
    with pytest.raises(bf.ConfigError, match="log keeps its files in the run's directory"):
        bf.train(CONFIG)
    bf.train(CONFIG.replace(log=("wandb", "trackio"), generations=2), tmp_path / "run")
    assert toml.read_saved(tmp_path / "run" / "config.toml").log == ("wandb", "trackio")
    bf.resume(tmp_path / "run", generations=3, log=[])
    assert toml.read_saved(tmp_path / "run" / "config.toml").log == ()
    assert len(logger.rows) == 4  # two generations, two loggers


class Films(Filming):
    """Makes no films."""

    made: ClassVar[list[Path]] = []
    wrong = ""

    def _record(self, policy: Path, film: Path) -> bool:
        assert policy.is_file()
        if self.wrong:
            raise RuntimeError(self.wrong)
        self.made.append(film)
        film.write_bytes(b"film")
        return True


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> type[Films]:
    monkeypatch.setattr(Films, "made", [])
    monkeypatch.setattr(to_loggers, "Filming", Films)
    return Films


def test_films_go_to_the_loggers(fakes: Fakes, tmp_path: Path, logger: FakeLogger, films: type[Films]) -> None:
    bf.train(CONFIG.replace(log=("wandb", "trackio"), log_video=8), tmp_path / "run")
    folder = tmp_path / "run" / "loggers" / "films"
    assert films.made == [folder / "generation_000007.mp4"]
    assert [(path, at.generation) for path, at in logger.films] == [(films.made[0], 7)] * 2
    assert sorted(path.name for path in folder.iterdir()) == ["generation_000007.mp4"]


def test_a_film_that_cannot_be_made_is_told_once(
    fakes: Fakes, tmp_path: Path, logger: FakeLogger, films: type[Films], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "wrong", "it draws no pictures")
    with pytest.warns(bf.RunWarning) as told:
        bf.train(CONFIG.replace(log_video=1), tmp_path / "run")
    assert [str(each.message) for each in told] == ["no more films are made, and the run goes on: it draws no pictures"]
    assert len(logger.rows) == 8


def test_a_film_of_a_function_says_why_there_is_none(tmp_path: Path) -> None:
    """By `bierl record` itself, in its own process."""
    policy = bf.make_evaluator("quadratic", dim=3, threads=1).policy
    taken: list[Path] = []
    films = Filming(tmp_path / "films", ["gif"])
    films.begin(0, policy.save, taken.append)
    assert "no more films are made" in (films.close(120.0) or "")
    assert films.news() is None
    assert taken == []
    films.begin(1, policy.save, taken.append)  # nothing more
    assert films.close(0.0) is None


def test_a_film_under_way_at_the_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/sleep")  # the rest of the line is no duration: it ends at once
    films = Filming(tmp_path / "films", ["gif", "mp4"])
    films.begin(0, lambda path: None, print)
    told = films.close(60.0)
    assert told is not None
    assert "sleep" in told
