"""Processes that an environment starts end with the run, however it ends and wherever they have put themselves."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from helpers.mean_envs import BEFORE
from helpers.pool_evaluators import make, mean, people_of
from helpers.pool_scripts import said, started
from helpers.subprocesses import TIMEOUT, require_gone, running

pytestmark = pytest.mark.slow  # processes started by the dozen


def numbers(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text(encoding="utf-8").split()]


@pytest.mark.parametrize("kind", sorted(BEFORE))
def test_at_a_normal_end(kind: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    options = mean("Family", notes=str(notes), family=kind, fresh_env="never")
    with running(["sleep", "100000"]) as bystander:
        with make(**options, workers=2) as evaluator:
            evaluator.wait_until_ready()
            assert not evaluator.evaluate(people_of(evaluator, 4)).failed_r.any()
            children = numbers(notes)
            assert len(children) >= 2
        require_gone(children)
        assert bystander.poll() is None


SCRIPT = """
from helpers import mean_envs
evaluator = bf.make_evaluator(mean_envs.make, hidden=(), workers=1, fresh_env="never",
                              task_kwargs={{"kind": "Family", "notes": sys.argv[1], "limit": 5, **{options}}})
print(*evaluator.workers, flush=True)
{end}
"""
AT_WORK = "evaluator.evaluate(population(evaluator.policy.initial_parameters(), 4))"


@pytest.mark.parametrize("kind", ["session", "daemon"])
@pytest.mark.parametrize(
    ("end", "number"),
    [
        ("", None),
        ("os._exit(0)", None),
        (AT_WORK, signal.SIGKILL),
        (AT_WORK, signal.SIGINT),
        (AT_WORK, signal.SIGTERM),
    ],
)
def test_with_the_script(kind: str, end: str, number: int | None, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    code = SCRIPT.format(options={"family": kind, "hangs": number is not None}, end=end)
    with started(code, str(notes)) as process:
        pids = [int(pid) for pid in said(process)]
        if number is not None:
            process.send_signal(number)
        process.communicate(timeout=TIMEOUT)
    require_gone(pids + numbers(notes))


@pytest.mark.parametrize("kind", sorted(BEFORE))
def test_with_a_worker_that_is_killed(kind: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with make(**mean("Family", notes=str(notes), family=kind, fresh_env="never")) as evaluator:
        children = numbers(notes)
        for pid in evaluator.workers:
            os.kill(pid, signal.SIGKILL)
        require_gone(children)
        assert not evaluator.evaluate(people_of(evaluator, 2)).failed_r.any()
