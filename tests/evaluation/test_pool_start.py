"""What the process pool refuses, and what it says."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from helpers import pool_envs
from helpers.pool_evaluators import WALK, make, people_of
from helpers.subprocesses import TIMEOUT

import bierl_fast as bf
from bierl_fast.evaluation.pool import pool, worker

SPACES = "helpers.pool_envs:pool_tests/Spaces-v0"


LOCK = threading.Lock()
LOCKED = [lambda lock=LOCK: pool_envs.make_walk()][0]  # what no way of pickling takes


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("LunarLanderr-v3", {}, "no task named 'LunarLanderr-v3'.*did you mean 'LunarLander-v3'"),
        ("acme/Rocket-v2", {}, "of the namespace 'acme'; name the module that does: MODULE:acme/Rocket-v2"),
        ("bierl/DeceptivPoint-v0", {}, "did you mean 'bierl/DeceptivePoint-v0'"),
        ("phys2d/Cartpole-v1", {}, "did you mean 'phys2d/CartPole-v1'"),
        ("LunarLander-v2", {}, "LunarLander-v3"),
        ("no_such_module:Env-v0", {}, "the module 'no_such_module' cannot be imported"),
        (
            "helpers.pool_envs:make_wolk",
            {},
            "module 'helpers.pool_envs' named 'make_wolk'.*did you mean 'make_walk'",
        ),
        (
            "helpers.pool_envs:pool_tests/Spaecs-v0",
            {},
            "module 'helpers.pool_envs' named 'pool_tests/Spaecs-v0'; did you mean 'pool_tests/Spaces-v0'",
        ),
        ("helpers.pool_envs:__name__", {}, "must name a function that makes an environment.*got str"),
        ("helpers.pool_envs:", {}, "must be an id, .*, module:factory or file.py:factory, got 'helpers.pool_envs:'"),
        (":make_walk", {}, "must be an id, module:id, module:factory or file.py:factory, got ':make_walk'"),
        (WALK, {"task_kwargs": {"lenght": 3}}, "cannot be made in a worker process: TypeError: .*lenght"),
        (SPACES, {"task_kwargs": {"observation": "nothing"}}, r"shape \(\), expected \(O,\)"),
        (SPACES, {"task_kwargs": {"observation": "image"}}, r"shape \(4, 4, 3\), .*set flatten_observation"),
        (SPACES, {"task_kwargs": {"action": "tuple"}}, "action space is Tuple.*gymnasium.ActionWrapper"),
        (SPACES, {"task_kwargs": {"action": "integers"}}, r"action space is Box\(int64"),
        (
            SPACES,
            {"task_kwargs": {"action": "infinite"}, "squash": "tanh"},
            "squash 'tanh' needs a finite action box",
        ),
        (
            SPACES,
            {"task_kwargs": {"action": "wide"}, "squash": "tanh"},
            r"'tanh' needs an action box whose width is at most 3.4e\+38, action 0 of .* has \[-2e\+38, 2e\+38\]",
        ),
        ("CartPole-v1", {"squash": "tanh"}, "squash 'tanh' needs a box of actions"),
        ("helpers.pool_envs:pool_tests/Endless-v0", {}, "no time limit of its own.*give episode_cap"),
        ("helpers.pool_envs:make_nothing", {}, "must return a gymnasium.Env, got int"),
        (LOCKED, {}, "cannot be sent to a worker process.*top level of a module"),
        (pool_envs.without_licence, {}, "cannot be made in a worker process: OSError: no licence"),
        (WALK, {"behavior": pool_envs.describe_nothing}, "the behavior function raised KeyError: 'y'"),
        (WALK, {"behavior": "final"}, "no behavior named 'final'"),
        (WALK, {"behavior": lambda *_, lock=LOCKED: [0.0]}, "cannot be sent to a worker process"),
        (WALK, {"evaluator": "native"}, "no native task named"),
        (WALK, {"evaluator": "pol"}, "no evaluator named 'pol'; .*did you mean 'pool'"),
        ("Hopper-v5", {}, "workers = 1, and Hopper-v5 is native and runs on threads; give threads"),
        ("Hopper-v5", {"workers": None, "episode_timeout": 1.0}, "runs on threads; leave out episode_timeout"),
        ("Hopper-v5", {"workers": None, "on_failure": "raise"}, "runs on threads; leave out on_failure"),
        (pool_envs.describe_nothing, {}, r"cannot make an environment from .*missing.*needs dim"),
        ("Hopper-v5", {"workers": None, "evaluator": "native", "behavior": pool_envs.describe}, "worker processes"),
        (WALK, {"workers": 0}, "workers must be at least 1 and at most 1024, got 0"),
        (WALK, {"fresh_env": "often"}, "no fresh_env named 'often'; known: always, auto, never"),
        (WALK, {"on_failure": "ignore"}, "no on_failure named 'ignore'; known: raise, rank_last, retry"),
        (WALK, {"retries": -1}, "retries must be at least 0 and at most 65536, got -1"),
        (WALK, {"retries": 1.5}, "retries must be an integer, got 1.5"),
        (WALK, {"episode_timeout": "a"}, "episode_timeout must be a number or none, got 'a'"),
        (WALK, {"episode_timeout": float("inf")}, "episode_timeout must be finite and above 0.0, got inf"),
        (WALK, {"flatten_observation": "no"}, "flatten_observation must be True or False, got 'no'"),
        (WALK, {"workers": None, "threads": 0}, r"threads must be an integer in \[1, 1024\], got 0"),
        (WALK, {"episode_timeout": 0.0}, "episode_timeout must be finite and above 0.0, got 0.0"),
        (WALK, {"episode_cap": 0}, r"episode_cap must be an integer in \[1, 2147483647\], got 0"),
    ],
)
def test_one_clear_error(task: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message) as caught:
        make(task, **options)
    assert "\n" not in str(caught.value)


def test_a_task_is_an_id_or_a_callable() -> None:
    with pytest.raises(TypeError, match=r"^task must be a string or a function or a MujocoTask, got 3$"):
        bf.make_evaluator(3)  # type: ignore[arg-type]  # what this test is about


def test_a_missing_extra_is_named_with_its_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Box2D.py").write_text("raise ImportError(\"No module named 'Box2D'\")", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)  # workers look where their parent looks
    with pytest.raises(ValueError, match=r"needs a package that is not installed.*pip install 'bierl-fast\[box2d\]'"):
        make("LunarLander-v3")


def test_more_workers_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "available_bytes", lambda: 2**20)
    with pytest.raises(ValueError, match=r"3 workers of about \d+ MB each do not fit .*take at most 1 \(--workers 1\)"):
        make(workers=3)
    make(workers=1).close()


@contextmanager
def limit(seconds: int) -> Iterator[None]:
    """TimeoutError in what would not end."""

    def late(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
def test_nobody_waits_for_a_worker_to_read_what_it_is_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a socket holds, and a worker that hangs in its factory: the clock of a start is looked at."""
    large = {"marker": str(tmp_path / "first"), "ballast": "." * 2**21}
    with limit(TIMEOUT), make(pool_envs.first_alone, workers=3, task_kwargs=large, fresh_env="never") as evaluator:
        assert len(evaluator.workers) == 3
        people = people_of(evaluator, 4)
        assert not evaluator.evaluate(people).failed_r.any()  # by the first one
        monkeypatch.setattr(pool, "START_SECONDS", 0.5)
        time.sleep(0.6)
        for call in (evaluator.wait_until_ready, lambda: evaluator.evaluate(people)):
            with pytest.raises(RuntimeError, match=r"cannot start: it said nothing for 0\.5 seconds"):
                call()


def test_a_process_that_cannot_start_says_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="cannot start: its process ended with exit code 1"):
        make()


def test_what_an_environment_prints_is_no_output_of_its_user(capfd: pytest.CaptureFixture[str]) -> None:
    with make(task_kwargs={"trouble": "print"}) as evaluator:
        evaluator.evaluate(people_of(evaluator, 1))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("printed by the walk\n") == err.count("echoed by the walk\n") > 0


def test_places_of_modules_that_are_no_strings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    with make() as evaluator:
        assert not evaluator.evaluate(people_of(evaluator, 1)).failed_r.any()


def test_a_worker_starts_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "running", True)
    with pytest.raises(RuntimeError, match='under `if __name__ == "__main__":`'):
        make()


def test_registered_here_alone_and_gone_again() -> None:
    gymnasium.register("Gone-v0", entry_point="evaluation.no_such:Walk", max_episode_steps=3)
    try:
        with pytest.raises(ValueError, match="needs a package that is not installed"):
            make("Gone-v0")
    finally:
        del gymnasium.registry["Gone-v0"]
