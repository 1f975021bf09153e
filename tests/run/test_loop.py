"""The loop over fakes: exact counters, resume equal to an uninterrupted run, nothing lost when stopped."""

from __future__ import annotations

import errno
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fakes import Fakes

from bierl_fast.config import resolve
from bierl_fast.config.config import Config
from bierl_fast.errors import CheckpointError, ConfigError, RunDirectoryError, RunWarning, UnknownNameError
from bierl_fast.messages import Population, Stream
from bierl_fast.run import checkpoint, metrics
from bierl_fast.run.api import evaluate, resume, train
from bierl_fast.run.metrics import MetricsFile

CONFIG = Config(task="Parabola-v0", meta="lstm", population=6, generations=12, seed=5, checkpoint_seconds=0.0)
CONTRACT_KEYS = {
    "generation", "env_steps", "inner_steps", "meta_steps", "warm_start_steps", "eval_steps",
    "mean_return", "max_return", "center_return", "sigma", "learning_rate", "episode_failures", "seconds",
}  # fmt: skip
FILES = {"config.toml", "manifest.json", "metrics.jsonl", "checkpoint.npz", "policy.npz"}


def without_seconds(records: list[metrics.Record]) -> list[metrics.Record]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def same_run(one: Path, other: Path) -> None:
    assert without_seconds(metrics.read(one / "metrics.jsonl")) == without_seconds(
        metrics.read(other / "metrics.jsonl")
    )
    for name in ("checkpoint.npz", "policy.npz"):
        first, second = arrays(one / name), arrays(other / name)
        assert set(first) == set(second)
        for key, array in first.items():
            np.testing.assert_array_equal(array, second[key], err_msg=key)


def at(generation: int, action: Callable[[], None]) -> Callable[[Population], None]:
    def before(population: Population) -> None:
        if population.key.generation == generation and population.key.stream is Stream.INNER:
            action()

    return before


def interrupt() -> None:
    raise KeyboardInterrupt


def test_counters_are_exact_and_cumulative(fakes: Fakes) -> None:
    result = train(CONFIG.replace(eval_interval=5, eval_episodes=3))
    spent = fakes.last.evaluator.steps
    last = result.metrics[-1]
    assert [record["generation"] for record in result.metrics] == list(range(12))
    assert last["inner_steps"] == spent[Stream.INNER]
    assert last["meta_steps"] == spent[Stream.META]
    assert last["eval_steps"] == spent[Stream.EVALUATION] == 2 * (10 + 11 + 12)
    assert (last["meta_updates"], last["episode_failures"]) == (4, 4)
    for record in result.metrics:
        assert record.keys() >= CONTRACT_KEYS
        assert record["env_steps"] == record["inner_steps"] + record["meta_steps"] + record["warm_start_steps"]
        assert set(record["seconds"]) == {"ask", "evaluate", "tell", "meta", "record"}
        assert record["center_return"] is None
        assert (record["evaluation"] is not None) == (record["generation"] in (4, 9))
    # The update after generation 2 shows in generation 3.
    assert [record["sigma"] for record in result.metrics[:4]] == [0.1, 0.1, 0.1, pytest.approx(0.09)]


