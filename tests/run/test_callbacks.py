"""Callbacks: told in order, of everything; they may stop a run, never change it, and what they raise is seen."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fakes import Fakes
from helpers.outcomes import lines

import bierl_fast as bf
from bierl_fast.errors import one_line
from bierl_fast.run import metrics
from bierl_fast.run.callbacks import Callbacks, Event

CONFIG = bf.Config(
    task="Parabola-v0",
    meta="lstm",
    population=6,
    generations=12,
    seed=5,
    checkpoint_seconds=0.0,
    eval_interval=5,
    eval_episodes=2,
)


class Keeps(bf.Callback):
    """Every event, as (moment, generation, event)."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, Any]] = []

    def at_start(self, event: bf.StartEvent) -> None:
        self.heard.append(("start", event.generation, event))

    def after_generation(self, event: bf.GenerationEvent) -> None:
        self.heard.append(("generation", event.generation, event))

    def after_evaluation(self, event: bf.EvaluationEvent) -> None:
        self.heard.append(("evaluation", event.generation, event))

    def at_checkpoint(self, event: bf.CheckpointEvent) -> None:
        assert event.checkpoint.is_file()
        self.heard.append(("checkpoint", event.generation, event))

    def at_end(self, event: bf.EndEvent) -> None:
        self.heard.append(("end", event.generation, event))

    def of(self, moment: str) -> list[Any]:
        return [event for heard, _, event in self.heard if heard == moment]


class Does(bf.Callback):
    """One thing at one moment of one generation."""

    def __init__(self, moment: str, act: Callable[[Any], Any], generation: int | None = None) -> None:
        def method(event: Event) -> None:
            if generation in {None, event.generation}:
                act(event)

        setattr(self, moment, method)


def raising(error: BaseException) -> Callable[[Any], None]:
    def act(_: Any) -> None:
        raise error

    return act


def test_everything_is_told_in_order(fakes: Fakes, tmp_path: Path) -> None:
    kept = Keeps()
    result = bf.train(CONFIG.replace(generations=6), tmp_path / "run", callbacks=[kept])
    assert [(moment, generation) for moment, generation, _ in kept.heard] == [
        ("start", -1),
        *[(moment, number) for number in range(4) for moment in ("generation", "checkpoint")],
        *[(moment, 4) for moment in ("generation", "evaluation", "checkpoint")],
        *[(moment, 5) for moment in ("generation", "checkpoint")],
        ("end", 5),
    ]
    for event, record in zip(kept.of("generation"), result.metrics, strict=True):
        assert event.record == record
        assert (event.mean_return, event.max_return) == (record["mean_return"], record["max_return"])
        assert event.hyperparameters == record["hyperparameters"]
        assert event.center_return == record["center_return"]
        assert event.env_steps == record["env_steps"]
    (evaluation,) = kept.of("evaluation")
    assert evaluation.mean_return == result.metrics[4]["evaluation"]["mean_return"]
    assert (evaluation.episodes, evaluation.episode_failures, evaluation.best) == (2, 0, True)
    (end,) = kept.of("end")
    assert (end.how, end.reason, end.best_return) == ("finished", "", evaluation.mean_return)
    np.testing.assert_array_equal(end.policy.parameters, result.parameters)
    assert {event.run_dir for _, _, event in kept.heard} == {tmp_path / "run"}
    assert result.stopped is None


def test_a_run_without_files_has_no_checkpoints(fakes: Fakes) -> None:
    kept = Keeps()
    result = bf.train(CONFIG, callbacks=[kept])
    assert kept.of("checkpoint") == []
    assert {event.run_dir for _, _, event in kept.heard} == {None}
    first, second = (result.metrics[number]["evaluation"]["mean_return"] for number in (4, 9))
    assert [event.best for event in kept.of("evaluation")] == [True, second > first]


def test_events_stay_as_they_are() -> None:
    for kind in (bf.StartEvent, bf.GenerationEvent, bf.EvaluationEvent, bf.CheckpointEvent, bf.EndEvent):
        documented = " ".join(str(each.__doc__) for each in kind.__mro__)
        for field in dataclasses.fields(kind):
            assert field.name == "_stop" or f"{field.name}:" in documented or f"`{field.name}`" in documented
        assert getattr(kind, "__dataclass_params__").frozen  # noqa: B009 - unknown to type checkers


def test_following_changes_no_bit(fakes: Fakes, tmp_path: Path) -> None:
    def spoil(event: bf.GenerationEvent) -> None:
        np.random.seed(event.generation)  # noqa: NPY002 - what a user's code may do
        event.record.clear()
        event.policy.parameters[:] = np.nan

    plain = bf.train(CONFIG, tmp_path / "plain")
    followed = bf.train(CONFIG, tmp_path / "followed", callbacks=[Does("after_generation", spoil), Keeps()])
    assert lines(plain) == lines(followed)
    np.testing.assert_array_equal(plain.parameters, followed.parameters)
    for name in ("checkpoint.npz", "policy.npz", "best_policy.npz"):
        with np.load(tmp_path / "plain" / name) as one, np.load(tmp_path / "followed" / name) as other:
            assert all(np.array_equal(one[each], other[each]) for each in one.files)


