"""Stable-Baselines3's SAC alone, as a contender of a learning study: the same file of records, the same evaluation.

    python bench/sac_alone.py esac --runs build/learning --steps 300000 --seed 0

Its settings are those of rl-baselines3-zoo for Hopper: the defaults and 10,000 steps before learning. One torch thread.
A record every 2,000 env steps: `mean_return` of the training episodes since the last, `center_return` of one episode
with the deterministic action (which is not counted). Not resumable: what it has reached when it is stopped stands.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import stable_baselines3 as sb3
import torch
from learning import EPISODES, EVALUATION_SEED
from learning_studies import STUDIES
from stable_baselines3.common.callbacks import BaseCallback

CONTENDER = "sb3-sac"
EVERY = 2_000  # env steps between records
FIRST = 10_000  # env steps before learning


def returns(model: sb3.SAC, task: str, seeds: range) -> list[float]:
    """Of one fresh episode for each seed, with the deterministic action."""
    env = gymnasium.make(task)
    totals = []
    for seed in seeds:
        observation, _ = env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            action, _ = model.predict(observation, deterministic=True)
            observation, reward, terminated, truncated, _ = env.step(action)
            total, over = total + float(reward), terminated or truncated
        totals.append(total)
    return totals


class Records(BaseCallback):
    """Writes metrics.jsonl as far as learning.py reads it."""

    def __init__(self, task: str, path: Path) -> None:
        super().__init__()
        self._task, self._path = task, path
        self._episodes: list[float] = []

    def _on_step(self) -> bool:
        self._episodes += [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
        if self.num_timesteps % EVERY == 0:
            self._write()
        return True

    def _write(self) -> None:
        assert isinstance(self.model, sb3.SAC)
        record: dict[str, Any] = {"env_steps": self.num_timesteps, "sigma": None, "learning_rate": None}
        record["center_return"] = returns(self.model, self._task, range(EVALUATION_SEED, EVALUATION_SEED + 1))[0]
        record["mean_return"] = float(np.mean(self._episodes)) if self._episodes else math.nan
        self._episodes = []
        with self._path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    study = STUDIES[arguments.study]
    directory = study.directory(arguments.runs, CONTENDER, arguments.seed)
    directory.mkdir(parents=True)
    model = sb3.SAC("MlpPolicy", study.task, learning_starts=FIRST, seed=arguments.seed, device="cpu")
    model.learn(arguments.steps, callback=Records(study.task, directory / "metrics.jsonl"))
    evaluation = returns(model, study.task, range(EVALUATION_SEED, EVALUATION_SEED + EPISODES))
    row = {
        "contender": CONTENDER,
        "seed": arguments.seed,
        "mark": arguments.steps,
        "return": float(np.mean(evaluation)),
    }
    row |= {"env_steps": model.num_timesteps, "inner_steps": model.num_timesteps, "meta_steps": 0}
    (directory / f"evaluation-{arguments.steps}.json").write_text(json.dumps(row))


if __name__ == "__main__":
    main()