def test_no_directory_no_files(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = train(CONFIG)
    assert result.run_dir is None
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(result.policy.parameters, result.parameters)


def test_silent(fakes: Fakes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(CONFIG, tmp_path / "run")
    assert capfd.readouterr() == ("", "")


def test_a_run_directory(fakes: Fakes, tmp_path: Path) -> None:
    result = train(CONFIG, tmp_path / "deep" / "run")
    assert result.run_dir is not None
    assert {path.name for path in result.run_dir.iterdir()} == FILES
    assert metrics.read(result.run_dir / "metrics.jsonl") == result.metrics
    manifest = json.loads((result.run_dir / "manifest.json").read_text(encoding="utf-8"))
    assert manifest.keys() >= {
        "versions",
        "cpu",
        "instruction_set",
        "threads",
        "seed",
        "command_line",
        "start_time",
    }
    assert "sigma = 0.1\nlearning_rate = 0.05" in (result.run_dir / "config.toml").read_text(encoding="utf-8")


def test_reporting_does_not_influence_training(fakes: Fakes) -> None:
    plain = train(CONFIG)
    reporting = train(CONFIG.replace(eval_interval=1))
    np.testing.assert_array_equal(plain.parameters, reporting.parameters)
    assert plain.metrics[-1]["env_steps"] == reporting.metrics[-1]["env_steps"]


def test_total_steps_ends_at_the_first_generation_end(fakes: Fakes) -> None:
    steps = train(CONFIG.replace(generations=None, total_steps=300)).metrics
    assert steps[-1]["env_steps"] >= 300 > steps[-2]["env_steps"]
    assert len(train(CONFIG.replace(generations=2, total_steps=10**9, meta="none")).metrics) == 2


def test_resume_equals_an_uninterrupted_run(fakes: Fakes, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(CONFIG, whole)
    train(CONFIG.replace(generations=5), parts)
    result = resume(parts, generations=12)
    assert len(result.metrics) == 12
    same_run(whole, parts)
    assert (whole / "config.toml").read_bytes() == (parts / "config.toml").read_bytes()
    assert len(json.loads((parts / "manifest.json").read_text(encoding="utf-8"))["resumed"]) == 1


@pytest.mark.parametrize("moment", ["evaluate", "after tell", "observer", "first generation"])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(fakes: Fakes, tmp_path: Path, moment: str) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(CONFIG, whole)

    def observer(record: metrics.Record) -> None:
        if moment == "observer" and record["generation"] == 6:
            raise KeyboardInterrupt

    def arrange(built: Any) -> None:
        if moment == "after tell":
            built.meta.before_due = lambda: interrupt() if built.history.count == 7 else None
        elif moment != "observer":
            built.evaluator.before = at(0 if moment == "first generation" else 6, interrupt)

    fakes.on_build = arrange
    with pytest.raises(KeyboardInterrupt):
        # No checkpoint is due for an hour, so only the interrupt can have written one.
        train(CONFIG.replace(checkpoint_seconds=3600.0), parts, observer)
    done = {"first generation": 0, "observer": 7}.get(moment, 6)
    assert len(metrics.read(parts / "metrics.jsonl")) == done
    fakes.on_build = lambda _: None
    assert len(resume(parts).metrics) == 12
    same_run(whole, parts)


def test_a_killed_run_drops_the_lines_behind_its_checkpoint(fakes: Fakes, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(CONFIG, whole)
    train(CONFIG.replace(generations=5), parts)
    with (parts / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"generation": 5, "mean_return": 0.0}\n{"generation": 6, "me')
    resume(parts, generations=12)
    same_run(whole, parts)


def test_an_error_saves_what_is_done(fakes: Fakes, tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("all candidates failed")

    def arrange(built: Any) -> None:
        built.evaluator.before = at(4, fail)

    fakes.on_build = arrange
    with pytest.raises(RuntimeError, match="all candidates failed"):
        train(CONFIG.replace(checkpoint_seconds=3600.0), tmp_path)
    fakes.on_build = lambda _: None
    assert len(resume(tmp_path, generations=5).metrics) == 5


def test_a_full_disk_is_one_error_that_names_the_files(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    closed = MetricsFile.close

    def close(file: MetricsFile) -> None:
        closed(file)
        full()

    def fill(record: metrics.Record) -> None:
        if record["generation"] == 3:
            monkeypatch.setattr(checkpoint, "save", full)
            monkeypatch.setattr(MetricsFile, "sync", lambda self: None)
            monkeypatch.setattr(metrics, "dumps", full)
            monkeypatch.setattr(MetricsFile, "close", close)

    with pytest.raises(OSError, match=r"No space left on device: '.*metrics\.jsonl'") as caught:
        train(CONFIG.replace(checkpoint_seconds=3600.0), tmp_path, fill)
    assert caught.value.__notes__ == [
        f"and {tmp_path}/checkpoint.npz could not be brought up to date: "
        f"[Errno 28] No space left on device: '{tmp_path}/checkpoint.npz'"
    ]


def test_a_second_interrupt_while_saving_is_a_note(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: Any) -> None:
        raise KeyboardInterrupt

    def fill(record: metrics.Record) -> None:
        if record["generation"] == 3:
            monkeypatch.setattr(checkpoint, "save", again)
            raise KeyboardInterrupt("first")

    with pytest.raises(KeyboardInterrupt, match="first") as caught:
        train(CONFIG.replace(checkpoint_seconds=3600.0), tmp_path, fill)
    assert caught.value.__notes__ == [
        f"and {tmp_path}/checkpoint.npz could not be brought up to date: KeyboardInterrupt"
    ]


def test_a_resume_that_has_nothing_to_do_says_so(fakes: Fakes, tmp_path: Path) -> None:
    first = train(CONFIG.replace(generations=5), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for generations, total_steps in ((None, None), (3, None), (None, 10)):
        with pytest.warns(RunWarning, match="already reached its end: 5 generations"):
            again = resume(tmp_path, generations, total_steps)
        np.testing.assert_array_equal(again.parameters, first.parameters)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_new_total_replaces_both_old_ones(fakes: Fakes, tmp_path: Path) -> None:
    train(CONFIG.replace(generations=5), tmp_path)
    assert resume(tmp_path, total_steps=600).metrics[-1]["env_steps"] >= 600
    with pytest.raises(ConfigError, match="generations must be at least 1"):
        resume(tmp_path, generations=0)


def test_a_directory_with_a_run_is_refused(fakes: Fakes, tmp_path: Path) -> None:
    train(CONFIG.replace(generations=3), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RunDirectoryError, match=f"`bierl resume {tmp_path}`"):
        train(CONFIG, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(RunDirectoryError, match="is a file"):
        train(CONFIG, tmp_path / "config.toml")


def test_a_damaged_directory_is_refused_and_left_alone(fakes: Fakes, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no run directory at"):
        resume(tmp_path / "absent")
    with pytest.raises(RunDirectoryError, match="holds no run"):
        resume(tmp_path)
    train(CONFIG.replace(generations=3), tmp_path)
    good = (tmp_path / "config.toml").read_text(encoding="utf-8")
    for old, new, message in (
        ("Parabola-v0", "Other-v0", "checkpoint of task 'Parabola-v0'"),
        ("population", "popluation", r"config\.toml: no setting named 'popluation'"),
        ("population = 6", "population = 7", r"config\.toml: population must be even"),
        ("population = 6", "population = 8", "other settings"),
    ):
        text = good.replace(old, new)
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with pytest.raises(RunDirectoryError, match=message):
            resume(tmp_path, generations=9)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "config.toml").write_text(good, encoding="utf-8")
    (tmp_path / "checkpoint.npz").unlink()
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        resume(tmp_path, generations=9)


def test_a_run_needs_an_end(fakes: Fakes) -> None:
    with pytest.raises(ConfigError, match="give generations"):
        train(CONFIG.replace(generations=None, task="CartPole-v1"))


def test_a_meta_level_that_never_learned_is_mentioned_once(fakes: Fakes) -> None:
    with pytest.warns(RunWarning, match="before the first update of its meta-level 'lstm'") as caught:
        train(CONFIG.replace(generations=2))
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(CONFIG.replace(generations=2, meta="none"))


def test_only_declared_hyperparameters_can_be_adapted(fakes: Fakes) -> None:
    with pytest.raises(UnknownNameError, match="no adaptable hyperparameter of strategy 'es' named 'sigm'"):
        train(CONFIG.replace(adapt=("sigm",)))
    train(CONFIG.replace(adapt=("sigm",), meta="none"))


def test_ranges_surround_the_configured_value(fakes: Fakes) -> None:
    train(CONFIG)
    config = fakes.last.config.replace(sigma_range=(0.01, 0.2))
    ranges = resolve.adapted_ranges(config, fakes.last.strategy.declared)
    assert list(ranges) == ["sigma", "learning_rate"]
    assert (ranges["sigma"].low, ranges["sigma"].high) == (0.01, 0.2)
    assert (ranges["learning_rate"].low, ranges["learning_rate"].high) == pytest.approx((0.0005, 5.0))


def test_evaluate(fakes: Fakes, tmp_path: Path) -> None:
    result = train(CONFIG, tmp_path)
    report = evaluate(tmp_path, episodes=6, seed=3)
    assert report == evaluate(result.policy, episodes=6, seed=3) == evaluate(tmp_path / "policy.npz", 6, 3)
    assert report["episodes"] == 6
    assert report["mean_length"] == 11
    assert report["min_return"] <= report["mean_return"] <= report["max_return"]
    wrong: list[dict[str, Any]] = [{"episodes": 0}, {"threads": 0}, {"seed": -1}]
    for arguments in wrong:
        with pytest.raises(ConfigError, match="must be at least"):
            evaluate(tmp_path, **arguments)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunDirectoryError, match="holds no run"):
        evaluate(tmp_path / "empty")
