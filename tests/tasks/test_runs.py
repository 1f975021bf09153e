"""Runs of a task of one's own: trained by its file, found again by resume and evaluate, refused with another model."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import mujoco
import pytest
from helpers.own_tasks import ARM, arm

import bierl_fast as bf
from bierl_fast.cli.main import entry

SETTINGS = (
    *("--generations", "2", "--population", "4", "--meta", "none", "--strategy", "es", "--hidden", "4"),
    *("--threads", "1", "--seed", "3", "--quiet"),
)
FILE = """
model = "arm.xml"
frame_skip = 5
episode_steps = 20
observation = [{ term = "joint_positions" }, { term = "joint_velocities" }]
reward = [
    { term = "uprightness", bodies = "lower", weight = 0.5 },
    { term = "action_rate", as = "squares", weight = -0.1 },
]
reset = [{ term = "joint_positions", scale = 0.3, distribution = "normal" }]
"""


@pytest.fixture
def robot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    arm(tmp_path)
    path = tmp_path / "my_robot.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def bierl(*arguments: str) -> tuple[int, str, str]:
    """Exit code, and what went to standard output and error."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = entry(list(arguments))
    return code, out.getvalue(), err.getvalue()


def metrics_of(run: Path) -> list[tuple[Any, ...]]:
    records = map(json.loads, (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return [(record["env_steps"], record["mean_return"], record["center_return"]) for record in records]


def test_train_resume_and_evaluate_by_the_command_line(robot: Path) -> None:
    assert bierl("train", "my_robot.toml", *SETTINGS)[0] == 0
    (run,) = Path("runs").iterdir()
    assert run.name == "my_robot-es-none-s3-1"
    robot.unlink()  # the run says all that it needs but the model
    assert bierl("resume", str(run), "--generations", "4", "--quiet")[0] == 0
    robot.write_text(FILE, encoding="utf-8")
    assert bierl("train", str(robot), *SETTINGS, "--generations", "4", "--run-dir", "whole")[0] == 0
    assert metrics_of(run) == metrics_of(Path("whole"))
    code, out, _ = bierl("evaluate", str(run), "--episodes", "3", "--json")
    assert code == 0
    answer = json.loads(out)
    assert (answer["task"], answer["mean_length"]) == ("my_robot", 20)
    assert bierl("train", "--config", str(run / "config.toml"), "--run-dir", "again", "--quiet")[0] == 0
    assert metrics_of(Path("again")) == metrics_of(Path("whole"))
    assert bierl("train", "my_robot.toml", *SETTINGS, "--task-kwarg", "episode_steps=7", "--run-dir", "short")[0] == 0
    assert metrics_of(Path("short"))[0][0] * 20 == metrics_of(Path("whole"))[0][0] * 7


def test_a_changed_model_is_refused(robot: Path) -> None:
    assert bierl("train", "my_robot.toml", *SETTINGS, "--run-dir", "run")[0] == 0
    Path("arm.xml").write_text(ARM.replace('gear="5"', 'gear="6"'), encoding="utf-8")
    for command in (["evaluate", "run"], ["resume", "run", "--generations", "5"]):
        code, _, told = bierl(*command)
        assert code == 1
        assert told.count("\n") == 1
        assert "my_robot: the model" in told
        assert "is not what it was" in told
    Path("arm.xml").unlink()
    assert "cannot load the model" in bierl("evaluate", "run")[2]
    Path("arm.xml").write_text(ARM, encoding="utf-8")
    assert bierl("evaluate", "run")[0] == 0


def test_wrong_files_are_bad_arguments(robot: Path) -> None:
    robot.write_text(FILE.replace('bodies = "lower"', 'bodies = "lover"'), encoding="utf-8")
    for arguments in (["my_robot.toml"], ["your_robot.toml"]):
        code, _, told = bierl("train", *arguments, *SETTINGS)
        assert (code, told.count("\n")) == (2, 1), told
    assert not Path("runs").exists()


def test_the_same_in_worker_processes(robot: Path) -> None:
    results = []
    for evaluator in ("native", "pool"):
        config = bf.Config(
            task=str(robot), generations=2, population=4, meta="none", hidden=(4,), threads=1, evaluator=evaluator
        )
        run = bf.train(config, robot.parent / evaluator)
        results.append([record["mean_return"] for record in run.metrics])
        evaluated = bf.evaluate(robot.parent / evaluator, episodes=2, threads=1)
        assert evaluated["mean_length"] == 20
    assert results[0] == results[1]


def test_a_run_goes_on_with_the_task_given_again(robot: Path) -> None:
    config = bf.Config(task=str(robot), generations=1, population=4, meta="none", hidden=(4,), threads=1)
    bf.train(config, "run")
    longer = bf.MujocoTask(**{**bf.MujocoTask.load(robot).keywords(), "episode_steps": 30})
    bf.resume("run", generations=2, task=longer)
    saved = bf.evaluate("run", episodes=1, threads=1)
    assert saved["mean_length"] == 30


def test_compiled_models_of_others_are_asked_about(robot: Path) -> None:
    """An MJB file is read as it is, so a run that names one follows the rule for code."""
    model = mujoco.MjModel.from_xml_path("arm.xml")
    mujoco.mj_saveModel(model, "arm.mjb", None)
    robot.write_text(FILE.replace("arm.xml", "arm.mjb"), encoding="utf-8")
    assert bierl("train", "my_robot.toml", *SETTINGS, "--run-dir", "run")[0] == 0
    assert bierl("evaluate", "run")[0] == 0
    shutil.copytree("run", "copied")
    for command in ("evaluate copied", "resume copied --generations 4", "evaluate copied/policy.npz"):
        code, _, told = bierl(*command.split())
        assert (code, told.count("\n")) == (1, 1)
        assert "load the compiled model" in told
        assert "arm.mjb" in told
    assert bierl("evaluate", "copied", "--trust")[0] == 0
    assert bierl("evaluate", "copied", "--task", "my_robot.toml")[0] == 0


def test_plain_models_of_others_are_data(robot: Path) -> None:
    assert bierl("train", "my_robot.toml", *SETTINGS, "--run-dir", "run")[0] == 0
    shutil.copytree("run", "copied")
    assert bierl("evaluate", "copied")[0] == 0
