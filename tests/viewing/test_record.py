"""`bierl record` and `bierl watch`: the episodes are those of an evaluation, and what is missing is said."""

from __future__ import annotations

import ast
import gc
import json
import resource
import shutil
import sys
from contextlib import closing
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
import pytest
from helpers.outcomes import fails_in_the_end as fails
from helpers.subprocesses import run
from PIL import Image
from viewing import drawings

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.evaluation.environment import offscreen
from bierl_fast.evaluation.native import is_native
from bierl_fast.viewing import film, screen

Captured = pytest.CaptureFixture[str]
DRAWS = pytest.mark.skipif(find_library("EGL") is None, reason="MuJoCo draws with EGL: apt-get install libegl1")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def policy_of(task: str, seed: int = 1, **options: Any) -> bf.Policy:
    """An untrained policy that does something."""
    native: Any = {"threads": 1} if is_native(task) else {"workers": 1}
    with closing(bf.make_evaluator(task, hidden=(4,), **native, **options)) as evaluator:
        policy = evaluator.policy
    assert isinstance(policy, bf.Policy)
    theta = np.random.default_rng(seed).normal(size=policy.parameter_count).astype(np.float32)
    return policy.with_parameters(theta)


def frames(path: Path) -> list[Any]:
    return list(imageio.mimread(path, memtest=False))


def returns_match(found: dict[str, Any], policy: Any, episodes: int, seed: int) -> None:
    own: Any = {} if is_native(policy.task) else {"workers": 1}
    evaluated = bf.evaluate(policy, episodes=episodes, seed=seed, **own)
    assert np.mean(found["returns"]) == pytest.approx(evaluated["mean_return"], rel=1e-12)
    ends = (min(found["returns"]), max(found["returns"]))
    assert ends == pytest.approx((evaluated["min_return"], evaluated["max_return"]), rel=1e-12)
    assert sum(found["lengths"]) == evaluated["steps"]


UNCLOSED = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@UNCLOSED  # imageio's reader
@DRAWS
@pytest.mark.parametrize("task", ["InvertedPendulum-v5", pytest.param("Reacher-v5", marks=pytest.mark.slow)])
def test_a_native_task(task: str) -> None:
    policy = policy_of(task)
    found = bf.record(policy, "film.mp4", episodes=2, seed=5)
    returns_match(found, policy, 2, 5)
    seen = frames(Path("film.mp4"))
    assert len(seen) == sum(found["lengths"]) + 2  # and each episode's first
    assert seen[0].shape == (480, 480, 3)
    assert any((frame != seen[0]).any() for frame in seen[1:])
    assert found["task"] == task


@pytest.mark.slow
def test_a_task_in_worker_processes() -> None:
    policy = policy_of("CartPole-v1")
    found = bf.record(policy, "film.gif", episodes=2, seed=7)
    returns_match(found, policy, 2, 7)
    seen = frames(Path("film.gif"))
    assert len(seen) > 2
    assert seen[0].shape[:2] == (400, 600)


@pytest.mark.slow  # starts a process for itself
@pytest.mark.parametrize("task", ["LunarLander-v3", "BipedalWalker-v3"])
def test_a_box2d_task(task: str) -> None:
    policy = policy_of(task)
    policy.save("policy.npz")
    code = "import bierl_fast as bf; print(bf.record('policy.npz', 'film.mp4', seed=2))"
    done = run(code)
    assert done.returncode == 0, done.stderr
    returns_match(ast.literal_eval(done.stdout), policy, 1, 2)
    assert Path("film.mp4").stat().st_size > 1000


@pytest.mark.slow
@UNCLOSED  # imageio's reader
def test_frames_of_any_size_and_every_second_one_in_a_gif() -> None:
    policy = policy_of("viewing.drawings:gray")
    found = bf.record(policy, "film.mp4")
    returns_match(found, policy, 1, 0)
    assert (found["lengths"], found["fps"]) == ([10], 50.0)
    seen = frames(Path("film.mp4"))
    assert [frame.shape for frame in seen] == [(36, 52, 3)] * 11  # the codec takes even sizes
    np.testing.assert_allclose([frame.mean() for frame in seen], 20 * np.arange(11), atol=6)
    bf.record(policy, "film.gif")
    np.testing.assert_allclose([frame[..., :3].mean() for frame in frames(Path("film.gif"))], 40 * np.arange(6), atol=6)


