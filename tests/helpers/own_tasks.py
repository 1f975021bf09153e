"""Gymnasium's tasks written again as terms, and robots that nobody prepared for it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from bierl_fast._library import gymnasium_assets

INFINITY = float("inf")


def noise(positions: float, velocities: float, distribution: str) -> list[dict[str, Any]]:
    """A start as Gymnasium draws it."""
    return [
        {"term": "joint_positions", "scale": positions},
        {"term": "joint_velocities", "scale": velocities, "distribution": distribution},
    ]


def asset(file: str) -> str:
    """The path of one of Gymnasium's model files."""
    return str(Path(gymnasium_assets()) / file)


REWRITTEN: dict[str, dict[str, Any]] = {
    "HalfCheetah-v5": {
        "model": asset("half_cheetah.xml"),
        "frame_skip": 5,
        "observation": [{"term": "joint_positions", "skip": 1}, {"term": "joint_velocities"}],
        "reward": [
            {"term": "joint_positions", "count": 1, "rate": True, "label": "forward"},
            {"term": "control_cost", "weight": -0.1, "label": "ctrl"},
        ],
        "reset": noise(0.1, 0.1, "normal"),
    },
    "Hopper-v5": {
        "model": asset("hopper.xml"),
        "frame_skip": 4,
        "observation": [{"term": "joint_positions", "skip": 1}, {"term": "joint_velocities", "clip": [-10, 10]}],
        "reward": [
            {"term": "joint_positions", "joints": "rootx", "rate": True, "label": "forward"},
            {"term": "alive", "label": "survive"},
            {"term": "control_cost", "weight": -1e-3, "label": "ctrl"},
        ],
        "termination": [
            {"term": "joint_positions", "joints": "rootz", "range": [0.7, INFINITY]},
            {"term": "joint_positions", "joints": ["rooty"], "range": [-0.2, 0.2]},
            {"term": "joint_positions", "skip": 2, "range": [-100, 100]},
            {"term": "joint_velocities", "range": [-100, 100]},
        ],
        "reset": noise(5e-3, 5e-3, "uniform"),
    },
    "Ant-v5": {
        "model": asset("ant.xml"),
        "frame_skip": 5,
        "observation": [
            {"term": "joint_positions", "skip": 2},
            {"term": "joint_velocities"},
            {"term": "contact_forces", "skip": 6, "clip": [-1, 1]},
        ],
        "reward": [
            {"term": "body_positions", "bodies": "torso", "count": 1, "rate": True, "label": "forward"},
            {"term": "alive", "label": "survive"},
            {"term": "control_cost", "weight": -0.5, "label": "ctrl"},
            {"term": "contact_forces", "clip": [-1, 1], "as": "squares", "weight": -5e-4, "label": "contact"},
        ],
        "termination": [
            {"term": "joint_positions", "skip": 2, "count": 1, "range": [0.2, 1.0], "bounds_included": True},
            {"term": "joint_positions", "range": [-INFINITY, INFINITY]},
            {"term": "joint_velocities", "range": [-INFINITY, INFINITY]},
        ],
        "reset": noise(0.1, 0.1, "normal"),
    },
    "Humanoid-v5": {
        "model": asset("humanoid.xml"),
        "frame_skip": 5,
        "observation": [
            {"term": "joint_positions", "skip": 2},
            {"term": "joint_velocities"},
            {"term": "body_inertias", "skip": 10},
            {"term": "body_spatial_velocities", "skip": 6},
            {"term": "joint_forces", "skip": 6},
            {"term": "contact_forces", "skip": 6},
        ],
        "reward": [
            {"term": "center_of_mass", "count": 1, "rate": True, "weight": 1.25, "label": "forward"},
            {"term": "alive", "weight": 5.0, "label": "survive"},
            {"term": "action", "as": "squares", "weight": -0.1, "label": "ctrl"},
            {"term": "contact_forces", "as": "squares", "weight": -5e-7, "limit": [-INFINITY, 10], "label": "contact"},
        ],
        "termination": [{"term": "joint_positions", "skip": 2, "count": 1, "range": [1.0, 2.0]}],
        "reset": noise(1e-2, 1e-2, "uniform"),
    },
}


def rewritten(task: str, **changes: Any) -> dict[str, Any]:
    """The keyword arguments of MujocoTask with which it is one of Gymnasium's tasks."""
    return {"name": task.partition("-")[0].lower(), "episode_steps": 1000, **copy.deepcopy(REWRITTEN[task]), **changes}


ARM = """
<mujoco model="arm">
  <worldbody>
    <body name="upper" pos="0 0 1">
      <joint name="shoulder" axis="0 1 0" damping="0.5"/>
      <geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04"/>
      <body name="lower" pos="0 0 -0.4">
        <joint name="elbow" axis="0 1 0" damping="0.5"/>
        <geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.03"/>
        <site name="hand" pos="0 0 -0.4"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="lift" joint="shoulder" gear="5" ctrlrange="-1 1" ctrllimited="true"/>
    <motor name="bend" joint="elbow" gear="3"/>
  </actuator>
  <sensor>
    <framelinvel name="hand_velocity" objtype="site" objname="hand"/>
    <jointpos name="elbow_angle" joint="elbow"/>
  </sensor>
  <keyframe><key name="raised" qpos="0.5 -1"/></keyframe>
</mujoco>
"""


def arm(folder: Path, **changes: Any) -> dict[str, Any]:
    """The keyword arguments of a task with a model of our own, which is written into the folder."""
    model = folder / "arm.xml"
    if not model.exists():
        model.write_text(ARM, encoding="utf-8")
    return {
        "model": str(model),
        "episode_steps": 50,
        "frame_skip": 5,
        "observation": [{"term": "joint_positions"}, {"term": "joint_velocities"}],
        "reward": [{"term": "distance", "from_site": "hand", "to_point": [0.5, 0, 1], "weight": -1.0}],
        "reset": [{"term": "joint_positions", "scale": 0.1}],
    } | changes
