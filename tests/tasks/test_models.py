"""Models that say more than bodies and joints: MuJoCo's plugins, meshes that change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from helpers.subprocesses import run

import bierl_fast as bf

SERVO = """
<mujoco model="servo">
  <extension><plugin plugin="mujoco.pid"><instance name="pid">
    <config key="kp" value="30"/><config key="ki" value="9"/><config key="kd" value="2"/>
  </instance></plugin></extension>
  <worldbody><body><joint name="turn" axis="0 1 0"/><geom size="0.1" pos="0.2 0 0"/></body></worldbody>
  <actuator><plugin joint="turn" plugin="mujoco.pid" instance="pid" actdim="1" ctrlrange="-1 1"/></actuator>
</mujoco>
"""
WEIGHT = """
<mujoco model="weight">
  <asset><mesh name="wedge" file="wedge.obj"/></asset>
  <worldbody><body><joint name="turn" axis="0 1 0"/><geom type="mesh" mesh="wedge" pos="0.2 0 0"/></body></worldbody>
  <actuator><motor joint="turn" ctrlrange="-1 1"/></actuator>
</mujoco>
"""
WEDGE = "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 {height}\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n"
# As a program that uses nothing of MuJoCo's own package.
ALONE = """
import json, sys
import bierl_fast as bf
task = bf.MujocoTask(
    model={model!r}, episode_steps=40, frame_skip=3, reward=[{{"term": "alive"}}],
    observation=[{{"term": "joint_positions"}}, {{"term": "joint_velocities"}}],
)
env = bf.NativeEnv(task)
seen = [env.reset(seed=0)[0].tolist()] + [env.step([0.7])[0].tolist() for _ in range(20)]
print(json.dumps([seen, "mujoco" in sys.modules]))
"""


def own(model: Path, **changes: Any) -> bf.MujocoTask:
    """A task with this model."""
    seen = [{"term": "joint_positions"}, {"term": "joint_velocities"}]
    return bf.MujocoTask(model=model, episode_steps=9, observation=seen, reward=[{"term": "alive"}], **changes)


def test_mujocos_own_plugins_are_there(tmp_path: Path) -> None:
    file = tmp_path / "servo.xml"
    file.write_text(SERVO, encoding="utf-8")
    answer = run(ALONE.format(model=str(file)))
    assert answer.returncode == 0, answer.stderr
    seen, imported = json.loads(answer.stdout)
    assert not imported
    model = mujoco.MjModel.from_xml_path(str(file))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for each in seen:
        assert each == [*data.qpos, *data.qvel]
        data.ctrl[:] = np.float32(0.7)
        mujoco.mj_step(model, data, 3)


def test_a_mesh_that_was_written_again_at_once_is_another(tmp_path: Path) -> None:
    """MuJoCo remembers meshes by the second in which they were written."""
    (tmp_path / "weight.xml").write_text(WEIGHT, encoding="utf-8")
    hashes = []
    for height in (0.1, 0.2, 0.1):
        (tmp_path / "wedge.obj").write_text(WEDGE.format(height=height), encoding="utf-8")
        os.utime(tmp_path / "wedge.obj", (1_700_000_000, 1_700_000_000))
        hashes.append(own(tmp_path / "weight.xml").model_hash)
    assert hashes[0] == hashes[2] != hashes[1]
    with pytest.raises(bf.TaskError, match="is not what it was"):
        own(tmp_path / "weight.xml", model_hash=hashes[1])
