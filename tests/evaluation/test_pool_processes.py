"""Scripts around the pool: interrupted, killed, forked, or written without a guard. Nobody is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.pool_evaluators import make, mean, people_of
from helpers.pool_scripts import HEAD, at_work, said, started
from helpers.subprocesses import TIMEOUT, environment, require_gone, run

from bierl_fast.errors import WorkerError

pytestmark = pytest.mark.slow  # processes started by the dozen

SLOW = """
evaluator = bf.make_evaluator(WALK, hidden=(), workers=2, task_kwargs={"pause": 0.05})
theta = evaluator.policy.initial_parameters()
short = population(theta, 2)
before = evaluator.evaluate(short)
print(*evaluator.workers, flush=True)
"""


def test_interrupt_long_before_the_end() -> None:
    code = """
try:
    evaluator.evaluate(population(theta, 1000))
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted", repr(time.time()), flush=True)
assert_same_bits(before, evaluator.evaluate(short))
print(*evaluator.workers, flush=True)
"""
    with started(SLOW + at_work() + code) as process:
        first = said(process)
        assert said(process) == ["at", "work"]
        process.send_signal(signal.SIGINT)
        sent = time.time()
        word, moment = said(process)
        assert word == "interrupted"
        assert float(moment) - sent < 60.0  # its pauses alone take five minutes
        second = said(process)
        _, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")
    require_gone([int(pid) for pid in first + second])


@pytest.mark.parametrize("end", ["", "os._exit(0)", "raise SystemExit(3)", "1 / 0", "os.kill(os.getpid(), 9)"])
def test_no_orphans_however_the_script_ends(end: str) -> None:
    with started(SLOW + end) as process:
        pids = [int(pid) for pid in said(process)]
        _, err = process.communicate(timeout=TIMEOUT)
    assert len(pids) == 2
    require_gone(pids)
    assert "resource_tracker" not in err
    assert ("Traceback" in err) == (end == "1 / 0")


def test_no_orphans_when_the_script_is_killed_at_work() -> None:
    with started(SLOW + at_work() + "evaluator.evaluate(population(theta, 1000))") as process:
        pids = [int(pid) for pid in said(process)]
        assert said(process) == ["at", "work"]
        process.kill()
        process.communicate(timeout=TIMEOUT)
    require_gone(pids)


SIMULATED = """
evaluator = bf.make_evaluator("helpers.pool_envs:pool_tests/Simulated-v0", hidden=(), workers=2, fresh_env="never",
                              task_kwargs={{"notes": sys.argv[1], "trouble": {trouble!r}, "trouble_above": -1.0}})
evaluator.wait_until_ready()
print(*evaluator.workers, flush=True)
"""
AT_WORK = "evaluator.evaluate(population(evaluator.policy.initial_parameters(), 4))"


@pytest.mark.parametrize(
    ("trouble", "end", "signal_number"),
    [
        ("none", "time.sleep(1000)", signal.SIGKILL),  # idle
        ("hang", AT_WORK, signal.SIGKILL),
        ("grip", AT_WORK, signal.SIGKILL),  # a thread of the worker's could not run
        ("grip", AT_WORK, signal.SIGINT),
        ("hang", AT_WORK, signal.SIGINT),
    ],
)
def test_what_environments_have_started_ends_with_the_script(
    trouble: str, end: str, signal_number: int, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    with started(SIMULATED.format(trouble=trouble) + at_work() + end, str(notes)) as process:
        pids = [int(pid) for pid in said(process)]
        if end == AT_WORK:
            assert said(process) == ["at", "work"]
        process.send_signal(signal_number)
        process.communicate(timeout=TIMEOUT)
    simulators = [int(line) for line in notes.read_text(encoding="utf-8").split() if line != "closed"]
    assert len(simulators) == 3  # one was closed when it had been tried out how long a seed may be
    require_gone(pids + simulators)


def test_workers_outlive_the_thread_that_started_them() -> None:
    code = """
import threading
made = []
thread = threading.Thread(target=lambda: made.append(bf.make_evaluator(WALK, hidden=(), workers=2)))
thread.start()
thread.join()
evaluator, = made
evaluator.wait_until_ready()
pids = evaluator.workers
time.sleep(0.2)
assert not evaluator.evaluate(population(evaluator.policy.initial_parameters(), 8)).failed_r.any()
assert evaluator.workers == pids
print("fine")
"""
    done = run(HEAD + code)
    assert done.stdout.endswith("fine\n"), done.stderr


def test_a_fork_has_no_say_over_its_parents_workers() -> None:
    code = """
pid = os.fork()
if pid == 0:
    try:
        evaluator.evaluate(short)
    except RuntimeError as error:
        assert "make an evaluator after fork" in str(error), error
        sys.exit(5)
    sys.exit(6)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
assert_same_bits(before, evaluator.evaluate(short))
print("fine")
"""
    done = run(HEAD + SLOW + code)
    assert done.stdout.endswith("fine\n"), done.stderr


SCRIPT = """
import bierl_fast as bf
from helpers.pool_envs import Walk
from gymnasium.wrappers import TimeLimit

def make_env():
    return TimeLimit(Walk(), 5)

def begin():
    evaluator = bf.make_evaluator({task}, hidden=(), workers=1)
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(), population=2)
    batch = evaluator.evaluate(strategy.ask(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), bf.NoiseKey(0, 0)))
    print("evaluated", batch.steps > 0)

{begin}
"""


@pytest.mark.parametrize(
    ("task", "begin", "expected"),
    [
        ("'CartPole-v1'", "begin()", "evaluated True"),  # nothing of the script is needed there: no guard is
        ("make_env", "if __name__ == '__main__': begin()", "evaluated True"),
        ("make_env", "begin()", 'put what starts under `if __name__ == "__main__":`'),
    ],
)
def test_scripts_with_and_without_a_guard(task: str, begin: str, expected: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(task=task, begin=begin), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], env=environment(), capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    assert expected in (done.stdout if done.returncode == 0 else done.stderr.splitlines()[-1])
    assert done.returncode in (0, 1)


def test_a_factory_of_an_interactive_session_goes_as_its_code() -> None:
    code = SCRIPT.format(task="lambda: make_env()", begin="begin()")
    assert run(code).stdout == "evaluated True\n"


@pytest.mark.parametrize("at", ["make", "reset", "step", "close"])
@pytest.mark.parametrize("raises", [False, True])
def test_a_child_that_comes_back_out_of_an_environment_is_nobody(at: str, raises: bool) -> None:
    with make(**mean("Still")) as plain, make(**mean("Forks", at=at, raises=raises)) as other:
        people = people_of(plain, 6)
        wanted = plain.evaluate(people)
        for _ in range(2):
            found = other.evaluate(people)
            assert not found.failed_r.any()
            np.testing.assert_array_equal(found.returns_r, wanted.returns_r)
            assert found.moments is not None
            assert wanted.moments is not None
            np.testing.assert_array_equal(found.moments.count_r, wanted.moments.count_r)
            np.testing.assert_array_equal(found.moments.m2_ro, wanted.moments.m2_ro)


def test_an_environment_without_an_inside_is_refused() -> None:
    with pytest.raises(WorkerError, match=r"OSError: nothing to see \(unwrapped in .*mean_envs"):
        make(**mean("Veiled"))
