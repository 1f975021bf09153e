"""Episodes that fail, workers that die, clocks that run out: what the pool makes of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.pool_evaluators import make, people_of
from helpers.populations import assert_same_bits
from helpers.subprocesses import require_gone

from bierl_fast.errors import EpisodeError, EpisodeWarning
from bierl_fast.evaluation.pool import pool

pytestmark = pytest.mark.slow  # processes started by the dozen

REASONS = {
    "raise": r"ZeroDivisionError: the walk fell over \(.*pool_envs.py, line \d+\)",
    "nan_reward": "step 3 gave the reward nan",
    "overflow": "the return overflows at step 4",
    "vector_reward": r"a reward has shape \(1,\), expected a number",
    "nan_observation": "element 0 of an observation is nan",
    "wrong_shape": r"an observation has shape \(3,\), its space says \(2,\)",
}


def walk(trouble: str, **options: Any) -> dict[str, Any]:
    return {"task_kwargs": {"trouble": trouble, **options}, "fresh_env": "never", "behavior": "actions"}


@pytest.fixture(scope="module", name="calm")
def calm_fixture() -> Any:
    with make(**walk("none")) as evaluator:
        yield evaluator.evaluate(people_of(evaluator, 12))


@pytest.mark.parametrize("trouble", sorted(REASONS))
def test_failed_rows_touch_no_others(trouble: str, calm: Any) -> None:
    with make(**walk(trouble), workers=2) as evaluator:
        people = people_of(evaluator, 12)
        with pytest.warns(EpisodeWarning, match=f"of 12 episodes failed and rank last; row .*: {REASONS[trouble]}"):
            batch = evaluator.evaluate(people)
        failed = batch.failed_r
        assert 2 <= failed.sum() <= 10
        assert_same_bits(calm, batch, ~failed)
        answered = {"raise": 2, "overflow": 4}.get(trouble, 3)
        assert (batch.lengths_r[failed] == answered).all()  # steps
        assert np.isfinite(batch.returns_r).all()
        assert batch.moments is not None
        assert not batch.moments.count_r[failed].any()  # what they saw is no statistic
        assert_same_bits(batch, evaluator.evaluate(people))  # and said once
        evaluator.absorb(batch)
        assert evaluator.state()["obs_count"] == calm.lengths_r[~failed].sum()


def test_a_policy_that_answers_nan() -> None:
    with make() as evaluator:
        people = people_of(evaluator, 4)
        people.base_bp[0, -1] = np.nan
        with pytest.raises(EpisodeError, match=r"all 4 episodes failed; row 0, reset seed \d+: .*action is not finite"):
            evaluator.evaluate(people)


@pytest.mark.parametrize("trouble", ["sys_exit", "interrupt"])
def test_what_would_end_a_script_fails_an_episode(trouble: str, calm: Any) -> None:
    with make(**walk(trouble)) as evaluator:
        worker = evaluator.workers
        with pytest.warns(EpisodeWarning, match="of 12 episodes failed and .*: (SystemExit|KeyboardInt)"):
            batch = evaluator.evaluate(people_of(evaluator, 12))
        assert batch.failed_r.any()
        assert_same_bits(calm, batch, ~batch.failed_r)
        assert evaluator.workers == worker


@pytest.mark.parametrize(
    ("trouble", "how"), [("exit", "ended with exit code 3"), ("die", r"was killed by signal 9: out of memory\?")]
)
def test_an_episode_that_ends_its_process_while_it_is_tried_out(trouble: str, how: str) -> None:
    """Whether reset restores everything cannot be told, so every episode gets a new environment."""
    options: dict[str, Any] = {"task_kwargs": {"trouble": trouble, "trouble_above": -1.0}}
    with pytest.warns(EpisodeWarning, match=f"its process {how}.* so every episode gets a new environment") as said:
        evaluator = make(**options)
    assert len(said) == 1
    with evaluator:
        assert evaluator.fresh_env


def test_an_episode_that_hangs_while_it_is_tried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MARGIN_SECONDS", 0.5)
    hangs: dict[str, Any] = {"task_kwargs": {"trouble": "hang", "trouble_above": -1.0}}
    with pytest.warns(EpisodeWarning, match="it said nothing for 1.5 seconds; so every episode gets a new"):
        evaluator = make(**hangs, episode_timeout=1.0)
    with evaluator:
        assert evaluator.fresh_env


@pytest.mark.parametrize(("trouble", "fresh"), [("none", False), ("keeps", True)])
def test_an_episode_that_outlives_its_timeout_while_it_is_tried_out(trouble: str, fresh: bool) -> None:
    """What it answered until then counts; a start that waits for 3 episodes of 1,000 steps would take 5 minutes."""
    options: dict[str, Any] = {
        "task_kwargs": {"trouble": trouble, "pause": 0.1, "length": 10**6},
        "episode_timeout": 0.5,
    }
    with make("helpers.pool_envs:new_walk", **options, episode_cap=2) as evaluator:
        assert evaluator.fresh_env == fresh


def test_raise() -> None:
    with make(**walk("raise"), on_failure="raise") as evaluator:
        people = people_of(evaluator, 12)
        for _ in range(2):  # the pool goes on
            with pytest.raises(EpisodeError, match=r"row \d+ failed: ZeroDivisionError: the walk fell over"):
                evaluator.evaluate(people)


def test_retry_from_the_same_streams(tmp_path: Path, calm: Any) -> None:
    options = walk("raise_once", marker=str(tmp_path / "marker"))
    with make(**options, on_failure="retry") as evaluator:
        batch = evaluator.evaluate(people_of(evaluator, 12))
        assert_same_bits(calm, batch)
        assert (tmp_path / "marker").exists()
        assert batch.lost_steps > 0
        assert batch.steps == calm.steps + batch.lost_steps
    with make(**walk("raise"), on_failure="retry", retries=1) as evaluator, pytest.warns(EpisodeWarning):
        assert evaluator.evaluate(people_of(evaluator, 12)).failed_r.any()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_is_replaced_and_nobody_notices(workers: int, tmp_path: Path, calm: Any) -> None:
    options = walk("die_once", marker=str(tmp_path / "marker"))
    with make(**options, workers=workers) as evaluator:
        before = evaluator.workers
        assert_same_bits(calm, evaluator.evaluate(people_of(evaluator, 12)))
        assert (tmp_path / "marker").exists()
        assert len(evaluator.workers) == workers
        assert len(set(before) - set(evaluator.workers)) == 1


def test_kill_9_from_outside(calm: Any) -> None:
    """At work, and idle between two evaluations."""
    with make(**walk("none", pause=0.02), workers=2) as evaluator:
        people = people_of(evaluator, 12)
        victim = evaluator.workers[0]
        killer = threading.Timer(0.15, os.kill, (victim, signal.SIGKILL))
        killer.start()
        assert_same_bits(calm, evaluator.evaluate(people))
        killer.join()
        for pid in evaluator.workers:
            os.kill(pid, signal.SIGKILL)
        assert_same_bits(calm, evaluator.evaluate(people))
        assert victim not in evaluator.workers


def killed_at_their_start(evaluator: Any, count: int) -> threading.Thread:
    """Kills the next `count` workers that are new, each as soon as it is there."""
    known = set(evaluator.workers)

    def kill() -> None:
        for _ in range(count):
            while not (new := set(evaluator.workers) - known):
                time.sleep(0.001)
            known.update(new)
            for pid in new:
                os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_replacement_that_is_killed_while_it_starts_is_replaced(calm: Any) -> None:
    with make(**walk("none", pause=0.02), workers=2) as evaluator:
        evaluator.wait_until_ready()
        people = people_of(evaluator, 12)
        killer = killed_at_their_start(evaluator, 2)
        os.kill(evaluator.workers[0], signal.SIGKILL)
        assert_same_bits(calm, evaluator.evaluate(people))
        evaluator.wait_until_ready()
        killer.join()
        assert_same_bits(calm, evaluator.evaluate(people))


def test_replacements_that_are_all_killed_end_the_evaluation() -> None:
    with make(**walk("none"), workers=1) as evaluator:
        evaluator.wait_until_ready()
        killer = killed_at_their_start(evaluator, 3)
        os.kill(evaluator.workers[0], signal.SIGKILL)
        with pytest.raises(RuntimeError, match=r"3 worker processes in a row .* died before they had run an episode"):
            evaluator.evaluate(people_of(evaluator, 12))
        killer.join()


def test_a_row_that_always_kills_its_worker_fails_in_the_end(calm: Any) -> None:
    with make(**walk("die", trouble_above=0.9), workers=2) as evaluator:
        people = people_of(evaluator, 12)
        with pytest.warns(EpisodeWarning, match="its worker process died 3 times; the last one was killed by signal 9"):
            batch = evaluator.evaluate(people)
        assert 1 <= batch.failed_r.sum() <= 4
        assert_same_bits(calm, batch, ~batch.failed_r)
        assert not batch.returns_r[batch.failed_r].any()


def test_an_episode_that_hangs_inside_a_step(calm: Any) -> None:
    with make(**walk("hang", trouble_above=0.9), workers=2, episode_timeout=0.3) as evaluator:
        people = people_of(evaluator, 12)
        with pytest.warns(EpisodeWarning, match=r"it outlived episode_timeout = 0.3 seconds inside one step"):
            batch = evaluator.evaluate(people)
        assert_same_bits(calm, batch, ~batch.failed_r)


def simulated(trouble: str, notes: Path) -> dict[str, Any]:
    return {
        "task": "helpers.pool_envs:pool_tests/Simulated-v0",
        "task_kwargs": {"trouble": trouble, "trouble_above": 0.9, "notes": str(notes)},
        "fresh_env": "never",
    }


@pytest.mark.parametrize("trouble", ["hang", "die"])
def test_what_an_environment_has_started_ends_with_its_worker(trouble: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with make(**simulated(trouble, notes), workers=2, episode_timeout=0.3) as evaluator:
        with pytest.warns(EpisodeWarning, match="of 12 episodes failed"):
            evaluator.evaluate(people_of(evaluator, 12))
        evaluator.wait_until_ready()
        simulators = [int(line) for line in notes.read_text(encoding="utf-8").split() if line != "closed"]
        assert len(simulators) > 2
        require_gone(simulators, all_but=2)
    require_gone(simulators)
    # By the workers that were told to stop, and by the first one when it had tried out how long a seed may be.
    assert notes.read_text(encoding="utf-8").split().count("closed") == 3


def test_an_environment_that_cannot_be_used_leaves_nothing(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    failed = pytest.raises(EpisodeError, match=r"all 2 episodes failed; .*OSError: no track \(reset in ")
    with make(**{**simulated("no_reset", notes), "fresh_env": "auto"}) as evaluator, failed:
        evaluator.evaluate(people_of(evaluator, 2))
    require_gone([int(line) for line in notes.read_text(encoding="utf-8").split() if line != "closed"])


def test_an_episode_that_takes_too_long() -> None:
    """It steps on, so its worker looks at the clock itself, and keeps what it has."""
    with make(**walk("none", pause=0.05), episode_timeout=0.2) as evaluator:
        pids = evaluator.workers
        with pytest.raises(
            EpisodeError, match=r"all 2 episodes failed; .*episode_timeout = 0.2 seconds, at step [1-5]"
        ):
            evaluator.evaluate(people_of(evaluator, 2))
        assert evaluator.workers == pids