@pytest.mark.parametrize("moment", ["after_generation", "at_checkpoint"])
def test_a_stopped_run_is_saved_and_goes_on_to_the_same_end(moment: str, fakes: Fakes, tmp_path: Path) -> None:
    stops, kept = Does(moment, lambda event: event.stop("enough"), generation=3), Keeps()
    result = bf.train(CONFIG, tmp_path / "run", callbacks=[stops, kept])
    assert (len(result.metrics), result.stopped) == (4, "enough")
    (end,) = kept.of("end")
    assert (end.how, end.reason) == ("stopped", "enough")
    whole = bf.train(CONFIG)
    again = bf.resume(tmp_path / "run", callbacks=[went_on := Keeps()])
    assert again.stopped is None
    assert lines(again) == lines(whole)
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    (start,) = went_on.of("start")
    assert (start.generation, len(went_on.of("generation"))) == (3, 8)


def test_a_run_may_be_stopped_before_its_first_generation_and_at_its_last(fakes: Fakes, tmp_path: Path) -> None:
    never = bf.train(CONFIG, tmp_path / "never", callbacks=[Does("at_start", lambda event: event.stop())])
    assert (len(never.metrics), never.stopped) == (0, "")
    last, kept = Does("after_generation", lambda event: event.stop("late"), 11), Keeps()
    assert bf.train(CONFIG, callbacks=[last, kept]).stopped is None
    assert [end.how for end in kept.of("end")] == ["finished"]


@pytest.mark.parametrize("moment", ["at_start", "after_generation", "after_evaluation", "at_checkpoint", "at_end"])
@pytest.mark.parametrize("error", [KeyError("no such key"), StopIteration("over"), KeyboardInterrupt()])
def test_what_a_callback_raises_ends_the_run_saved(
    moment: str, error: BaseException, fakes: Fakes, tmp_path: Path
) -> None:
    generation = {"at_start": -1, "at_end": 11}.get(moment, 4)
    kept = Keeps()
    with pytest.raises(type(error)) as caught:
        bf.train(CONFIG, tmp_path / "run", callbacks=[kept, Does(moment, raising(error), generation)])
    assert caught.value is error
    if isinstance(error, Exception):
        assert f"in the callback Does.{moment}" in one_line(error)
    assert len(metrics.read(tmp_path / "run" / "metrics.jsonl")) == generation + 1
    (end,) = kept.of("end")
    hows = {"at_end": "finished"}
    assert end.how == hows.get(moment, "failed" if isinstance(error, Exception) else "interrupted")
    if moment != "at_end":
        assert lines(bf.resume(tmp_path / "run")) == lines(bf.train(CONFIG))


def test_an_error_at_the_end_hides_no_other(fakes: Fakes) -> None:
    kept = Keeps()
    broken = [
        Does("at_end", raising(OSError("no space"))),
        kept,
        Does("after_generation", raising(ValueError("first"))),
    ]
    with pytest.raises(ValueError, match="first") as caught:
        bf.train(CONFIG, callbacks=broken)
    assert "and at its end OSError: no space, in the callback Does.at_end" in one_line(caught.value)
    assert [end.reason for end in kept.of("end")] == ["first; in the callback Does.after_generation"]


class SpeechlessError(Exception):
    """What it says cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("second", [SpeechlessError(), KeyboardInterrupt()], ids=["speechless", "interrupt"])
def test_an_error_at_the_end_without_words_stops_no_other_either(second: BaseException, fakes: Fakes) -> None:
    kept = Keeps()
    broken = [Does("at_end", raising(second)), kept, Does("after_generation", raising(ValueError("first")))]
    with pytest.raises(ValueError, match="first") as caught:
        bf.train(CONFIG, callbacks=broken)
    note = caught.value.__notes__[-1]
    assert note.startswith(f"and at its end {type(second).__name__}")
    assert not note.endswith(", ")
    assert len(kept.of("end")) == 1


@pytest.mark.parametrize("moment", ["at_start", "after_evaluation", "at_checkpoint"])
def test_async_methods_are_refused(moment: str) -> None:
    async def waits(self: bf.Callback, event: Any) -> None:
        raise AssertionError

    one = type("Waits", (bf.Callback,), {moment: waits})()
    with pytest.raises(bf.ArgumentTypeError, match=f"{moment} of the callback Waits is an async function"):
        bf.train(CONFIG, callbacks=[one])


@pytest.mark.parametrize("wrong", [print, Keeps, 3, None, "Keeps"])
def test_what_is_no_callback_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(bf.ArgumentTypeError, match=r"callbacks must hold bf\.Callback objects, got"):
        bf.train(CONFIG, tmp_path / "run", callbacks=[Keeps(), wrong])
    assert not (tmp_path / "run").exists()


def test_a_class_is_answered_with_its_call() -> None:
    with pytest.raises(bf.ArgumentTypeError, match=r"give Keeps\(\)$"):
        Callbacks([Keeps])  # type: ignore[list-item]


def test_the_log_tells_how_it_goes_and_is_silent_by_itself(
    fakes: Fakes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert any(isinstance(each, logging.NullHandler) for each in logging.getLogger("bierl_fast").handlers)
    with caplog.at_level(logging.INFO, "bierl_fast"):
        bf.train(CONFIG)
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "Parabola-v0: es, meta-level lstm, seed 5, after 0 generations"
    assert told[1].startswith("generation 0: mean return ")
    assert "generation 4: evaluated at " in told[2]
    assert told[2].endswith(", the best so far")
    assert told[-1].startswith("finished after 12 generations, ")
    assert len(told) < 12  # not every generation: this run takes no ten seconds
    assert capfd.readouterr() == ("", "")
