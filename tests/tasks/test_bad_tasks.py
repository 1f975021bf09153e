"""What is wrong with a task of one's own is said in one line, where it is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from helpers.own_tasks import arm

import bierl_fast as bf
from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.tasks.resolve import shown_name

WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"observation": [{"term": "joint_velocity"}]},
        r"observation 1 \(joint_velocity\).*mean 'joint_velocities'\?",
    ),
    ({"observation": [{"term": "site_positions", "sites": "hnad"}]}, r"named 'hnad'; did you mean 'hand'\?"),
    ({"observation": [{"term": "sensors", "sensors": ["elbow_angel"]}]}, r"named .*mean 'elbow_angle'\?"),
    ({"observation": [{"term": "actuator_forces", "actuators": "bent"}]}, r"named .*mean 'bend'\?"),
    (
        {"observation": [{"term": "body_positions", "bodies": "fin"}]},
        r"no body for arm, observation 1 \(body_positions\) named 'fin'; known: lower, upper, world",
    ),
    ({"observation": [{"skip": 1}]}, r"arm, observation 1: term is missing"),
    ({"observation": [{"term": "action", "count": 3}]}, r"count = 3, and there are 2 numbers"),
    ({"observation": [{"term": "action", "skip": -1}]}, r"skip must be an integer of at least 0, got -1"),
    ({"observation": [{"term": "action", "clip": [1, 0]}]}, r"clip must be two numbers"),
    ({"observation": [{"term": "action", "joints": "elbow"}]}, r"named 'joints'; .*known: "),
    ({"observation": []}, r"observation must have at least one term"),
    ({"reward": [{"term": "alive", "weight": "much"}]}, r"weight must be a finite number, got 'much'"),
    ({"reward": [{"term": "distance", "from_site": "hand"}]}, r"give one of to_body, to_site and to_point, got 0"),
    ({"reward": [{"term": "distance", "to_point": [0, 0, 0]}]}, r"give one of from_body and from_site, got 0"),
    ({"reward": [{"term": "distance", "from_site": "hand", "to_point": [0, 1]}]}, r"to_point must be three numbers"),
    ({"reward": [{"term": "action", "as": "mean"}]}, r"as must be one of sum, squares, absolute, tracking"),
    ({"reward": [{"term": "action", "width": 2}]}, r"width is for as = \"tracking\""),
    ({"reward": [{"term": "action", "as": "tracking", "width": 1e-170}]}, r"width must .*above 1e-150.*, got 1e-170"),
    ({"reward": [{"term": "action", "as": "tracking", "target": [1, 2, 3]}]}, r"target has 3 numbers, and the term 2"),
    ({"termination": [{"term": "joint_positions"}]}, r"termination 1 \(joint_positions\): range is missing"),
    ({"termination": [{"term": "alive", "range": [0, 1]}]}, r"no term of .* named 'alive'"),
    ({"reset": [{"term": "joint_positions"}]}, r"reset 1 \(joint_positions\): scale is missing"),
    ({"reset": [{"term": "joint_positions", "scale": -1}]}, r"scale must be at least 0, got -1"),
    ({"reset": [{"term": "joint_positions", "scale": 1, "distribution": "gauss"}]}, r"one of uniform, normal"),
    ({"keyframe": "raise"}, r"named 'raise'; did you mean 'raised'\?"),
    ({"keyframe": "raised\0"}, r"named 'raised\\x00'; did you mean 'raised'\?"),
    ({"observation": [{"term": "site_positions", "sites": ["hand\0le"]}]}, r"no site .* named 'hand\\x00le'"),
    ({"root": "uper"}, r"named 'uper'; did you mean 'upper'\?"),
    ({"episode_steps": 0}, r"episode_steps must be an integer of at least 1, got 0"),
    ({"frame_skip": 1.5}, r"frame_skip must be an integer, got 1.5"),
    ({"episode_steps": 2**40}, r"episode_steps must be at most 2147483647"),
    ({"model": ""}, r"model must name a file"),
    ({"model": "arm\0.xml"}, r"model must name a file"),
    ({"model": "nopackage:robot.xml"}, r"in the package nopackage, which is not installed"),
    ({"model": "gymnasium:robot.xml"}, r"cannot load the model '/.*/gymnasium/robot.xml'"),
    ({"model_hash": "0" * 16}, r"is not what it was .* its hash was 0000000000000000 and is now \w{16}"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_told_in_one_line(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(bf.BierlError, match=told) as caught:
        bf.MujocoTask(**arm(tmp_path, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("changes", "told"), [({"observation": 3}, "must be a list"), ({"observation": [3]}, "dict")])
def test_lists_of_terms(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(bf.ArgumentTypeError, match=told):
        bf.MujocoTask(**arm(tmp_path, **changes))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("robot.xml", "<mujoco><worldbody><geom sise='1'/></worldbody></mujoco>", r"unrecognized attribute.*line 1"),
        ("robot.xml", "no model", r"cannot load the model"),
        ("robot.mjb", "no model", r"it is no MJB file of MuJoCo"),
        ("robot.mjb", "", r"it is no MJB file of MuJoCo"),
        ("robot.xml", "<mujoco/>", r"the model has no actuators"),
    ],
)
def test_models_that_do_not_load(name: str, text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(bf.ArgumentError, match=told) as caught:
        bf.MujocoTask(**arm(tmp_path, model=str(tmp_path / name), observation=[{"term": "center_of_mass"}], reward=[]))
    assert "\n" not in str(caught.value)


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(bf.TaskError, match=r"cannot load the model '.*gone\.xml'"):
        bf.MujocoTask(**arm(tmp_path, model=str(tmp_path / "gone.xml")))


GOOD = 'model = "arm.xml"\nepisode_steps = 5\nobservation = [{ term = "action" }]\nreward = [{ term = "alive" }]\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "frameskip = 3", r"'frameskip'.*did you mean 'frame_skip'"),
        (GOOD.replace("episode_steps = 5", ""), r"has no episode_steps"),
        (GOOD.replace('model = "arm.xml"', ""), r"has no model"),
        (GOOD.replace('"arm.xml"', "3"), r"model must be a path, got 3"),
        (GOOD.replace('"arm.xml"', '""'), r"model must name a file or directory, got ''"),
        (GOOD.replace('"arm.xml"', '"a\\u0000rm.xml"'), r"model must name a file or directory, got 'a\\x00rm"),
        (GOOD.replace('"arm.xml"', '"."'), r"cannot load the model .*: it is no file"),
        (GOOD.replace('"arm.xml"', '"/dev/zero"'), r"cannot load the model '/dev/zero': it is no file"),
        (GOOD + "name = ' '", r"name must be what errors and run directories call the task"),
        (GOOD + 'name = "arm\\u001b[2J"', r"name must be text without control characters"),
        (GOOD.replace("steps = 5", "steps = 5.5"), r"episode_steps must be an integer, got 5.5"),
        (GOOD + 'reset = "uniform"', r"reset must be a list"),
        (GOOD + "frame_skip", r"is not valid TOML"),
        (GOOD.replace("alive", "alife"), r"did you mean 'alive'"),
    ],
)
def test_wrong_files(text: str, told: str, tmp_path: Path) -> None:
    arm(tmp_path)
    path = tmp_path / "robot.toml"
    path.write_text(text, encoding="utf-8")
    for use in (bf.MujocoTask.load, bf.NativeEnv, bf.make_evaluator, lambda file: bf.Config(task=file)):
        with pytest.raises(bf.BierlError, match=told) as caught:
            use(str(path))
        assert "\n" not in str(caught.value)


def test_a_pipe_in_the_place_of_a_model_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    with pytest.raises(bf.TaskError, match=r"pipe\.xml': it is no file"):
        bf.MujocoTask(**arm(tmp_path, model=str(tmp_path / "pipe.xml")))


def test_a_name_out_of_a_file_is_shown_as_text() -> None:
    assert shown_name(MUJOCO_TASK, {"name": "arm\x1b]0;mine\x07"}) == "arm\\x1b]0;mine\\x07"


def test_what_cannot_be_is_a_config_s_error(tmp_path: Path) -> None:
    arm(tmp_path)
    path = tmp_path / "robot.toml"
    for text in (GOOD.replace("steps = 5", "steps = true"), GOOD + "wrappers = 3", GOOD + "keyframe = 1"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(bf.ConfigError):
            bf.Config(task=str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(bf.ConfigError, match=r"cannot read the task file .*gone\.toml"):
        bf.Config(task=str(tmp_path / "gone.toml"))


@pytest.mark.parametrize("model", ["elbow.xml", "models/Robot.MJB", "./two words.urdf"])
def test_a_model_alone_is_no_task(model: str) -> None:
    """Whether it is there or not: what is missing is the rest of a task."""
    with pytest.raises(
        bf.TaskError, match=r"is a model and no task: name a task file \(TOML\) that has model = "
    ) as told:
        bf.make_evaluator(model)
    assert model in str(told.value)


def test_what_its_keyword_arguments_are_not(tmp_path: Path) -> None:
    task = bf.MujocoTask(**arm(tmp_path))
    with pytest.raises(bf.UnknownNameError, match="did you mean 'frame_skip'"):
        bf.NativeEnv(task, frames_skip=3)
    with pytest.raises(bf.BierlError, match="model is missing"):
        bf.NativeEnv("bierl/MujocoTask-v0")
