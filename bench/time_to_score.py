"""Wall time until a policy reaches a score: ours beside sb3-contrib's ARS and Stable-Baselines3's PPO.

Every side trains from scratch with all cores and is stopped at CHECKS times (of its own training, ever further apart)
to run 10 fresh episodes with frozen statistics and no noise; the first mean at the score or above ends it. These
checks cost no training time on any side. A peer that has not got there after LIMIT times our seconds is given up, and
the ratio is a lower bound.

- ours: the task's preset `ars-...`, `bierl train`'s own loop in this process, no files.
- sb3-contrib ARS: RL Baselines3 Zoo's settings for the task (v3 there, v5 here), a worker process for each core.
- PPO: the zoo's settings for the task, normalised, as it trains by default.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from common import Report, arguments

import bierl_fast as bf
from bierl_fast.config import toml
from bierl_fast.machine import available_cores
from bierl_fast.run import build, loop
from bierl_fast.run.record import Recorder

LIMIT = 20.0
EPISODES = 10
GROWTH = 1.1  # from one check to the next, in training seconds: what a time is true to
FIRST = 1.0  # seconds of training before the first check


@dataclass(frozen=True, slots=True)
class Goal:
    """A task, the score, and every side's settings."""

    task: str
    score: float
    preset: str
    ars: dict[str, Any]
    normalize: bool
    ppo: dict[str, Any]
    wide: bool = False  # PPO's policy and value networks as the zoo has them for the task: 256, 256 with ReLU


GOALS = [
    Goal(
        "Swimmer-v5",
        300.0,
        "ars-swimmer",
        ars={"n_delta": 1, "n_top": 1, "learning_rate": 0.02, "delta_std": 0.01},
        normalize=False,
        ppo={"gamma": 0.9999},
    ),
    Goal(
        "Hopper-v5",
        2500.0,
        "ars-hopper",
        ars={"n_delta": 8, "n_top": 4, "learning_rate": 0.01, "delta_std": 0.025, "alive_bonus_offset": -1},
        normalize=True,
        ppo={
            "batch_size": 32,
            "n_steps": 512,
            "gamma": 0.999,
            "learning_rate": 9.80828e-05,
            "ent_coef": 0.00229519,
            "clip_range": 0.2,
            "n_epochs": 5,
            "gae_lambda": 0.99,
            "max_grad_norm": 0.7,
            "vf_coef": 0.835671,
        },
        wide=True,
    ),
    Goal(
        "HalfCheetah-v5",
        3000.0,
        "ars-halfcheetah-mlp",
        ars={"n_delta": 32, "n_top": 4, "learning_rate": 0.02, "delta_std": 0.03},
        normalize=True,
        ppo={
            "batch_size": 64,
            "n_steps": 512,
            "gamma": 0.98,
            "learning_rate": 2.0633e-05,
            "ent_coef": 0.000401762,
            "clip_range": 0.1,
            "n_epochs": 20,
            "gae_lambda": 0.92,
            "max_grad_norm": 0.8,
            "vf_coef": 0.58096,
        },
        wide=True,
    ),
]


@dataclass(slots=True)
class Outcome:
    """How one side did."""

    seconds: float = 0.0  # of training
    best: float = -np.inf  # mean return of the best check
    steps: int = 0
    reached: bool = False


class Clock:
    """Training time, and when the next check is due; `check` runs outside of it."""

    def __init__(self, score: float, limit: float, check: Callable[[], float]) -> None:
        self.outcome = Outcome()
        self._score, self._limit, self._check = score, limit, check
        self._next = FIRST
        self._since = time.perf_counter()

    def over(self, steps: int) -> bool:
        """Whether training is to end now, after `steps` env steps."""
        outcome = self.outcome
        outcome.seconds += time.perf_counter() - self._since
        outcome.steps = steps
        if outcome.seconds >= min(self._next, self._limit):
            self._next = max(self._next * GROWTH, outcome.seconds)
            value = self._check()
            outcome.best = max(outcome.best, value)
            outcome.reached = value >= self._score
        self._since = time.perf_counter()
        return outcome.reached or outcome.seconds >= self._limit


def ours(goal: Goal, seed: int, limit: float) -> Outcome:
    """Our preset."""
    parts = build.make_parts(bf.Config(**toml.read_preset(goal.preset) | {"seed": seed, "generations": 10**6}))
    run = loop.Run(parts, Recorder(parts.config))

    def check() -> float:
        # Whole episodes, where training cuts them.
        policy = run.evaluator.policy.with_parameters(run.strategy.mean)
        return float(bf.evaluate(policy, episodes=EPISODES, seed=seed)["mean_return"])

    clock = Clock(goal.score, limit, check)
    while not clock.over(run.counters.env_steps):
        loop.advance(run)
    return clock.outcome


