"""The bare closed loop over recorded actions: what MuJoCo alone costs for the same work.

    training rows -> record (NativeEnv, compiled policy) -> Episodes -> BareLoop.run -> end positions

BareLoop is native/bare_loop.cpp, compiled here with `c++ -O3` into a temporary folder.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from bierl_fast import NativeEnv, Policy
from bierl_fast._library import WANTED, gymnasium_assets, package_folder, prepare
from bierl_fast.evaluation.native import native_tasks
from bierl_fast.messages import F32, F64

SOURCE = Path(__file__).parent / "native" / "bare_loop.cpp"
FLAGS = ("-std=c++20", "-O3", "-DNDEBUG", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread")
FRAME_SKIP = {"HalfCheetah-v5": 5, "Hopper-v5": 4, "Ant-v5": 5, "Humanoid-v5": 5}  # Gymnasium's defaults


@dataclass(frozen=True, slots=True)
class Episode:
    """One recorded episode."""

    qpos: F64  # (nq,) right after reset
    qvel: F64  # (nv,)
    actions: F32  # (T, A)
    final_qpos: F64  # (nq,)
    total: float  # return


@dataclass(frozen=True, slots=True)
class Episodes:
    """Recorded episodes, one after another."""

    qpos: F64  # (E, nq)
    qvel: F64  # (E, nv)
    first: NDArray[np.int64]  # (E + 1,)
    actions: F64  # (steps, A), widened once so that the loop only copies
    final_qpos: F64  # (E, nq)
    totals: F64  # (E,)

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> Episodes:
        """Pack episodes for the loop."""
        lengths = [episode.actions.shape[0] for episode in episodes]
        return cls(
            qpos=np.stack([episode.qpos for episode in episodes]),
            qvel=np.stack([episode.qvel for episode in episodes]),
            first=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            actions=np.concatenate([episode.actions for episode in episodes]).astype(np.float64),
            final_qpos=np.stack([episode.final_qpos for episode in episodes]),
            totals=np.array([episode.total for episode in episodes]),
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(E,) env steps of each."""
        return np.diff(self.first)

    @property
    def steps(self) -> int:
        """Env steps of all."""
        return int(self.first[-1])


class Recorder:
    """Replays rows of a rollout in NativeEnv, with the compiled policy, and writes the actions down.

    The environment keeps its positions in the observation, so that the simulation's state can be read from it.
    """

    def __init__(self, task: str, sizes: tuple[int, int], max_steps: int | None = None) -> None:
        self._env = NativeEnv(task, max_episode_steps=max_steps, exclude_current_positions_from_observation=False)
        self._nq, self._nv = sizes

    def record(self, policy: Policy, seed: int) -> Episode:
        """The episode of `policy`, its parameters included, from reset(seed)."""
        hidden = self._env.observation_space.shape[0] - policy.spec.observation_size
        observation, _ = self._env.reset(seed=seed)
        qpos, qvel = self._state(observation)
        actions, total, done = [], 0.0, False
        while not done:
            actions.append(policy.act(observation[hidden:]))
            observation, reward, terminated, truncated, _ = self._env.step(actions[-1])
            total += reward
            done = terminated or truncated
        return Episode(qpos, qvel, np.stack(actions), self._state(observation)[0], total)

    def _state(self, observation: F64) -> tuple[F64, F64]:
        return observation[: self._nq].copy(), observation[self._nq : self._nq + self._nv].copy()


class _Work(ctypes.Structure):
    _fields_ = (
        ("episodes", ctypes.c_int64),
        ("qpos", ctypes.c_void_p),
        ("qvel", ctypes.c_void_p),
        ("first", ctypes.c_void_p),
        ("actions", ctypes.c_void_p),
        ("final_qpos", ctypes.c_void_p),
    )


class BareLoop:
    """The compiled loop on one task; a context manager. Construct once for each number of threads."""

    def __init__(self, task: str, threads: int) -> None:
        self._library = _library()
        self._frame_skip = FRAME_SKIP[task]
        model_file = next(row["model_file"] for row in native_tasks() if row["id"] == task)
        error = ctypes.create_string_buffer(1024)
        path = str(Path(gymnasium_assets()) / model_file).encode()
        self._bare = ctypes.c_void_p(self._library.bare_make(path, threads, error, len(error)))
        if not self._bare:
            raise RuntimeError(f"the bare loop cannot load {model_file}: {error.value.decode()}")
        sizes = (ctypes.c_int64 * 3)()
        self._library.bare_sizes(self._bare, sizes)
        self.nq, self.nv, self.nu = (int(size) for size in sizes)

    def run(self, episodes: Episodes) -> F64:
        """(E, nq) positions at the end of each episode. The GIL is free meanwhile."""
        final_qpos = np.empty_like(episodes.qpos)
        arrays = (episodes.qpos, episodes.qvel, episodes.first, episodes.actions, final_qpos)
        assert episodes.actions.shape[1] == self.nu
        assert all(array.flags.c_contiguous for array in arrays)
        work = _Work(len(episodes.totals), *(array.ctypes.data for array in arrays))
        self._library.bare_run(self._bare, self._frame_skip, ctypes.byref(work))
        return final_qpos

    def __enter__(self) -> BareLoop:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._library.bare_free(self._bare)


_loaded: list[ctypes.CDLL] = []


def _library() -> ctypes.CDLL:
    """The loop, compiled at the first call against the MuJoCo library that this process runs."""
    if _loaded:
        return _loaded[0]
    prepare()  # loads libmujoco, the same one for both sides
    mujoco = package_folder("mujoco")
    if mujoco is None:
        raise RuntimeError(f"the bare loop needs MuJoCo's package; install it with: pip install mujoco=={WANTED}")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "bare_loop.so"
        link = [f"-I{mujoco / 'include'}", str(mujoco / f"libmujoco.so.{WANTED}"), f"-Wl,-rpath,{mujoco}"]
        subprocess.run(["c++", *FLAGS, str(SOURCE), "-o", str(target), *link], check=True)
        library = ctypes.CDLL(str(target))
    library.bare_make.restype = ctypes.c_void_p
    library.bare_make.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    for name in ("bare_sizes", "bare_run", "bare_free"):
        getattr(library, name).restype = None
    _loaded.append(library)
    return library
