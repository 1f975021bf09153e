"""What terms measure, against MuJoCo's own numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from helpers.own_tasks import arm
from numpy.typing import NDArray

import bierl_fast as bf
from bierl_fast._native import core

ACTION = np.array([0.4, -0.7], np.float32)


class Beside:
    """An arm of ours and MuJoCo's own, taken through the same three steps."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.env = bf.NativeEnv(bf.MujocoTask(**arm(folder, **{"reset": [], "keyframe": "raised", **changes})))
        self.first_o = self.env.reset(seed=0)[0]
        self.model = mujoco.MjModel.from_xml_path(str(folder / "arm.xml"))
        self.data = mujoco.MjData(self.model)
        mujoco.mj_resetDataKeyframe(self.model, self.data, 0)
        mujoco.mj_forward(self.model, self.data)
        self.answer: Any = None

    def step(self, action_a: NDArray[np.float32] = ACTION) -> NDArray[np.float64]:
        self.answer = self.env.step(action_a)
        self.data.ctrl[:] = action_a
        mujoco.mj_step(self.model, self.data, 5)
        observation_o: NDArray[np.float64] = self.answer[0]
        return observation_o


def velocity(beside: Beside, local: int) -> NDArray[np.float64]:
    both = np.zeros(6)
    kind = mujoco.mjtObj.mjOBJ_XBODY
    mujoco.mj_objectVelocity(beside.model, beside.data, kind, beside.model.body("lower").id, both, local)
    return both


MEASURED: list[tuple[dict[str, Any], Any]] = [
    ({"term": "joint_positions"}, lambda b: b.data.qpos),
    ({"term": "joint_positions", "joints": ["elbow", "shoulder"]}, lambda b: b.data.qpos[::-1]),
    ({"term": "joint_velocities", "joints": "elbow"}, lambda b: b.data.qvel[1:]),
    ({"term": "joint_accelerations"}, lambda b: b.data.qacc),
    ({"term": "joint_forces"}, lambda b: b.data.qfrc_actuator),
    ({"term": "body_positions", "bodies": ["lower", "upper"]}, lambda b: b.data.xpos[[2, 1]]),
    ({"term": "body_heights", "bodies": "lower"}, lambda b: b.data.body("lower").xpos[2:]),
    ({"term": "body_orientations", "bodies": "lower"}, lambda b: b.data.body("lower").xquat),
    ({"term": "uprightness", "bodies": "lower"}, lambda b: b.data.body("lower").xmat[8:]),
    ({"term": "uprightness", "bodies": "lower", "axis": "x"}, lambda b: b.data.body("lower").xmat[6:7]),
    ({"term": "gravity_directions", "bodies": "lower"}, lambda b: -b.data.body("lower").xmat[6:]),
    ({"term": "body_velocities", "bodies": "lower"}, lambda b: velocity(b, 0)[3:]),
    ({"term": "body_velocities", "bodies": "lower", "frame": "body"}, lambda b: velocity(b, 1)[3:]),
    ({"term": "body_angular_velocities", "bodies": "lower"}, lambda b: velocity(b, 0)[:3]),
    ({"term": "body_inertias", "bodies": "lower"}, lambda b: b.data.cinert[2]),
    ({"term": "body_spatial_velocities", "skip": 6}, lambda b: b.data.cvel[1:]),
    ({"term": "site_positions", "sites": "hand"}, lambda b: b.data.site("hand").xpos),
    ({"term": "sensors"}, lambda b: b.data.sensordata),
    ({"term": "sensors", "sensors": "elbow_angle"}, lambda b: b.data.sensor("elbow_angle").data),
    (
        {"term": "relative_position", "from_body": "upper", "to_site": "hand"},
        lambda b: b.data.site("hand").xpos - b.data.body("upper").xpos,
    ),
    ({"term": "action"}, lambda b: b.data.ctrl),
    ({"term": "actuator_forces", "actuators": "bend"}, lambda b: b.data.actuator_force[1:]),
    ({"term": "joint_positions", "skip": 1, "count": 1}, lambda b: b.data.qpos[1:]),
    ({"term": "joint_velocities", "clip": [-0.1, 0.2], "scale": 3}, lambda b: 3 * np.clip(b.data.qvel, -0.1, 0.2)),
]
# Measured below, or in tests/parity/test_own_tasks.py.
ELSEWHERE = {"alive", "control_cost", "center_of_mass", "contact_forces", "distance", "action_rate", "command"}


@pytest.mark.parametrize(("term", "wanted"), MEASURED)
def test_what_is_measured(term: dict[str, Any], wanted: Any, tmp_path: Path) -> None:
    beside = Beside(tmp_path, observation=[term])
    np.testing.assert_array_equal(beside.first_o, np.ravel(wanted(beside)))
    for _ in range(3):
        np.testing.assert_array_equal(beside.step(), np.ravel(wanted(beside)))


