"""A user's module, written to a folder of a test's own: it leaves a mark when it is imported.

folder, name -> write -> NAME.py; imported: NAME.mark beside it, one letter longer each time
"""

from __future__ import annotations

import sys
from pathlib import Path

import gymnasium

CODE = '''
import gymnasium
import numpy as np


def bowl(x, **weights):
    return -float(sum((i + 1) * w for i, w in enumerate(weights.values())) or x @ x)


class Arm(gymnasium.Env):
    """Ten steps, and a return that tells what it was made with."""

    def __init__(self, reward=1.0, sees=3, moves=2, breaks_at=11):
        self.observation_space = gymnasium.spaces.Box(-1, 1, (sees,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1, 1, (moves,), np.float32)
        self.reward, self.breaks_at = reward, breaks_at

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observation_space.low, {}

    def step(self, action):
        self.steps += 1
        if self.steps == self.breaks_at:
            raise RuntimeError("the arm came off")
        return self.observation_space.high, self.reward, False, self.steps == 10, {}


class Switches(Arm):
    """Another kind of actions."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.action_space = gymnasium.spaces.Discrete(2)


def descriptor(env, observation, info):
    return observation[:2]


def network(observations, actions):
    import torch

    return torch.nn.Linear(observations, actions)
'''
MARKS = """
import pathlib

with pathlib.Path(__file__).with_suffix(".mark").open("a") as file:
    file.write("x")
gymnasium.register(f"{__name__}/Arm-v0", Arm, max_episode_steps=4)
"""


def write(folder: Path, name: str) -> Path:
    """NAME.py there."""
    path = folder / f"{name}.py"
    path.write_text(CODE + MARKS, encoding="utf-8")
    return path


def forget(path: Path) -> None:
    """As if no process had imported it yet."""
    sys.modules.pop(path.stem, None)
    gymnasium.registry.pop(f"{path.stem}/Arm-v0", None)
    path.with_suffix(".mark").unlink(missing_ok=True)


def imports(path: Path) -> int:
    """How often that module was imported, in any process."""
    mark = path.with_suffix(".mark")
    return len(mark.read_text()) if mark.exists() else 0
