"""Terms that numba compiles: what they see, how they are named, and who may run them."""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import mujoco
import numba
import numpy as np
import pytest
from helpers import terms
from helpers.own_tasks import arm, asset

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.errors import RunWarning
from bierl_fast.tasks.code import SIGNATURE
from bierl_fast.tasks.views import Views
from bierl_fast.trust import named_in

CODE = """
import pathlib

import bierl_fast as bf

with pathlib.Path(__file__).with_suffix(".mark").open("a") as file:
    file.write("x")


@bf.term
def height(data, out):
    out[0] = data.site_xpos[0, 2]
"""
FILE = """
model = "arm.xml"
frame_skip = 5
episode_steps = 20
observation = [{ term = "joint_positions" }, { term = "code/height_terms.py:height", scale = 0.5 }]
reward = [{ term = "code/height_terms.py:height", weight = 2 }]
termination = [{ term = "code/height_terms.py:height", range = [-inf, 100] }]
"""
SETTINGS: dict[str, Any] = {
    **{"generations": 2, "population": 4, "meta": "none", "strategy": "es", "hidden": (4,), "threads": 1, "seed": 1},
}


def rows_of(evaluator: Any, population: int = 8) -> Any:
    """What an evaluator answers to a population around its first policy."""
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=population)
    named = strategy.ask(bf.Hyperparameters(sigma=0.5, learning_rate=0.1), bf.NoiseKey(0, 0))
    return evaluator.evaluate(named)


def test_the_views_are_the_compiled_modules_table() -> None:
    assert list(Views._fields) == [name for name, _ in core.term_fields()]


def test_a_term_sees_what_mujoco_has(tmp_path: Path) -> None:
    model = mujoco.MjModel.from_xml_path(asset("ant.xml"))
    data = mujoco.MjData(model)
    names = [name for name, _ in core.term_fields() if name not in {"dt", "command", "body_mass"}]
    sizes = {name: np.size(getattr(data, name)) for name in names} | {"dt": 1, "command": 2, "body_mass": model.nbody}
    task = bf.MujocoTask(
        model=asset("ant.xml"),
        episode_steps=10,
        frame_skip=3,
        observation=[{"term": terms.everything, "size": sum(sizes.values()), "contact_forces": True}],
        reward=[{"term": "alive"}],
        reset=[{"term": "command", "low": [1, 2], "high": [1, 2]}],
    )
    env = bf.NativeEnv(task)
    env.reset(seed=0)
    mujoco.mj_forward(model, data)
    action_a = np.full(8, 0.3, np.float32)
    for _ in range(3):
        seen = env.step(action_a)[0]
        data.ctrl[:] = action_a
        mujoco.mj_step(model, data, 3)
        mujoco.mj_rnePostConstraint(model, data)
        wanted: dict[str, Any] = {name: np.ravel(getattr(data, name)) for name in names}
        wanted |= {"dt": [0.03], "command": [1, 2], "body_mass": model.body_mass}
        np.testing.assert_array_equal(seen, np.concatenate([wanted[name] for name, _ in core.term_fields()]))


def test_it_is_read_as_any_term(tmp_path: Path) -> None:
    changes = {
        "observation": [
            {"term": "joint_positions"},
            {"term": terms.bent, "size": 2, "skip": 1, "clip": (-0.5, 0.5), "scale": 3},
        ],
        "reward": [{"term": "helpers.terms:bent", "weight": -2}, {"term": terms.bent, "rate": True, "label": "faster"}],
        "termination": [{"term": terms.bent, "range": (0.9, 1.5)}],
    }
    env = bf.NativeEnv(bf.MujocoTask(**arm(tmp_path, **changes)))
    seen = env.reset(seed=0)[0]
    before = np.cos(seen[1])
    for _ in range(50):
        seen, reward, terminated, _, info = env.step(np.ones(2, np.float32))
        assert list(info) == ["reward_bent", "reward_faster"]
        assert info["reward_bent"] == pytest.approx(-2 * np.cos(seen[1]))
        assert info["reward_faster"] == pytest.approx((np.cos(seen[1]) - before) / (5 * 0.002))
        assert reward == info["reward_faster"] + info["reward_bent"]
        assert abs(seen[2]) <= 1.5
        assert terminated == (np.cos(seen[1]) <= 0.9)
        before = np.cos(seen[1])
        if terminated:
            break
    assert terminated


def test_threads_change_nothing(tmp_path: Path) -> None:
    own = bf.MujocoTask(**arm(tmp_path, observation=[{"term": terms.bent, "size": 2}]))
    results = []
    for threads in (1, 2, 3):
        evaluator = bf.make_evaluator(own, threads=threads, hidden=(8,), obs_norm=False)
        results.append(rows_of(evaluator).returns_r.tobytes())
    assert results[0] == results[1] == results[2]


