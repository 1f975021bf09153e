"""Run directories without a run: settings, and records as metrics.jsonl has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.run import checkpoint, metrics
from bierl_fast.run.checkpoint import Checkpoint, Counters
from bierl_fast.run.directory import RunDirectory


def records(generations: int, offset: float = 0.0, center: bool = True, meta: bool = True) -> list[dict[str, Any]]:
    """Returns grow by 1 a generation, sigma halves in ten."""
    return [
        {
            "generation": number,
            "env_steps": 100 * (number + 1),
            "inner_steps": (80 if meta else 100) * (number + 1),
            "meta_steps": (20 if meta else 0) * (number + 1),
            "warm_start_steps": 0,
            "eval_steps": 0,
            "mean_return": number + offset,
            "max_return": None if number == 3 else number + offset + 2.0,
            "center_return": number + offset + 0.5 if center else None,
            "sigma": 0.1 * 0.5 ** (number / 10),
            "learning_rate": 0.02,
            "evaluation": {"mean_return": number + offset + 1.0, "episodes": 2, "episode_failures": 0}
            if number % 4 == 3
            else None,
            "seconds": {"ask": 0.1, "evaluate": 0.3, "tell": 0.1},
        }
        for number in range(generations)
    ]


def run_directory(path: Path, lines: list[dict[str, Any]], **settings: Any) -> Path:
    """A directory of a run with these settings and records, saved at the last of them."""
    config = Config(**{"task": "Hopper-v5", "meta": "none", "generations": 100, **settings})
    path.mkdir(parents=True)
    directory = RunDirectory(path)
    directory.write_config(config)
    if lines:
        directory.metrics.write_text("".join(metrics.dumps(line) + "\n" for line in lines))
        done = Counters(lines[-1]["generation"] + 1, lines[-1].get("env_steps", 0))
        checkpoint.save(directory.checkpoint, config, Checkpoint(done, {}))
    return path
