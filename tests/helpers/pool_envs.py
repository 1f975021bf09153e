"""Tiny environments for the process pool's tests, in a module that worker processes can import."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class Walk(gymnasium.Env[Any, Any]):
    """A noisy walk on a line. An episode whose reset drew above `trouble_above` has `trouble` at its third step.

    `marker`: a file; die_once happens when it is not there yet, and makes it.
    """

    def __init__(
        self, trouble: str = "none", trouble_above: float = 0.5, marker: str = "", pause: float = 0.0, length: int = 12
    ) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self._trouble, self._above, self._marker = trouble, trouble_above, marker
        self._pause, self._length = pause, length
        self._kept = 0.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        if self._trouble == "no_reset":
            raise OSError("no track")
        if self._trouble == "print":
            print("printed by the walk")
            os.system("echo echoed by the walk")
        self._in_trouble = self.np_random.uniform() > self._above
        if self._trouble == "unseeded":
            self.np_random = np.random.default_rng(time.monotonic_ns())
        # Environments older than Gymnasium draw from a RandomState, which takes seeds of 32 bits.
        source = np.random.RandomState(seed) if self._trouble == "random_state" else self.np_random
        self._x = source.normal() + (self._kept if self._trouble.startswith("keeps") else 0.0)
        self._step = 0
        return self._observation(), {}

    def _observation(self) -> NDArray[np.float32]:
        return np.array([self._x, self._step / 10], np.float32)

    def step(self, action: NDArray[np.float32]) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        time.sleep(self._pause)
        if self._trouble == "samples":
            action = self.action_space.sample()
        self._step += 1
        self._kept += 0.25 if self._trouble == "keeps" or self._step > 250 else 0.0
        self._x += float(action[0]) + 0.1 * self.np_random.normal()
        observation: Any = self._observation()
        reward: Any = -abs(self._x)
        if self._in_trouble and (self._step == 3 or (self._step == 4 and self._trouble == "overflow")):
            observation, reward = self._make_trouble(observation, reward)
        return observation, reward, self._step == self._length and self._x > 0, False, {"x": self._x}

    def _make_trouble(self, observation: Any, reward: Any) -> tuple[Any, Any]:
        match self._trouble:
            case "raise":
                raise ZeroDivisionError("the walk fell over")
            case "nan_reward":
                return observation, float("nan")
            case "overflow":
                return observation, -1e308
            case "vector_reward":
                return observation, np.zeros(1)
            case "nan_observation":
                return observation * np.float32("nan"), reward
            case "wrong_shape":
                return np.zeros(3, np.float32), reward
            case "hang":
                time.sleep(1000)
            case "grip":  # as compiled code that does not let go of the interpreter
                ctypes.PyDLL(None).sleep(1000)
            case "exit" | "sys_exit" | "interrupt":
                self._end()
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "die_once" if not Path(self._marker).exists():
                Path(self._marker).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise_once" if not Path(self._marker).exists():
                Path(self._marker).touch()
                raise ZeroDivisionError("the walk fell over")
        return observation, reward

    def _end(self) -> None:
        if self._trouble == "exit":
            os._exit(3)
        if self._trouble == "sys_exit":
            sys.exit(3)
        raise KeyboardInterrupt


class Simulated(Walk):
    """A walk beside a simulator's process, whose number it writes to the file `notes`; and there that it was closed."""

    def __init__(self, notes: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._notes = Path(notes)
        self._simulator = subprocess.Popen(["sleep", "1000"])
        self._note(str(self._simulator.pid))

    def _note(self, line: str) -> None:
        with self._notes.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def close(self) -> None:
        self._simulator.kill()
        self._simulator.wait()
        self._note("closed")


class Choice(gymnasium.Env[Any, Any]):
    """Three choices numbered 5, 6, 7 over a small picture."""

    def __init__(self) -> None:
        self.observation_space = spaces.Box(0, 255, (2, 3), np.uint8)
        self.action_space = spaces.Discrete(3, start=5)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._step = 0
        return self._picture(), {}

    def _picture(self) -> NDArray[np.uint8]:
        return self.np_random.integers(0, 256, (2, 3), np.uint8)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self._step += 1
        return self._picture(), float(action), False, False, {}


class Parts(Walk):
    """A walk whose observation comes in parts."""

    def __init__(self) -> None:
        super().__init__()
        pair = spaces.Tuple((spaces.Discrete(2), spaces.Box(-np.inf, np.inf, (4,), np.float32)))
        self.observation_space = spaces.Dict({"step": spaces.Discrete(3), "pair": pair})

    def _observation(self) -> Any:
        return {"step": self._step % 3, "pair": (int(self._x > 0.0), np.full(4, self._x, np.float32))}


class Spaces(Walk):
    """A walk that claims other spaces."""

    def __init__(self, observation: str = "", action: str = "") -> None:
        super().__init__()
        box = spaces.Box(-1.0, 1.0, (2,), np.float32)
        known = {
            "dict": spaces.Dict({"a": box}),
            "tuple": spaces.Tuple((box, box)),
            "image": spaces.Box(0, 255, (4, 4, 3), np.uint8),
            "discrete": spaces.Discrete(4),
            "nothing": spaces.Box(-1.0, 1.0, (), np.float32),
            "infinite": spaces.Box(-np.inf, np.inf, (1,), np.float32),
            "wide": spaces.Box(-2e38, 2e38, (1,), np.float32),
            "wider": spaces.Box(-1e300, 1e300, (1,), np.float64),
            "integers": spaces.Box(0, 3, (2,), np.int64),
            "matrix": spaces.Box(-0.1, 0.1, (2, 2), np.float64),
        }
        self.observation_space = known.get(observation, self.observation_space)
        self.action_space = known.get(action, self.action_space)


class Matrix(Walk):
    """Actions are a float64 matrix in a box whose ends single precision does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.Box(-0.1, 0.1, (2, 2), np.float64)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        assert action.dtype == np.float64
        assert self.action_space.contains(action)
        self._step += 1
        self._x += float(action.sum())
        return self._observation(), self._x, False, False, {}


def make_walk(**kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.wrappers.TimeLimit(Walk(**kwargs), 20)


def walk_beneath(**kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.wrappers.RescaleAction(make_walk(**kwargs), np.float32(-2.0), np.float32(2.0))


def new_walk(**kwargs: Any) -> gymnasium.Env[Any, Any]:
    return Walk(**kwargs)


def without_licence() -> gymnasium.Env[Any, Any]:
    raise OSError("no licence")


def first_alone(marker: str, ballast: str = "") -> gymnasium.Env[Any, Any]:
    """In every other process than the first one, making it never ends. `ballast` makes messages large."""
    path = Path(marker)
    if not path.exists():
        path.write_text(str(os.getpid()), encoding="utf-8")
    if path.read_text(encoding="utf-8") != str(os.getpid()):
        time.sleep(1000)
    return make_walk()


def make_nothing() -> int:
    return 3


def describe(env: Any, observation: Any, info: dict[str, Any]) -> NDArray[np.float64]:
    return np.array([info["x"], float(observation[1]), 1.0])


def describe_nothing(env: Any, observation: Any, info: dict[str, Any]) -> NDArray[np.float64]:
    raise KeyError("y")


def describe_unevenly(env: Any, observation: Any, info: dict[str, Any]) -> NDArray[np.float64]:
    return np.zeros(3 if observation[1] < 0.5 else 2)


def describe_badly(env: Any, observation: Any, info: dict[str, Any]) -> NDArray[np.float64]:
    return np.array([info["x"] if info["x"] < 0.0 else math.nan])


for _name, _entry, _limit in (
    ("Walk-v0", Walk, 20),
    ("Simulated-v0", Simulated, 20),
    ("Choice-v0", Choice, 7),
    ("Parts-v0", Parts, 9),
    ("Spaces-v0", Spaces, 5),
    ("Matrix-v0", Matrix, 4),
    ("Endless-v0", Walk, None),
):
    gymnasium.register(
        f"pool_tests/{_name}", entry_point=f"helpers.pool_envs:{_entry.__name__}", max_episode_steps=_limit
    )