def test_every_term_is_measured() -> None:
    assert {term["term"] for term, _ in MEASURED} | ELSEWHERE == {row["name"] for row in core.terms()}


def reward(folder: Path, term: dict[str, Any], steps: int = 1, **changes: Any) -> tuple[float, Beside]:
    beside = Beside(folder, reward=[term], **changes)
    for _ in range(steps):
        beside.step()
    return beside.answer[1], beside


def test_a_distance(tmp_path: Path) -> None:
    got, beside = reward(tmp_path, {"term": "distance", "from_site": "hand", "to_point": [0.5, 1, 1], "weight": -2})
    away = np.array([0.5, 1, 1]) - beside.data.site("hand").xpos
    assert got == pytest.approx(-2 * np.linalg.norm(away), rel=1e-15)
    term = {"term": "distance", "from_body": "lower", "to_body": "world", "flat": True}
    got, beside = reward(tmp_path, term)
    assert got == pytest.approx(np.linalg.norm(beside.data.body("lower").xpos[:2]), rel=1e-15)


def test_how_numbers_become_one(tmp_path: Path) -> None:
    for how, worked_out in (
        ("sum", np.sum),
        ("squares", lambda x: np.sum(x * x)),
        ("absolute", lambda x: abs(x).sum()),
    ):
        got, beside = reward(tmp_path, {"term": "joint_velocities", "as": how, "weight": 0.3})
        assert got == 0.3 * worked_out(beside.data.qvel)
    got, beside = reward(tmp_path, {"term": "joint_velocities", "as": "squares", "weight": -5, "limit": [0, 1e-6]})
    assert got == -1e-6
    term = {"term": "joint_positions", "as": "tracking", "target": [0.4, -1], "width": 0.5}
    got, beside = reward(tmp_path, term)
    assert got == pytest.approx(np.exp(-np.sum((beside.data.qpos - [0.4, -1]) ** 2) / 0.25), rel=1e-15)


def test_the_rate_of_a_quantity(tmp_path: Path) -> None:
    got, beside = reward(tmp_path, {"term": "site_positions", "sites": "hand", "skip": 2, "rate": True})
    before = Beside(tmp_path).data.site("hand").xpos[2]
    assert got == (beside.data.site("hand").xpos[2] - before) / (5 * beside.model.opt.timestep)


def test_the_rate_of_actions_begins_with_zeros(tmp_path: Path) -> None:
    beside = Beside(tmp_path, observation=[{"term": "action_rate"}])
    np.testing.assert_array_equal(beside.step(), ACTION)
    np.testing.assert_array_equal(beside.step(), 0 * ACTION)
    np.testing.assert_array_equal(beside.step(2 * ACTION), ACTION)
    assert beside.env.reset()[0].tolist() == [0, 0]


def test_a_command_is_drawn_seen_and_tracked(tmp_path: Path) -> None:
    resets = [
        {"term": "joint_positions", "scale": 0.1},
        {"term": "command", "low": [0, -2], "high": [1, 2]},
        {"term": "command", "low": 3, "high": 3},
    ]
    term = {"term": "joint_velocities", "as": "tracking", "command": 1, "width": 2.0}
    beside = Beside(tmp_path, reset=resets, observation=[{"term": "command"}], reward=[term])
    random = np.random.default_rng(0)
    random.uniform(-0.1, 0.1, 2)
    command = np.array([random.uniform(0, 1), random.uniform(-2, 2), 3.0])
    random.uniform(3, 3)
    np.testing.assert_array_equal(beside.first_o, command)
    observation_o, got, *_ = beside.env.step(ACTION)
    np.testing.assert_array_equal(observation_o, command)
    assert 0 < got < 1
    random.uniform(-0.1, 0.1, 2)
    assert beside.env.reset()[0][0] == random.uniform(0, 1)  # another for each episode


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"observation": [{"term": "command"}]}, "nothing is commanded; give a reset term 'command'"),
        ({"reset": [{"term": "command", "low": [0, 0], "high": 1}]}, "high has 1 elements, expected 2"),
        ({"reset": [{"term": "command", "low": 2, "high": 1}]}, "low must not be above high"),
        ({"reset": [{"term": "command", "low": 2}]}, "high is missing"),
        ({"reward": [{"term": "action", "as": "tracking", "command": 0}]}, "tracks 2 numbers .* 0 are commanded"),
        ({"reward": [{"term": "action", "as": "tracking", "command": 0, "target": 1}]}, "one of target and command"),
    ],
)
def test_wrong_commands(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(bf.ArgumentError, match=told):
        bf.MujocoTask(**arm(tmp_path, **changes))
