"""Ids of packages that many use: the module that registers them is imported by itself, or the pip line is said."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from helpers.pool_evaluators import make
from helpers.subprocesses import run

import bierl_fast as bf
from bierl_fast.evaluation.environment import packages
from bierl_fast.evaluation.environment.maker import find
from bierl_fast.evaluation.environment.packages import REGISTRARS, Registrar, registrar_of
from bierl_fast.import_path import module, searching_here

pytestmark = pytest.mark.usefixtures("registry")
TASK = "dm_control/hare-leap-v0"
# As shimmy registers its ids: what makes them cannot be pickled, observations are a dict, and no limit is registered.
REGISTERING = """
from functools import partial

import gymnasium
import numpy as np


class Hare(gymnasium.Env):
    def __init__(self, length, render_mode=None):
        box = gymnasium.spaces.Box(-np.inf, np.inf, (), np.float64)
        self.observation_space = gymnasium.spaces.Dict({"speed": box, "place": box})
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)
        self.length = length

    def seen(self):
        return {"place": np.float64(self.place), "speed": np.float64(self.speed)}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps, self.place, self.speed = 0, self.np_random.normal(), 0.0
        return self.seen(), {}

    def step(self, action):
        self.steps += 1
        self.speed += 0.1 * float(action[0])
        self.place += self.speed
        return self.seen(), -abs(self.place), False, self.steps == self.length, {}


def register():
    def make(length, **kwargs):
        return Hare(length, **kwargs)

    if "dm_control/hare-leap-v0" not in gymnasium.registry:
        gymnasium.register("dm_control/hare-leap-v0", entry_point=partial(make, length=23))