def test_a_cfunc_of_ones_own(tmp_path: Path) -> None:
    @numba.cfunc(SIGNATURE)
    def first_position(out: Any, size: Any, fields: Any, rows: Any) -> None:
        out[0] = fields[2][0] + rows[2]

    env = bf.NativeEnv(
        bf.MujocoTask(**arm(tmp_path, observation=[{"term": "joint_positions"}, {"term": first_position}]))
    )
    seen = env.reset(seed=1)[0]
    assert seen[2] == seen[0] + 2
    with pytest.raises(bf.BierlError, match="cannot be imported"):  # by another process, which was not given it
        bf.make_evaluator(
            "bierl/MujocoTask-v0",
            task_kwargs=arm(tmp_path, observation=[{"term": "<nowhere:first_position>"}]),
        )


WRONG: list[tuple[Any, str]] = [
    (terms.of_another_signature, r"must be compiled.*void\(CPointer.*it is "),
    (terms.plain, r"helpers.terms:plain must be compiled: a function \(data, out\) with @bf.term above it"),
    ("helpers.terms:plane", "has no attribute 'plane'"),
    ("helpers.turms:bent", "No module named 'helpers.turms'"),
    ("no/such/file.py:bent", "there is no file"),
    ("helpers.terms:", "an import path is module:function"),
]