@pytest.mark.slow
def test_the_command_line(capsys: Captured) -> None:
    policy_of("viewing.drawings:gray").save("policy.npz")
    assert entry(["record", "policy.npz", "--out", "film.mp4", "--episodes", "2", "--seed", "3"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("episode 1: return ")
    assert second.endswith(", 10 steps")
    assert last == "film.mp4: viewing.drawings:gray, seed 3"
    before = Path("film.mp4").read_bytes()
    fails(capsys, 2, "film.mp4 exists; give another name, or --force", "record", "policy.npz", "--out", "film.mp4")
    again = ["record", "policy.npz", "--out", "film.mp4", "--episodes", "2", "--seed", "3", "--force", "--json"]
    assert entry(again) == 0
    assert json.loads(capsys.readouterr().out)["episodes"] == 2
    assert Path("film.mp4").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["film.mp4", "policy.npz"]


@pytest.mark.slow
def test_what_draws_nothing(capsys: Captured) -> None:
    for name, message in (
        ("blind", "draws no pictures: it has no render mode 'rgb_array', but none"),
        ("sightless", "what makes it takes no render_mode"),
    ):
        policy_of(f"viewing.drawings:{name}").save("policy.npz")
        fails(capsys, 1, message, "record", "policy.npz", "--out", "film.mp4")
    policy_of("viewing.drawings:gray", task_kwargs={"drawn": "nothing"}).save("policy.npz")
    fails(capsys, 1, "a frame must be uint8 of shape (height, width, 3)", "record", "policy.npz", "--out", "film.gif")
    policy_of("viewing.drawings:gray", task_kwargs={"drawn": "error"}).save("policy.npz")
    fails(capsys, 1, "the paint is dry", "record", "policy.npz", "--out", "film.gif")
    bf.train(bf.Config(task="quadratic", dim=3, meta="none", population=4, generations=1), "run")
    fails(capsys, 1, "the policy of quadratic has no episodes", "record", "run", "--out", "film.mp4")
    assert not list(Path().glob("*film*"))


@pytest.mark.slow
def test_a_gif_of_more_frames_than_memory_is_to_hold(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_of("viewing.drawings:gray").save("policy.npz")
    monkeypatch.setattr(film, "MOST", 10_000)
    fails(capsys, 1, "make it an .mp4, or take fewer episodes", "record", "policy.npz", "--out", "film.gif")
    assert entry(["record", "policy.npz", "--out", "film.mp4"]) == 0
    assert sorted(path.name for path in Path().iterdir()) == ["film.mp4", "policy.npz"]


def test_an_interrupt_makes_no_gif_of_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """That takes minutes, and nobody wants it any more."""
    saved: list[str] = []
    monkeypatch.setattr(Image.Image, "save", lambda *_, **given: saved.append(given["format"]))
    frames = film.Film(Path("film.gif"), 25.0)
    for shade in range(3):
        frames.add(np.full((5, 4, 3), shade, np.uint8))
    frames.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    del frames
    gc.collect()
    assert saved == []
    assert list(Path().iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_film_that_the_disk_does_not_take(kind: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_of("viewing.drawings:gray").save("policy.npz")
    before, add = resource.getrlimit(resource.RLIMIT_FSIZE), film.Film.add

    def adding(self: film.Film, frame: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        add(self, frame)

    monkeypatch.setattr(film.Film, "add", adding)
    try:
        assert entry(["record", "policy.npz", "--out", f"film.{kind}"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    gc.collect()  # what is left of the writers
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith("bierl: error: ")
    assert f"film.{kind}" in last
    assert [path.name for path in Path().iterdir()] == ["policy.npz"]


def test_bad_input(capsys: Captured) -> None:
    fails(capsys, 2, "no kind of film named 'mp5'; did you mean 'mp4'?", "record", "x", "--out", "a.mp5")
    fails(capsys, 2, "out must end in .gif or .mp4", "record", "x", "--out", "film")
    fails(capsys, 2, "there is no folder nowhere", "record", "x", "--out", "nowhere/a.mp4")
    fails(capsys, 2, "episodes must be at least 1", "record", "x", "--out", "a.mp4", "--episodes", "0")
    fails(capsys, 2, "seed must be at least 0", "record", "x", "--out", "a.mp4", "--seed", "-1")
    fails(capsys, 1, "no run directory at x", "record", "x", "--out", "a.mp4")


@pytest.mark.filterwarnings("ignore:task .* answers differently under the same seed")
def test_an_environment_that_does_not_repeat_itself() -> None:
    policy = policy_of("viewing.drawings:gray", task_kwargs={"sure": False})
    with pytest.warns(bf.EpisodeWarning, match="does not repeat its episodes by their seeds"):
        bf.record(policy, "film.gif")


def test_somebody_elses_policy_is_asked_about(capsys: Captured) -> None:
    policy_of("viewing.drawings:gray").save("policy.npz")
    shutil.move("policy.npz", "sent.npz")
    fails(capsys, 1, "give --trust", "record", "sent.npz", "--out", "film.gif")
    assert entry(["record", "sent.npz", "--out", "film.gif", "--trust"]) == 0


@pytest.mark.parametrize("package", ["imageio", "imageio_ffmpeg"])
def test_a_missing_package_is_named(package: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_of("viewing.drawings:gray").save("policy.npz")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    fails(capsys, 1, "pip install 'bierl-fast[video]'", "record", "policy.npz", "--out", "film.mp4")
    assert not list(Path().glob("*film*"))


@UNCLOSED  # Gymnasium's viewer
def test_a_machine_that_draws_nothing(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its libraries are named with the line that installs them."""
    policy_of("InvertedPendulum-v5").save("policy.npz")
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(offscreen, "find_library", lambda name: None)
    record = ("record", "policy.npz", "--out", "film.mp4")
    fails(capsys, 1, "neither is installed; apt-get install -y libegl1 libgl1-mesa-dri", *record)
    monkeypatch.setenv("MUJOCO_GL", "chalk")
    fails(capsys, 1, "MuJoCo draws no frames with MUJOCO_GL=chalk", *record)
    assert not list(Path().glob("*film*"))


@pytest.mark.slow
def test_a_task_of_a_script(capsys: Captured) -> None:
    """What has no import path is given again, as to `bierl evaluate`."""

    def mine(render_mode: str | None = None) -> Any:
        return drawings.gray(render_mode=render_mode)

    with pytest.warns(bf.RunWarning, match="give it again"):
        result = bf.train(bf.Config(task=mine, workers=1, meta="none", population=4, hidden=(), generations=1), "run")
    with pytest.raises(bf.ArgumentError, match="give it again"):
        bf.record(result, "film.gif")
    for source in (result, "run"):
        found = bf.record(source, "film.gif", task=mine, episodes=2, seed=9, force=True)
        evaluated = bf.evaluate(result, task=mine, episodes=2, seed=9)
        assert np.mean(found["returns"]) == pytest.approx(evaluated["mean_return"], rel=1e-12)
        assert found["lengths"] == [10, 10]
    again = ("run", "--task", "viewing.drawings:gray", "--seed", "9", "--out", "other.gif", "--json")
    assert entry(["record", *again]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["returns"] == [pytest.approx(found["returns"][0], rel=1e-12)]
    assert told["task"] == "viewing.drawings:gray"
    fails(
        capsys, 2, "made for 2 observations and 1 actions", "record", "run", "--task", "CartPole-v1", "--out", "a.gif"
    )


def test_a_window(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of("viewing.drawings:gray")
    policy.save("policy.npz")
    for name in screen.DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    fails(capsys, 1, "there is no display here to open a window on", "watch", "policy.npz")
    for name, value in (("DISPLAY", ":1999"), ("WAYLAND_DISPLAY", "nowhere")):  # of a session that is gone
        monkeypatch.setenv(name, value)
        fails(capsys, 1, f"{name}={value} is no display with a screen; film it instead", "watch", "policy.npz")
        monkeypatch.delenv(name)
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert entry(["watch", "policy.npz", "--episodes", "2", "--seed", "4", "--json"]) == 0
    returns_match(json.loads(capsys.readouterr().out), policy, 2, 4)