def _environment(goal: Goal) -> Callable[[], Any]:
    """A vector of one normalised environment, for training and for checks alike."""

    def make() -> Any:
        from stable_baselines3.common.monitor import Monitor  # noqa: PLC0415
        from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize  # noqa: PLC0415

        envs = DummyVecEnv([lambda: Monitor(gymnasium.make(goal.task))])
        return VecNormalize(envs, norm_obs=True, norm_reward=False) if goal.normalize else envs

    return make


def _checker(goal: Goal, model: Any) -> Callable[[], float]:
    from stable_baselines3.common.evaluation import evaluate_policy  # noqa: PLC0415
    from stable_baselines3.common.vec_env import VecNormalize  # noqa: PLC0415

    fresh = _environment(goal)()

    def check() -> float:
        if isinstance(fresh, VecNormalize):
            fresh.training = False
            fresh.obs_rms = model.get_vec_normalize_env().obs_rms
        mean, _ = evaluate_policy(model, fresh, n_eval_episodes=EPISODES, deterministic=True)
        return float(np.mean(mean))

    return check


def _learn(goal: Goal, model: Any, limit: float, *, at_rollouts: bool, **options: Any) -> Outcome:
    from stable_baselines3.common.callbacks import BaseCallback  # noqa: PLC0415

    clock = Clock(goal.score, limit, _checker(goal, model))

    class Watch(BaseCallback):
        def _on_rollout_start(self) -> None:
            if at_rollouts and clock.over(self.model.num_timesteps):
                raise StopIteration

        def _on_step(self) -> bool:
            return at_rollouts or not clock.over(self.model.num_timesteps)

    with suppress(StopIteration):
        model.learn(total_timesteps=10**9, callback=Watch(), **options)
    return clock.outcome


def contrib_ars(goal: Goal, seed: int, limit: float) -> Outcome:
    """sb3-contrib's ARS with the zoo's settings, one worker process a core; watched between generations."""
    from sb3_contrib import ARS  # noqa: PLC0415
    from sb3_contrib.common.vec_env import AsyncEval  # noqa: PLC0415

    make = _environment(goal)
    model = ARS("LinearPolicy", make(), seed=seed, **goal.ars)
    workers = AsyncEval([make for _ in range(available_cores())], model.policy)
    try:
        return _learn(goal, model, limit, at_rollouts=True, async_eval=workers)
    finally:
        workers.close()


def ppo(goal: Goal, seed: int, limit: float) -> Outcome:
    """Stable-Baselines3's PPO with the zoo's settings; watched at every step."""
    import torch  # noqa: PLC0415
    from stable_baselines3 import PPO  # noqa: PLC0415
    from stable_baselines3.common.vec_env import VecNormalize  # noqa: PLC0415

    network: dict[str, Any] = {}
    if goal.wide:
        network = {"log_std_init": -2.0, "ortho_init": False, "net_arch": [256, 256], "activation_fn": torch.nn.ReLU}
    envs = _environment(goal)()
    if not isinstance(envs, VecNormalize):
        envs = VecNormalize(envs)
    envs.norm_reward = True
    model = PPO("MlpPolicy", envs, seed=seed, policy_kwargs=network, device="cpu", **goal.ppo)
    return _learn(goal, model, limit, at_rollouts=False)


PEERS = {"sb3-contrib ARS": contrib_ars, "Stable-Baselines3 PPO": ppo}


def _line(outcome: Outcome) -> str:
    end = "reached" if outcome.reached else f"not reached, best {outcome.best:.0f}"
    return f"{outcome.seconds:.1f} s, {outcome.steps:,} env steps, {end}"


def main() -> int:
    """Command line."""
    parser = arguments(__doc__, repetitions=1)
    known = [goal.task for goal in GOALS]
    parser.add_argument("--tasks", nargs="+", choices=known, default=known)
    given = parser.parse_args()
    for goal in [goal for goal in GOALS if goal.task in given.tasks]:
        report = Report(f"time_to_score_{goal.task}", __doc__, None if given.quick else given.out)
        for seed in range(given.repetitions):
            name = f"{goal.task} to {goal.score:g}, seed {seed}"
            own = ours(goal, seed, limit=3.0 if given.quick else 3600.0)
            report.note(f"{name}, bierl_fast", _line(own))
            for peer, run in PEERS.items():
                theirs = run(goal, seed, limit=3.0 if given.quick else LIMIT * own.seconds)
                bound = "" if theirs.reached else "more than "
                ratio = f"{bound}{theirs.seconds / own.seconds:.1f} times our seconds"
                report.note(f"{name}, {peer}", f"{_line(theirs)}: {ratio}")
        report.finish()
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(available_cores()))
    sys.exit(main())
