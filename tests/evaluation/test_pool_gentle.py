"""An environment is tried out before a run, and that is never stricter or slower than an episode."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest
from helpers.pool_evaluators import make, mean, people_of

from bierl_fast.errors import EpisodeError, EpisodeWarning
from bierl_fast.evaluation.pool import pool

pytestmark = pytest.mark.slow  # processes started by the dozen


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
        return number


def test_a_reset_that_fails_for_most_seeds() -> None:
    with make(**mean("Unlucky")) as evaluator:
        assert not evaluator.fresh_env
        with pytest.warns(EpisodeWarning, match="OverflowError: no room"):
            failed = evaluator.evaluate(people_of(evaluator, 24)).failed_r
    assert 0 < failed.sum() < 24


@pytest.mark.parametrize("fresh_env", ["auto", "never", "always"])
def test_one_instance_at_a_time(fresh_env: str) -> None:
    with make(**mean("Port", number=free_port(), fresh_env=fresh_env)) as evaluator:
        assert not evaluator.evaluate(people_of(evaluator, 4)).failed_r.any()
        assert evaluator.fresh_env == (fresh_env == "always")


@pytest.mark.parametrize("fresh_env", ["auto", "never"])
def test_one_instance_in_a_process(fresh_env: str) -> None:
    """What no close lets go of: another process goes on with what the first one has found."""
    with make(**mean("Port", number=free_port(), kept=True, fresh_env=fresh_env)) as evaluator:
        assert not evaluator.evaluate(people_of(evaluator, 4)).failed_r.any()
        assert not evaluator.fresh_env


def test_a_second_worker_that_cannot_have_one_says_what_to_do() -> None:
    refused = pytest.raises(RuntimeError, match=r"Address already in use.*the first worker could.*take workers = 1")
    with make(**mean("Port", number=free_port()), workers=2) as evaluator, refused:
        evaluator.wait_until_ready()


@pytest.mark.parametrize("keeps", [False, True])
def test_a_close_that_hangs(keeps: bool) -> None:
    said = pytest.warns(EpisodeWarning, match=r"more than close_timeout = 0\.3 seconds to close; its process was ended")
    with said, make(**mean("Sticky", keeps=keeps), close_timeout=0.3) as evaluator:
        assert evaluator.fresh_env == keeps
        batch = evaluator.evaluate(people_of(evaluator, 3))
    assert not batch.failed_r.any()


def test_a_close_that_hangs_after_a_failure_is_no_fault_of_the_next_episode() -> None:
    options = mean("Sticky", fails=True, fresh_env="never")
    with pytest.warns(EpisodeWarning, match="more than close_timeout = 0.3 seconds"):
        evaluator = make(**options, close_timeout=0.3, episode_timeout=20.0)
    said = pytest.warns(EpisodeWarning, match="of 6 episodes failed and rank last; .*ValueError: fell over")
    with evaluator, said:
        failed = evaluator.evaluate(people_of(evaluator, 6)).failed_r
    assert 0 < failed.sum() < 6


@pytest.mark.parametrize("fresh_env", ["auto", "always"])
def test_a_close_that_raises(fresh_env: str) -> None:
    with make(**mean("Sticky", raises=True, fresh_env=fresh_env)) as evaluator:
        assert not evaluator.evaluate(people_of(evaluator, 2)).failed_r.any()


def test_slow_steps_are_tried_out_no_longer_than_they_take() -> None:
    """Three episodes would take a minute. What goes further than was tried out is not used again."""
    with make(**mean("Slow", limit=1000, step=0.02)) as evaluator:
        assert not evaluator.fresh_env
        assert 0 < (evaluator._job.tried_steps or 0) < 500


def test_no_step_is_tried_out_that_episodes_do_not_have() -> None:
    with make(**mean("Slow", limit=1000, step=0.2), episode_cap=2) as evaluator:
        assert evaluator._job.tried_steps == 2


@pytest.mark.parametrize(("fresh_env", "most"), [("auto", 2), ("never", 2), ("always", 1)])
def test_a_slow_make_is_not_repeated_more_than_it_must(fresh_env: str, most: int, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with make(**mean("Slow", make=0.1, marks=str(marks), fresh_env=fresh_env)):
        assert len(marks.read_text(encoding="utf-8").split()) == most


def test_what_takes_long_is_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "TELL_AFTER", 0.5)
    monkeypatch.setattr(pool, "TELL_EVERY", 0.5)
    with caplog.at_level(logging.INFO, "bierl_fast"), make(**mean("Slow", limit=1000, step=0.02, make=1.5)):
        said = [record.getMessage() for record in caplog.records]
    assert any("before the run: making an environment" in text for text in said)
    assert any("before the run: trying out whether its reset restores everything, step" in text for text in said)


def test_nothing_is_told_of_what_is_quick(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bierl_fast"), make(**mean("Still")):
        assert not caplog.records


def test_a_reset_that_always_fails_fails_its_episodes() -> None:
    options = mean("Raises", error="cancelled", at="reset")
    with make(**options) as evaluator, pytest.raises(EpisodeError, match=r"all 2 episodes failed; .*the bus left"):
        evaluator.evaluate(people_of(evaluator, 2))