register()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules with the names of shimmy and dm_control."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "shimmy.py").write_text(REGISTERING, encoding="utf-8")
    (folder / "dm_control.py").touch()
    monkeypatch.syspath_prepend(str(folder))
    for name in ("shimmy", "dm_control"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


@pytest.mark.slow  # four processes with their workers
def test_it_is_trained_evaluated_gone_on_with_and_asks_nobody(installed: Path, tmp_path: Path) -> None:
    first = f"import sys; sys.path.insert(0, {str(installed)!r})"  # before the real ones, which may be installed

    def bierl(*arguments: str, state: str = "mine") -> str:
        code = f"{first}; from bierl_fast.cli.main import entry; raise SystemExit(entry({arguments!r}))"
        done = run(code, XDG_STATE_HOME=str(tmp_path / state))
        assert done.returncode == 0, done.stderr
        return done.stdout

    small = ("--strategy", "ars", "--hidden", "none", "--workers", "1", "--population", "4", "--meta", "none")
    bierl("train", TASK, *small, "--generations", "2", "--run-dir", str(tmp_path / "run"))
    assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["task"] == TASK
    bierl("resume", str(tmp_path / "run"), "--generations", "3")
    mine = json.loads(bierl("evaluate", str(tmp_path / "run"), "--episodes", "3", "--json"))
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    other = json.loads(bierl("evaluate", str(moved), "--episodes", "3", "--json", state="another's"))
    assert mine == other
    assert mine["mean_length"] == 23
    policy = bf.Policy.load(moved / "policy.npz")
    assert (policy.task, policy.spec.parts) == (TASK, "place 1, speed 1")


def test_in_python_too(installed: Path) -> None:
    with make(TASK, hidden=()) as evaluator:
        assert evaluator.policy.spec.task == TASK
        assert evaluator.max_steps == 23
    with pytest.raises(bf.UnknownNameError, match="no native task named 'dm_control/hare-leap-v0'"):
        bf.make_evaluator(TASK, evaluator="native")


@pytest.mark.parametrize(
    "registrar", [each for each in REGISTRARS if not each.names_code], ids=lambda each: each.module
)
def test_without_the_package_one_line_says_what_to_install(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in filter(None, (registrar.module, registrar.needs)):
        monkeypatch.setitem(sys.modules, name, None)
    for ids in registrar.ids:
        task = ids.replace("*", "Made-up-v0")
        message = f"task '{task}' needs {registrar.needs or registrar.module}, which is not installed; install it with"
        with pytest.raises(bf.TaskError, match=f"{re.escape(message)}: pip install {re.escape(registrar.package)}$"):
            find(task, {})
        with pytest.raises(bf.ConfigError, match="which is not installed"):
            bf.train(bf.Config(task=task, generations=1))


@pytest.mark.parametrize("written", [TASK, f"shimmy:{TASK}"])
def test_it_draws_without_a_display(written: str, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    monkeypatch.setattr(packages, "choose", lambda: chosen.append("shimmy" in sys.modules))
    find(written, {})
    assert chosen == [False]  # before it is imported


def test_a_package_whose_settings_may_name_code_is_named_with_the_id() -> None:
    message = re.escape("whose settings may name code: write highway_env:parking-v0 (pip install highway-env)")
    with pytest.raises(bf.TaskError, match=message):
        find("parking-v0", {})
    assert "highway_env" not in sys.modules


def test_one_of_two_packages_is_not_enough(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dm_control", None)
    with pytest.raises(bf.TaskError, match=r"needs dm_control, which is not installed.*'bierl-fast\[dm_control\]'"):
        find(TASK, {})


def test_a_package_that_cannot_be_imported_says_why(installed: Path) -> None:
    (installed / "shimmy.py").write_text("raise OSError('no lib\\nrary')", encoding="utf-8")
    with pytest.raises(bf.TaskError, match=r"needs shimmy, which cannot be imported: OSError: no lib.*rary") as caught:
        find(TASK, {})
    assert "\n" not in str(caught.value)


def test_an_unknown_id_of_a_package_is_answered_with_its_nearest(installed: Path) -> None:
    with pytest.raises(bf.TaskError, match=r"'dm_control/hare-leep-v0'; did you mean 'dm_control/hare-leap-v0'"):
        find("dm_control/hare-leep-v0", {})
    for written in ("dm_contrl/hare-leap-v0", "dm-control/hare-leap-v0", "DM_Control/hare-leap-v0"):
        with pytest.raises(bf.BierlError, match="did you mean 'dm_control/hare-leap-v0'"):
            find(written, {})


def test_what_is_registered_already_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dm_control", None)
    gymnasium.register("dm_control/mine-v0", entry_point="helpers.pool_envs:Walk", max_episode_steps=5)
    assert find("dm_control/mine-v0", {}).entry_point == "helpers.pool_envs:Walk"


def test_a_module_in_the_working_directory_is_none_of_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote a policy may have put a module beside it; and this holds after code of the user's was imported."""
    monkeypatch.setattr(packages, "REGISTRARS", (Registrar("surely_nobodys", "nobodys", ("nobodys/*",)),))
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "mark"
    (tmp_path / "surely_nobodys.py").write_text(f"open({str(mark)!r}, 'w').close()", encoding="utf-8")
    (tmp_path / "the_users_own.py").touch()
    with searching_here():
        module("the_users_own")
        with pytest.raises(bf.TaskError, match=r"needs surely_nobodys, which is not installed.*pip install nobodys"):
            find("nobodys/Walk-v0", {})
        assert not mark.exists()
        module("surely_nobodys")  # named, it is the user's code
        assert mark.exists()
    for name in ("the_users_own", "surely_nobodys"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("task", "home"),
    [
        ("dm_control/walker-run-v0", "shimmy"),
        ("ALE/Pong-v5", "ale_py"),
        ("FetchReachDense-v4", "gymnasium_robotics"),
        ("AntMaze_Large_Diverse_GR-v5", "gymnasium_robotics"),
        ("HandManipulateBlockRotateZ_ContinuousTouchSensors-v1", "gymnasium_robotics"),
        ("MiniGrid-Empty-5x5-v0", "minigrid"),
        ("HalfCheetah-v5", None),
        ("Ant-v5", None),
        ("my/FetchReach-v4", None),
        ("module:dm_control/walker-run-v0", None),
    ],
)
def test_whose_they_are(task: str, home: str | None) -> None:
    found: Any = registrar_of(task)
    assert (found and found.module) == home
