"""Two environments under the same seeds and actions, everything they answer recorded by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def official(task: str, **options: Any) -> gymnasium.Env[Any, Any]:
    """Gymnasium's own, without its passive checks: they compare nothing we need and cost more than simple tasks."""
    return gymnasium.make(task, disable_env_checker=True, **options)


@dataclass
class Trace:
    """What one environment answered: T steps and E episode starts."""

    observation_to: list[F64] = field(default_factory=list)
    reset_observation_eo: list[F64] = field(default_factory=list)
    reward_t: list[float] = field(default_factory=list)
    terminated_t: list[bool] = field(default_factory=list)
    truncated_t: list[bool] = field(default_factory=list)
    info_t: list[dict[str, Any]] = field(default_factory=list)
    reset_info_e: list[dict[str, Any]] = field(default_factory=list)

    def info_columns(self) -> dict[str, F64]:
        """Info by key over all steps; the keys of every step must be the same."""
        return columns(self.info_t)

    def reset_info_columns(self) -> dict[str, F64]:
        return columns(self.reset_info_e)


def columns(rows: list[dict[str, Any]]) -> dict[str, F64]:
    names = list(rows[0])
    assert all(list(row) == names for row in rows)
    return {name: np.array([row[name] for row in rows], np.float64) for name in names}


def reset(env: gymnasium.Env[Any, Any], seed: int | None, trace: Trace) -> None:
    observation, info = env.reset(seed=seed)
    trace.reset_observation_eo.append(observation)
    trace.reset_info_e.append(info)


def step(env: gymnasium.Env[Any, Any], action: NDArray[np.float32], trace: Trace) -> bool:
    observation, reward, terminated, truncated, info = env.step(action)
    trace.observation_to.append(observation)
    trace.reward_t.append(float(reward))
    trace.terminated_t.append(bool(terminated))
    trace.truncated_t.append(bool(truncated))
    trace.info_t.append(info)
    return bool(terminated or truncated)


def run(env: gymnasium.Env[Any, Any], seeds: range, steps: int, reach: float = 1.0) -> Trace:
    """For each seed: reset(seed), then `steps` random actions; an ended episode goes on from a new seed.

    Every third new episode continues the generator instead (reset without a seed). Actions are uniform over `reach`
    times the box.
    """
    trace = Trace()
    low, high = env.action_space.low, env.action_space.high  # type: ignore[attr-defined]
    for seed in seeds:
        action_ta = np.random.default_rng(seed).uniform(reach * low, reach * high, (steps, len(low))).astype(np.float32)
        reset(env, seed, trace)
        episode = 0
        for action_a in action_ta:
            if step(env, action_a, trace):
                episode += 1
                reset(env, None if episode % 3 == 0 else 1000 * episode + seed, trace)
    return trace


def assert_within(actual: F64, desired: F64, ulp: int, what: str, scale: F64 | None = None) -> None:
    """Equal bit for bit (ulp 0; NaN equals NaN), or within `ulp` float64 spacings at the larger magnitude."""
    actual, desired = np.asarray(actual), np.asarray(desired)
    assert actual.shape == desired.shape, what
    magnitude = np.maximum(np.abs(actual), np.abs(desired))
    if scale is not None:
        magnitude = np.maximum(magnitude, scale)
    gap = np.abs(actual - desired)
    wrong = ~((gap <= ulp * np.spacing(magnitude)) | (np.isnan(actual) & np.isnan(desired)))
    assert not wrong.any(), (
        f"{what}: {wrong.sum()} of {wrong.size} differ, first at {np.argwhere(wrong)[0]}, by up to {gap[wrong].max()}"
    )
