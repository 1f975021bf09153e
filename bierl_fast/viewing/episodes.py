"""The episodes of an evaluation once more, in environments that draw.

    SavedPolicy -> evaluation -> Evaluated            the very rows of `bierl evaluate`
    Evaluated, render_mode -> played -> frames, Played

A return is that of the evaluation, since Gymnasium's own environment gets the same seed and the same actions; where it
is not, the environment does not repeat itself, and an EpisodeWarning says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast.errors import EpisodeWarning, UnsupportedError, warn
from bierl_fast.evaluation.environment.maker import EnvMaker, find
from bierl_fast.evaluation.environment.spaces import SEED_BITS, SHORT_SEED_BITS, seed_globals, seeded_reset
from bierl_fast.evaluation.episode_evaluator import row_reset_seed
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.messages import EvaluationBatch, NoiseKey, Population
from bierl_fast.reasons import reason
from bierl_fast.run import build
from bierl_fast.run.api import FRESH_GENERATION
from bierl_fast.run.reporting import reporting_population
from bierl_fast.run.saved import SavedPolicy
from bierl_fast.tasks.mujoco_task import MujocoTask
from bierl_fast.tasks.resolve import resolved

if TYPE_CHECKING:
    import gymnasium

Task = str | Callable[..., Any] | MujocoTask | None  # one that is given again
SAME = 1e-9  # of a return: a sum may have been added up in another order


@dataclass(frozen=True, slots=True)
class Played:
    """One episode."""

    number: int  # from 1 on
    total: float
    steps: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Episodes that were run already, without a picture."""

    policy: MlpPolicy | TorchPolicy
    population: Population
    batch: EvaluationBatch
    short: bool  # whether the environment takes short seeds alone
    maker: EnvMaker


def evaluation(saved: SavedPolicy, episodes: int, seed: int, trust: bool, task: Task = None) -> Evaluated:
    """Run the first episodes of `bierl evaluate` at that seed; `task`: in place of the policy's own.

    Raises:
        UnsupportedError: a policy that does not act.
        What the evaluator of the policy raises.
    """
    policy = saved.policy
    if not isinstance(policy, MlpPolicy | TorchPolicy) or policy.spec is None:
        raise UnsupportedError(f"the policy of {policy.task or 'no task'} has no episodes, so there is nothing to see")
    population = reporting_population(policy.parameters, episodes, NoiseKey(seed, FRESH_GENERATION))
    with closing(build.evaluator_of(policy, threads=1, task=task, trust=trust, ran_by=saved.ran_by)) as evaluator:
        batch = evaluator.evaluate(population)
        short = evaluator.reset_seed(population, 0) != row_reset_seed(population, 0)
        now = getattr(evaluator.policy, "spec", None) or policy.spec  # a task's own keyword arguments come with it
    spec, (other, _) = policy.spec, resolved(task, {})
    maker = find(other or spec.task, dict(now.task_kwargs), wrappers=spec.ran_by.get("wrapper", ()))
    maker = replace(maker, flatten=spec.observation_shape is not None)
    return Evaluated(policy, population, batch, short, maker)


def drawing(maker: EnvMaker, mode: str) -> EnvMaker:
    """What makes the same environment with a render mode.

    Raises:
        UnsupportedError: the environment has no such mode, or what makes it takes none.
    """
    with closing(maker()) as env:
        known = env.metadata.get("render_modes") or []
    if mode not in known:
        told = ", ".join(map(str, known)) or "none"
        raise UnsupportedError(f"task {maker.task} draws no pictures: it has no render mode {mode!r}, but {told}")
    return replace(maker, kwargs={**maker.kwargs, "render_mode": mode})


def played(found: Evaluated, maker: EnvMaker, see: Callable[[gymnasium.Env[Any, Any]], None]) -> Iterator[Played]:
    """Play the episodes, each in a new environment, which `see` gets after its reset and after every step."""
    for row in range(found.population.rows):
        seed = row_reset_seed(found.population, row)
        seed_globals(seed)
        with closing(made(maker)) as env:
            total, steps = _episode(found, env, seed, see)
        expected = float(found.batch.returns_r[row])
        if not found.batch.failed_r[row] and abs(total - expected) > SAME * max(1.0, abs(expected)):
            warn(
                f"episode {row + 1} came to {total:g} here and to {expected:g} when evaluated: {maker.task} does not "
                "repeat its episodes by their seeds",
                EpisodeWarning,
            )
        yield Played(row + 1, total, steps)


def made(maker: EnvMaker) -> gymnasium.Env[Any, Any]:
    """An environment that draws. UnsupportedError where what makes it takes no render_mode."""
    try:
        return maker()
    except TypeError as error:  # a factory without that keyword
        raise UnsupportedError(
            f"task {maker.task} draws no pictures: what makes it takes no render_mode ({reason(error)})"
        ) from error


def _episode(
    found: Evaluated, env: gymnasium.Env[Any, Any], seed: int, see: Callable[[gymnasium.Env[Any, Any]], None]
) -> tuple[float, int]:
    policy, limit = found.policy, found.policy.spec.episode_cap if found.policy.spec else None
    observation, _ = seeded_reset(env, seed, SHORT_SEED_BITS if found.short else SEED_BITS)
    if isinstance(policy, TorchPolicy):
        policy.reset()
    see(env)
    total, steps, ended = 0.0, 0, False
    dtype = np.dtype(env.action_space.dtype)
    while not ended and (limit is None or steps < limit):
        action: Any = policy.act(observation)
        if dtype.kind == "f" and dtype != np.float32:
            action = action.astype(dtype)
        observation, reward, terminated, truncated, _ = env.step(action)
        total, steps, ended = total + float(reward), steps + 1, bool(terminated or truncated)
        see(env)
    return total, steps
