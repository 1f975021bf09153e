"""What native Box2D tasks draw: Gymnasium's own frames for the same state."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.evaluation.environment.native_wrappers import as_natively

pytest.importorskip("Box2D")
pytest.importorskip("pygame")
TASKS: dict[str, dict[str, Any]] = {
    "LunarLander-v3": {"gravity": -5.0},
    "LunarLanderContinuous-v3": {"enable_wind": True},
    "BipedalWalker-v3": {},
    "BipedalWalkerHardcore-v3": {},
}
WRAPPERS: list[dict[str, Any]] = [
    {"wrapper": "RepeatAction", "num_repeats": 3},
    {"wrapper": "StickyAction", "repeat_action_probability": 0.5},
    {"wrapper": "NoisyObservation", "scale": 0.1},
]


def actions(env: Any, count: int) -> list[Any]:
    env.action_space.seed(4)
    return [env.action_space.sample() for _ in range(count)]


def theirs_after(task: str, seeds: list[int | None], wrappers: list[Any], **kwargs: Any) -> Any:
    """Gymnasium's own, new in each episode and drawing from one generator, at the beginning of the last."""
    generator = None
    for seed in seeds:
        made = gymnasium.make(task, render_mode="rgb_array", disable_env_checker=True, **kwargs)
        if generator is not None:
            made.unwrapped.np_random = generator
        env = as_natively(made, wrappers)
        env.reset(seed=seed)
        generator = env.unwrapped.np_random
    return env


@pytest.mark.parametrize("wrappers", [[], WRAPPERS], ids=["plain", "wrapped"])
@pytest.mark.parametrize("task", TASKS)
def test_frames_are_gymnasiums(task: str, wrappers: list[Any]) -> None:
    kwargs = TASKS[task]
    ours = bf.NativeEnv(task, render_mode="rgb_array", wrappers=wrappers, **kwargs)
    ours.reset(seed=3)
    ours.reset()
    theirs = theirs_after(task, [3, None], wrappers, **kwargs)
    seen = set()
    for action in actions(ours, 40):
        one, other = ours.render(), theirs.render()
        assert one.dtype == np.uint8
        assert one.ndim == 3
        np.testing.assert_array_equal(one, other)
        seen.add(one.tobytes())
        np.testing.assert_array_equal(ours.step(action)[0], theirs.step(action)[0])
    assert len(seen) > 30
    ours.close()
    theirs.close()


def test_its_numbers_are_those_without_a_picture() -> None:
    """The sparks that are drawn are bodies of the world."""
    one, other = bf.NativeEnv("LunarLander-v3"), bf.NativeEnv("LunarLander-v3", render_mode="rgb_array")
    for seed in range(3):
        np.testing.assert_array_equal(one.reset(seed=seed)[0], other.reset(seed=seed)[0])
        over = False
        while not over:
            answers = [env.step(2) for env in (one, other)]
            np.testing.assert_array_equal(answers[0][0], answers[1][0])
            assert answers[0][1:4] == answers[1][1:4]
            over = answers[0][2] or answers[0][3]
        assert other.render().std() > 1
    other.close()


def test_a_mode_that_there_is_none_of_and_a_picture_too_early() -> None:
    with pytest.raises(bf.ArgumentTypeError, match=r"one of human, rgb_array, got 'depth_array'"):
        bf.NativeEnv("LunarLander-v3", render_mode="depth_array")
    env = bf.NativeEnv("BipedalWalker-v3", render_mode="rgb_array")
    with pytest.raises(bf.UnsupportedError, match="no picture before the first reset"):
        env.render()
    again = pickle.loads(pickle.dumps(env))
    again.reset(seed=1)
    assert again.render().shape == (400, 600, 3)
    again.close()
    env.close()
    with pytest.raises(bf.ArgumentError, match="the option 'width'"):
        bf.NativeEnv("LunarLander-v3", render_mode="rgb_array", width=100)


def test_a_window_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    env = bf.NativeEnv("LunarLander-v3", render_mode="human")
    with pytest.raises(bf.UnsupportedError, match="needs a display"):
        env.reset(seed=0)


def test_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with bf.NativeEnv("LunarLanderContinuous-v3", render_mode="human") as env:
        for _ in range(2):
            env.reset(seed=0)
            env.step(np.zeros(2, np.float32))
            assert env.render() is None
