"""Learning curves: how good a policy is after so many env steps, all of them counted.

    study -> one run for each (meta-level, seed), trained and resumed from mark to mark
          -> fresh evaluation episodes at each mark -> results/learning_STUDY.json, .csv, .png

A mark is an upper bound: training stops early enough that no run has spent more env steps than the mark says.
Runs lie in --runs and are resumed where they stand, so an interrupted study goes on.

    python bench/learning.py half_cheetah --runs build/learning
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import RESULTS, machine_facts

import bierl_fast as bf

EVALUATION_SEED = 1_000_000  # of the fresh episodes; no training run has it
EPISODES = 100


@dataclass(frozen=True)
class Study:
    """One task's curves: marks in env steps with the number of seeds that go so far, and the bar at each mark."""

    task: str
    marks: dict[int, int]  # env steps -> seeds
    bars: dict[int, float]  # env steps -> return to reach
    slack: int  # env steps of the longest generation with its meta-update
    metas: tuple[str, ...] = ("none", "lstm")


STUDIES = {
    "inverted_pendulum": Study("InvertedPendulum-v5", {500_000: 5}, {500_000: 950.0}, slack=145_000),
    "half_cheetah": Study(
        "HalfCheetah-v5", {3_000_000: 5, 10_000_000: 3}, {3_000_000: 3000.0, 10_000_000: 4398.0}, slack=145_000
    ),
}


def run_to(study: Study, meta: str, seed: int, mark: int, runs: Path) -> dict[str, Any]:
    """Train (or go on with) one run up to a mark, and evaluate it there."""
    directory = runs / f"{study.task}-{meta}-{seed}"
    done = directory / f"evaluation-{mark}.json"
    if done.exists():
        return dict(json.loads(done.read_text()))
    total = mark - study.slack
    if (directory / "checkpoint.npz").exists():
        bf.resume(directory, total_steps=total)
    else:
        bf.train(bf.Config(task=study.task, meta=meta, seed=seed, total_steps=total), run_dir=directory)
    last = json.loads((directory / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["env_steps"] <= mark, "a run overshot its mark"
    evaluation = bf.evaluate(directory, episodes=EPISODES, seed=EVALUATION_SEED)
    row = {"meta": meta, "seed": seed, "mark": mark, "return": evaluation["mean_return"]}
    row |= {name: last[name] for name in ("env_steps", "inner_steps", "meta_steps", "sigma", "learning_rate")}
    done.write_text(json.dumps(row))
    print(row, flush=True)
    return row


def curves(study: Study, runs: Path) -> list[dict[str, Any]]:
    """Every generation of every run: meta-level, seed, env steps, return of the centre and of the population."""
    points = []
    for meta in study.metas:
        for seed in range(max(study.marks.values())):
            lines = (runs / f"{study.task}-{meta}-{seed}" / "metrics.jsonl").read_text().splitlines()
            for line in map(json.loads, lines):
                names = ("env_steps", "center_return", "mean_return", "sigma", "learning_rate")
                points.append({"meta": meta, "seed": seed, **{name: line[name] for name in names}})
    return points


def summarise(study: Study, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The median over seeds at each mark, beside the bar."""
    summary = []
    for meta in study.metas:
        for mark in study.marks:
            returns = sorted(row["return"] for row in rows if row["meta"] == meta and row["mark"] == mark)
            entry = {"meta": meta, "mark": mark, "seeds": len(returns), "median": statistics.median(returns)}
            entry |= {"min": returns[0], "max": returns[-1], "bar": study.bars.get(mark)}
            entry["reached"] = sum(value >= study.bars[mark] for value in returns)
            summary.append(entry)
    return summary


def plot(study: Study, points: list[dict[str, Any]], path: Path) -> None:
    """The centre's return against all env steps: each seed thin, the median of seeds thick."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7.5, 4.2), dpi=120)
    for meta, colour in zip(study.metas, ("#4c72b0", "#dd8452"), strict=False):
        grid = np.linspace(0, max(study.marks), 300)
        values = []
        for seed in sorted({point["seed"] for point in points}):
            own = [p for p in points if p["meta"] == meta and p["seed"] == seed]
            steps, returns = [p["env_steps"] for p in own], [p["center_return"] for p in own]
            axes.plot(steps, returns, color=colour, alpha=0.25, linewidth=0.8)
            values.append(np.interp(grid, steps, returns, left=np.nan, right=np.nan))
        going = np.isfinite(values).sum(axis=0) >= min(study.marks.values())
        median = np.full(grid.shape, np.nan)
        median[going] = np.nanmedian(np.array(values)[:, going], axis=0)
        axes.plot(grid, median, color=colour, linewidth=2.2, label=f"es, meta {meta}")
    for bar in set(study.bars.values()):
        axes.axhline(bar, color="grey", linestyle=":", linewidth=1)
    axes.set_xlabel("env steps, all counted")
    axes.set_ylabel("return of the centre")
    axes.set_title(study.task)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    """Run or continue one study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs; continued where they stand")
    arguments = parser.parse_args()
    study: Study = STUDIES[arguments.study]
    arguments.runs.mkdir(parents=True, exist_ok=True)
    rows = [
        run_to(study, meta, seed, mark, arguments.runs)
        for mark, seeds in sorted(study.marks.items())
        for seed in range(seeds)
        for meta in study.metas
    ]
    points = curves(study, arguments.runs)
    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / f"learning_{arguments.study}"
    with stem.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, points[0])
        writer.writeheader()
        writer.writerows(points)
    result = {
        "machine": machine_facts(),
        "task": study.task,
        "evaluation_episodes": EPISODES,
        "summary": summarise(study, rows),
        "runs": rows,
    }
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    plot(study, points, stem.with_suffix(".png"))
    json.dump(result["summary"], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