@pytest.mark.parametrize(("term", "told"), WRONG)
def test_what_is_no_term_is_told_in_one_line(term: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(bf.TaskError, match=told) as caught:
        bf.MujocoTask(**arm(tmp_path, observation=[{"term": term}]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("size", "told"), [(0, "at least 1"), (2.5, "at least 1"), (2**25, "at most 16777216")])
def test_a_size_that_cannot_be(size: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(bf.TaskError, match=f"arm, reward 1 .*size must be .*{told}"):
        bf.MujocoTask(**arm(tmp_path, reward=[{"term": terms.bent, "size": size}]))


@pytest.mark.parametrize(("term", "size"), [(terms.wide, 1), (terms.wide, 19), (terms.last_alone, 1)])
def test_a_term_that_writes_more_than_its_size_is_refused(term: Any, size: int, tmp_path: Path) -> None:
    told = f"arm, termination 1 .*: it writes more numbers than its size, {size}; say in size how many it is"
    with pytest.raises(bf.TaskError, match=told):
        bf.MujocoTask(**arm(tmp_path, termination=[{"term": term, "size": size, "range": (-9, 9)}]))


def test_a_term_that_does_so_later_fails_its_own_rows(tmp_path: Path) -> None:
    reset = [{"term": "joint_positions", "scale": 1.0}]
    own = bf.MujocoTask(**arm(tmp_path, reward=[{"term": terms.wider_later}], reset=reset))
    env = bf.NativeEnv(own)
    env.reset(seed=0)

    def play() -> None:
        for _ in range(50):
            env.step(np.array([-1, 0], np.float32))

    with pytest.raises(bf.SimulationError, match=r"reward 1 .* writes more numbers than its size, 1"):
        play()
    batch = rows_of(bf.make_evaluator(own, threads=2, hidden=(8,), obs_norm=False), 16)
    plain = bf.MujocoTask(**arm(tmp_path, reward=[{"term": "joint_positions", "count": 1}], reset=reset))
    whole = rows_of(bf.make_evaluator(plain, threads=2, hidden=(8,), obs_norm=False), 16)
    assert batch.failed_r.any()
    np.testing.assert_array_equal(batch.returns_r[~batch.failed_r], whole.returns_r[~batch.failed_r])


def constant(value: float) -> Any:
    """A term made here: all of them have one name."""

    @bf.term
    def fixed(data: Any, out: Any) -> None:
        out[0] = value

    return fixed


def test_functions_of_one_name_are_told_apart(tmp_path: Path) -> None:
    three, five = constant(3.0), constant(5.0)
    own = bf.MujocoTask(**arm(tmp_path, observation=[{"term": three}, {"term": five}, {"term": three}]))
    another = bf.MujocoTask(**arm(tmp_path, observation=[{"term": constant(7.0)}]))
    assert bf.NativeEnv(own).reset(seed=0)[0].tolist() == [3, 5, 3]
    assert bf.NativeEnv(another).reset(seed=0)[0].tolist() == [7]
    assert own.observation[0] == own.observation[2] != own.observation[1]


def test_a_run_says_which_terms_it_will_not_find_again(tmp_path: Path) -> None:
    own = bf.MujocoTask(**arm(tmp_path, observation=[{"term": "joint_positions"}, {"term": constant(1.0)}]))
    with pytest.warns(RunWarning, match=r"the term <.*constant.*fixed.*> cannot be .* task=\.\.\. in Python"):
        bf.train(bf.Config(task=own, **SETTINGS), tmp_path / "run")
    lost = arm(tmp_path, observation=[{"term": "<elsewhere:made.<locals>.term>"}])
    with pytest.raises(bf.TaskError, match=r"the term <elsewhere:made.*> was a function .* \(task=\.\.\.\)"):
        bf.MujocoTask(**lost)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = bf.MujocoTask(**arm(tmp_path, observation=[{"term": terms.bent}]))
        bf.train(bf.Config(task=named, **SETTINGS), tmp_path / "found again")


def test_a_function_that_numba_cannot_compile_is_told_in_one_line() -> None:
    def wrong(data: Any, out: Any) -> None:
        out[0] = data.qposs[0]

    with pytest.raises(bf.ArgumentError, match=r"cannot be compiled.*qposs") as caught:
        bf.term(wrong)
    assert "\n" not in str(caught.value)


def test_without_numba_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(bf.InstallationError, match=r"pip install 'bierl-fast\[numba\]'"):
        bf.term(terms.plain)


def test_no_file_can_name_an_address(tmp_path: Path) -> None:
    for address in (4096, [1.0], "helpers.terms:bent"):
        with pytest.raises(bf.ArgumentError, match="function"):
            bf.MujocoTask(**arm(tmp_path, observation=[{"term": "joint_positions", "function": address}]))


@pytest.mark.parametrize("where", ["reward", "observation", "termination"])
def test_a_term_that_is_no_number_fails_its_rows_and_is_named_once(where: str, tmp_path: Path) -> None:
    lists: dict[str, Any] = {"observation": [{"term": "joint_positions"}], "reward": [{"term": "alive"}]}
    ends = {"range": [-1e9, 1e9]}
    lists["termination"] = [{"term": "joint_positions", **ends}]
    lists[where] = [*lists[where], {"term": terms.fragile, **(ends if where == "termination" else {})}]
    own = bf.MujocoTask(**arm(tmp_path, reset=[{"term": "joint_positions", "scale": 1.0}], **lists))
    evaluator = bf.make_evaluator(own, threads=2, hidden=(8,), obs_norm=False)
    with pytest.warns(RunWarning, match=rf"arm, {where} 2 \(helpers.terms:fragile\) gave nan; ") as told:
        batch = rows_of(evaluator, 16)
    assert len(told) == 1
    assert batch.failed_r.any()
    assert np.isfinite(batch.returns_r).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows_of(evaluator, 16).failed_r.tolist() == batch.failed_r.tolist()


def test_contact_forces_are_asked_for(tmp_path: Path) -> None:
    """Without the option MuJoCo does not work them out, and there is no number in their place."""
    sizes = 1 + 1 + 2 + 2 + 2 + 0 + 2 + 2 + 2 + 2 + 4 + 3 * (3 + 4 + 9 + 3 + 3 + 6 + 10 + 6) + 2 * 12 + 12 + 3
    own = arm(tmp_path, observation=[{"term": terms.everything, "size": sizes}])
    env = bf.NativeEnv(bf.MujocoTask(**own))
    assert np.isnan(env.reset(seed=0)[0]).sum() == 3 * 6


@pytest.fixture
def robot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "robots" / "code").mkdir(parents=True)
    arm(tmp_path / "robots")
    (tmp_path / "robots" / "code" / "height_terms.py").write_text(CODE, encoding="utf-8")
    path = tmp_path / "robots" / "my_robot.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_task_file_names_it_from_its_own_folder(robot: Path) -> None:
    config = bf.Config(task="robots/my_robot.toml", **SETTINGS)
    assert config.task_kwargs["reward"][0]["term"] == f"{robot.parent}/code/height_terms.py:height"
    bf.train(config, "run")
    bf.resume("run", generations=3)
    assert bf.evaluate("run", episodes=2, threads=1)["mean_length"] == 20
    pooled = bf.train(config.replace(evaluator="pool", generations=1), None)
    assert pooled.metrics[0]["mean_return"] == bf.train(config.replace(generations=1), None).metrics[0]["mean_return"]


def test_code_in_others_runs_is_asked_about_before_it_runs(robot: Path) -> None:
    bf.train(bf.Config(task=str(robot), **SETTINGS), "run")
    mark = robot.parent / "code" / "height_terms.mark"
    shutil.copytree("run", "copied")
    before = mark.read_text()
    for call in (
        lambda: bf.evaluate("copied", episodes=1),
        lambda: bf.resume("copied", generations=4),
        lambda: bf.evaluate("copied/policy.npz", episodes=1),
    ):
        with pytest.raises(bf.TrustError, match=r"import '.*/code/height_terms.py' and call 'height'"):
            call()
    assert mark.read_text() == before
    assert bf.evaluate("copied", episodes=1, threads=1, trust=True)["mean_length"] == 20


def test_libraries_that_cannot_be_used_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "libmine.so").write_text("no library", encoding="utf-8")
    for name, told in (("libyours.so", "there is no library /.*/libyours.so"), ("libmine.so", "cannot be loaded: /.*")):
        with pytest.raises(bf.TaskError, match=told) as caught:
            bf.MujocoTask(**arm(tmp_path, observation=[{"term": f"{tmp_path}/{name}:lean"}]))
        assert "\n" not in str(caught.value)


def test_libraries_are_asked_about() -> None:
    lists = {"observation": [{"term": "joint_positions"}, {"term": "/a/libmine.so:lean"}], "name": "mine:robot"}
    (named,) = named_in({"task": MUJOCO_TASK}, lists)
    assert str(named) == "load the library '/a/libmine.so' for its task"
    assert named_in({"task": "HalfCheetah-v5"}, lists) == ()
